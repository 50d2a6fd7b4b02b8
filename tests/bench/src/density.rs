//! What thousands of functions on one node cost it.

use std::path::Path;

use clap::Args;
use lambent_test_support::guest_bytes;

use crate::Failed;
use crate::client::Connection;
use crate::fleet::{self, Code, Fleet, FleetArgs};
use crate::latencies::Latencies;
use crate::measure::milliseconds;
use crate::node::Node;
use crate::process::memory;
use crate::table::Table;

/// Requests whose latency is measured.
const REQUESTS: usize = 5000;
/// Decides the order of the calls: the same in each run.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// Measure memory, start-up and latency with thousands of functions
///
/// All are deployed, each of a component of its own; the node is restarted, and
/// compared to one without functions; each is called, and then any at random.
#[derive(Debug, Args)]
pub(crate) struct DensityArgs {
    /// How many functions
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    functions: usize,

    /// Deploy all of them of one component: what is left is what being registered costs
    #[arg(long)]
    shared: bool,

    #[command(flatten)]
    fleet: FleetArgs,
}

pub(crate) async fn run(
    args: &DensityArgs,
    directory: &Path,
    table: &mut Table,
) -> Result<(), Failed> {
    if args.functions < 2 {
        return Err("--functions: two at least".into());
    }
    let code = if args.shared { Code::Shared } else { Code::Own };
    let code = code(guest_bytes("hello-http"));
    let fleet = Fleet::deploy(&args.fleet, directory, args.functions, code).await?;
    table.value("functions", fleet.functions as f64, "", "");
    let node = idle(&fleet, table).await?;
    busy(&fleet, &node, table).await
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Starts the node, and compares it to one without functions before any is called.
async fn idle(fleet: &Fleet, table: &mut Table) -> Result<Node, Failed> {
    let (node, empty_ready) = fleet.start_empty().await?;
    fleet::settle(&node.server).await?;
    let empty = memory(node.server.id())?;
    drop(node);
    fleet.warm()?;
    let (node, ready) = fleet.start().await?;
    let at_ready = memory(node.server.id())?;
    fleet::settle(&node.server).await?;
    let idle = memory(node.server.id())?;

    table.value("start to ready, without functions", milliseconds(empty_ready), " ms", "");
    table.value("start to ready", milliseconds(ready), " ms", "");
    table.value("resident, without functions", mib(empty.resident), " MiB", "");
    table.value("resident when ready", mib(at_ready.resident), " MiB", "");
    table.value("resident, idle", mib(idle.resident), " MiB", "");
    let resident = idle.resident.saturating_sub(empty.resident);
    let anonymous = idle.anonymous.saturating_sub(empty.anonymous);
    table.value("resident, idle: above none", mib(resident), " MiB", "");
    table.value("anonymous, idle: above none", mib(anonymous), " MiB", "");
    Ok(node)
}

/// Calls one function, each, and any.
async fn busy(fleet: &Fleet, node: &Node, table: &mut Table) -> Result<(), Failed> {
    let process = node.server.id();
    let mut one = calls(node, std::iter::repeat_n(0, REQUESTS)).await?;
    let before = memory(process)?;
    calls(node, 1..fleet.functions).await?;
    let after = memory(process)?;
    let mut any = calls(node, order(fleet.functions).take(REQUESTS)).await?;

    table.value("resident, one loaded", mib(before.resident), " MiB", "");
    table.value("resident, all called", mib(after.resident), " MiB", "");
    let grown = after.anonymous.saturating_sub(before.anonymous) as f64 / 1024.0;
    let each = grown / (fleet.functions - 1) as f64;
    table.value("anonymous memory a function", each, " KiB", "");
    let (alone, among) = (one.quantile_us(0.5), any.quantile_us(0.5));
    table.value("one function: p50", alone, " µs", "");
    table.value("any of them: p50", among, " µs", "");
    table.value("any of them: p99", any.quantile_us(0.99), " µs", "");
    table.value("any of them, to one: p50", among / alone, " ×", "");
    Ok(())
}

/// One request after another over one connection.
async fn calls(node: &Node, numbers: impl Iterator<Item = usize>) -> Result<Latencies, Failed> {
    let mut connection = Connection::open(node.server.address).await?;
    let mut latencies = Latencies::default();
    for number in numbers {
        let request = fleet::call(&node.server, number);
        latencies.push(fleet::time(&mut connection, &request).await?);
    }
    Ok(latencies)
}

/// Numbers below `count` without an order: an xorshift is random enough.
fn order(count: usize) -> impl Iterator<Item = usize> {
    let mut state = SEED;
    std::iter::from_fn(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).ok().map(|number| number % count)
    })
}
