//! How long calls take.

use std::path::Path;

use super::build::Language;
use crate::client::{self, Connection};
use crate::latencies::Latencies;
use crate::node::Node;
use crate::table::Table;
use crate::{Failed, fleet};

/// What all of these functions are deployed as.
pub(super) const PROVIDED: [&str; 2] = ["--runtime", "provided.al2023"];
/// Calls of which each latency is the median.
const CALLS: usize = 2000;

/// First calls after a start of the node, calls of one used instance, and calls of which each has
/// a fresh one.
pub(super) async fn run(
    lambent: &Path,
    data: &Path,
    (language, component): (&Language, &Path),
    functions: u32,
    table: &mut Table,
) -> Result<(), Failed> {
    let node = Node::start(lambent, data, None).await?;
    let code = std::fs::read(component)?;
    let own = data.with_extension("wasm");
    for number in 0..functions {
        // Each has code of its own, so that none finds what another has loaded.
        std::fs::write(&own, fleet::variant(&code, number as usize))?;
        node.deploy(lambent, &format!("f{number}"), &own, &PROVIDED)?;
    }
    let fresh = [&PROVIDED[..], &["--reuse", "1"]].concat();
    node.deploy(lambent, "fresh", component, &fresh)?;
    node.server.end().await?;

    let node = Node::start(lambent, data, None).await?;
    fleet::settle(&node.server).await?;
    let address = node.server.address;
    let mut connection = Connection::open(address).await?;
    fleet::time(&mut connection, &client::request(address, "GET", "/healthz", None)).await?;
    let mut first = Latencies::default();
    for number in 0..functions {
        let call = language.call(address, &format!("f{number}"));
        first.push(fleet::time(&mut connection, &call).await?);
    }
    let mut used = median(&mut connection, &language.call(address, "f0")).await?;
    let mut fresh = median(&mut connection, &language.call(address, "fresh")).await?;

    let name = language.name;
    let [asked_first, asked_used, asked_fresh] = language.asked;
    for (what, latencies, asked) in [
        ("first call: p50", &mut first, asked_first),
        ("used instance: p50", &mut used, asked_used),
        ("fresh instance: p50", &mut fresh, asked_fresh),
    ] {
        let milliseconds = latencies.quantile_us(0.5) / 1000.0;
        table.value(&format!("{name}, {what}"), milliseconds, " ms", asked);
    }
    let last = first.quantile_us(1.0) / 1000.0;
    table.value(&format!("{name}, first call: longest"), last, " ms", "");
    Ok(())
}

async fn median(connection: &mut Connection, call: &[u8]) -> Result<Latencies, Failed> {
    let mut latencies = Latencies::default();
    for _ in 0..CALLS {
        latencies.push(fleet::time(connection, call).await?);
    }
    Ok(latencies)
}
