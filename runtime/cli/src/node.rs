//! A server in this process: starts it, and ends it the way it was asked to.

use std::future::Future;
use std::io::{self, IsTerminal as _};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use lambent_server::{Options, Reload, Server};
use lambent_types::error_chain;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{CliError, Exit};
use crate::last_resort::LastResort;

/// Tasks that are polled between two looks at timers and sockets. Guests that run
/// long poll for up to 5 ms, so that with tokio's 61 timers were a third of a
/// second late.
const EVENT_INTERVAL: u32 = 4;

/// A started server, and the runtime that it lives on.
pub(crate) struct Node {
    runtime: Runtime,
    server: Server,
    reload: Reload,
    signals: Signals,
    last_resort: LastResort,
    grace: Duration,
    /// The address that it listens on.
    pub(crate) address: SocketAddr,
    /// The URL at which it is reached from this machine.
    pub(crate) url: String,
    /// The time until it was ready.
    pub(crate) startup: Duration,
}

impl Node {
    /// Starts a server and returns when it is ready.
    ///
    /// # Errors
    /// Usage: an option is out of its bounds. Failed: the server cannot start.
    pub(crate) fn start(options: Options) -> Result<Self, CliError> {
        options.validate().map_err(|error| CliError::usage(error.to_string()))?;
        let clock = Instant::now();
        let runtime = Builder::new_multi_thread()
            .event_interval(EVENT_INTERVAL)
            .enable_all()
            .build()
            .map_err(|error| CliError::failed(format!("cannot start threads: {error}")))?;
        let signals = runtime
            .block_on(async { Signals::new() })
            .map_err(|error| CliError::failed(format!("cannot receive signals: {error}")))?;
        let grace = options.grace;
        let last_resort = LastResort::start(grace)
            .map_err(|error| CliError::failed(format!("cannot receive signals: {error}")))?;
        let server = runtime
            .block_on(Server::start(options))
            .map_err(|error| CliError::failed(error_chain(&error)))?;
        let (address, url, reload) = (server.local_addr(), server.url(), server.reload());
        let startup = clock.elapsed();
        Ok(Self { runtime, server, reload, signals, last_resort, grace, address, url, startup })
    }

    /// Serves until a signal to end comes or `stop` completes, then drains. A
    /// further signal ends it at once. SIGHUP makes it read its certificate again.
    ///
    /// # Errors
    /// Failed: the server ended by itself, or was not let finish.
    pub(crate) fn run(self, stop: impl Future<Output = ()>) -> Result<Exit, CliError> {
        let Self { runtime, server, reload, mut signals, last_resort, grace, .. } = self;
        let result = runtime.block_on(async {
            let (shutdown, asked) = tokio::sync::oneshot::channel::<()>();
            let run = server.run_until(async {
                // A sender that is gone asks for the end as well.
                let _ = asked.await;
            });
            tokio::pin!(run);
            tokio::select! {
                result = &mut run => return Some(result),
                () = signals.end(&reload) => eprintln!(
                    "lambent: stopping, at most {} s for what is in flight; again to stop at once",
                    grace.as_secs()
                ),
                () = stop => {}
            }
            drop(shutdown);
            tokio::select! {
                result = &mut run => Some(result),
                () = signals.end(&reload) => None,
            }
        });
        // A blocked thread must not delay the end.
        runtime.shutdown_background();
        drop(last_resort);
        match result {
            Some(Ok(())) => Ok(Exit::Ok),
            Some(Err(error)) => Err(CliError::failed(error_chain(&error))),
            None => Err(CliError::failed("stopped at once; what was in flight was cut off")),
        }
    }
}

/// The signals that a server acts on.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// Whether standard error is a terminal, where somebody may look on.
    terminal: bool,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            terminal: io::stderr().is_terminal(),
        })
    }

    /// Returns when asked to end, and reloads when asked to do that until then.
    async fn end(&mut self, reload: &Reload) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.hangup.recv() => {
                    // The terminal that it was started from is gone: what it meant at first.
                    if self.terminal && !io::stderr().is_terminal() {
                        return;
                    }
                    reload.run().await;
                }
            }
        }
    }
}

/// Chooses the address to listen on, and says whether the usual one was taken. An address
/// that was asked for is never exchanged for another.
///
/// # Errors
/// Failed: the usual one cannot be listened on for another reason.
pub(crate) fn free_address(given: Option<SocketAddr>) -> Result<(SocketAddr, bool), CliError> {
    if let Some(given) = given {
        return Ok((given, false));
    }
    let usual = SocketAddr::from(([127, 0, 0, 1], 4566));
    match TcpListener::bind(usual) {
        Ok(_) => Ok((usual, false)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Ok((SocketAddr::from(([127, 0, 0, 1], 0)), true))
        }
        Err(error) => Err(CliError::failed(format!("cannot listen on {usual}: {error}"))),
    }
}
