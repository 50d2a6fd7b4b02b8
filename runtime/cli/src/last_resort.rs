//! The end of a server's process, whatever its other threads do.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// The time after the grace period at which the process ends. Writing and closing
/// everything takes less.
const LAST: Duration = Duration::from_secs(15);
/// The time after a second signal at which the process ends.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Ends the process some time after it was asked to, unless this is dropped by
/// then. It hears signals on a thread of its own, also if every other one is
/// stuck; what was acknowledged is on disk.
pub(crate) struct LastResort {
    _ended: oneshot::Sender<()>,
}

impl LastResort {
    /// # Errors
    /// The system gives no thread, or no signals.
    pub(crate) fn start(grace: Duration) -> io::Result<Self> {
        let (ended, end) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let signals = runtime.block_on(async {
            io::Result::Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
        })?;
        let watch = move || runtime.block_on(watch(signals, end, grace));
        thread::Builder::new().name("last-resort".into()).spawn(watch)?;
        Ok(Self { _ended: ended })
    }
}

async fn watch(
    (mut interrupt, mut terminate): (Signal, Signal),
    mut end: oneshot::Receiver<()>,
    grace: Duration,
) {
    // Each time it is told that the sender is gone.
    tokio::select! {
        _ = &mut end => return,
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let again = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    tokio::select! {
        _ = &mut end => return,
        () = again => if timeout(AT_ONCE, &mut end).await.is_ok() {
            return;
        },
        () = sleep(grace + LAST) => {}
    }
    eprintln!("lambent: something does not end; ending without it");
    std::process::exit(1);
}
