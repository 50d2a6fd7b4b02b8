use lambent_types::{Origin, RequestId};

/// Who asks for an invocation, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The id of the request, which becomes that of the invocation.
    pub id: RequestId,
    /// The principal, where the caller showed a key.
    pub principal: Option<String>,
    /// The functions that led to this and the `traceparent` to continue.
    pub origin: Origin,
    /// What the client says of itself: a JSON object in ASCII, which functions of a runtime find in
    /// their context.
    pub client_context: Option<String>,
}

impl Caller {
    /// The node itself, which delivers something of this origin.
    #[must_use]
    pub fn node(origin: Origin) -> Self {
        Self { id: RequestId::new(), principal: None, origin, client_context: None }
    }
}
