//! Speed, as ratios to a baseline in the same run:
//! `cargo figures` (or with the names of some).

mod backlog;
mod enqueue;
mod http;
mod keyvalue;
mod latency;
mod measure;
mod raw_log;
mod table;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::table::Table;

/// That of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Measures, and prints one table.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure [default: everything]
    which: Vec<Which>,

    /// Keep data under DIR, on the disk to be measured [default: the temporary directory]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Be the native server that others are compared to
    #[arg(long, value_name = "ADDRESS", hide = true)]
    serve_native: Option<std::net::SocketAddr>,
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
    /// HTTP requests to the smallest function, beside other servers
    Hello,
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments = Arguments::parse();
    if let Some(address) = arguments.serve_native {
        return http::native::serve(address).await;
    }
    let parent = arguments.data.clone().unwrap_or_else(std::env::temp_dir);
    let directory = tempfile::tempdir_in(parent)?;
    let mut table = Table::new();
    for which in Which::value_variants() {
        if !arguments.which.is_empty() && !arguments.which.contains(which) {
            continue;
        }
        eprintln!("measuring: {which:?}");
        match which {
            Which::Enqueue => enqueue::run(directory.path(), &mut table).await?,
            Which::Backlog => backlog::run(directory.path(), &mut table).await?,
            Which::Latency => latency::run(directory.path(), &mut table).await?,
            Which::Hello => http::run(directory.path(), &mut table)?,
            Which::Keyvalue => keyvalue::run(directory.path(), &mut table).await?,
        }
    }
    table.print(arguments.json);
    Ok(())
}
