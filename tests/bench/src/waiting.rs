//! The memory of instances that are alive and wait for an upstream.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use clap::Args;
use lambent_api::types::Grants;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{Answer, Connection};
use crate::http::contender::Wasi;
use crate::http::stage::{self, FUNCTION};
use crate::http::workload::{SLOW, Workload};
use crate::measure::Rounds;
use crate::node::{self, Node};
use crate::process::{Launch, Memory, Server, memory};
use crate::table::Table;
use crate::{Failed, fleet, tools};

/// How long it may take until all wait, and until all are answered.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two looks at how many do.
const LOOK: Duration = Duration::from_millis(100);
/// Files open beside those of requests.
const OTHER_FILES: u64 = 500;
/// Connections beside those of requests.
const OTHER_CONNECTIONS: usize = 100;

/// Measure the memory of instances that wait
///
/// Sends so many requests at once to a function that asks an upstream, which
/// answers none before all of them wait for it. What an instance holds is told
/// with its connections, one to the client and one to the upstream, and beside
/// what a native server holds that waits in the same way.
#[derive(Debug, Args)]
pub(crate) struct WaitingArgs {
    /// How many instances, or as many as the machine has room for
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    instances: u32,

    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    lambent: Option<PathBuf>,
}

pub(crate) async fn run(
    args: &WaitingArgs,
    directory: &Path,
    table: &mut Table,
) -> Result<(), Failed> {
    let lambent = tools::lambent(args.lambent.as_deref())?;
    // Both this process and the node have two connections for each.
    let files = raise_files(u64::from(args.instances) * 2 + OTHER_FILES)?;
    let most = usize::try_from(files.saturating_sub(OTHER_FILES) / 2)?;
    let wanted = usize::try_from(args.instances)?.min(most);
    table.value("asked for", f64::from(args.instances), "", "");
    table.value("open files allowed", files as f64, "", "");
    let mappings = std::fs::read_to_string("/proc/sys/vm/max_map_count")?;
    table.value("vm.max_map_count", mappings.trim().parse()?, "", "");
    let native = native(directory, wanted, table).await?;
    for (name, wasi) in [("WASI 0.2", Wasi::P2), ("WASI 0.3", Wasi::P3)] {
        eprintln!("measuring: {name}");
        let upstream = Upstream::start().await?;
        let node = start(&lambent, &directory.join(name), wanted).await?;
        let instances = room(&node.server.log()).map_or(wanted, |room| room.min(wanted));
        let component = stage::component(Workload::Wait, wasi);
        node.deploy(&lambent, FUNCTION, &component, &["--timeout", "900s"])?;
        let hosts = BTreeSet::from([format!("http://{}", upstream.address).parse()?]);
        node.grant(FUNCTION, Grants { hosts, ..Grants::default() }).await?;
        let target = format!("/fn/{FUNCTION}{}", Workload::Wait.target(upstream.address, ""));
        let memory = measure(&node.server, &target, &upstream, instances).await?;
        tell(table, name, instances, &memory, Some(&native));
    }
    Ok(())
}

/// What the same takes where nothing runs in instances: the connections alone.
async fn native(directory: &Path, requests: usize, table: &mut Table) -> Result<Each, Failed> {
    eprintln!("measuring: native");
    let upstream = Upstream::start().await?;
    let hello = |address| Workload::Hello.request(address, "/");
    let launch = stage::native(directory, None)?;
    let server = launch.start(hello, |answer| Workload::Hello.is_answer(answer)).await?;
    let target = Workload::Wait.target(upstream.address, "");
    let memory = measure(&server, &target, &upstream, requests).await?;
    Ok(tell(table, "native", requests, &memory, None))
}

/// KiB of memory that each request holds while it waits.
struct Each {
    anonymous: f64,
    resident: f64,
}

/// Adds rows to the table. The native server is their baseline.
fn tell(
    table: &mut Table,
    name: &str,
    requests: usize,
    [before, during, after]: &[Memory; 3],
    native: Option<&Each>,
) -> Each {
    let each =
        |before: u64, during: u64| during.saturating_sub(before) as f64 / 1024.0 / requests as f64;
    let anonymous = each(before.anonymous, during.anonymous);
    let resident = each(before.resident, during.resident);
    let mut row = |what: &str, value: f64, unit, baseline: Option<f64>| {
        let mut once = Rounds::default();
        once.push(value);
        table.row(&format!("{name}: {what}"), &once, unit, baseline.map(|value| (value, "")));
    };
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    row("requests that wait", requests as f64, "", None);
    row("anonymous memory of each", anonymous, " KiB", native.map(|native| native.anonymous));
    row("resident memory of each", resident, " KiB", native.map(|native| native.resident));
    row("resident before", mib(before.resident), " MiB", None);
    row("resident while all wait", mib(during.resident), " MiB", None);
    row("resident after", mib(after.resident), " MiB", None);
    Each { anonymous, resident }
}

/// A node that lets so many requests wait at once.
async fn start(lambent: &Path, data: &Path, instances: usize) -> Result<Node, Failed> {
    let mut launch: Launch = node::launch(lambent, data, None);
    // One function has nine tenths of them.
    let concurrency = (instances * 10).div_ceil(9) + 1;
    let connections = instances + OTHER_CONNECTIONS;
    for (flag, value) in [("--concurrency", concurrency), ("--connections", connections)] {
        launch.arguments.extend([flag.to_owned(), value.to_string()]);
    }
    Node::launched(&launch).await
}

/// How many instances there can be, if a node's log says that it is fewer than
/// it was told.
fn room(log: &str) -> Option<usize> {
    let (_, found) = log.split_once("enough for ")?;
    found.split_once(" instances")?.0.parse().ok()
}

/// Lets this process, and the node that it starts, have so many files open, or
/// as many as it may; tells how many.
fn raise_files(wanted: u64) -> Result<u64, Failed> {
    let Some(hard) = getrlimit(Resource::Nofile).maximum else { return Ok(wanted) };
    // Only root may have more than the hard limit.
    for most in [wanted.max(hard), hard] {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        if setrlimit(Resource::Nofile, limit).is_ok() {
            return Ok(most);
        }
    }
    Err("the limit of open files cannot be raised".into())
}

/// The server's memory before requests wait, while all do, and after.
async fn measure(
    server: &Server,
    target: &str,
    upstream: &Upstream,
    requests: usize,
) -> Result<[Memory; 3], Failed> {
    let address = server.address;
    let request: Arc<[u8]> = Workload::Wait.request(address, target).into();
    // What is loaded and opened once is there before.
    upstream.answers.send_replace(true);
    check(&send(address, request.clone()).await?)?;
    upstream.answers.send_replace(false);
    upstream.asked.store(0, Ordering::Relaxed);
    fleet::settle(server).await?;
    let before = memory(server.id())?;

    let mut waiting = JoinSet::new();
    for _ in 0..requests {
        waiting.spawn(send(address, request.clone()));
    }
    all_wait(upstream, requests, &mut waiting).await?;
    fleet::settle(server).await?;
    let during = memory(server.id())?;
    upstream.answers.send_replace(true);
    while let Some(answer) = waiting.join_next().await {
        check(&answer??)?;
    }
    fleet::settle(server).await?;
    Ok([before, during, memory(server.id())?])
}

/// Returns when all have asked the upstream, which has answered none of them.
async fn all_wait(
    upstream: &Upstream,
    requests: usize,
    waiting: &mut JoinSet<Result<Answer, Failed>>,
) -> Result<(), Failed> {
    let begun = Instant::now();
    loop {
        let asked = upstream.asked.load(Ordering::Relaxed);
        if asked >= requests {
            return Ok(());
        }
        let state = format!("{asked} of {requests} wait for the upstream");
        if let Some(early) = waiting.try_join_next() {
            return Err(format!("a request did not wait: {}; {state}", early??).into());
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("it takes too long: {state}").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn send(address: SocketAddr, request: Arc<[u8]>) -> Result<Answer, Failed> {
    let connection = Connection::open(address).await?;
    Ok(connection.patient(PATIENCE * 3).send(&request).await?)
}

fn check(answer: &Answer) -> Result<(), Failed> {
    let right = Workload::Wait.is_answer(answer);
    right.then_some(()).ok_or_else(|| format!("not the upstream's answer: {answer}").into())
}

/// A server that answers when it is told to.
struct Upstream {
    address: SocketAddr,
    /// How many requests there were.
    asked: Arc<AtomicUsize>,
    answers: watch::Sender<bool>,
}

impl Upstream {
    async fn start() -> Result<Self, Failed> {
        let asked = Arc::new(AtomicUsize::new(0));
        let answers = watch::Sender::new(false);
        let (count, told) = (asked.clone(), answers.subscribe());
        let slow = move || {
            let mut told = told.clone();
            count.fetch_add(1, Ordering::Relaxed);
            async move {
                // It ends with the process that tells.
                let _ = told.wait_for(|told| *told).await;
                SLOW
            }
        };
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let app = Router::new().route("/slow", get(slow));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { address, asked, answers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_is_read_from_the_log() {
        let log = "WARN vm.max_map_count is 65530, enough for 4794 instances; for 20000 run: …";
        assert_eq!(room(log), Some(4794));
        assert_eq!(room("INFO listening"), None);
    }
}
