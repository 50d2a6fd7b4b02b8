//! A release that the compiler has optimised by a profile of itself under load:
//! which calls to inline, and which code to lay where.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use lambent_test_support::root;

use crate::Failed;
use crate::client;
use crate::generator::{self, Load};
use crate::http::contender::{ALL, Contender, Kind};
use crate::http::programs::Programs;
use crate::http::stage::{Entry, Stage, Staged, native};
use crate::http::workload::Workload;
use crate::process::{output, run as run_program};
use crate::tools::cargo;

/// What the profile is of. Hashing would be of the guest alone, and waiting of nothing.
const WORKLOADS: [Workload; 4] =
    [Workload::Hello, Workload::Json, Workload::Body64k, Workload::Keyvalue];
const CLIENTS: usize = 32;

/// Build a release with a profile of itself under load (PGO)
///
/// Builds the node twice: once so that it counts what it executes, and again by
/// those counts, after every way to serve HTTP has been under load. As long as
/// two releases take. Tells where the program is.
#[derive(Debug, Args)]
pub(crate) struct ProfiledArgs {
    /// How long each kind of request is served
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

pub(crate) async fn run(args: &ProfiledArgs, directory: &Path) -> Result<(), Failed> {
    let (rustc, target) = (Rustc::find()?, root().join("target/profiled"));
    let merger = rustc.profile_merger()?;
    std::fs::create_dir_all(&target)?;
    let counting = rustc.build(&target.join("counting"), "-Cprofile-generate")?;
    // Programs that count write where they are run.
    std::env::set_current_dir(directory)?;
    load(args, &counting, directory).await?;
    let profile = merge(&merger, directory, &target)?;
    let profiled = rustc.build(&target, &format!("-Cprofile-use={}", profile.display()))?;
    eprintln!("built: {}", profiled.display());
    Ok(())
}

/// The compiler that builds for this machine.
struct Rustc {
    /// `x86_64-unknown-linux-gnu` or its like.
    host: String,
    libraries: PathBuf,
}

impl Rustc {
    fn find() -> Result<Self, Failed> {
        let rustc = Path::new("rustc");
        let version = output(rustc, &["--version", "--verbose"])?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.ok_or("rustc does not say what it builds for")?.to_owned();
        let libraries = output(rustc, &["--print", "target-libdir"])?.into();
        Ok(Self { host, libraries })
    }

    /// LLVM's program that merges profiles, of the compiler's own version.
    fn profile_merger(&self) -> Result<PathBuf, Failed> {
        let program = self.libraries.with_file_name("bin").join("llvm-profdata");
        if !program.exists() {
            run_program("rustup", &["component", "add", "llvm-tools"], &root())?;
        }
        program
            .exists()
            .then_some(program)
            .ok_or_else(|| "rustup installed no llvm-profdata".into())
    }

    /// Builds the node into `directory`, with a flag for its own code and that
    /// of what it depends on, but not for what runs while it is built.
    fn build(&self, directory: &Path, flag: &str) -> Result<PathBuf, Failed> {
        let flags = format!("build.rustflags=[{flag:?}]");
        let path = directory.display().to_string();
        let target = ["--target", &self.host, "--target-dir", &path, "--config", &flags];
        let node = ["build", "--release", "--package", "lambent-cli"];
        cargo(&[&node[..], &target[..]].concat())?;
        Ok(directory.join(&self.host).join("release/lambent"))
    }
}

/// Has the node serve each kind of request in each way.
async fn load(args: &ProfiledArgs, lambent: &Path, directory: &Path) -> Result<(), Failed> {
    let ways: Vec<_> = ALL.iter().filter(|one| matches!(one.kind, Kind::Lambent(..))).collect();
    let programs = Programs::of(&ways, Some(lambent))?;
    let hello = |address| client::request(address, "GET", "/", None);
    let upstream = native(directory, None)?.start(hello, |answer| answer.status == 200).await?;
    let stage = Stage { directory, programs, core: None, upstream: upstream.address };
    for way in ways {
        for workload in WORKLOADS {
            eprintln!("profiling: {}, {}", way.name, workload.name());
            serve(&prepared(&stage, way, workload).await?, args.seconds).await?;
        }
    }
    Ok(())
}

async fn prepared(stage: &Stage<'_>, way: &Contender, workload: Workload) -> Result<Entry, Failed> {
    match stage.prepare(way, workload).await? {
        Staged::Ready(entry) => Ok(entry),
        Staged::Skipped(why) => Err(why.into()),
    }
}

async fn serve(entry: &Entry, seconds: u64) -> Result<(), Failed> {
    let server = entry.start().await?;
    let request = entry.workload.request(server.address, &entry.target);
    let (address, time) = (server.address, Duration::from_secs(seconds));
    let seen = generator::closed(&Load { address, request, connections: CLIENTS, time }).await?;
    if seen.served.count() == 0 {
        return Err(format!("nothing was served: {:?}", seen.statuses).into());
    }
    server.end().await
}

/// Merges what processes that ended wrote. Each result has a name of its own,
/// or Cargo would not see that it is another.
fn merge(merger: &Path, from: &Path, to: &Path) -> Result<PathBuf, Failed> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let merged = to.join(format!("lambent-{now}.profdata"));
    let mut arguments = vec!["merge".into(), "--output".into(), merged.display().to_string()];
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "profraw") {
            arguments.push(path.display().to_string());
        }
    }
    if arguments.len() == 3 {
        return Err("nothing was counted: is RUSTFLAGS set? It replaces our flags".into());
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    run_program(&merger.display().to_string(), &arguments, &root())?;
    Ok(merged)
}
