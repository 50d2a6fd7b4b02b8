use std::sync::Arc;

use lambent_storage::{Expected, WriteError};
use lambent_types::{
    Code, Configuration, Error, Function, FunctionVersion, Precondition, Snapshot, VersionNumber,
};

use super::FunctionHandle;
use super::errors::{check, refused};
use crate::inspect::Frozen;
use crate::operation::Operation;
use crate::runtimes::digest_of;

/// A version that was published.
#[derive(Debug, Clone)]
pub struct Published {
    /// The version.
    pub version: Arc<FunctionVersion>,
    /// Whether it is a new one; otherwise the head equals the last version.
    pub created: bool,
}

impl FunctionHandle<'_> {
    /// Publishes the head as the next version. As Lambda does, returns the last
    /// version instead if the head has not changed since. If the configuration wants one, the
    /// version has a snapshot.
    ///
    /// # Errors
    /// `FunctionNotFound`, `PreconditionFailed`; `InvalidConfiguration` (no snapshot can be taken,
    /// since INIT fails); the store failed.
    pub async fn publish(&self, expected: &Precondition) -> Result<Published, Error> {
        self.perform(Operation::PublishVersion, async {
            let (namespace, name) = self.place();
            loop {
                let function = self.describe().await?;
                check(name, expected, Some(function.revision))?;
                // Another change was first: look again.
                let Some(function) = self.frozen(function).await? else { continue };
                let last =
                    self.stores().registry.version(namespace, name, function.last_version).await?;
                if let Some(version) = last.filter(|last| is_same(last, &function.latest)) {
                    return Ok(Published { version, created: false });
                }
                let seen = Some(Expected::Revision(function.revision));
                match self.stores().registry.publish(namespace, name, seen).await {
                    Ok(version) => return Ok(Published { version, created: true }),
                    Err(WriteError::Conflict { .. }) => {}
                    Err(error) => return Err(refused(error, namespace, name)),
                }
            }
        })
        .await
    }

    /// The function with a snapshot in its head, if it wants one. Only the versions that are
    /// copies of the head start from it. Nothing if the function was changed meanwhile.
    async fn frozen(&self, function: Arc<Function>) -> Result<Option<Arc<Function>>, Error> {
        let head = &*function.latest;
        let current = self.service().inspect.component(head);
        let taken = head.code.snapshot.is_some_and(|snapshot| snapshot.component == current);
        let waits = head.code.awaits_runtime && self.lacks_runtime(&head.configuration).await?;
        if !head.configuration.snapshot || taken || waits {
            return Ok(Some(function));
        }
        let in_use = &self.service().code_in_use;
        let _holds = in_use.hold_all(head.code.digests()).await;
        let version = VersionNumber::Number(function.last_version + 1);
        let version = Arc::new(FunctionVersion { version, ..head.clone() });
        let Frozen { component, bytes } = self.service().inspect.snapshot(&version).await?;
        let digest = digest_of(bytes.clone()).await?;
        let _hold = in_use.hold(digest).await;
        let snapshot = Some(Snapshot { digest, bytes: bytes.len() as u64, component });
        self.stores().space.check()?;
        self.stores().code.put(digest, bytes).await?;
        let code = Code { snapshot, ..head.code.clone() };
        self.try_head(FunctionVersion { code, ..head.clone() }, Some(&function)).await
    }
}

fn is_same(version: &FunctionVersion, head: &FunctionVersion) -> bool {
    // What tools note for themselves makes no other version.
    let annotations = head.configuration.annotations.clone();
    let configuration = Configuration { annotations, ..version.configuration.clone() };
    version.code == head.code
        && configuration == head.configuration
        && version.handlers == head.handlers
}
