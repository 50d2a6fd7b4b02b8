use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use lambent_types::{FunctionVersion, Origin};

/// The header field in which a request from a function to its own node says what
/// led to it. A guest neither sees it nor sets it, and it goes to no other host.
pub const LINEAGE: HeaderName = HeaderName::from_static("lambent-lineage");

/// A body on its way to or from the node's own APIs.
pub type ApiBody = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// The node's own doors, as outgoing requests see them.
pub trait OwnDoors: Send + Sync {
    /// Whether a connection leads to this node: to one of its names, or to where
    /// it listens.
    fn are_at(&self, name: Option<&str>, connection: Connection) -> bool;

    /// The value of [`LINEAGE`] for a request of this origin.
    fn sign(&self, origin: &Origin) -> HeaderValue;

    /// Who answers a request of a function: the node itself, if it is for one of the APIs that it serves its
    /// functions, or who is at the host. The request has its own target in its URI.
    fn answerer(
        &self,
        function: &FunctionVersion,
        destination: Destination<'_>,
        request: &Parts,
    ) -> Answerer;

    /// Answers it. The function is who asks, and may do what its grants say; `origin` is what led to its
    /// invocation.
    fn call_api(
        &self,
        function: Arc<FunctionVersion>,
        origin: Origin,
        request: Request<ApiBody>,
    ) -> BoxFuture<'static, Response<ApiBody>>;
}

/// Where a request is to go.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// Whether it is to be encrypted.
    pub https: bool,
    /// The name in lower case without a final dot, or the address.
    pub host: &'a str,
    /// The port.
    pub port: u16,
}

/// Who answers a request of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answerer {
    /// The node, in memory. The request needs no grant of the host, and no connection.
    Node,
    /// Who is at the host, if the function may reach it.
    Host,
    /// Nobody, and why, for the function's log.
    Nobody(String),
}

/// The two ends of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Connection {
    /// This node's end.
    pub local: SocketAddr,
    /// The other.
    pub peer: SocketAddr,
}
