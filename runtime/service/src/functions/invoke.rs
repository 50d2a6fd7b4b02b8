//! Invocations: of a client with an event, and by requests for a function's URL.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use lambent_dispatch::{
    Body, Callee, Caller, DecidedBy, HttpInvoked, Invoked, InvokedStream, Resolved,
};
use lambent_types::{
    Cors, Error, ErrorCode, Event, FunctionName, FunctionVersion, InvocationRecord, Namespace,
    Origin, Qualifier, RequestId,
};

use super::{FunctionHandle, client_context};
use crate::operation::Operation;
use crate::principal::Principal;
use crate::service::Service;

/// What its client may invoke of a function: see [`FunctionHandle::invocable`].
#[derive(Debug, Clone)]
pub struct Invocable {
    found: Resolved,
    qualifier: Qualifier,
    client_context: Option<String>,
}

impl Invocable {
    /// The longest that its invocation may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.found.first.configuration.limits().timeout
    }

    /// Has functions of a runtime find in their context what the client says of itself: `text` is a
    /// JSON object in base64 of at most [`CLIENT_CONTEXT_BYTES_MAX`](lambent_types::bounds::CLIENT_CONTEXT_BYTES_MAX) characters. It is for an
    /// invocation that is waited for; what is delivered later has none, as on Lambda.
    ///
    /// # Errors
    /// `InvalidRequest`: it is longer, or something else.
    pub fn with_client_context(self, text: &str) -> Result<Self, Error> {
        let client_context = client_context::read(text)
            .map_err(|detail| Error::new(ErrorCode::InvalidRequest, detail))?;
        Ok(Self { client_context: Some(client_context), ..self })
    }

    /// The version that is meant; of two, the first.
    #[must_use]
    pub const fn version(&self) -> &Arc<FunctionVersion> {
        &self.found.first
    }

    /// Whichever version ran.
    #[must_use]
    pub fn version_of(&self, record: &InvocationRecord) -> &Arc<FunctionVersion> {
        let mut versions = self.found.versions();
        versions.find(|found| found.version == record.version).unwrap_or(&self.found.first)
    }

    /// What was asked for.
    #[must_use]
    pub const fn qualifier(&self) -> &Qualifier {
        &self.qualifier
    }
}

impl FunctionHandle<'_> {
    /// Finds what is meant, to be invoked.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`, `AliasNotFound`; the store failed.
    pub async fn invocable(&self, qualifier: Qualifier) -> Result<Invocable, Error> {
        self.check(Operation::InvokeFunction).await?;
        let (namespace, name) = self.place();
        let found = self.service().dispatcher.resolve(namespace, name, &qualifier).await?;
        Ok(Invocable { found, qualifier, client_context: None })
    }

    fn caller(&self, id: RequestId) -> Result<Caller, Error> {
        let scope = self.scope();
        let principal = scope.principal().id().map(Into::into);
        let origin = scope.change_origin()?.clone();
        Ok(Caller { id, principal, origin, client_context: None })
    }

    /// Has the function handle an event; returns when it is done. `id` becomes that of
    /// the invocation. Dropping the future cancels the function.
    ///
    /// # Errors
    /// As [`Dispatcher::invoke`](lambent_dispatch::Dispatcher::invoke). A failure of the
    /// function is no error: it is in the record.
    pub async fn invoke(
        &self,
        Invocable { found, client_context, .. }: Invocable,
        id: RequestId,
        event: Event,
    ) -> Result<Invoked, Error> {
        let callee = found.choose(DecidedBy::Event(&event));
        let caller = Caller { client_context, ..self.caller(id)? };
        let invoked = self.service().dispatcher.invoke(callee, caller, event);
        self.perform(Operation::InvokeFunction, invoked).await
    }

    /// As [`Self::invoke`]. Of a function that streams its response, this returns when the response
    /// begins; the function then goes on whoever reads it.
    ///
    /// # Errors
    /// As [`Self::invoke`].
    pub async fn invoke_streamed(
        &self,
        Invocable { found, client_context, .. }: Invocable,
        id: RequestId,
        event: Event,
    ) -> Result<InvokedStream, Error> {
        let callee = found.choose(DecidedBy::Event(&event));
        let caller = Caller { client_context, ..self.caller(id)? };
        let invoked = self.service().dispatcher.invoke_streamed(callee, caller, event);
        self.perform(Operation::InvokeFunction, invoked).await
    }

    /// Has the function handle an event later; the event is durable when this returns. Where an
    /// alias was named, each attempt goes by what it leads to then.
    ///
    /// # Errors
    /// As [`Deliveries::invoke_later`](lambent_dispatch::Deliveries::invoke_later).
    pub async fn invoke_later(
        &self,
        Invocable { found, .. }: Invocable,
        id: RequestId,
        event: Event,
    ) -> Result<(), Error> {
        let caller = self.caller(id)?;
        let deliveries = &self.service().deliveries;
        let stored = deliveries.invoke_later(&found, &caller, event);
        self.perform(Operation::InvokeFunction, stored).await
    }
}

/// The function that a request is for by its URL, before it is known who sends it.
pub struct RequestedFunction {
    service: Arc<Service>,
    namespace: Namespace,
    found: Result<Callee, Error>,
    public: bool,
}

impl Service {
    /// Finds the function that a request with these header fields is for. That there is none is
    /// told only to who may call it: see [`RequestedFunction::authorize`].
    ///
    /// # Errors
    /// The store failed.
    pub async fn requested_function(
        self: &Arc<Self>,
        namespace: Namespace,
        name: &FunctionName,
        qualifier: &Qualifier,
        headers: &HeaderMap,
    ) -> Result<RequestedFunction, Error> {
        let found = self.dispatcher.resolve(&namespace, name, qualifier).await;
        let found = found.map(|found| found.choose(DecidedBy::Request(headers)));
        let public = match &found {
            Ok(callee) => self.is_public(&callee.function, qualifier).await?,
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
        qualifier: &Qualifier,
    ) -> Result<bool, Error> {
        if *qualifier == Qualifier::Latest || !version.configuration.public {
            return Ok(version.configuration.public);
        }
        let FunctionVersion { namespace, name, .. } = version;
        let head = self.dispatcher.resolve(namespace, name, &Qualifier::Latest).await?;
        Ok(head.first.configuration.public)
    }
}

impl RequestedFunction {
    /// Whether anyone may call it, without a key.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        self.public
    }

    /// What pages of other origins may do with it, if anything was said of that.
    #[must_use]
    pub fn cors(&self) -> Option<&Cors> {
        let callee = self.found.as_ref().ok()?;
        Some(&callee.function.configuration.cors).filter(|cors| !cors.is_none())
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
        Ok(AuthorizedFunction { service: self.service, callee: self.found?, principal })
    }
}

/// A function that who sends a request may call.
pub struct AuthorizedFunction {
    service: Arc<Service>,
    /// What is called.
    pub callee: Callee,
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
        let caller = Caller { principal: self.principal, ..Caller::node(origin) };
        self.service.dispatcher.http(self.callee, caller, request).await
    }
}
