use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use lambent_types::{Namespace, RequestId, TriggerName};

use crate::deliveries::handled::Handled;

/// Most characters of an error that are kept.
const CHARS_MAX: usize = 1024;

/// How the deliveries of a trigger went, since this process began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TriggerStatus {
    /// The last that failed.
    pub last_error: Option<LastError>,
    /// When one last succeeded.
    pub last_success: Option<Timestamp>,
}

/// A delivery that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    /// When.
    pub time: Timestamp,
    /// The kind of failure.
    pub kind: String,
    /// What was said of it.
    pub message: String,
    /// The invocation; none if the function could not be invoked.
    pub request: Option<RequestId>,
}

/// The keys of namespace and name.
pub(super) type Key = (String, String);

/// The statuses of the triggers that there are: what is noted of another, of which something was
/// still under way, is of no interest.
#[derive(Debug, Default)]
pub(super) struct Statuses(Mutex<HashMap<Key, TriggerStatus>>);

impl Statuses {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, TriggerStatus>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the deliveries of a trigger went.
    pub(super) fn of(&self, namespace: &Namespace, trigger: &TriggerName) -> TriggerStatus {
        self.lock().get(&key(namespace, trigger)).cloned().unwrap_or_default()
    }

    /// There is a trigger, or there is it no more.
    pub(super) fn exists(&self, namespace: &Namespace, trigger: &TriggerName, exists: bool) {
        let (mut all, key) = (self.lock(), key(namespace, trigger));
        if exists {
            all.entry(key).or_default();
        } else {
            all.remove(&key);
        }
    }

    /// There are these triggers and no others.
    pub(super) fn retain(&self, there: &HashSet<Key>) {
        self.lock().retain(|key, _| there.contains(key));
    }

    /// Notes how it ended that the function was to handle something.
    pub(super) fn note(
        &self,
        namespace: &Namespace,
        trigger: &TriggerName,
        handled: &Handled,
        request: RequestId,
        now: Timestamp,
    ) {
        match handled {
            Handled::Ok(_) => {
                self.change(namespace, trigger, |status| status.last_success = Some(now));
            }
            Handled::Failed(failure) | Handled::Permanent(_, failure) => {
                let (kind, message) = (&failure.kind, &failure.message);
                self.failed(namespace, trigger, (kind, message), Some(request), now);
            }
            // It waits for room, which is no error.
            Handled::NotStarted => {}
        }
    }

    /// Notes why nothing is delivered at all.
    pub(super) fn cannot_run(
        &self,
        namespace: &Namespace,
        trigger: &TriggerName,
        error: &str,
        now: Timestamp,
    ) {
        self.failed(namespace, trigger, ("Lambent.NotDelivered", error), None, now);
    }

    fn failed(
        &self,
        namespace: &Namespace,
        trigger: &TriggerName,
        (kind, message): (&str, &str),
        request: Option<RequestId>,
        time: Timestamp,
    ) {
        let short = |text: &str| text.chars().take(CHARS_MAX).collect();
        let error = LastError { time, kind: short(kind), message: short(message), request };
        self.change(namespace, trigger, |status| status.last_error = Some(error));
    }

    fn change(
        &self,
        namespace: &Namespace,
        trigger: &TriggerName,
        change: impl FnOnce(&mut TriggerStatus),
    ) {
        if let Some(status) = self.lock().get_mut(&key(namespace, trigger)) {
            change(status);
        }
    }
}

/// Names are unique ignoring case.
pub(super) fn key(namespace: &Namespace, trigger: &TriggerName) -> Key {
    (namespace.key(), trigger.key())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_triggers_that_are_gone_nothing_is_kept() {
        let (statuses, namespace) = (Statuses::default(), Namespace::default());
        let [one, two]: [TriggerName; 2] = ["one", "two"].map(|name| name.parse().unwrap());
        let note = |name: &TriggerName| {
            statuses.cannot_run(&namespace, name, "why", Timestamp::UNIX_EPOCH);
            statuses.of(&namespace, name).last_error.is_some()
        };
        assert!(!note(&one), "there is none yet");
        statuses.exists(&namespace, &one, true);
        statuses.exists(&namespace, &two, true);
        assert!(note(&one) && note(&two));
        // What was under way ends after the trigger does.
        statuses.exists(&namespace, &one, false);
        assert!(!note(&one));
        statuses.retain(&HashSet::from([key(&namespace, &one)]));
        assert!(!note(&two));
        statuses.exists(&namespace, &two, true);
        assert_eq!(statuses.of(&namespace, &two), TriggerStatus::default());
    }
}
