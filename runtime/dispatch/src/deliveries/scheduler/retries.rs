//! Schedules that could not be fired, until they are tried again.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use lambent_storage::Scheduled;
use lambent_types::{Namespace, ScheduleName};
use tokio::time::Instant;

/// How long after the first failure, and after one more each time twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, so that what fires again once its cause is mended does so soon.
const PAUSE_MAX: Duration = Duration::from_secs(60);

struct Retry {
    revision: u64,
    failures: u32,
    until: Instant,
}

/// The schedules that failed. They keep the time that they were to fire at, in
/// the store; that they failed is forgotten with the process.
#[derive(Default)]
pub(super) struct Retries(HashMap<(Namespace, ScheduleName), Retry>);

impl Retries {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Until when a schedule is left alone, if it failed as it is now.
    pub(super) fn until(&self, namespace: &Namespace, scheduled: &Scheduled) -> Option<Instant> {
        let retry = self.0.get(&(namespace.clone(), scheduled.specification.name.clone()))?;
        let waits = retry.revision == scheduled.revision && retry.until > Instant::now();
        waits.then_some(retry.until)
    }

    /// It failed: how long it is left alone.
    pub(super) fn failed(&mut self, namespace: &Namespace, scheduled: &Scheduled) -> Duration {
        let key = (namespace.clone(), scheduled.specification.name.clone());
        let known = self.0.remove(&key).filter(|retry| retry.revision == scheduled.revision);
        let failures = known.map_or(0, |retry| retry.failures).saturating_add(1);
        let pause = PAUSE.saturating_mul(1 << (failures - 1).min(10)).min(PAUSE_MAX);
        let until = Instant::now() + pause;
        self.0.insert(key, Retry { revision: scheduled.revision, failures, until });
        pause
    }

    /// It fired, or somebody else fired or changed it.
    pub(super) fn forget(&mut self, namespace: &Namespace, name: &ScheduleName) {
        self.0.remove(&(namespace.clone(), name.clone()));
    }

    /// Forgets all that are not among these: they were deleted or changed.
    pub(super) fn keep(&mut self, due: &[(Namespace, Scheduled)]) {
        if self.0.is_empty() {
            return;
        }
        let due: HashSet<_> =
            due.iter().map(|(owner, one)| (owner, &one.specification.name)).collect();
        self.0.retain(|(owner, name), _| due.contains(&(owner, name)));
    }
}
