//! Invocations: of a client with an event, and by requests for a function's URL.

use std::sync::Arc;

use lambent_dispatch::{Body, Caller, HttpInvoked, Invoked};
use lambent_types::{
    Error, ErrorCode, Event, FunctionName, FunctionVersion, Namespace, Origin, Qualifier, RequestId,
};

use super::FunctionHandle;
use crate::operation::Operation;
use crate::principal::Principal;
use crate::service::Service;

/// A version of a function that its client may invoke: see [`FunctionHandle::invocable`].
#[derive(Debug, Clone)]
pub struct Invocable(Arc<FunctionVersion>);

impl Invocable {
    /// The version.
    #[must_use]
    pub const fn version(&self) -> &Arc<FunctionVersion> {
        &self.0
    }
}

impl FunctionHandle<'_> {
    /// Finds the version that is meant, to be invoked.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`; the store failed.
    pub async fn invocable(&self, qualifier: Qualifier) -> Result<Invocable, Error> {
        self.check(Operation::InvokeFunction).await?;
        let (namespace, name) = self.place();
        self.service().dispatcher.resolve(namespace, name, qualifier).await.map(Invocable)
    }

    fn caller(&self, id: RequestId) -> Caller {
        let scope = self.scope();
        let principal = scope.principal().id().map(Into::into);
        Caller { id, principal, origin: scope.origin().clone() }
    }

    /// Has the function handle an event; returns when it is done. `id` becomes that of
    /// the invocation. Dropping the future cancels the function.
    ///
    /// # Errors
    /// As [`Dispatcher::invoke`](lambent_dispatch::Dispatcher::invoke). A failure of the
    /// function is no error: it is in the record.
    pub async fn invoke(
        &self,
        Invocable(function): Invocable,
        id: RequestId,
        event: Event,
    ) -> Result<Invoked, Error> {
        let invoked = self.service().dispatcher.invoke(function, self.caller(id), event);
        self.perform(Operation::InvokeFunction, invoked).await
    }

    /// Has the function handle an event later; the event is durable when this returns.
    ///
    /// # Errors
    /// As [`Deliveries::invoke_later`](lambent_dispatch::Deliveries::invoke_later).
    pub async fn invoke_later(
        &self,
        Invocable(function): Invocable,
        id: RequestId,
        event: Event,
    ) -> Result<(), Error> {
        let caller = self.caller(id);
        let stored = self.service().deliveries.invoke_later(&function, &caller, event);
        self.perform(Operation::InvokeFunction, stored).await
    }
}

/// The function that a request is for by its URL, before it is known who sends it.
pub struct RequestedFunction {
    service: Arc<Service>,
    namespace: Namespace,
    found: Result<Arc<FunctionVersion>, Error>,
    public: bool,
}

impl Service {
    /// Finds the function that a request is for. That there is none is told only to who
    /// may call it: see [`RequestedFunction::authorize`].
    ///
    /// # Errors
    /// The store failed.
    pub async fn requested_function(
        self: &Arc<Self>,
        namespace: Namespace,
        name: &FunctionName,
        qualifier: Qualifier,
    ) -> Result<RequestedFunction, Error> {
        let found = self.dispatcher.resolve(&namespace, name, qualifier).await;
        let public = match &found {
            Ok(version) => self.is_public(version, qualifier).await?,
            Err(error) if error.code().status() == 404 => false,
            Err(error) => return Err(error.clone()),
        };
        Ok(RequestedFunction { service: self.clone(), namespace, found, public })
    }

    /// Whether anyone may call a version. One that was public is closed again with the
    /// function's head.
    async fn is_public(
        &self,
        version: &FunctionVersion,
        qualifier: Qualifier,
    ) -> Result<bool, Error> {
        if qualifier == Qualifier::Latest || !version.configuration.public {
            return Ok(version.configuration.public);
        }
        let FunctionVersion { namespace, name, .. } = version;
        let head = self.dispatcher.resolve(namespace, name, Qualifier::Latest).await?;
        Ok(head.configuration.public)
    }
}

impl RequestedFunction {
    /// Whether anyone may call it, without a key.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        self.public
    }

    /// The function, if who sends the request may call it.
    ///
    /// # Errors
    /// `Unauthorized`, whether there is such a function or not; `FunctionNotFound`,
    /// `VersionNotFound`.
    pub fn authorize(self, principal: Option<&Principal>) -> Result<AuthorizedFunction, Error> {
        let may = principal.is_some_and(|principal| principal.may_enter(&self.namespace));
        if !self.public && !may {
            return Err(Error::new(
                ErrorCode::Unauthorized,
                "no public function is here; send a key as Authorization: Bearer <secret> to \
                 call one that is not public, or make it public",
            ));
        }
        let principal = principal.filter(|_| may).and_then(Principal::id).map(Into::into);
        Ok(AuthorizedFunction { service: self.service, function: self.found?, principal })
    }
}

/// A function that who sends a request may call.
pub struct AuthorizedFunction {
    service: Arc<Service>,
    /// The version that is called.
    pub function: Arc<FunctionVersion>,
    principal: Option<String>,
}

impl AuthorizedFunction {
    /// Sends the request. Returns with the response's head; the body follows as the
    /// function writes it. Dropping the future or the body cancels the function.
    ///
    /// # Errors
    /// As [`Dispatcher::http`](lambent_dispatch::Dispatcher::http).
    pub async fn send(
        self,
        origin: Origin,
        request: Box<http::Request<Body>>,
    ) -> Result<HttpInvoked, Error> {
        let caller = Caller { id: RequestId::new(), principal: self.principal, origin };
        self.service.dispatcher.http(self.function, caller, request).await
    }
}
