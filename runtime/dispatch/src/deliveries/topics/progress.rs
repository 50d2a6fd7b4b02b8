use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lambent_types::SubscriptionName;

/// Which subscriptions have messages already that others are still to get, so that what is tried again
/// for one goes to no other twice. A crash forgets it: then they get it again.
#[derive(Debug, Default)]
pub(in crate::deliveries) struct Progress {
    /// By the id of the message.
    done: Mutex<HashMap<String, HashSet<SubscriptionName>>>,
}

impl Progress {
    /// Takes out which subscriptions have a message.
    pub(super) fn take(&self, message: &str) -> HashSet<SubscriptionName> {
        self.lock().remove(message).unwrap_or_default()
    }

    /// Remembers which have it, until it is tried for the others.
    pub(super) fn keep(&self, message: &str, done: HashSet<SubscriptionName>) {
        if !done.is_empty() {
            self.lock().insert(message.to_owned(), done);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, HashSet<SubscriptionName>>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
