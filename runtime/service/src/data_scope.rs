use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use lambent_storage::Stores;
use lambent_types::{
    BucketName, Error, ErrorCode, FunctionVersion, KeyspaceName, Namespace, Origin, QueueName,
    Recursion,
};
use tracing::Instrument as _;

use crate::data_plane::DataPlane;
use crate::handle::Handle;
use crate::operation::Operation;
use crate::permissions;
use crate::principal::Principal;
use crate::resource_name::ResourceName;

/// Who works with stored data, in which namespace, and what led to it. Cloning is cheap.
#[derive(Clone)]
pub struct DataScope {
    data: Arc<DataPlane>,
    principal: Principal,
    namespace: Namespace,
    origin: Origin,
    /// What a function's own changes come from, once it makes one.
    changes: OnceLock<Result<Origin, Recursion>>,
}

/// A bucket and its objects: see [`DataScope::bucket`].
pub type BucketHandle<'s> = Handle<'s, BucketName, DataScope>;
/// A keyspace and its keys: see [`DataScope::keyspace`].
pub type KeyspaceHandle<'s> = Handle<'s, KeyspaceName, DataScope>;
/// A queue and its messages: see [`DataScope::queue`].
pub type QueueHandle<'s> = Handle<'s, QueueName, DataScope>;

impl DataPlane {
    /// What an invocation of `function` may do: what its grants name, in its own
    /// namespace. `origin` is what led to the invocation.
    #[must_use]
    pub fn function_scope(
        self: &Arc<Self>,
        function: Arc<FunctionVersion>,
        origin: Origin,
    ) -> DataScope {
        let namespace = function.namespace.clone();
        DataScope::new(self.clone(), Principal::Function(function), namespace, origin)
    }
}

impl AsRef<Self> for DataScope {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl DataScope {
    pub(crate) const fn new(
        data: Arc<DataPlane>,
        principal: Principal,
        namespace: Namespace,
        origin: Origin,
    ) -> Self {
        Self { data, principal, namespace, origin, changes: OnceLock::new() }
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

    /// What led to the request or to the invocation.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What changes are recorded to come from: what led here, and the function that
    /// makes them, if one does.
    pub(crate) fn change_origin(&self) -> Result<&Origin, Error> {
        let Principal::Function(function) = &self.principal else { return Ok(&self.origin) };
        let entered = self.changes.get_or_init(|| self.origin.enter(&function.name));
        entered
            .as_ref()
            .map_err(|recursion| Error::new(ErrorCode::LoopDetected, recursion.to_string()))
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.data.stores
    }

    pub(crate) fn data(&self) -> &Arc<DataPlane> {
        &self.data
    }

    /// Does an operation: under a span of its own, and, if it is a client's change, with
    /// a record in the log of changes, which is the target `lambent::audit`.
    pub(crate) async fn perform<T>(
        &self,
        operation: Operation,
        name: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let span = tracing::debug_span!(
            target: "lambent::operation",
            "operation",
            operation = operation.name(),
            principal = %self.principal,
            namespace = %self.namespace,
            name,
        );
        let done = work.instrument(span).await;
        if operation.is_audited() && self.principal.is_client() {
            self.audit(operation, name, done.as_ref().err());
        }
        done
    }

    fn audit(&self, operation: Operation, name: &str, error: Option<&Error>) {
        let Self { principal, namespace, .. } = self;
        let operation = operation.name();
        let outcome = error.map_or("done", |error| error.code().as_str());
        tracing::info!(target: "lambent::audit", %principal, %namespace, operation, name, outcome);
    }

    /// The handle of a bucket.
    ///
    /// # Errors
    /// `InvalidName`.
    pub fn bucket(&self, name: &str) -> Result<BucketHandle<'_>, Error> {
        Ok(self.owned(parse(name)?))
    }

    /// The handle of a keyspace.
    ///
    /// # Errors
    /// `InvalidName`.
    pub fn keyspace(&self, name: &str) -> Result<KeyspaceHandle<'_>, Error> {
        Ok(self.owned(parse(name)?))
    }

    /// The handle of a queue.
    ///
    /// # Errors
    /// `InvalidName`.
    pub fn queue(&self, name: &str) -> Result<QueueHandle<'_>, Error> {
        Ok(self.owned(parse(name)?))
    }

    /// The handle of a resource whose name is known to be one.
    #[must_use]
    pub const fn resource<'s, N: ResourceName>(&'s self, name: &'s N) -> Handle<'s, N, Self> {
        Handle::new(self, Cow::Borrowed(name))
    }

    const fn owned<N: ResourceName>(&self, name: N) -> Handle<'_, N, Self> {
        Handle::new(self, Cow::Owned(name))
    }
}

impl<'s, N: ResourceName, S: AsRef<DataScope>> Handle<'s, N, S> {
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
        self.data_scope().perform(operation, self.name().as_str(), work).await
    }

    pub(crate) fn data_scope(&self) -> &'s DataScope {
        self.scope().as_ref()
    }

    pub(crate) fn stores(&self) -> &'s Stores {
        self.data_scope().stores()
    }

    /// Where it is, as stores are asked for it.
    pub(crate) fn place(&self) -> (&'s Namespace, &N) {
        (self.namespace(), self.name())
    }
}

/// The name that a client gave.
pub(crate) fn parse<N>(name: &str) -> Result<N, Error>
where
    N: FromStr,
    N::Err: Display,
{
    name.parse().map_err(|error: N::Err| Error::new(ErrorCode::InvalidName, error.to_string()))
}
