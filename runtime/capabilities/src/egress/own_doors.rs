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

    /// Whether a request is for one of the APIs of AWS's that the node serves its functions: it goes to a
    /// host of AWS's, and is signed by what functions are given to sign with. Such a request needs no grant of
    /// the host, and no connection.
    fn is_for_api(&self, host: &str, request: &Parts) -> bool;

    /// Answers it. The function is who asks, and may do what its grants say; `origin` is what led to its
    /// invocation.
    fn call_api(
        &self,
        function: Arc<FunctionVersion>,
        origin: Origin,
        request: Request<ApiBody>,
    ) -> BoxFuture<'static, Response<ApiBody>>;
}

/// The two ends of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Connection {
    /// This node's end.
    pub local: SocketAddr,
    /// The other.
    pub peer: SocketAddr,
}
