//! What `lambent dev` does from its start to its end: builds, applies, waits for changes, and does
//! that again for what they are of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use lambent_api::client::{Client, found};
use lambent_types::FunctionName;
use serde_json::json;

use super::build::{self, Ended};
use super::event::Event;
use super::follow::Followers;
use super::runtimes::Runtimes;
use super::snapshot::Snapshot;
use super::tell::Tell;
use super::watcher::Watcher;
use super::writes::Writes;
use crate::commands::apply::{File, Plan, Prune, explain};
use crate::deploying::Show;
use crate::error::CliError;

/// The time without a further change after which changes are looked at. Editors and version
/// control write many files, and some of them twice.
const QUIET: Duration = Duration::from_millis(30);
/// The longest time that changes are waited for to end.
const QUIET_MAX: Duration = Duration::from_secs(1);
/// The pause between two looks where the system tells nothing, or a runtime is missing.
const LOOK: Duration = Duration::from_secs(1);

/// What there is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
struct Due {
    /// The file is another, or its variables are.
    manifest: bool,
    /// Functions whose files are others.
    functions: BTreeSet<FunctionName>,
}

/// A running `lambent dev`.
pub(super) struct Session<'a> {
    pub(super) path: &'a Path,
    pub(super) client: Client,
    pub(super) tell: Tell,
    pub(super) runtimes: Runtimes,
    /// What goes of what the file does not name.
    pub(super) prune: Prune,
    pub(super) events: (Sender<Event>, &'a Receiver<Event>),
}

/// What is known of the files.
struct State {
    watcher: Watcher,
    manifest: Snapshot,
    functions: BTreeMap<FunctionName, Snapshot>,
    /// What the builds of each write, which is not to be taken for changes.
    writes: BTreeMap<FunctionName, Writes>,
    /// Functions whose last build failed.
    failed: BTreeSet<FunctionName>,
    followers: Followers,
    /// Whether there is something to be done again soon that no file tells of.
    again: bool,
    /// What was said of a runtime that is missing.
    missing: Option<String>,
    /// The URLs as they were told.
    urls: Option<Vec<String>>,
}

impl Session<'_> {
    /// Runs until it is told to end.
    ///
    /// # Errors
    /// Nobody can be told any more, or the file is wrong at the start.
    pub(super) fn run(&self) -> Result<(), CliError> {
        let mut file = File::read(self.path)?;
        let mut state = State {
            watcher: Watcher::start(self.events.0.clone()),
            manifest: Snapshot::default(),
            functions: BTreeMap::new(),
            writes: BTreeMap::new(),
            failed: BTreeSet::new(),
            followers: Followers::new(self.client.clone(), self.tell),
            again: false,
            missing: None,
            urls: None,
        };
        let mut due = state.look(&file, &self.events.0)?;
        due.functions.extend(file.names());
        loop {
            let clock = Instant::now();
            if due.manifest {
                file = self.read_again(file, &mut state, &mut due)?;
            }
            if due != Due::default() || state.again {
                let due: Vec<_> = due.functions.into_iter().collect();
                if !self.round(&file, &mut state, &due, clock)? {
                    return Ok(());
                }
            }
            if !self.wait(&state)? {
                return Ok(());
            }
            due = state.look(&file, &self.events.0)?;
        }
    }

    /// Reads the file again, and finds out what is to be built of it; the file as it was if it is
    /// wrong now.
    fn read_again(
        &self,
        earlier: File,
        state: &mut State,
        due: &mut Due,
    ) -> Result<File, CliError> {
        let file = match File::read(self.path) {
            Ok(file) => file,
            Err(error) => {
                self.tell.failure("manifest-failed", &error)?;
                return Ok(earlier);
            }
        };
        let again = state.look(&file, &self.events.0)?;
        due.functions.extend(again.functions);
        for name in file.names() {
            if file.is_remade(&earlier, &name) {
                due.functions.insert(name.clone());
            }
            if file.is_watched_otherwise(&earlier, &name) {
                state.writes.remove(&name);
            }
        }
        due.functions.extend(state.failed.iter().cloned());
        due.functions.retain(|name| file.has(name));
        state.failed.retain(|name| file.is_built(name));
        Ok(file)
    }

    /// Builds and applies what is due; returns whether to go on.
    fn round(
        &self,
        file: &File,
        state: &mut State,
        due: &[FunctionName],
        clock: Instant,
    ) -> Result<bool, CliError> {
        for group in file.builds(due)? {
            if !self.make(file, state, &group)? {
                return Ok(false);
            }
        }
        state.again = false;
        if let Err(error) = self.apply(file, state, clock) {
            self.tell.failure("apply-failed", &error)?;
        }
        Ok(true)
    }

    /// Builds functions that are built together; returns whether to go on.
    fn make(
        &self,
        file: &File,
        state: &mut State,
        group: &[FunctionName],
    ) -> Result<bool, CliError> {
        let clock = Instant::now();
        let shown = group.iter().map(FunctionName::as_str).collect::<Vec<_>>().join(", ");
        self.tell.event("building", json!({ "functions": group }), &format!("building {shown}"))?;
        let (sender, receiver) = (&self.events.0, self.events.1);
        let mut changed = false;
        match build::run(file.directory(), group, (sender, receiver), &mut changed)? {
            Ended::Stopped => return Ok(false),
            Ended::Well => {
                state.failed.retain(|name| !group.contains(name));
                self.tell.done("built", &format!("built {shown}"), clock.elapsed())?;
            }
            Ended::Failed => {
                state.failed.extend(group.iter().cloned());
                let text = format!("{shown} did not build; what was served is served on");
                self.tell.failure("build-failed", &CliError::failed(text))?;
            }
        }
        if changed {
            // Looked at after all this.
            let _ = sender.send(Event::Changed);
        }
        state.built(file, group, self.tell)?;
        Ok(true)
    }

    /// Makes the node as the file says, as far as that is not so.
    fn apply(&self, file: &File, state: &mut State, clock: Instant) -> Result<(), CliError> {
        if let Some(missing) = self.runtimes.install(file, &self.client, self.tell)? {
            state.again = true;
            let told = missing.to_string();
            let known = state.missing.replace(told.clone()) == Some(told);
            return if known { Ok(()) } else { Err(missing) };
        }
        for name in &state.failed {
            if found(self.client.function(name, None))?.is_none() {
                let text = format!("nothing is applied until {name} was built once");
                return Err(CliError::failed(text));
            }
        }
        let built = file.built()?.holding(state.failed.iter());
        let plan = Plan::make(&self.client, file, self.prune, &built)?;
        if plan.is_empty() {
            if state.urls.is_none() {
                self.ready(file, state, clock.elapsed())?;
            }
            return self.follow(file, state);
        }
        let done = plan.execute(&self.client, Show::Nothing, |done, time| {
            self.tell.done("applied", done, time)
        });
        done.map_err(|stopped| explain(&plan, stopped))?;
        self.ready(file, state, clock.elapsed())?;
        self.follow(file, state)
    }

    /// Tells that all is as the file says, and where; people only where that is new.
    fn ready(&self, file: &File, state: &mut State, time: Duration) -> Result<(), CliError> {
        let urls = file.urls(&self.client)?;
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let members = json!({ "urls": urls, "time_us": time });
        let lines: Vec<_> = urls.iter().map(|url| format!("  {url}")).collect();
        let known = state.urls.replace(lines.clone()).as_ref() == Some(&lines);
        let mut lines = if known { Vec::new() } else { lines };
        if !known {
            lines.push("watching for changes".to_owned());
        }
        self.tell.event("ready", members, &lines.join("\n"))
    }

    fn follow(&self, file: &File, state: &mut State) -> Result<(), CliError> {
        state.missing = None;
        state.followers.follow(&file.names())
    }

    /// Waits for changes, and until they have come to an end; returns whether to go on.
    fn wait(&self, state: &State) -> Result<bool, CliError> {
        let receiver = self.events.1;
        let first = if state.again || !state.watcher.is_told() {
            receiver.recv_timeout(LOOK)
        } else {
            receiver.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        match first {
            Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return Ok(false),
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
        }
        let clock = Instant::now();
        while clock.elapsed() < QUIET_MAX {
            match receiver.recv_timeout(QUIET) {
                Ok(Event::Stop) => return Ok(false),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        Ok(true)
    }
}

impl State {
    /// Looks at all files, and says what their changes make due.
    fn look(&mut self, file: &File, events: &Sender<Event>) -> Result<Due, CliError> {
        let manifest = Snapshot::of(&file.watched_itself())?;
        let mut functions = BTreeMap::new();
        for name in file.names() {
            let snapshot = Snapshot::of(&file.watched(&name)?)?;
            functions.insert(name, snapshot);
        }
        let directories: BTreeMap<_, _> = functions
            .values()
            .chain([&manifest])
            .flat_map(|snapshot| snapshot.directories.clone())
            .collect();
        // What changed before a directory was watched is seen by looking once more.
        if self.watcher.watch(&directories) {
            let _ = events.send(Event::Changed);
        }
        Ok(self.compare(manifest, functions))
    }

    fn compare(&mut self, manifest: Snapshot, functions: BTreeMap<FunctionName, Snapshot>) -> Due {
        let other = !manifest.since(&self.manifest).is_empty();
        let mut due = BTreeSet::new();
        for (name, snapshot) in &functions {
            let changed = self.changed(name, snapshot);
            if !changed.is_empty() {
                due.insert(name.clone());
                self.writes.entry(name.clone()).or_default().cause(changed);
            }
        }
        (self.manifest, self.functions) = (manifest, functions);
        Due { manifest: other, functions: due }
    }

    /// What has changed of a function's files since the last look.
    fn changed(&self, name: &FunctionName, now: &Snapshot) -> BTreeSet<PathBuf> {
        let before = self.functions.get(name);
        let mut changed =
            before.map_or_else(|| now.since(&Snapshot::default()), |before| now.since(before));
        if let Some(writes) = self.writes.get(name) {
            changed.retain(|path| !writes.is_left_out(path));
        }
        changed
    }

    /// Finds out what builds of these functions write among what is watched.
    fn built(&mut self, file: &File, names: &[FunctionName], tell: Tell) -> Result<(), CliError> {
        for name in names {
            let during = self.changed(name, &Snapshot::of(&file.watched(name)?)?);
            let written = self.writes.entry(name.clone()).or_default().built(during);
            let Some(written) = written else { continue };
            let shown = written.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
            let text = format!(
                "the build of {name} writes {}, which is watched and is left out from now on; say what \
                 to watch: watch = [\"src\"]",
                shown.join(", ")
            );
            tell.event("left-out", json!({ "function": name, "files": shown }), &text)?;
        }
        Ok(())
    }
}
