use std::net::SocketAddr;

use http::{HeaderName, HeaderValue};
use lambent_types::Origin;

/// The header field in which a request from a function to its own node says what
/// led to it. A guest neither sees it nor sets it, and it goes to no other host.
pub const LINEAGE: HeaderName = HeaderName::from_static("lambent-lineage");

/// The node's own doors, as outgoing requests see them.
pub trait OwnDoors: Send + Sync {
    /// Whether a connection leads to this node: to one of its names, or to where
    /// it listens.
    fn are_at(&self, name: Option<&str>, connection: Connection) -> bool;

    /// The value of [`LINEAGE`] for a request of this origin.
    fn sign(&self, origin: &Origin) -> HeaderValue;
}

/// The two ends of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Connection {
    /// This node's end.
    pub local: SocketAddr,
    /// The other.
    pub peer: SocketAddr,
}
