//! Speed, as ratios to a baseline in the same run:
//! `cargo figures` (or with the names of some) of state and events, and
//! `cargo figures http` and its like of functions behind HTTP.

mod aws;
mod backlog;
mod callgrind;
mod charts;
mod client;
mod cold;
mod density;
mod enqueue;
mod fairness;
mod fleet;
mod generator;
mod http;
mod instructions;
mod keyvalue;
mod latencies;
mod latency;
mod machine;
mod measure;
mod node;
mod overload;
mod peer_flags;
mod peers;
mod process;
mod profiled;
mod programs;
mod raw_log;
mod runtimes;
mod sample;
mod signed;
mod table;
mod tables;
mod tools;
mod waiting;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use crate::table::Table;

/// That of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Measures, and prints one table.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
struct Arguments {
    /// What of state and events to measure [default: all of it]
    which: Vec<Which>,

    /// Print JSON
    #[arg(long, global = true)]
    json: bool,

    /// Keep data under DIR, on the disk to be measured [default: the temporary directory]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,

    #[command(subcommand)]
    subject: Option<Subject>,
}

/// What is measured through a server in a process of its own.
#[derive(Debug, Subcommand)]
enum Subject {
    Http(http::HttpArgs),
    Aws(aws::AwsArgs),
    Tables(tables::TablesArgs),
    Overload(overload::OverloadArgs),
    Fairness(fairness::FairnessArgs),
    Cold(cold::ColdArgs),
    Density(density::DensityArgs),
    Waiting(waiting::WaitingArgs),
    Instructions(instructions::InstructionsArgs),
    Runtimes(runtimes::RuntimesArgs),
    Programs(programs::ProgramsArgs),
    Charts(charts::ChartsArgs),
    Profiled(profiled::ProfiledArgs),
    PeerFlags(peer_flags::PeerFlagsArgs),
    /// Be the native server that others are compared to
    #[command(hide = true)]
    Native {
        address: std::net::SocketAddr,
    },
    /// Be the HTTP front of native programs that speak the Runtime API
    #[command(hide = true)]
    RuntimeApi {
        address: std::net::SocketAddr,
        program: PathBuf,
        instances: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Durable enqueues a second
    Enqueue,
    /// A million messages waiting
    Backlog,
    /// From a change to its function's start
    Latency,
    /// A guest's read of a key
    Keyvalue,
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments = Arguments::parse();
    if let Some(Subject::Native { address }) = &arguments.subject {
        // Before there is a directory: it is killed, and would leave it.
        return http::native::serve(*address).await;
    }
    if let Some(Subject::RuntimeApi { address, program, instances }) = &arguments.subject {
        return programs::runtime_api::serve(*address, program, *instances).await;
    }
    if let Some(Subject::Charts(args)) = &arguments.subject {
        return charts::run(args);
    }
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = measure(&arguments) => return done,
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    // What was measured has been dropped, and with it every server; what the
    // generator still waits for need not be waited for.
    std::process::exit(1)
}

async fn measure(arguments: &Arguments) -> Result<(), Failed> {
    let parent = arguments.data.clone().unwrap_or_else(std::env::temp_dir);
    let directory = tempfile::tempdir_in(std::path::absolute(parent)?)?;
    let (directory, mut table) = (directory.path(), Table::new());
    match &arguments.subject {
        // Their tables have columns of their own.
        Some(Subject::Http(args)) => return http::run(args, directory, arguments.json).await,
        Some(Subject::Instructions(args)) => {
            return instructions::run(args, directory, arguments.json).await;
        }
        Some(Subject::Aws(args)) => aws::run(args, directory, &mut table).await?,
        Some(Subject::Tables(args)) => tables::run(args, directory, &mut table).await?,
        Some(Subject::Overload(args)) => overload::run(args, directory, &mut table).await?,
        Some(Subject::Fairness(args)) => fairness::run(args, directory, &mut table).await?,
        Some(Subject::Cold(args)) => cold::run(args, directory, &mut table).await?,
        Some(Subject::Density(args)) => density::run(args, directory, &mut table).await?,
        Some(Subject::Waiting(args)) => waiting::run(args, directory, &mut table).await?,
        Some(Subject::Runtimes(args)) => runtimes::run(args, directory, &mut table).await?,
        Some(Subject::Programs(args)) => programs::run(args, directory, &mut table).await?,
        Some(Subject::PeerFlags(args)) => peer_flags::run(args, directory, &mut table).await?,
        Some(Subject::Profiled(args)) => return profiled::run(args, directory).await,
        Some(Subject::Native { .. } | Subject::RuntimeApi { .. } | Subject::Charts(_)) => {}
        None => state_and_events(arguments, directory, &mut table).await?,
    }
    table.print(arguments.json);
    Ok(())
}

async fn state_and_events(
    arguments: &Arguments,
    directory: &Path,
    table: &mut Table,
) -> Result<(), Failed> {
    for which in Which::value_variants() {
        if !arguments.which.is_empty() && !arguments.which.contains(which) {
            continue;
        }
        eprintln!("measuring: {which:?}");
        match which {
            Which::Enqueue => enqueue::run(directory, table).await?,
            Which::Backlog => backlog::run(directory, table).await?,
            Which::Latency => latency::run(directory, table).await?,
            Which::Keyvalue => keyvalue::run(directory, table).await?,
        }
    }
    Ok(())
}
