//! One release that is under way.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lambent_types::{
    Alias, AliasName, Bounds, FunctionName, Namespace, Progress, Release, ReleaseState,
    ReleaseStatistics, VersionNumber,
};
use tokio::time::Instant;

use super::decision::{Compared, FIRST_LOOK, next_look};
use super::step_clock::StepClock;
use super::tally::Tally;

/// How often it is stored how much of a step is left at most: so much of it a crash costs.
const NOTE_EVERY: Duration = Duration::from_secs(10);
/// How often at least, of steps that are short.
const NOTE_EVERY_MIN: Duration = Duration::from_secs(1);
/// How long to wait before a store that failed is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Which alias is released.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) namespace: Namespace,
    pub(super) function: FunctionName,
    pub(super) alias: AliasName,
}

/// A release that is under way, as this node sees it.
pub(super) struct Watched {
    pub(super) key: Key,
    state: Mutex<State>,
}

/// What is to be done of a release.
pub(super) enum Deed {
    /// Nothing for so long.
    Wait(Duration),
    /// Compare its versions, for the so-manieth time.
    Compare(Box<Compared>, Bounds, u32),
    /// Go to the next step, from the alias as it is.
    Advance(Alias),
    /// Store how far it has come, of the alias as it is.
    Note(Alias),
}

struct State {
    alias: Alias,
    clock: StepClock,
    compared: Compared,
    /// How often the two were compared.
    looks: u32,
    /// After how many invocations of the new version they are again.
    next_look: u64,
    /// After how many they were last.
    last_look: u64,
    /// When it is stored again how far it has come.
    note: Instant,
    /// Until when it is left alone, since the store failed.
    rests: Option<Instant>,
}

impl Watched {
    /// Begins to watch a release of an alias.
    pub(super) fn new(key: Key, alias: &Alias, release: &Release) -> Self {
        Self { key, state: Mutex::new(State::new(alias, release)) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what was read of it. What was seen is kept while it is at the same step.
    pub(super) fn update(&self, alias: &Alias, release: &Release) {
        let mut state = self.lock();
        let known = state.alias.release.as_deref();
        let at = |release: &Release| (release.started, release.to, release.progress.step);
        if known.map(at) != Some(at(release)) {
            let looks = state.looks;
            *state = State::new(alias, release);
            state.looks = state.looks.max(looks);
            return;
        }
        if state.alias.revision != alias.revision {
            state.clock = StepClock::new(release.progress.left(), runs(release));
        }
        state.alias = alias.clone();
    }

    /// Has a version's tally take something in. Whether the versions are to be compared then.
    pub(super) fn see(&self, version: VersionNumber, take: impl FnOnce(&mut Tally)) -> bool {
        let mut state = self.lock();
        let compared = &mut state.compared;
        if version == VersionNumber::Number(compared.to) {
            take(&mut compared.new);
        } else if version == compared.from {
            take(&mut compared.old);
        }
        state.is_look_due()
    }

    /// How far it has come, and what was seen.
    pub(super) fn status(&self) -> (Progress, ReleaseStatistics) {
        let state = self.lock();
        let Compared { from, to, old, new } = &state.compared;
        let from = old.statistics(*from);
        let to = new.statistics(VersionNumber::Number(*to));
        (state.progress(), ReleaseStatistics { from, to })
    }

    /// What is to be done now.
    pub(super) fn deed(&self) -> Deed {
        let mut state = self.lock();
        let now = Instant::now();
        if let Some(until) = state.rests.filter(|until| *until > now) {
            return Deed::Wait(until - now);
        }
        state.rests = None;
        let seen = state.compared.new.invocations;
        // Before the step ends, the last of it is looked at too.
        let last = state.clock.is_over() && seen > state.last_look && state.is_comparable();
        if last || state.is_look_due() {
            state.looks += 1;
            (state.last_look, state.next_look) = (seen, next_look(seen));
            let compared = Box::new(state.compared.clone());
            return Deed::Compare(compared, state.bounds(), state.looks);
        }
        if state.clock.is_over() {
            return Deed::Advance(state.current());
        }
        if !state.clock.runs() {
            return Deed::Wait(Duration::MAX);
        }
        if state.note <= now {
            state.note = now + state.note_every();
            return Deed::Note(state.current());
        }
        Deed::Wait(state.clock.left().min(state.note - now))
    }

    /// Has its versions compared again, as if they had not been: what was found could not be done yet.
    pub(super) fn look_again(&self) {
        let mut state = self.lock();
        state.looks = state.looks.saturating_sub(1);
        state.next_look = state.last_look;
    }

    /// The alias as it is, with how far its release has come.
    pub(super) fn current(&self) -> Alias {
        self.lock().current()
    }

    /// Leaves it alone for a moment.
    pub(super) fn rest(&self) {
        self.lock().rests = Some(Instant::now() + PAUSE);
    }
}

fn runs(release: &Release) -> bool {
    release.state == ReleaseState::Running
}

impl State {
    fn new(alias: &Alias, release: &Release) -> Self {
        let Release { from, to, progress, .. } = release;
        let compared =
            Compared { from: *from, to: *to, old: Tally::default(), new: Tally::default() };
        let now = Instant::now();
        let mut state = Self {
            alias: alias.clone(),
            clock: StepClock::new(progress.left(), runs(release)),
            compared,
            looks: progress.looks,
            next_look: FIRST_LOOK,
            last_look: 0,
            note: now,
            rests: None,
        };
        state.note = now + state.note_every();
        state
    }

    fn bounds(&self) -> Bounds {
        self.alias.release.as_ref().map(|release| release.bounds).unwrap_or_default()
    }

    fn is_comparable(&self) -> bool {
        let bounds = self.bounds();
        !bounds.is_empty() && self.compared.is_enough(&bounds)
    }

    fn is_look_due(&self) -> bool {
        self.compared.new.invocations >= self.next_look && self.is_comparable()
    }

    fn note_every(&self) -> Duration {
        let step = self.alias.release.as_ref().and_then(|release| release.step().copied());
        let tenth = step.map_or(NOTE_EVERY, |step| step.duration() / 10);
        tenth.clamp(NOTE_EVERY_MIN, NOTE_EVERY)
    }

    fn progress(&self) -> Progress {
        let stored = self.alias.release.as_ref().map(|release| release.progress);
        let left_ms = u64::try_from(self.clock.left().as_millis()).unwrap_or(u64::MAX);
        Progress { left_ms, looks: self.looks, ..stored.unwrap_or_default() }
    }

    fn current(&self) -> Alias {
        self.alias.at(self.progress())
    }
}
