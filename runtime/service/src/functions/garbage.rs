//! Code that no version refers to any more, and its deletion.

use std::sync::Arc;

use lambent_types::{Digest, Error};

use crate::service::Service;

impl Service {
    /// Deletes all code that no version refers to, with what was derived from it, and
    /// what is left of namespaces, and loads the quotas of namespaces again. It is for the start and for every now and then, safe
    /// at any time, and ends early when the node drains. Changes themselves collect
    /// what they release, a while later.
    ///
    /// # Errors
    /// The store failed; some code may be left.
    pub async fn collect_garbage(self: &Arc<Self>) -> Result<(), Error> {
        // Another node may have changed some.
        self.load().await?;
        self.finish_deletions().await;
        // Listed first: what is stored later is not a candidate.
        let stored = self.stores().code.list().await?;
        let mut referred = self.stores().registry.digests().await?;
        referred.extend(self.digests_of_layers().await?);
        for digest in stored.into_iter().filter(|digest| !referred.contains(digest)) {
            if self.data.drain.is_cancelled() {
                return Ok(());
            }
            self.collect(digest).await?;
        }
        Ok(())
    }

    /// Collects what changes released a while ago. Its failure does not fail the
    /// change at hand: the next collection tries again.
    pub(crate) async fn collect_released(&self) {
        for digest in self.code_in_use.due(self.grace) {
            if let Err(error) = self.collect(digest).await {
                tracing::warn!(%digest, %error, "cannot collect code");
            }
        }
    }

    async fn collect(&self, digest: Digest) -> Result<(), Error> {
        let Some(_leave) = self.code_in_use.collect(digest, self.grace).await else {
            return Ok(());
        };
        let used = self.stores().registry.refers_to(digest).await?
            || self.is_of_runtime(digest).await?
            || self.digests_of_layers().await?.contains(&digest);
        if !used {
            // Derived data first: while the code is there, an interrupted
            // collection is repeated.
            self.inspect.forget(digest).await;
            self.stores().code.delete(digest).await?;
        }
        self.code_in_use.settled(digest);
        Ok(())
    }
}
