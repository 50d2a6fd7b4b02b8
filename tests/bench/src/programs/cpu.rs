//! What a call of a program in Rust takes more than that of an event function of the SDK.

use std::path::Path;
use std::time::Duration;

use lambent_test_support::guest;

use super::build::{Language, invocation};
use super::calls::PROVIDED;
use crate::Failed;
use crate::generator::{self, Load};
use crate::measure::Rounds;
use crate::node::Node;
use crate::table::Table;

const ROUNDS: usize = 5;
/// How long a load lasts, and the one before the first that is measured.
const TIME: Duration = Duration::from_secs(3);
const BEFORE: Duration = Duration::from_secs(1);

/// CPU time of the node for each call, of the one and the other by turns, with used instances.
pub(super) async fn run(
    lambent: &Path,
    data: &Path,
    (language, component): (&Language, &Path),
    table: &mut Table,
) -> Result<(), Failed> {
    let node = Node::start(lambent, data, None).await?;
    node.deploy(lambent, "typed", &guest("echo-event"), &["--reuse", "100"])?;
    node.deploy(lambent, "program", component, &PROVIDED)?;
    let address = node.server.address;
    let requests =
        [invocation(address, "typed", r#"{"firstName":"Ada"}"#), language.call(address, "program")];
    for clients in [1, 16] {
        let (mut typed, mut program, mut above) =
            (Rounds::default(), Rounds::default(), Rounds::default());
        for request in &requests {
            each(&node, request, clients, BEFORE).await?;
        }
        for _ in 0..ROUNDS {
            let typed_now = each(&node, &requests[0], clients, TIME).await?;
            let program_now = each(&node, &requests[1], clients, TIME).await?;
            typed.push(typed_now);
            program.push(program_now);
            above.push(program_now - typed_now);
        }
        let what = |of| format!("Rust, CPU of a used call, {clients} clients: {of}");
        table.row(&what("SDK"), &typed, " µs", None);
        table.row(&what("lambda_runtime"), &program, " µs", None);
        let asked = if clients == 1 { "" } else { "60 µs" };
        table.value(&what("above the SDK"), above.median(), " µs", asked);
    }
    Ok(())
}

/// Microseconds of CPU for each call under this load.
async fn each(
    node: &Node,
    request: &[u8],
    connections: usize,
    time: Duration,
) -> Result<f64, Failed> {
    let load = Load { address: node.server.address, request: request.to_vec(), connections, time };
    let before = node.server.cpu()?;
    let seen = generator::closed(&load).await?;
    let used = node.server.cpu()? - before;
    if seen.refused.count() > 0 || seen.failed > 0 {
        return Err(format!("of the calls some failed: {:?}", seen.statuses).into());
    }
    Ok(used.as_secs_f64() * 1e6 / seen.served.count() as f64)
}
