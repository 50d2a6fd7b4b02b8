use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use lambent_storage::Stores;
use lambent_types::{Error, ErrorCode, FunctionVersion, Namespace, Origin, Recursion};
use tracing::Instrument as _;

use crate::client_errors;
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

    /// Does an operation that is on no resource of a kind, if the principal may.
    pub(crate) async fn perform<T>(
        &self,
        operation: Operation,
        name: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.check(operation, name)?;
        self.record(operation, name, work).await
    }

    /// Fails as an operation would that is on no resource of a kind, but may be on a secret or a parameter of
    /// this name, and that the principal may not do.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn check(&self, operation: Operation, name: &str) -> Result<(), Error> {
        permissions::check_named(&self.principal, operation, name)
    }

    /// Does an operation that the principal may do: under a span of its own, and, if it is a client's change, with
    /// a record in the log of changes, which is the target `lambent::audit`.
    pub(crate) async fn record<T>(
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

    /// The handle of a resource, of a kind that functions reach.
    ///
    /// # Errors
    /// `InvalidName`.
    pub fn handle<N>(&self, name: &str) -> Result<Handle<'_, N>, Error>
    where
        N: ResourceName<Scope = Self>,
    {
        Ok(Handle::new(self, Cow::Owned(parse(name)?)))
    }

    /// The handle of a resource whose name is known to be one.
    #[must_use]
    pub const fn resource<'s, N>(&'s self, name: &'s N) -> Handle<'s, N>
    where
        N: ResourceName<Scope = Self>,
    {
        Handle::new(self, Cow::Borrowed(name))
    }
}

impl<'s, N: ResourceName<Scope: AsRef<DataScope>>> Handle<'s, N> {
    /// The namespace that it is in.
    #[must_use]
    pub fn namespace(&self) -> &'s Namespace {
        self.data_scope().namespace()
    }

    /// Fails as an operation on it would that the principal may not do.
    ///
    /// # Errors
    /// `Forbidden`.
    pub async fn check(&self, operation: Operation) -> Result<(), Error> {
        let scope = self.data_scope();
        permissions::check(scope.principal(), scope.stores(), operation, self.name()).await
    }

    /// Does an operation on it, if the principal may.
    pub(crate) async fn perform<T>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.check(operation).await?;
        self.data_scope().record(operation, self.name().as_ref(), work).await
    }

    pub(crate) fn data_scope(&self) -> &'s DataScope {
        self.scope().as_ref()
    }

    pub(crate) fn stores(&self) -> &'s Stores {
        self.data_scope().stores()
    }

    /// The error if there is none of its name.
    pub(crate) fn not_found(&self) -> Error {
        client_errors::not_found(self.namespace(), self.name())
    }

    /// Where it is, as stores are asked for it.
    pub(crate) fn place(&self) -> (&'s Namespace, &N) {
        (self.namespace(), self.name())
    }
}

/// The name that a client gave.
pub(crate) fn parse<N: ResourceName>(name: &str) -> Result<N, Error> {
    name.parse().map_err(|error: N::Err| Error::new(ErrorCode::InvalidName, error.to_string()))
}
