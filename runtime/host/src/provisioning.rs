//! What is known of the instances that are kept ready of versions.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lambent_service::ProvisionedState;
use lambent_types::{FunctionName, Namespace};

/// The keys of namespace and function, and a version's number.
pub(crate) type Key = (String, String, u64);

pub(crate) fn key(namespace: &Namespace, name: &FunctionName, number: u64) -> Key {
    (namespace.key(), name.key(), number)
}

/// How far it has come with each version of which instances are kept ready.
#[derive(Debug, Default)]
pub(crate) struct Provisioning(Mutex<HashMap<Key, (u32, ProvisionedState)>>);

impl Provisioning {
    pub(crate) fn lock(&self) -> MutexGuard<'_, HashMap<Key, (u32, ProvisionedState)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The versions of a function of which instances are kept ready.
    pub(crate) fn versions(&self, namespace: &Namespace, name: &FunctionName) -> BTreeSet<u64> {
        let (namespace, name, _) = key(namespace, name, 0);
        let all = self.lock();
        let own = all.keys().filter(|key| key.0 == namespace && key.1 == name);
        own.map(|key| key.2).collect()
    }

    /// Notes how many of a version are wanted; whether that is news.
    pub(crate) fn want(&self, key: Key, instances: u32) -> bool {
        let mut all = self.lock();
        let known = all.get(&key).is_some_and(|(wanted, state)| {
            *wanted == instances && *state != ProvisionedState::InProgress
        });
        if !known {
            all.insert(key, (instances, ProvisionedState::InProgress));
        }
        !known
    }

    /// Notes how it ended, if as many are wanted still.
    pub(crate) fn ended(&self, key: &Key, instances: u32, state: ProvisionedState) {
        if let Some(found) = self.lock().get_mut(key).filter(|found| found.0 == instances) {
            found.1 = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_otherwise_meanwhile_is_still_in_progress() {
        let all = Provisioning::default();
        let (namespace, name): (Namespace, FunctionName) =
            ("Ns".parse().unwrap(), "F".parse().unwrap());
        let key = key(&namespace, &name, 1);
        assert!(all.want(key.clone(), 3));
        assert!(all.want(key.clone(), 3), "it has not ended yet");
        all.ended(&key, 3, ProvisionedState::Ready);
        assert!(!all.want(key.clone(), 3));
        assert!(all.want(key.clone(), 4));
        all.ended(&key, 3, ProvisionedState::Ready);
        assert_eq!(all.lock()[&key], (4, ProvisionedState::InProgress));
        assert_eq!(all.versions(&"ns".parse().unwrap(), &"f".parse().unwrap()), [1].into());
    }
}
