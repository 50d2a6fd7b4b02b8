//! HTTP requests a second, and what each costs the server in CPU time.
//!
//! Contenders take turns within each round and meet the same load, so that
//! whatever else the machine does meets them all alike.

pub(crate) mod contender;
pub(crate) mod native;
pub(crate) mod programs;
mod report;
pub(crate) mod stage;
pub(crate) mod workload;
pub(crate) mod wrk;

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use lambent_test_support::root;

use self::contender::{Contender, NATIVE};
use self::programs::Programs;
use self::report::{Report, Row};
use self::stage::{Entry, FUNCTION, Stage, Staged};
use self::workload::Workload;
use crate::node::{Counted, Node};
use crate::process::{Server, pin};
use crate::{Failed, client};

/// Compare servers of HTTP: CPU time a request, throughput and latency
///
/// Starts each contender on loopback in turn and drives all with wrk. A row of
/// Lambent counts only if each of its requests was metered and logged.
#[derive(Debug, Args)]
pub(crate) struct HttpArgs {
    /// What they are asked to do. May be repeated
    #[arg(long = "workload", value_name = "NAME", value_delimiter = ',', default_value = "hello")]
    workloads: Vec<Workload>,

    /// How many clients ask at once, each again when it is answered
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,32,256")]
    clients: Vec<u32>,

    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: u32,

    /// How long each measurement takes
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,

    /// Only these contenders, and the native server. May be repeated [default: all]
    #[arg(long = "contender", value_name = "NAME", value_delimiter = ',',
          value_parser = PossibleValuesParser::new(contender::ALL.iter().map(|one| one.name)))]
    contenders: Vec<String>,

    /// Keep servers on core 0, and the generator on core 1
    #[arg(long)]
    pin: bool,

    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    lambent: Option<PathBuf>,

    /// Write the figures to FILE as JSON [default: target/figures/http.json]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl HttpArgs {
    fn contenders(&self) -> Vec<&'static Contender> {
        let named = |one: &&Contender| {
            let named = self.contenders.iter().any(|name| name == one.name);
            named || self.contenders.is_empty() || one.name == NATIVE
        };
        contender::ALL.iter().filter(named).collect()
    }
}

/// One contender's turn: where its rows are.
struct Turn {
    entry: Entry,
    rows: Vec<usize>,
}

pub(crate) async fn run(args: &HttpArgs, directory: &Path, json: bool) -> Result<(), Failed> {
    wrk::check()?;
    let contenders = args.contenders();
    let programs = Programs::of(&contenders, args.lambent.as_deref())?;
    // The guests are built before anything is measured, and on every core.
    let _ = lambent_test_support::guest("hello-http");
    if args.pin {
        pin(1)?;
    }
    let core = args.pin.then_some(0);
    let hello = |address| client::request(address, "GET", "/", None);
    let upstream = stage::native(directory, None)?;
    let upstream = upstream.start(hello, |answer| answer.status == 200).await?;
    let stage = Stage { directory, programs, core, upstream: upstream.address };
    let mut report = Report::default();
    let turns = prepare(args, &stage, &contenders, &mut report).await?;
    for round in 0..args.rounds {
        eprintln!("round {} of {}", round + 1, args.rounds);
        for turn in &turns {
            measure(turn, args.seconds, &mut report).await?;
        }
    }
    let settings = serde_json::json!({
        "rounds": args.rounds, "seconds": args.seconds, "pin": args.pin,
    });
    let written = report.json(&stage.programs.versions().into(), &settings);
    if json {
        println!("{written}");
    } else {
        report.print();
    }
    let output = args.output.clone().unwrap_or_else(|| root().join("target/figures/http.json"));
    if let Some(parent) = output.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&output, serde_json::to_vec_pretty(&written)?)?;
    eprintln!("written: {}", output.display());
    Ok(())
}

/// Every turn of a round, and its rows.
async fn prepare(
    args: &HttpArgs,
    stage: &Stage<'_>,
    contenders: &[&'static Contender],
    report: &mut Report,
) -> Result<Vec<Turn>, Failed> {
    let mut turns = Vec::new();
    for workload in &args.workloads {
        for contender in contenders {
            match stage.prepare(contender, *workload).await? {
                Staged::Ready(entry) => {
                    let row = |clients: &u32| report.add(Row::new(contender, *workload, *clients));
                    let rows = args.clients.iter().map(row).collect();
                    turns.push(Turn { entry, rows });
                }
                Staged::Skipped(why) => report.skip(contender.name, *workload, &why),
            }
        }
    }
    Ok(turns)
}

/// Starts a contender, and measures it with each number of clients.
async fn measure(turn: &Turn, seconds: u32, report: &mut Report) -> Result<(), Failed> {
    let entry = &turn.entry;
    let server = entry.start().await?;
    wrk::drive(server.address, &entry.target, entry.workload, 8, 1)?;
    if !entry.is_lambent {
        for row in &turn.rows {
            drive(&server, entry, seconds, report.row(*row)?)?;
        }
        return Ok(());
    }
    let node = Node { server };
    for row in &turn.rows {
        let row = report.row(*row)?;
        let before = Counted::now(&node, FUNCTION).await?;
        let requests = drive(&node.server, entry, seconds, row)?;
        let dropped = before.check(&node, FUNCTION, requests).await;
        row.dropped += dropped.map_err(|error| format!("{}: {error}", row.name()))?;
    }
    Ok(())
}

/// One measurement; returns how many requests it took.
fn drive(server: &Server, entry: &Entry, seconds: u32, row: &mut Row) -> Result<u64, Failed> {
    let before = server.cpu()?;
    let driven = wrk::drive(server.address, &entry.target, entry.workload, row.clients, seconds)?;
    let cpu = server.cpu()?.saturating_sub(before);
    let requests = driven.requests as f64;
    row.cpu_us.push(cpu.as_secs_f64() * 1e6 / requests);
    row.rate.push(requests / driven.seconds);
    row.p50_us.push(driven.p50_us);
    row.p99_us.push(driven.p99_us);
    row.requests += driven.requests;
    Ok(driven.requests)
}
