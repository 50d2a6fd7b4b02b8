use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use lambent_storage::Stores;
use lambent_types::{
    BucketName, Error, ErrorCode, FunctionName, KeyspaceName, Namespace, Origin, QueueName,
    ScheduleName, TriggerName,
};

use crate::client_errors::being_deleted;
use crate::namespace_info::NamespaceInfo;
use crate::principal::Principal;
use crate::service::Service;

/// Who asks, in which namespace, and what led to it. All that is done on
/// somebody's behalf is done through one. Cloning is cheap.
#[derive(Clone)]
pub struct Scope {
    pub(crate) service: Arc<Service>,
    principal: Principal,
    namespace: Namespace,
    /// When the namespace was created: what is older was of another of its name.
    created: Timestamp,
    origin: Origin,
}

/// One resource, as a principal may use it. There need not be one of its name
/// yet: operations that need it to be there fail with its `…NotFound`.
pub struct Handle<'s, N> {
    scope: &'s Scope,
    name: N,
}

/// A function: see [`Scope::function`].
pub type FunctionHandle<'s> = Handle<'s, FunctionName>;
/// A bucket and its objects: see [`Scope::bucket`].
pub type BucketHandle<'s> = Handle<'s, BucketName>;
/// A keyspace and its keys: see [`Scope::keyspace`].
pub type KeyspaceHandle<'s> = Handle<'s, KeyspaceName>;
/// A queue and its messages: see [`Scope::queue`].
pub type QueueHandle<'s> = Handle<'s, QueueName>;
/// A trigger: see [`Scope::trigger`].
pub type TriggerHandle<'s> = Handle<'s, TriggerName>;
/// A schedule: see [`Scope::schedule`].
pub type ScheduleHandle<'s> = Handle<'s, ScheduleName>;

/// A resource that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put<T> {
    /// The resource as it is now.
    pub value: T,
    /// Whether it is a new one.
    pub created: bool,
}

impl Service {
    /// What `principal` may do in `namespace`, or, if it names none, in its own.
    /// `origin` is what led to the request.
    ///
    /// # Errors
    /// `Forbidden`: the namespace is not its own, and whether there is one of that
    /// name is not told. `NamespaceNotFound`; `Conflict`: it is being deleted.
    pub async fn scope(
        self: &Arc<Self>,
        principal: Principal,
        namespace: Option<Namespace>,
        origin: Origin,
    ) -> Result<Scope, Error> {
        let namespace = namespace.unwrap_or_else(|| principal.namespace());
        principal.check_may_enter(&namespace)?;
        let info = self.namespace(&namespace).await?;
        if info.deleting {
            return Err(being_deleted(&namespace));
        }
        Ok(Scope::new(Arc::clone(self), principal, info, origin))
    }
}

impl Scope {
    pub(crate) fn new(
        service: Arc<Service>,
        principal: Principal,
        info: NamespaceInfo,
        origin: Origin,
    ) -> Self {
        let NamespaceInfo { name: namespace, created, .. } = info;
        Self { service, principal, namespace, created, origin }
    }

    /// Who asks.
    #[must_use]
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Where what is asked for is.
    #[must_use]
    pub const fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// When the namespace was created, unless it always was: what records tell of
    /// before that was of another of the same name.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        (self.created > Timestamp::UNIX_EPOCH).then_some(self.created)
    }

    /// What led to the request: the changes it makes are recorded to come from it.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.service.stores
    }

    /// The handle of a function.
    ///
    /// # Errors
    /// `InvalidName`.
    pub fn function(&self, name: &str) -> Result<FunctionHandle<'_>, Error> {
        self.handle(name)
    }

    /// The handle of a bucket.
    ///
    /// # Errors
    /// `InvalidName`.
    pub fn bucket(&self, name: &str) -> Result<BucketHandle<'_>, Error> {
        self.handle(name)
    }

    /// The handle of a keyspace.
    ///
    /// # Errors
    /// `InvalidName`.
    pub fn keyspace(&self, name: &str) -> Result<KeyspaceHandle<'_>, Error> {
        self.handle(name)
    }

    /// The handle of a queue.
    ///
    /// # Errors
    /// `InvalidName`.
    pub fn queue(&self, name: &str) -> Result<QueueHandle<'_>, Error> {
        self.handle(name)
    }

    /// The handle of a trigger.
    ///
    /// # Errors
    /// `InvalidName`.
    pub fn trigger(&self, name: &str) -> Result<TriggerHandle<'_>, Error> {
        self.handle(name)
    }

    /// The handle of a schedule.
    ///
    /// # Errors
    /// `InvalidName`.
    pub fn schedule(&self, name: &str) -> Result<ScheduleHandle<'_>, Error> {
        self.handle(name)
    }

    fn handle<N>(&self, name: &str) -> Result<Handle<'_, N>, Error>
    where
        N: FromStr,
        N::Err: Display,
    {
        let invalid = |error: N::Err| Error::new(ErrorCode::InvalidName, error.to_string());
        Ok(self.named(name.parse().map_err(invalid)?))
    }

    /// The handle of a resource whose name is known to be one.
    pub(crate) const fn named<N>(&self, name: N) -> Handle<'_, N> {
        Handle { scope: self, name }
    }
}

impl<'s, N> Handle<'s, N> {
    /// Its name.
    pub const fn name(&self) -> &N {
        &self.name
    }

    /// The namespace that it is in.
    #[must_use]
    pub const fn namespace(&self) -> &'s Namespace {
        &self.scope.namespace
    }

    pub(crate) const fn scope(&self) -> &'s Scope {
        self.scope
    }

    pub(crate) fn service(&self) -> &'s Service {
        &self.scope.service
    }

    pub(crate) fn stores(&self) -> &'s Stores {
        self.scope.stores()
    }

    /// Where it is, as stores are asked for it.
    pub(crate) const fn place(&self) -> (&'s Namespace, &N) {
        (&self.scope.namespace, &self.name)
    }
}
