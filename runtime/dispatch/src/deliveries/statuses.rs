use std::collections::HashMap;
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

/// The statuses of triggers, by the keys of namespace and name. Those of triggers that are
/// deleted are forgotten.
#[derive(Debug, Default)]
pub(super) struct Statuses(Mutex<HashMap<(String, String), TriggerStatus>>);

impl Statuses {
    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), TriggerStatus>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the deliveries of a trigger went.
    pub(super) fn of(&self, namespace: &Namespace, trigger: &TriggerName) -> TriggerStatus {
        self.lock().get(&key(namespace, trigger)).cloned().unwrap_or_default()
    }

    pub(super) fn forget(&self, namespace: &Namespace, trigger: &TriggerName) {
        self.lock().remove(&key(namespace, trigger));
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
                self.lock().entry(key(namespace, trigger)).or_default().last_success = Some(now);
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
        self.lock().entry(key(namespace, trigger)).or_default().last_error = Some(error);
    }
}

fn key(namespace: &Namespace, trigger: &TriggerName) -> (String, String) {
    (namespace.key(), trigger.key())
}
