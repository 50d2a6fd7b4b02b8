//! Builds in a process group of their own, which ends with all that it has started.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use lambent_types::FunctionName;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::event::Event;
use crate::error::CliError;

/// The time that a build is given to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// The pause between two looks at what is left of one.
const LOOK: Duration = Duration::from_millis(20);

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Well,
    Failed,
    /// It was ended, since everything ends.
    Stopped,
}

/// Runs `lambent build` for these functions in a folder. What its tools say goes to standard
/// error, as it is. Changes that come meanwhile are noted in `changed`.
///
/// # Errors
/// Failed: it cannot be started.
pub(super) fn run(
    folder: &Path,
    names: &[FunctionName],
    events: (&Sender<Event>, &Receiver<Event>),
    changed: &mut bool,
) -> Result<Ended, CliError> {
    let own = std::env::current_exe()
        .map_err(|error| CliError::failed(format!("cannot find this program: {error}")))?;
    let mut build = Command::new(own);
    build.arg("build").args(names.iter().map(FunctionName::as_str)).current_dir(folder);
    command(build, events, changed)
}

fn command(
    mut build: Command,
    (sender, receiver): (&Sender<Event>, &Receiver<Event>),
    changed: &mut bool,
) -> Result<Ended, CliError> {
    build.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
    let mut child = build
        .spawn()
        .map_err(|error| CliError::failed(format!("cannot start a build: {error}")))?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let sender = sender.clone();
    let waiting = thread::spawn(move || {
        let ended = child.wait();
        let _ = sender.send(Event::Built(ended.as_ref().is_ok_and(|status| status.success())));
        ended
    });
    let ended = wait(receiver, group, changed);
    let status: io::Result<_> =
        waiting.join().unwrap_or_else(|_| Err(io::Error::other("it is lost")));
    status.map_err(|error| CliError::failed(format!("cannot wait for a build: {error}")))?;
    Ok(ended)
}

/// Waits for the end of the build, and ends it if everything ends.
fn wait(receiver: &Receiver<Event>, group: Option<Pid>, changed: &mut bool) -> Ended {
    let mut deadline = None::<Instant>;
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let event = match left {
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(left) => receiver.recv_timeout(left),
        };
        match event {
            Ok(Event::Built(well)) => match deadline {
                Some(deadline) => return end_rest(group, deadline),
                None if well => return Ended::Well,
                None => return Ended::Failed,
            },
            Ok(Event::Changed) => *changed = true,
            Ok(Event::Stop) => {
                end(group, Signal::TERM);
                deadline.get_or_insert_with(|| Instant::now() + GRACE);
            }
            Err(RecvTimeoutError::Timeout) => return end_rest(group, Instant::now()),
            Err(RecvTimeoutError::Disconnected) => return Ended::Stopped,
        }
    }
}

/// Ends what is left of a group after this time, whether or not its leader is.
fn end_rest(group: Option<Pid>, deadline: Instant) -> Ended {
    let is_left = || group.is_some_and(|group| test_kill_process_group(group).is_ok());
    while is_left() && Instant::now() < deadline {
        thread::sleep(LOOK);
    }
    end(group, Signal::KILL);
    Ended::Stopped
}

fn end(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // It may have ended just now.
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn shell(text: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        command
    }

    #[test]
    fn a_build_ends_well_or_not() {
        let (sender, receiver) = mpsc::channel();
        let mut changed = false;
        let run = |text: &str, changed: &mut bool| {
            command(shell(text), (&sender, &receiver), changed).unwrap()
        };
        assert_eq!(run("exit 0", &mut changed), Ended::Well);
        assert_eq!(run("exit 1", &mut changed), Ended::Failed);
        assert!(!changed);
        sender.send(Event::Changed).unwrap();
        assert_eq!(run("exit 0", &mut changed), Ended::Well);
        assert!(changed);
    }

    #[test]
    fn what_a_build_has_started_ends_with_it() {
        stop("sleep 600");
    }

    #[test]
    fn what_does_not_end_when_asked_to_is_ended() {
        stop("sh -c 'trap \"\" TERM; exec sleep 600'");
    }

    /// Stops a build that has started a program, and waits for the end of that.
    fn stop(program: &str) {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("pid");
        let (sender, receiver) = mpsc::channel();
        let text = format!("{program} & echo $! > {0}.new; mv {0}.new {0}; wait", note.display());
        let stop = sender.clone();
        let noted = note.clone();
        let stopper = thread::spawn(move || {
            for _ in 0..1000 {
                if noted.exists() {
                    break;
                }
                thread::sleep(Duration::from_millis(10));
            }
            stop.send(Event::Stop).unwrap();
        });
        let ended = command(shell(&text), (&sender, &receiver), &mut false).unwrap();
        stopper.join().unwrap();
        assert_eq!(ended, Ended::Stopped);
        let pid = std::fs::read_to_string(note).unwrap();
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        // It may wait for init to see it.
        let is_over = || state().map_or(true, |stat| stat.contains(") Z"));
        for _ in 0..500 {
            if is_over() {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        assert!(is_over(), "{:?}", state());
    }
}
