//! What instances cost that wait for their next event.

use std::path::Path;
use std::time::Duration;

use super::build::Language;
use super::calls::PROVIDED;
use crate::client::Connection;
use crate::node::{self, Node};
use crate::process::memory;
use crate::table::Table;
use crate::{Failed, fleet};

/// Functions, and instances that each keeps ready.
const FUNCTIONS: u32 = 100;
const INSTANCES: u32 = 10;
/// Places for instances: some are left for functions that have none yet, so more than are parked.
const CONCURRENCY: u32 = 1200;
/// How long the node is watched while nothing is asked of it.
const IDLE: Duration = Duration::from_secs(10);

/// Memory of each, and the CPU time of all of them while they wait.
pub(super) async fn run(
    lambent: &Path,
    data: &Path,
    (language, component): (&Language, &Path),
    table: &mut Table,
) -> Result<(), Failed> {
    let mut launch = node::launch(lambent, data, None);
    launch.arguments.push(format!("--concurrency={CONCURRENCY}"));
    let node = Node::launched(&launch).await?;
    for number in 0..FUNCTIONS {
        node.deploy(lambent, &format!("f{number}"), component, &PROVIDED)?;
    }
    fleet::settle(&node.server).await?;
    let before = memory(node.server.id())?.anonymous;
    let provisioned = INSTANCES.to_string();
    for number in 0..FUNCTIONS {
        let keep = [&PROVIDED[..], &["--provisioned", &provisioned]].concat();
        node.deploy(lambent, &format!("f{number}"), component, &keep)?;
    }
    fleet::settle(&node.server).await?;
    let grown = memory(node.server.id())?.anonymous.saturating_sub(before);
    let began = node.server.cpu()?;
    tokio::time::sleep(IDLE).await;
    let used = node.server.cpu()? - began;
    served_by_them(&node, language).await?;
    let name = language.name;
    let all = FUNCTIONS * INSTANCES;
    let each = grown as f64 / 1024.0 / f64::from(all);
    table.value(&format!("{name}, parked instance: memory"), each, " KiB", language.asked_parked);
    let what = format!("{name}, {all} parked: CPU in {} s", IDLE.as_secs());
    table.value(&what, used.as_secs_f64(), " s", "0 s");
    Ok(())
}

/// Fails unless a call of each function finds an instance that waits.
async fn served_by_them(node: &Node, language: &Language) -> Result<(), Failed> {
    let mut connection = Connection::open(node.server.address).await?;
    for number in 0..FUNCTIONS {
        let call = language.call(node.server.address, &format!("f{number}"));
        fleet::time(&mut connection, &call).await?;
    }
    let ready = node.counter("lambent_starts_total", &["start=\"ready\""]).await?;
    let all = u64::from(FUNCTIONS);
    (ready >= all).then_some(()).ok_or_else(|| format!("of {all} calls {ready} found one").into())
}
