//! Which flags make `wasmtime serve` fastest: so that what Lambent is compared
//! to is the best there is of it.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::http::contender::{TUNED_PEER, Wasi};
use crate::http::stage::{component, wasmtime};
use crate::http::workload::Workload;
use crate::http::wrk;
use crate::measure::Rounds;
use crate::table::Table;
use crate::tools::Release;
use crate::{Failed, client, tools};

/// Look for the flags that make `wasmtime serve` take least CPU time
///
/// Begins with those of the tuned peer, and tries each candidate in the place of
/// the same flag: one that saves more than the threshold stays.
#[derive(Debug, Args)]
pub(crate) struct PeerFlagsArgs {
    /// How often each candidate is measured, beside the best so far
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: u32,

    /// How long each measurement takes
    #[arg(long, value_name = "N", default_value_t = 3)]
    seconds: u32,

    /// How many clients ask at once
    #[arg(long, value_name = "N", default_value_t = 32)]
    clients: u32,

    /// Of the newest release, not of the one that Lambent is built with
    #[arg(long)]
    newest: bool,

    /// Of this binary
    #[arg(long, value_name = "FILE")]
    wasmtime: Option<PathBuf>,
}

/// What may help, each as `-O` takes it.
const CANDIDATES: &[&str] = &[
    "pooling-allocator=n",
    "pooling-pagemap-scan=no",
    "pooling-memory-keep-resident=0",
    "pooling-memory-keep-resident=65536",
    "pooling-memory-keep-resident=1048576",
    "pooling-memory-keep-resident=16777216",
    "pooling-table-keep-resident=0",
    "pooling-table-keep-resident=1048576",
    "pooling-async-stack-keep-resident=0",
    "pooling-async-stack-keep-resident=131072",
    "pooling-decommit-batch-size=16",
    "pooling-decommit-batch-size=256",
    "pooling-max-unused-warm-slots=1000",
    "pooling-memory-protection-keys=yes",
    "memory-guaranteed-dense-image-size=1048576",
    "memory-init-cow=n",
    "table-lazy-init=n",
    "opt-level=s",
];

/// A candidate must save so much of the CPU time to stay: less is noise.
const SAVES: f64 = 0.03;

/// Flags with this one in the place of that of the same name.
fn with(flags: &[String], candidate: &str) -> Vec<String> {
    let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
    let mut flags = flags.to_vec();
    let same = flags.iter().position(|flag| name(flag) == name(candidate));
    match same {
        Some(at) => flags[at] = candidate.to_owned(),
        None => flags.extend(["-O".to_owned(), candidate.to_owned()]),
    }
    flags
}

pub(crate) async fn run(
    args: &PeerFlagsArgs,
    directory: &Path,
    table: &mut Table,
) -> Result<(), Failed> {
    wrk::check()?;
    let release = if args.newest { Release::Newest } else { Release::Same };
    let program = match &args.wasmtime {
        Some(given) => given.clone(),
        None => tools::wasmtime(release)?,
    };
    let _ = component(Workload::Hello, Wasi::P2);
    let mut best: Vec<String> = TUNED_PEER.iter().map(|flag| (*flag).to_owned()).collect();
    for candidate in CANDIDATES {
        let tried = with(&best, candidate);
        let (mut ours, mut theirs) = (Rounds::default(), Rounds::default());
        for _ in 0..args.rounds {
            ours.push(measure(args, directory, (&program, &best)).await?);
            theirs.push(measure(args, directory, (&program, &tried)).await?);
        }
        let (before, after) = (ours.median(), theirs.median());
        eprintln!("{candidate}: {after:.1} us a request, {before:.1} without");
        table.row(&format!("CPU time a request: {candidate}"), &theirs, " µs", Some((before, "")));
        if after < before * (1.0 - SAVES) {
            best = tried;
        }
    }
    eprintln!("best: {}", best.join(" "));
    Ok(())
}

/// CPU microseconds a request.
async fn measure(
    args: &PeerFlagsArgs,
    directory: &Path,
    (program, flags): (&Path, &[String]),
) -> Result<f64, Failed> {
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let launch = wasmtime((directory, None), program, (Workload::Hello, Wasi::P2), &flags);
    let hello = |address| client::request(address, "GET", "/", None);
    let server = launch.start(hello, |answer| answer.status == 200).await?;
    wrk::drive(server.address, "/", Workload::Hello, 8, 1)?;
    let before = server.cpu()?;
    let driven = wrk::drive(server.address, "/", Workload::Hello, args.clients, args.seconds)?;
    let cpu = server.cpu()?.saturating_sub(before);
    Ok(cpu.as_secs_f64() * 1e6 / driven.requests as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_takes_the_place_of_its_like() {
        let flags = ["-O", "a=1", "-O", "b=2"].map(ToOwned::to_owned);
        assert_eq!(with(&flags, "b=3"), ["-O", "a=1", "-O", "b=3"]);
        assert_eq!(with(&flags, "c=3"), ["-O", "a=1", "-O", "b=2", "-O", "c=3"]);
    }
}
