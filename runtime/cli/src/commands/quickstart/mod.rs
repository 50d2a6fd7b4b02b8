//! From a fresh clone to a served photograph in one command.

mod build;
mod demonstration;
mod pipeline;
mod report;
mod runtimes;
mod workspace;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;

use clap::Args;
use lambent_api::client::{Client, Endpoint, InvalidEndpoint};
use lambent_server::Options;

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::listen;
use crate::node::{Node, free_address};
use crate::output::Output;
use crate::progress::Progress;
use crate::telemetry::{self, LogFormat};

use report::Report;
use workspace::Workspace;

const AFTER_HELP: &str = "\
The server asks for no key and listens on this machine only (as with serve --dev).
What it keeps is in target/quickstart; delete that to start afresh.

Examples:
  lambent quickstart
  lambent quickstart --exit      in CI: fails unless everything worked";

/// A demonstration stores a few megabytes and must work on a developer's disk that is nearly
/// full, where a server would refuse to write.
const DISK_RESERVE: u64 = 128 << 20;

/// Build example functions, serve them, and run photographs through them
///
/// Needs a clone of the repository, cargo and rustup. With python3 and pip it builds the runtimes
/// of languages too, and runs a function on each; it says what it left out and why. Keeps serving
/// until Ctrl-C, and prints what to try next.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct QuickstartArgs {
    /// The clone of the repository [default: the one around this directory]
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,

    /// Keep everything in DIR [default: target/quickstart in the clone]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Listen on this address, or on this port of 127.0.0.1 [default: 127.0.0.1:4566,
    /// or a free port if that is taken]
    #[arg(long, value_name = "ADDRESS", value_parser = listen::parse)]
    listen: Option<SocketAddr>,

    /// Stop after the demonstration
    #[arg(long)]
    exit: bool,
}

pub(crate) fn run(args: &QuickstartArgs, global: &Global) -> Result<Exit, CliError> {
    let output = global.output();
    telemetry::start(LogFormat::Text, "warn")?;
    let workspace = Workspace::find(args.source.as_deref())?;
    let mut report = Report::new(output);
    let built = build::guests(&workspace)?;
    report.built(&built)?;
    let runtimes = runtimes::build(&workspace, &mut report)?;

    let data = args.data.clone().unwrap_or_else(|| workspace.target("quickstart"));
    let (listen, taken) = free_address(args.listen)?;
    let disk_reserve = Some(DISK_RESERVE);
    let options = Options { listen, dev: true, disk_reserve, ..Options::new(&data) };
    let node = start(options.clone())?;
    report.started(&node, &data, taken)?;
    let endpoint: Endpoint =
        node.url.parse().map_err(|error: InvalidEndpoint| CliError::failed(error.to_string()))?;
    let client = Client::new(endpoint);
    let options = Options { listen: node.address, ..options };
    while_serving(node, false, || {
        demonstration::deploy(&client, &built, &mut report)?;
        runtimes::deploy(&client, &workspace, &runtimes, &mut report)?;
        pipeline::apply(&client, &workspace, &built, &mut report)
    })?;

    // A deploy leaves a function in memory. Only a new start makes the first
    // call a cold one, and shows that nothing needs deploying or wiring again.
    let node = start(options)?;
    report.restarted(&node)?;
    while_serving(node, !args.exit, || {
        demonstration::call(&client, &workspace, &data, &mut report)?;
        runtimes::call(&client, &runtimes, &mut report)?;
        pipeline::run(&client, &workspace, &mut report)?;
        finish(&report, args, &workspace, output)
    })?;
    Ok(Exit::Ok)
}

fn start(options: Options) -> Result<Node, CliError> {
    let _starting = Progress::spinner("starting a server");
    Node::start(options)
}

/// Does `work` while a node serves. Serves on until a signal if `keep` is set
/// and the work went well.
fn while_serving(
    node: Node,
    keep: bool,
    work: impl FnOnce() -> Result<(), CliError>,
) -> Result<(), CliError> {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    thread::scope(|scope| {
        let serving = scope.spawn(|| {
            node.run(async {
                // A sender that is gone means the same.
                let _ = stopped.await;
            })
        });
        let done = work();
        if !keep || done.is_err() {
            drop(stop);
        }
        let served = serving.join().unwrap_or_else(|_| Err(CliError::failed("the server failed")));
        done.and(served.map(drop))
    })
}

fn finish(
    report: &Report,
    args: &QuickstartArgs,
    workspace: &Workspace,
    output: Output,
) -> Result<(), CliError> {
    if output.json {
        output.json(&report.to_json())?;
    } else if !args.exit {
        report.how_to_go_on(workspace)?;
    }
    Ok(())
}
