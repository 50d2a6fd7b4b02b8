//! Follows the registry, so that what any node deploys is made ready and what it deletes is
//! given up on this one too.

use std::time::Duration;

use lambent_service::Inspect as _;
use lambent_storage::{Changed, Follower, News, Registry, StorageError};
use lambent_types::{FunctionName, Namespace};

use crate::host::Host;

/// How long to wait before a registry that failed is asked again.
const PAUSE: Duration = Duration::from_secs(1);

impl Host {
    /// Makes the instances that are wanted before anything is called, and keeps to what is
    /// wanted as functions change. For ever; a failure of the registry is logged, and it is
    /// asked again.
    pub async fn follow(&self, registry: &dyn Registry) {
        loop {
            let Err(error) = self.follow_feed(registry).await;
            tracing::error!(%error, cause = error.cause(), "cannot follow the functions");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn follow_feed(
        &self,
        registry: &dyn Registry,
    ) -> Result<std::convert::Infallible, StorageError> {
        let mut follower = Follower::new(registry.changes());
        loop {
            match follower.news().await? {
                News::All => self.provision_all(registry).await?,
                News::Changed(changed) => {
                    for Changed { namespace, name } in changed {
                        self.refresh(registry, &namespace, &name).await?;
                    }
                }
            }
        }
    }

    /// Makes what all heads and versions want, and gives up what is of none.
    async fn provision_all(&self, registry: &dyn Registry) -> Result<(), StorageError> {
        for (namespace, name) in self.pools.functions() {
            self.refresh(registry, &namespace, &name).await?;
        }
        for function in registry.provisioned().await? {
            self.provision(&function.latest).await;
            self.provision_versions(registry, &function).await?;
        }
        Ok(())
    }

    /// Keeps to what a function wants now. One that is damaged keeps what it has, and no
    /// other function waits for its repair.
    async fn refresh(
        &self,
        registry: &dyn Registry,
        namespace: &Namespace,
        name: &FunctionName,
    ) -> Result<(), StorageError> {
        match registry.function(namespace, name).await {
            // This does nothing if the deploy on this node did it.
            Ok(Some(function)) => {
                self.provision(&function.latest).await;
                self.provision_versions(registry, &function).await?;
            }
            Ok(None) => {
                self.pools.withdraw(namespace, name, None);
                self.unprovision_all(namespace, name);
            }
            Err(error @ StorageError::Corrupt { .. }) => {
                tracing::error!(%error, cause = error.cause(), "leaving a function as it was");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
