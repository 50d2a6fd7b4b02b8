use std::borrow::Cow;

use lambent_storage::Stores;
use lambent_types::{
    BucketName, Error, FunctionName, KeyspaceName, Namespace, QueueName, ScheduleName, TriggerName,
};

use crate::data_scope::DataScope;
use crate::operation::Operation;
use crate::permissions;
use crate::resource_name::ResourceName;
use crate::scope::Scope;

/// One resource, as a principal may use it. There need not be one of its name
/// yet: operations that need it to be there fail with its `…NotFound`.
///
/// Each operation is checked against what the principal may do, and is
/// `Forbidden` where it may not.
pub struct Handle<'s, N: Clone, S = DataScope> {
    scope: &'s S,
    name: Cow<'s, N>,
}

/// A bucket and its objects: see [`DataScope::bucket`].
pub type BucketHandle<'s> = Handle<'s, BucketName>;
/// A keyspace and its keys: see [`DataScope::keyspace`].
pub type KeyspaceHandle<'s> = Handle<'s, KeyspaceName>;
/// A queue and its messages: see [`DataScope::queue`].
pub type QueueHandle<'s> = Handle<'s, QueueName>;
/// A function: see [`Scope::function`].
pub type FunctionHandle<'s> = Handle<'s, FunctionName, Scope>;
/// A trigger: see [`Scope::trigger`].
pub type TriggerHandle<'s> = Handle<'s, TriggerName, Scope>;
/// A schedule: see [`Scope::schedule`].
pub type ScheduleHandle<'s> = Handle<'s, ScheduleName, Scope>;

/// A resource that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put<T> {
    /// The resource as it is now.
    pub value: T,
    /// Whether it is a new one.
    pub created: bool,
}

impl<'s, N: ResourceName, S: AsRef<DataScope>> Handle<'s, N, S> {
    pub(crate) const fn new(scope: &'s S, name: Cow<'s, N>) -> Self {
        Self { scope, name }
    }

    /// Its name.
    pub fn name(&self) -> &N {
        &self.name
    }

    /// The namespace that it is in.
    #[must_use]
    pub fn namespace(&self) -> &'s Namespace {
        self.data_scope().namespace()
    }

    /// Fails as an operation on it would that the principal may not do.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn check(&self, operation: Operation) -> Result<(), Error> {
        permissions::check(self.data_scope().principal(), operation, self.name())
    }

    /// Does an operation on it, if the principal may.
    pub(crate) async fn perform<T>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.check(operation)?;
        self.data_scope().perform(operation, self.name.as_str(), work).await
    }

    pub(crate) const fn scope(&self) -> &'s S {
        self.scope
    }

    pub(crate) fn data_scope(&self) -> &'s DataScope {
        self.scope.as_ref()
    }

    pub(crate) fn stores(&self) -> &'s Stores {
        self.data_scope().stores()
    }

    /// Where it is, as stores are asked for it.
    pub(crate) fn place(&self) -> (&'s Namespace, &N) {
        (self.namespace(), &self.name)
    }
}
