use lambent_storage::Stored;
use lambent_storage::backend::resources::channel;
use lambent_types::{Error, Specification};

use crate::client_errors;
use crate::contents::{Contained, gone};
use crate::handle::Handle;
use crate::operation::Operation;
use crate::resource_name::ResourceName;
use crate::scope::Scope;

/// The name of a kind of resource that is nothing but its specification. All but putting one is
/// done here, for every such kind.
pub trait Specified: ResourceName<Scope = Scope> {
    /// What is said of one.
    type Specification: Specification<Name = Self>;
    /// Listing them.
    const LIST: Operation;
    /// Reading one.
    const DESCRIBE: Operation;
    /// Deleting one.
    const DELETE: Operation;

    /// What else is to be done once the one of this name is deleted.
    fn deleted(&self, _: &Scope) -> impl Future<Output = Result<(), Error>> + Send {
        std::future::ready(Ok(()))
    }
}

impl Scope {
    /// All of a kind by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn all<N: Specified>(&self) -> Result<Vec<Stored<N::Specification>>, Error> {
        self.perform(N::LIST, "", async {
            Ok(self.stores().resources.of().list(self.namespace()).await?)
        })
        .await
    }
}

impl<N: Specified> Handle<'_, N> {
    /// Reads the resource.
    ///
    /// # Errors
    /// Its `…NotFound`; the store failed.
    pub async fn describe(&self) -> Result<Stored<N::Specification>, Error> {
        self.perform(N::DESCRIBE, async {
            let (namespace, name) = self.place();
            let found = self.stores().resources.of().get(namespace, name).await?;
            found.ok_or_else(|| self.not_found())
        })
        .await
    }

    /// Deletes the resource with the events that wait for it. The messages of a queue stay in
    /// the queue.
    ///
    /// # Errors
    /// Its `…NotFound`; the store failed.
    pub async fn delete(&self) -> Result<(), Error> {
        self.perform(N::DELETE, async {
            let (namespace, name) = self.place();
            let of_kind = self.stores().resources.of::<N::Specification>();
            let deleted = of_kind.delete(namespace, name).await;
            deleted.map_err(|error| client_errors::resource(namespace, name, error))?;
            if let Some(channel) = channel(N::Specification::KIND, name.as_ref()) {
                self.scope().service.deliveries.channel_gone(namespace, channel);
            }
            name.deleted(self.scope()).await
        })
        .await
    }
}

impl<N: Specified> Contained for N {
    async fn held(scope: &Scope) -> Result<Vec<Self>, Error> {
        let all = scope.all::<N>().await?;
        Ok(all.into_iter().map(|stored| stored.specification.name().clone()).collect())
    }

    async fn delete_all(scope: &Scope) -> Result<(), Error> {
        for name in Self::held(scope).await? {
            gone(scope.named(name).delete().await)?;
        }
        Ok(())
    }
}
