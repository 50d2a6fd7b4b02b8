pub(crate) mod rules;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Namespace, ResourceKind};

use crate::changes::Changes;
use crate::error::StorageError;
use crate::quota::QuotaExceeded;

/// A resource to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResource {
    /// Its name as it was given.
    pub name: String,
    /// Its specification as JSON.
    pub body: String,
    /// When a schedule fires next; `None` for other kinds, and for a schedule that does not.
    pub next: Option<Timestamp>,
    /// The revision of the one that it replaces, or 0 if there must be none; `None` if it does
    /// not matter.
    pub expected: Option<u64>,
}

/// A resource as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResource {
    /// Its key: the name in lower case.
    pub key: String,
    /// Its specification as JSON.
    pub body: String,
    /// When it fires next; see [`NewResource::next`].
    pub next: Option<Timestamp>,
    /// Grows with every put. That of a deleted resource does not come again.
    pub revision: u64,
}

/// Which resource changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceId {
    /// The noun of its kind.
    pub noun: String,
    /// Its name.
    pub name: String,
}

/// Why a resource was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// There is no such resource.
    #[error("no such resource")]
    NotFound,
    /// The bucket, keyspace or queue that a trigger names does not exist.
    #[error("its source does not exist")]
    NoSource,
    /// The trigger has another source; delete it first.
    #[error("a trigger's source cannot be changed")]
    OtherSource,
    /// It is at another revision than the one that was to be replaced.
    #[error("it was changed meanwhile; read it again")]
    Conflict,
    /// The namespace is full.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Resources that are nothing but what a client says of them, of every kind. They are read
/// and written through [`Specifications`](crate::Specifications), which know their types.
///
/// A backend takes any kind: names are unique in a namespace and kind ignoring case, the kind's
/// quota bounds how many there are, and every change is in the feed. It knows more of two kinds:
///
/// - *Triggers*. From the acknowledgement of a trigger on, every change that fits it is appended
///   to its channel of the [`EventLog`](crate::EventLog). What its source selects may be changed;
///   the bucket, keyspace or queue may not, and cannot be deleted while a trigger names it. Neither
///   may a table, which can be deleted all the same: its stream ends, and the trigger waits.
/// - *Schedules*. [`Schedules`](crate::Schedules) fires them.
///
/// The bytes that a volume may hold are counted with it: one that would have more set aside than
/// the namespace's quota is refused.
///
/// The events that wait for one of these are deleted with it.
///
/// # Several nodes
/// What one node puts, every node reads. What is promised of triggers holds for changes that any
/// node makes after the acknowledgement: a backend that nodes share reads the triggers in the
/// transaction of the change, or knows that its copy is current. Whoever serves resources follows
/// the feed of [`Changes`], in which those of all nodes are.
#[async_trait]
pub trait Resources: Send + Sync {
    /// Creates or replaces a resource.
    ///
    /// # Errors
    /// `Conflict`, `Quota`, `Storage`; of a trigger also `NoSource`, `OtherSource`.
    async fn put(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
        resource: NewResource,
    ) -> Result<(), ResourceError>;

    /// Deletes a resource with the events that wait for it.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    async fn delete(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
        name: &str,
    ) -> Result<(), ResourceError>;

    /// Reads one resource.
    ///
    /// # Errors
    /// The store failed.
    async fn get(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
        name: &str,
    ) -> Result<Option<StoredResource>, StorageError>;

    /// All resources of a kind in a namespace, by name. A damaged one is logged and left out.
    ///
    /// # Errors
    /// The store failed.
    async fn list(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
    ) -> Result<Vec<StoredResource>, StorageError>;

    /// The resources of a kind in all namespaces, ordered by namespace and name, from the
    /// first after `after` on, at most `limit`. A damaged one is logged and left out.
    ///
    /// # Errors
    /// The store failed.
    async fn page(
        &self,
        kind: ResourceKind,
        after: Option<(Namespace, String)>,
        limit: usize,
    ) -> Result<Vec<(Namespace, StoredResource)>, StorageError>;

    /// The feed of changes: every resource that is put or deleted is in it, not that one fires.
    fn changes(&self) -> &dyn Changes<ResourceId>;
}
