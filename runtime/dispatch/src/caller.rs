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
}
