use std::sync::Arc;

use lambent_types::{FunctionVersion, RequestId};

/// What the host tells a guest about the invocation it is handling.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The invocation's id.
    pub id: Option<RequestId>,
    /// The function that runs; none for plugins of a product.
    pub function: Option<Arc<FunctionVersion>>,
    /// W3C trace context.
    pub trace_parent: Option<String>,
    /// The principal that asked for the invocation.
    pub principal: Option<String>,
    /// What the door of the invocation adds, by name.
    pub attributes: Vec<(String, String)>,
}

/// A guest's handle to its context; the data is the store's.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub struct ContextHandle;
