//! Shows the progress of a deploy: sending the component, or waiting for the server to
//! compile it.

use std::io::{self, IsTerminal, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lambent_api::FunctionView;
use lambent_api::client::{Answer, Client, Upload};
use lambent_types::{ConfigurationPatch, FunctionName, format_bytes};

use crate::error::CliError;
use crate::printable::printable;
use crate::progress::Progress;

/// The time before the first line about a deploy. Most deploys are done by then.
const FIRST: Duration = Duration::from_secs(2);
/// The time from one line to the next.
const EVERY: Duration = Duration::from_secs(5);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// A line of the terminal changes.
    Bar,
    /// Lines are written to standard error now and then.
    Lines,
    /// Progress is not shown.
    Nothing,
}

impl Show {
    /// Chooses what suits standard error; nothing if results are JSON.
    pub(crate) fn suited(json: bool) -> Self {
        match json {
            true => Self::Nothing,
            false if io::stderr().is_terminal() => Self::Bar,
            false => Self::Lines,
        }
    }
}

/// Deploys a function, and shows how far it is.
///
/// # Errors
/// The server's problem, or no answer.
pub(crate) fn deploy(
    client: &Client,
    name: &FunctionName,
    code: &[u8],
    patch: &ConfigurationPatch,
    revision: Option<u64>,
    show: Show,
) -> Result<Answer<FunctionView>, CliError> {
    let upload = Upload::new(code, patch)?;
    let deploying = Deploying::start(upload.bytes(), show);
    let mut reader = deploying.follow(upload.reader());
    let deployed = client.deploy(name, &upload, &mut reader, revision)?;
    drop(reader);
    drop(deploying);
    for warning in deployed.value()?.warnings {
        eprintln!("warning: {name}: {}", printable(&warning));
    }
    Ok(deployed)
}

/// Shows how far a deploy is, until this is dropped. It shows the time that has passed,
/// by this machine's clock, and does not estimate the rest.
pub(crate) struct Deploying {
    bytes: u64,
    sent: Arc<AtomicU64>,
    bar: Option<Progress>,
    _lines: Option<Lines>,
}

impl Deploying {
    /// Starts for an upload of this many bytes.
    pub(crate) fn start(bytes: u64, show: Show) -> Self {
        let sent = Arc::new(AtomicU64::new(0));
        let bar = (show == Show::Bar).then(|| Progress::upload(bytes));
        let tell = |line: &str| eprintln!("{line}");
        let lines =
            (show == Show::Lines).then(|| Lines::start(bytes, sent.clone(), FIRST, EVERY, tell));
        Self { bytes, sent, bar, _lines: lines }
    }

    /// A reader that counts what is sent.
    pub(crate) fn follow<'a>(&'a self, reader: impl Read + 'a) -> Box<dyn Read + 'a> {
        let counted = Counted { reader, sent: &self.sent };
        match &self.bar {
            Some(bar) => {
                let then = format!("the server compiles {}", format_bytes(self.bytes));
                Box::new(bar.follow(counted, self.bytes, then))
            }
            None => Box::new(counted),
        }
    }
}

struct Counted<'a, R> {
    reader: R,
    sent: &'a AtomicU64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.sent.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// A thread that tells how far it is.
struct Lines {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    fn start(
        bytes: u64,
        sent: Arc<AtomicU64>,
        first: Duration,
        every: Duration,
        mut tell: impl FnMut(&str) + Send + 'static,
    ) -> Self {
        let (stop, stopped) = mpsc::channel();
        let begin = Instant::now();
        let thread = thread::spawn(move || {
            let mut pause = first;
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                tell(&line(sent.load(Ordering::Relaxed), bytes, begin.elapsed()));
                pause = every;
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // The thread only writes lines, so its result does not matter.
            let _ = thread.join();
        }
    }
}

fn line(sent: u64, bytes: u64, time: Duration) -> String {
    let (seconds, whole) = (time.as_secs(), format_bytes(bytes));
    if sent < bytes {
        return format!("uploading: {} of {whole} ({seconds} s)", format_bytes(sent));
    }
    format!("uploaded {whole}, the server compiles it ({seconds} s)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn following_changes_nothing() {
        for show in [Show::Bar, Show::Lines, Show::Nothing] {
            let deploying = Deploying::start(5, show);
            let mut text = String::new();
            deploying.follow(&b"hello"[..]).read_to_string(&mut text).unwrap();
            assert_eq!(text, "hello");
            assert_eq!(deploying.sent.load(Ordering::Relaxed), 5);
        }
    }

    #[test]
    fn lines_say_how_far_it_is() {
        let (told, lines) = mpsc::channel();
        let tell = move |line: &str| told.send(line.to_owned()).unwrap();
        let (sent, soon) = (Arc::new(AtomicU64::new(1 << 20)), Duration::from_millis(1));
        let ticking = Lines::start(2 << 20, sent.clone(), soon, soon, tell);
        assert_eq!(lines.recv().unwrap(), "uploading: 1.0 MiB of 2.0 MiB (0 s)");
        sent.store(2 << 20, Ordering::Relaxed);
        let compiling = lines.iter().find(|line| line.starts_with("uploaded 2.0 MiB"));
        assert!(compiling.unwrap().contains("the server compiles it ("));
        drop(ticking);
        assert!(lines.iter().count() < 1000, "it ends");
    }
}
