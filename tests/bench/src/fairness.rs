//! What one function's load does to another's latency.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use lambent_test_support::guest;

use crate::generator::{self, Load, Seen};
use crate::http::workload::CPU;
use crate::measure::Rounds;
use crate::node::{Counted, Node};
use crate::process::pin;
use crate::table::Table;
use crate::{Failed, client, tools};

/// The functions.
const LIGHT: &str = "light";
const GREEDY: &str = "greedy";

/// Measure a light function beside one that takes every core
///
/// A light function is called at a low fixed rate, alone, and while many
/// clients keep another one hashing.
#[derive(Debug, Args)]
pub(crate) struct FairnessArgs {
    /// How long each measurement takes
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,

    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: u32,

    /// Calls of the light function a second
    #[arg(long, value_name = "N", default_value_t = 50.0)]
    rate: f64,

    /// Clients of the other
    #[arg(long, value_name = "N", default_value_t = 64)]
    clients: usize,

    /// How much each of its requests hashes: 1024 is about 5 ms
    #[arg(long, value_name = "N", default_value_t = 1024)]
    kib: u32,

    /// Keep the server on core 0, and the generator on core 1
    #[arg(long)]
    pin: bool,

    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    lambent: Option<PathBuf>,
}

pub(crate) async fn run(
    args: &FairnessArgs,
    directory: &Path,
    table: &mut Table,
) -> Result<(), Failed> {
    let lambent = tools::lambent(args.lambent.as_deref())?;
    let (hello, hash) = (guest("hello-http"), guest("guest-bench-http"));
    if args.pin {
        pin(1)?;
    }
    let core = args.pin.then_some(0);
    let node = Node::start(&lambent, &directory.join("fairness"), core).await?;
    node.deploy(&lambent, LIGHT, &hello, &[])?;
    node.deploy(&lambent, GREEDY, &hash, &[])?;
    let address = node.server.address;
    let load = |target: String, connections| Load {
        address,
        request: client::request(address, "GET", &target, None),
        connections,
        time: Duration::from_secs(args.seconds),
    };
    // Enough connections that none waits for another: how late is the server's doing.
    let light = load(format!("/fn/{LIGHT}/"), 64);
    let greedy = load(format!("/fn/{GREEDY}{CPU}?kib={}&seed=1", args.kib), args.clients);
    let (mut alone, mut beside) = (Figures::default(), Figures::default());
    let mut rate = Rounds::default();
    for round in 0..args.rounds {
        eprintln!("round {} of {}", round + 1, args.rounds);
        let before = Counted::now(&node, LIGHT).await?;
        let seen = generator::open(&light, args.rate).await?;
        before.check(&node, LIGHT, seen.served.count() as u64).await?;
        alone.push(seen)?;
        let (seen, load) =
            tokio::try_join!(generator::open(&light, args.rate), generator::closed(&greedy))?;
        beside.push(seen)?;
        rate.push(load.goodput());
    }
    table.row("the other function, served", &rate, "/s", None);
    let base = |rounds: &Rounds| Some((rounds.median(), ""));
    table.row("light, alone: p50", &alone.p50_us, " µs", None);
    table.row("light, beside it: p50", &beside.p50_us, " µs", base(&alone.p50_us));
    table.row("light, alone: p99", &alone.p99_us, " µs", None);
    table.row("light, beside it: p99", &beside.p99_us, " µs", base(&alone.p99_us));
    table.value("light, not served", (alone.lost + beside.lost) as f64, "", "0");
    Ok(())
}

/// Of the light function.
#[derive(Default)]
struct Figures {
    p50_us: Rounds,
    p99_us: Rounds,
    /// Calls that were refused, failed or not even sent.
    lost: u64,
}

impl Figures {
    fn push(&mut self, mut seen: Seen) -> Result<(), Failed> {
        if seen.served.count() == 0 {
            return Err(format!("nothing was served: {:?}", seen.statuses).into());
        }
        self.p50_us.push(seen.served.quantile_us(0.5));
        self.p99_us.push(seen.served.quantile_us(0.99));
        self.lost += seen.refused.count() as u64 + seen.failed + seen.unsent;
        Ok(())
    }
}
