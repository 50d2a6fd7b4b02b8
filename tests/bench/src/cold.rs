//! What the first request to a function takes longer.

use std::path::{Path, PathBuf};

use clap::Args;
use lambent_test_support::guest;

use crate::Failed;
use crate::client::{self, Connection};
use crate::fleet::{self, Code, Fleet, FleetArgs};
use crate::http::stage;
use crate::latencies::Latencies;
use crate::node::Node;
use crate::table::Table;

/// The fewest requests that tell how long the native server takes.
const NATIVE_MIN: usize = 200;

/// Measure the first request to each of many functions
///
/// All are deployed, the node is restarted, and their files are in the
/// kernel's page cache; then each is called twice, one at a time.
#[derive(Debug, Args)]
pub(crate) struct ColdArgs {
    /// How many functions
    #[arg(long, value_name = "N", default_value_t = 200)]
    functions: usize,

    /// Measure this component, which answers GET / with 200 [default: the example hello-http]
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,

    #[command(flatten)]
    fleet: FleetArgs,
}

pub(crate) async fn run(
    args: &ColdArgs,
    directory: &Path,
    table: &mut Table,
) -> Result<(), Failed> {
    let component = args.component.clone().unwrap_or_else(|| guest("hello-http"));
    let bytes =
        std::fs::read(&component).map_err(|error| format!("{}: {error}", component.display()))?;
    let size = bytes.len() as f64;
    let native = native(directory, args.functions.max(NATIVE_MIN)).await?;
    let fleet = Fleet::deploy(&args.fleet, directory, args.functions, Code::Own(bytes)).await?;
    fleet.warm()?;
    let (node, _) = fleet.start().await?;
    fleet::settle(&node.server).await?;
    let first = calls(&node, fleet.functions).await?;
    let mapped = node.counter("lambent_starts_total", &["start=\"mapped\""]).await?;
    let second = calls(&node, fleet.functions).await?;
    if mapped < args.functions as u64 {
        return Err(format!("of {} first requests {mapped} were cold", args.functions).into());
    }
    let [base, base_p99] = native;
    table.value("component", size / 1024.0, " KiB", "");
    table.value("native: p50", base, " µs", "");
    table.value("native: p99", base_p99, " µs", "");
    for (name, mut latencies) in [("first request", first), ("second request", second)] {
        let (p50, p99) = (latencies.quantile_us(0.5), latencies.quantile_us(0.99));
        table.value(&format!("{name}: p50"), p50, " µs", "");
        table.value(&format!("{name}: p99"), p99, " µs", "");
        table.value(&format!("{name}: p50 above native p50"), p50 - base, " µs", "");
        table.value(&format!("{name}: p99 above native p50"), p99 - base, " µs", "");
    }
    Ok(())
}

/// One request to each function, over one connection.
async fn calls(node: &Node, functions: usize) -> Result<Latencies, Failed> {
    let mut connection = Connection::open(node.server.address).await?;
    // The connection itself is not what is measured.
    let health = client::request(node.server.address, "GET", "/healthz", None);
    fleet::time(&mut connection, &health).await?;
    let mut latencies = Latencies::default();
    for number in 0..functions {
        let request = fleet::call(&node.server, number);
        latencies.push(fleet::time(&mut connection, &request).await?);
    }
    Ok(latencies)
}

/// The same requests to the native server: their median and p99.
async fn native(directory: &Path, requests: usize) -> Result<[f64; 2], Failed> {
    let hello = |address| client::request(address, "GET", "/", None);
    let launch = stage::native(directory, None)?;
    let server = launch.start(hello, |answer| answer.status == 200).await?;
    let mut connection = Connection::open(server.address).await?;
    let request = hello(server.address);
    let mut latencies = Latencies::default();
    for _ in 0..requests {
        latencies.push(fleet::time(&mut connection, &request).await?);
    }
    Ok([latencies.quantile_us(0.5), latencies.quantile_us(0.99)])
}
