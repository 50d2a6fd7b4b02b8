//! Keeps instances of versions ready, as functions have them set aside.

use std::sync::Arc;

use lambent_engine::Filled;
use lambent_service::{ProvisionedState, ProvisionedVersion};
use lambent_storage::{Registry, StorageError};
use lambent_types::{Function, FunctionName, FunctionVersion, Namespace, VersionNumber};

use crate::host::Host;
use crate::provisioning::key;

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
