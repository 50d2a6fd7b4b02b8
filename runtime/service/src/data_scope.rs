use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use lambent_storage::Stores;
use lambent_types::{Error, ErrorCode, Namespace, Origin, Recursion};
use tracing::Instrument as _;

use crate::data_plane::DataPlane;
use crate::handle::{BucketHandle, Handle, KeyspaceHandle, QueueHandle};
use crate::operation::Operation;
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
        if operation.is_audited() && !self.principal.is_function() {
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
    pub const fn resource<'s, N: ResourceName>(&'s self, name: &'s N) -> Handle<'s, N> {
        Handle::new(self, Cow::Borrowed(name))
    }

    const fn owned<N: ResourceName>(&self, name: N) -> Handle<'_, N> {
        Handle::new(self, Cow::Owned(name))
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
