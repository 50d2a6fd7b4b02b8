use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Namespace, Specification};

use crate::changes::{Batch, Changed, Changes, Position};
use crate::error::StorageError;
use crate::resources::{NewResource, ResourceError, ResourceId, Resources, StoredResource};

/// A resource that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<S> {
    /// What a client said of it.
    pub specification: S,
    /// When a schedule fires next; `None`: never again, or disabled. `None` for other kinds.
    pub next: Option<Timestamp>,
    /// Grows with every put.
    pub revision: u64,
}

impl StoredResource {
    /// Reads the specification.
    ///
    /// # Errors
    /// `Corrupt`: it is none of its kind.
    pub fn read<S: Specification>(&self, namespace: &str) -> Result<Stored<S>, StorageError> {
        let specification = serde_json::from_str(&self.body).map_err(|error| {
            let what = format!("{} {:?} of namespace {namespace:?}", S::KIND.noun, self.key);
            StorageError::corrupt(what, error.to_string())
        })?;
        Ok(Stored { specification, next: self.next, revision: self.revision })
    }
}

impl dyn Resources + '_ {
    /// Those of one kind.
    pub fn of<S: Specification>(&self) -> Specifications<'_, S> {
        Specifications::new(self)
    }
}

/// The resources of one kind, in their own types; see [`Resources`].
#[derive(Clone, Copy)]
pub struct Specifications<'s, S> {
    store: &'s dyn Resources,
    kind: PhantomData<S>,
}

fn new<S: Specification>(specification: &S) -> Result<NewResource, StorageError> {
    let body = serde_json::to_string(specification)
        .map_err(|error| StorageError::unavailable("write a resource", error))?;
    Ok(NewResource { name: specification.name().to_string(), body, next: None, expected: None })
}

/// Resources with their namespaces, and where the next ones are.
pub type Page<S> = (Vec<(Namespace, Stored<S>)>, Option<(Namespace, String)>);

impl<'s, S: Specification> Specifications<'s, S> {
    pub(crate) const fn new(store: &'s dyn Resources) -> Self {
        Self { store, kind: PhantomData }
    }

    /// Creates or replaces a resource. One that fires does so next at `next`.
    ///
    /// # Errors
    /// `Quota`, `Storage`; of a trigger also `NoSource`, `OtherSource`.
    pub async fn put(
        &self,
        namespace: &Namespace,
        specification: &S,
        next: Option<Timestamp>,
    ) -> Result<(), ResourceError> {
        let new = NewResource { next, ..new(specification)? };
        self.store.put(S::KIND, namespace, new).await
    }

    /// Creates a resource, or replaces the one of a revision; 0 stands for none.
    ///
    /// # Errors
    /// `Conflict`: it is at another revision; `Quota`, `Storage`.
    pub async fn replace(
        &self,
        namespace: &Namespace,
        specification: &S,
        revision: u64,
    ) -> Result<(), ResourceError> {
        let new = NewResource { expected: Some(revision), ..new(specification)? };
        self.store.put(S::KIND, namespace, new).await
    }

    /// Deletes a resource with the events that wait for it.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn delete(&self, namespace: &Namespace, name: &S::Name) -> Result<(), ResourceError> {
        self.store.delete(S::KIND, namespace, &name.to_string()).await
    }

    /// Reads one resource.
    ///
    /// # Errors
    /// The store failed, or the resource is damaged.
    pub async fn get(
        &self,
        namespace: &Namespace,
        name: &S::Name,
    ) -> Result<Option<Stored<S>>, StorageError> {
        let found = self.store.get(S::KIND, namespace, &name.to_string()).await?;
        found.map(|stored| stored.read(&namespace.key())).transpose()
    }

    /// All of a namespace by name. A damaged one is logged and left out.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self, namespace: &Namespace) -> Result<Vec<Stored<S>>, StorageError> {
        let found = self.store.list(S::KIND, namespace).await?;
        Ok(found.iter().filter_map(|stored| intact(namespace, stored)).collect())
    }

    /// Some of those of every namespace, ordered by namespace and name, from the first after
    /// `after` on: of at most `limit` those that are not damaged, and where to go on, until
    /// there are no more. A damaged one is logged and left out.
    ///
    /// # Errors
    /// The store failed.
    pub async fn page(
        &self,
        after: Option<(Namespace, String)>,
        limit: usize,
    ) -> Result<Page<S>, StorageError> {
        let page = self.store.page(S::KIND, after, limit).await?;
        let next = page.last().map(|(namespace, last)| (namespace.clone(), last.key.clone()));
        let intact = page.iter().filter_map(|(namespace, stored)| {
            Some((namespace.clone(), intact(namespace, stored)?))
        });
        Ok((intact.collect(), next))
    }

    /// Those of every namespace, ordered by namespace and name: what a node has to serve when
    /// it starts. A damaged one is logged and left out.
    ///
    /// # Errors
    /// The store failed.
    pub async fn all(&self) -> Result<Vec<(Namespace, Stored<S>)>, StorageError> {
        Ok(self.page(None, usize::MAX).await?.0)
    }

    /// The feed of changes: every one that is put or deleted is in it, not that one fires.
    #[must_use]
    pub const fn changes(&self) -> impl Changes<S::Name> + use<'s, S> {
        KindChanges { store: self.store, kind: PhantomData::<S> }
    }
}

fn intact<S: Specification>(namespace: &Namespace, stored: &StoredResource) -> Option<Stored<S>> {
    stored
        .read(&namespace.key())
        .inspect_err(|error| tracing::error!(%error, cause = error.cause(), "leaving it out"))
        .ok()
}

/// What is of one kind in the feed of all.
struct KindChanges<'s, S> {
    store: &'s dyn Resources,
    kind: PhantomData<S>,
}

#[async_trait]
impl<S: Specification> Changes<S::Name> for KindChanges<'_, S> {
    async fn position(&self) -> Result<Position, StorageError> {
        self.store.changes().position().await
    }

    async fn since(&self, after: Position, wait: Duration) -> Result<Batch<S::Name>, StorageError> {
        let until = tokio::time::Instant::now() + wait;
        let mut after = after;
        loop {
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            let (changed, next) = match self.store.changes().since(after, left).await? {
                Batch::Changes { changed, next } => (changed, next),
                Batch::ListAgain { next } => return Ok(Batch::ListAgain { next }),
            };
            let came = !changed.is_empty();
            let own = changed.into_iter().filter(|one| one.name.noun == S::KIND.noun);
            let changed: Vec<_> = own.filter_map(in_own_type).collect();
            if !came || !changed.is_empty() {
                return Ok(Batch::Changes { changed, next });
            }
            after = next;
        }
    }
}

/// A change with the name as one of its kind; every name that is stored is one.
fn in_own_type<N: FromStr>(Changed { namespace, name }: Changed<ResourceId>) -> Option<Changed<N>> {
    name.name.parse().ok().map(|name| Changed { namespace, name })
}
