//! A request of a client that is known, as an operation takes it.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use lambent_service::Scope;
use lambent_types::{RequestId, account_number};
use serde::de::DeserializeOwned;

use crate::credential::Credential;
use crate::fault::Fault;
use crate::keys::Keys;
use crate::memory::Memory;

/// What is asked of an operation.
pub(crate) struct Call {
    pub(crate) scope: Scope,
    pub(crate) id: RequestId,
    /// The region that the client takes itself to be in: names of resources say it back.
    pub(crate) region: String,
    /// What the client has signed with.
    pub(crate) credential: Option<Credential>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) head: Parts,
    /// What the path gave, decoded.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// What the door remembers between requests.
    pub(crate) memory: Arc<Memory>,
    /// The node's domains, in lower case.
    pub(crate) domains: Arc<[String]>,
}

impl Call {
    /// The account number of the client's namespace.
    pub(crate) fn account(&self) -> String {
        account_number(self.scope.namespace())
    }

    /// The domain of the node that a host is, or is below. None of `localhost`, below which not every
    /// client finds anything.
    pub(crate) fn domain(&self, host: &str) -> Option<&str> {
        let host = host.to_ascii_lowercase();
        let is_in = |domain: &&String| {
            let labels = host.strip_suffix(domain.as_str());
            labels.is_some_and(|labels| labels.is_empty() || labels.ends_with('.'))
        };
        self.domains.iter().filter(|domain| *domain != "localhost").find(is_in).map(String::as_str)
    }

    /// The access key that the client showed.
    pub(crate) fn access_key(&self) -> Option<&str> {
        self.credential.as_ref().map(|credential| credential.access_key.as_str())
    }

    /// What the path gave for `name`.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value)
    }

    /// The parameters of the query.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_urlencoded::from_str(self.head.uri.query().unwrap_or_default()).map_err(|error| {
            Fault::bad_request("ValidationException", format!("the query cannot be read: {error}"))
        })
    }

    /// A header of the request, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
