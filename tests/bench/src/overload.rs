//! What is served when ten times more is asked for than can be.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use lambent_test_support::guest;

use crate::generator::{self, Load, Seen};
use crate::http::stage::FUNCTION;
use crate::http::workload::CPU;
use crate::node::{Counted, Node};
use crate::process::{memory, pin};
use crate::table::Table;
use crate::{Failed, client, machine, tools};

/// Clients among which the one is looked for that gets most out of the server.
const CLIENTS: [usize; 4] = [2, 8, 32, 128];

/// Offer ten times the load that can be served
///
/// Finds how many requests a second a function that hashes is served at most,
/// then sends ten times as many at a fixed rate: how many are still served,
/// how late, what becomes of the rest, and what memory it takes.
#[derive(Debug, Args)]
pub(crate) struct OverloadArgs {
    /// How long the overload lasts
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,

    /// How many times the capacity is offered
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    times: f64,

    /// How much each request hashes: 1024 is about 5 ms
    #[arg(long, value_name = "N", default_value_t = 1024)]
    kib: u32,

    /// Connections that the load may hold
    #[arg(long, value_name = "N", default_value_t = 2000)]
    connections: usize,

    /// Keep the server on core 0, and the generator on core 1
    #[arg(long)]
    pin: bool,

    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    lambent: Option<PathBuf>,
}

/// Resident bytes at the start, half-way and at the end.
type Resident = [u64; 3];

pub(crate) async fn run(
    args: &OverloadArgs,
    directory: &Path,
    table: &mut Table,
) -> Result<(), Failed> {
    let lambent = tools::lambent(args.lambent.as_deref())?;
    let component = guest("guest-bench-http");
    if args.pin {
        pin(1)?;
    }
    let core = args.pin.then_some(0);
    let node = Node::start(&lambent, &directory.join("overload"), core).await?;
    node.deploy(&lambent, FUNCTION, &component, &[])?;
    let address = node.server.address;
    let target = format!("/fn/{FUNCTION}{CPU}?kib={}&seed=1", args.kib);
    let request = client::request(address, "GET", &target, None);
    let time = Duration::from_secs(args.seconds.div_ceil(10).clamp(1, 10));
    let mut load = Load { address, request, connections: 1, time };

    let before = Counted::now(&node, FUNCTION).await?;
    let peak = capacity(&mut load).await?;
    eprintln!("capacity: {peak:.0} a second; offering {:.0}", peak * args.times);
    load = Load { connections: args.connections, time: Duration::from_secs(args.seconds), ..load };
    let (seen, resident) = overload(&node, &load, peak * args.times).await?;
    let served = seen.served.count() as u64;
    let dropped = before.check(&node, FUNCTION, served).await?;
    table.value("capacity, closed loop", peak, "/s", "");
    tell(table, seen, peak, args.times);
    for (when, bytes) in ["at the start", "half-way", "at the end"].into_iter().zip(resident) {
        table.value(&format!("resident {when}"), bytes as f64 / f64::from(1 << 20), " MiB", "");
    }
    table.value("log records dropped", dropped as f64, "", "");
    table.value("cores", machine::cores() as f64, "", "");
    Ok(())
}

/// The most that is served a second of any number of clients.
async fn capacity(load: &mut Load) -> Result<f64, Failed> {
    let mut peak = 0.0_f64;
    for clients in CLIENTS {
        load.connections = clients;
        let seen = generator::closed(load).await?;
        if seen.failed > 0 {
            return Err(format!("{} requests of {clients} clients failed", seen.failed).into());
        }
        peak = peak.max(seen.goodput());
    }
    Ok(peak)
}

async fn overload(node: &Node, load: &Load, rate: f64) -> Result<(Seen, Resident), Failed> {
    let (process, half) = (node.server.id(), load.time / 2);
    let start = memory(process)?.resident;
    let middle = tokio::spawn(async move {
        tokio::time::sleep(half).await;
        memory(process)
    });
    let seen = generator::open(load, rate).await?;
    let end = memory(process)?.resident;
    Ok((seen, [start, middle.await??.resident, end]))
}

fn tell(table: &mut Table, mut seen: Seen, peak: f64, times: f64) {
    let goodput = seen.goodput();
    let answered: u64 = seen.statuses.values().sum();
    let offered = (answered + seen.failed + seen.unsent) as f64 / seen.seconds;
    table.value("offered", offered, "/s", &format!("{times} × capacity"));
    table.value("served", goodput, "/s", "");
    table.value("served, to capacity", goodput / peak, " ×", "");
    for (part, name) in [(0.5, "p50"), (0.99, "p99")] {
        let (served, refused) = (seen.served.quantile_us(part), seen.refused.quantile_us(part));
        table.value(&format!("served after it was due: {name}"), served / 1e3, " ms", "");
        table.value(&format!("refused after it was due: {name}"), refused / 1e3, " ms", "");
    }
    for (status, count) in &seen.statuses {
        table.value(&format!("answered {status}"), *count as f64, "", "");
    }
    table.value("no answer", seen.failed as f64, "", "");
    table.value("due but not sent", seen.unsent as f64, "", "");
}
