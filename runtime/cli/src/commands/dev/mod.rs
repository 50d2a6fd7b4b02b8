//! Building, serving and following while files change.

mod build;
mod event;
mod follow;
mod lock;
mod runtimes;
mod session;
mod snapshot;
mod tell;
mod watcher;
mod writes;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use clap::Args;
use lambent_api::client::{Client, Endpoint, InvalidEndpoint};
use lambent_build::output::folder;
use lambent_server::Options;
use serde_json::json;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::commands::apply::{MANIFEST, Prune};
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::listen;
use crate::node::{Node, free_address};
use crate::telemetry::{self, LogFormat};
use event::Event;
use lock::Lock;
use runtimes::Runtimes;
use session::Session;
use tell::Tell;

/// The time that invocations in flight are given at the end.
const GRACE: Duration = Duration::from_secs(3);

/// Connections at once: fewer than a process may have by default, and enough for one person.
const CONNECTIONS: usize = 256;

/// Disk that is kept free: less than a node for others keeps, as this one is on somebody's own
/// machine, whose disk may be nearly full.
const DISK_RESERVE: u64 = 256 << 20;

const AFTER_HELP: &str = "\
The node asks for no key and listens on this machine only (as with serve --dev). What
it keeps is in .lambent/dev, also when it is started again; delete that to start
afresh. With --endpoint there is no node of its own, and that one is used; the variable
LAMBENT_ENDPOINT is not for this, as everything that is saved is deployed.

A function is built and deployed again when its files change: see watch in lambent
manifest reference. While a build fails, what was served is served on.

A runtime that the node lacks is taken from the folder of --runtimes, as NAME.wasm.

Examples:
  lambent dev
  lambent dev ./shop --listen 8080
  lambent dev --endpoint http://127.0.0.1:4566
  lambent dev --json | jq -c 'select(.event == \"invocation\")'";

/// Build what a lambent.toml says, serve it, and do that again when files change
///
/// Starts a node, applies the lambent.toml of a folder to it, shows what the functions write and how
/// each invocation ends, and goes on until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct DevArgs {
    /// The folder with the lambent.toml
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,

    /// Listen on this address, or on this port of 127.0.0.1 [default: 127.0.0.1:4566, or a free
    /// port if that is taken]
    #[arg(long, value_name = "ADDRESS", value_parser = listen::parse)]
    listen: Option<SocketAddr>,

    /// Take runtimes from this folder [default: runtimes in lambent of the user's cache]
    #[arg(long, value_name = "DIR", env = "LAMBENT_RUNTIMES")]
    runtimes: Option<PathBuf>,
}

pub(crate) fn run(args: &DevArgs, global: &Global) -> Result<Exit, CliError> {
    let own = ["listen", "runtimes"].into_iter().find(|flag| global.is_flag(flag));
    if let (Some(own), true) = (own, global.is_flag("endpoint")) {
        let text = format!("--{own} is for a node of its own, and --endpoint names another one");
        return Err(CliError::usage(text).hint("leave one of them out"));
    }
    let path = args.folder.join(MANIFEST);
    if !path.is_file() {
        return Err(CliError::usage(format!("there is no {}", path.display()))
            .hint("make a project first: lambent new"));
    }
    let data = folder(&args.folder, "dev").map_err(|error| CliError::failed(error.to_string()))?;
    let lock = Lock::take(data.parent().unwrap_or(&data))?;
    // Of a directory that is gone there is nothing to be said.
    telemetry::start(LogFormat::Text, "warn,notify=error")?;
    let tell = Tell::new(global.output());
    if global.is_flag("endpoint") {
        let client = global.client()?;
        lock.note(&client.endpoint().to_string())?;
        let session = Parts { path: &path, tell, runtimes: None, prune: Prune::Nothing };
        with_signals(&AtomicBool::new(false), |events| session.run(client, events))?;
    } else {
        let runtimes =
            args.runtimes.clone().or_else(|| Some(lambent_build::cache().ok()?.join("runtimes")));
        let session = Parts { path: &path, tell, runtimes, prune: Prune::Variables };
        let (listen, _) = free_address(args.listen)?;
        let options = Options {
            listen,
            dev: true,
            grace: GRACE,
            connections_max: CONNECTIONS,
            disk_reserve: Some(DISK_RESERVE),
            ..Options::new(&data)
        };
        let node = Node::start(options)?;
        lock.note(&node.url)?;
        serve(node, session)?;
    }
    tell.event("stopped", json!({}), "stopped")?;
    Ok(Exit::Ok)
}

/// What a session is made of, but for the node.
struct Parts<'a> {
    path: &'a Path,
    tell: Tell,
    runtimes: Option<PathBuf>,
    prune: Prune,
}

type Events = (Sender<Event>, mpsc::Receiver<Event>);

impl Parts<'_> {
    fn run(self, client: Client, (sender, receiver): Events) -> Result<(), CliError> {
        let Self { path, tell, runtimes, prune } = self;
        let url = client.endpoint().to_string();
        let line = format!("{} at {url}; Ctrl-C ends it", path.display());
        tell.event("started", json!({ "file": path, "url": url }), &line)?;
        let runtimes = Runtimes(runtimes);
        Session { path, client, tell, runtimes, prune, events: (sender, &receiver) }.run()
    }
}

/// Runs a session on a node, which ends with it, as it ends with the node.
fn serve(node: Node, session: Parts) -> Result<(), CliError> {
    let endpoint: Endpoint =
        node.url.parse().map_err(|error: InvalidEndpoint| CliError::failed(error.to_string()))?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    thread::scope(|scope| {
        let serving = scope.spawn(|| {
            node.run(async {
                // A sender that is gone means the same.
                let _ = stopped.await;
            })
        });
        let ended = AtomicBool::new(false);
        let done = with_signals(&ended, |events| session.run(Client::new(endpoint), events));
        // A node that was told by the same signal would take this for a second one.
        let stop = ended.load(Ordering::Relaxed).then_some(stop);
        let served = serving.join().unwrap_or_else(|_| Err(CliError::failed("the server failed")));
        drop(stop);
        done.and(served.map(drop))
    })
}

/// Does `work`, which is told by an event when the process is asked to end; `ended` says
/// afterwards whether that was by a signal that ends a node, too.
fn with_signals(
    ended: &AtomicBool,
    work: impl FnOnce(Events) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let (sender, receiver) = mpsc::channel();
    let failed = |error| CliError::failed(format!("cannot receive signals: {error}"));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let events = sender.clone();
    let listening = runtime.block_on(async { kinds.map(signal) });
    let [interrupt, terminate, hangup] = listening;
    let (mut interrupt, mut terminate, mut hangup) =
        (interrupt.map_err(failed)?, terminate.map_err(failed)?, hangup.map_err(failed)?);
    let (over, end) = tokio::sync::oneshot::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => ended.store(true, Ordering::Relaxed),
                    _ = terminate.recv() => ended.store(true, Ordering::Relaxed),
                    _ = hangup.recv() => {}
                    _ = end => {}
                }
                // The session may be over already.
                let _ = events.send(Event::Stop);
            });
        });
        let done = work((sender, receiver));
        drop(over);
        done
    })
}
