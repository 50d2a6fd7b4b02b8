//! The instances that are kept ready of versions, as functions have them set aside.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lambent_engine::Filled;
use lambent_service::{ProvisionedState, ProvisionedVersion};
use lambent_storage::{Registry, StorageError};
use lambent_types::{Function, FunctionName, FunctionVersion, Namespace, VersionNumber};

use crate::host::Host;

/// The keys of namespace and function, and a version's number.
type Key = (String, String, u64);

fn key(namespace: &Namespace, name: &FunctionName, number: u64) -> Key {
    (namespace.key(), name.key(), number)
}

/// How far it has come with each version of which instances are kept ready.
#[derive(Debug, Default)]
pub(crate) struct Provisioning(Mutex<HashMap<Key, (u32, ProvisionedState)>>);

impl Provisioning {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, (u32, ProvisionedState)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The versions of a function of which instances are kept ready.
    fn versions(&self, namespace: &Namespace, name: &FunctionName) -> BTreeSet<u64> {
        let (namespace, name, _) = key(namespace, name, 0);
        let all = self.lock();
        let own = all.keys().filter(|key| key.0 == namespace && key.1 == name);
        own.map(|key| key.2).collect()
    }

    /// Notes how many of a version are wanted; whether that is news.
    fn want(&self, key: Key, instances: u32) -> bool {
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
    fn ended(&self, key: &Key, instances: u32, state: ProvisionedState) {
        if let Some(found) = self.lock().get_mut(key).filter(|found| found.0 == instances) {
            found.1 = state;
        }
    }
}

impl Host {
    /// Keeps as many instances of a function's versions ready as are set aside, and no others.
    pub(crate) async fn provision_versions(
        &self,
        registry: &dyn Registry,
        function: &Function,
    ) -> Result<(), StorageError> {
        let FunctionVersion { namespace, name, .. } = &*function.latest;
        let wanted = function.provisioned_versions();
        for number in self.provisioning.versions(namespace, name) {
            if !wanted.contains_key(&number) {
                self.unprovision(namespace, name, number);
            }
        }
        for (number, instances) in wanted {
            if !self.provisioning.want(key(namespace, name, number), instances) {
                continue;
            }
            // Of a version that is gone nothing is wanted any more: the feed tells.
            if let Some(version) = registry.version(namespace, name, number).await? {
                self.provision_version(&version, number, instances).await;
            }
        }
        Ok(())
    }

    /// Keeps none ready any more of the versions of a function that is gone.
    pub(crate) fn unprovision_all(&self, namespace: &Namespace, name: &FunctionName) {
        for number in self.provisioning.versions(namespace, name) {
            self.unprovision(namespace, name, number);
        }
    }

    fn unprovision(&self, namespace: &Namespace, name: &FunctionName, number: u64) {
        self.provisioning.lock().remove(&key(namespace, name, number));
        self.pools.set_extra(namespace, name, VersionNumber::Number(number), 0);
        self.pools.withdraw(namespace, name, Some(VersionNumber::Number(number)));
    }

    async fn provision_version(&self, version: &Arc<FunctionVersion>, number: u64, instances: u32) {
        let (namespace, name) = (&version.namespace, &version.name);
        self.pools.set_extra(namespace, name, version.version, instances);
        let state = match self.code(version).await {
            Ok(code) => match self.pools.instances(version, &code, &self.shared) {
                Some(pool) => state(pool.fill().await),
                None => ProvisionedState::InProgress,
            },
            Err(error) => ProvisionedState::Failed(error.detail().to_owned()),
        };
        tracing::info!(%namespace, function = %name, version = number, instances, ?state, "provisioned");
        self.provisioning.ended(&key(namespace, name, number), instances, state);
    }

    /// How far it has come with a version.
    pub(crate) fn provisioned_version(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        number: u64,
    ) -> Option<ProvisionedVersion> {
        let (requested, state) =
            self.provisioning.lock().get(&key(namespace, name, number)).cloned()?;
        let idle = self.pools.idle(namespace, name, VersionNumber::Number(number));
        let available = u32::try_from(idle).unwrap_or(u32::MAX).min(requested);
        // What could not be made at first may have been since, when it was called.
        let state = if available == requested { ProvisionedState::Ready } else { state };
        let ready = state == ProvisionedState::Ready;
        let allocated = if ready { requested } else { available };
        Some(ProvisionedVersion { requested, allocated, available, state })
    }
}

fn state(filled: Filled) -> ProvisionedState {
    let reason = match filled {
        Filled::Ready => return ProvisionedState::Ready,
        Filled::NoSlot => {
            "as many instances wait on the node as it keeps; keep fewer ready, or start it with a \
             higher --concurrency"
        }
        Filled::Failed => {
            "an instance could not be made: the function fails when it is initialized, or the node \
             has no memory for it; invoke it, and its log says which"
        }
    };
    ProvisionedState::Failed(reason.into())
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
