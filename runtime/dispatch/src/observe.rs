use lambent_types::{FunctionVersion, InvocationRecord};

/// Told about every invocation, for metrics. Called on the hot path: it must
/// not block.
pub trait Observe: Send + Sync {
    /// An invocation ended.
    fn finished(&self, record: &InvocationRecord);
    /// An invocation was turned away because too many ran.
    fn throttled(&self, function: &FunctionVersion);
    /// A record was not kept because the log writer is behind.
    fn log_dropped(&self);
}

/// Observes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observe for Unobserved {
    fn finished(&self, _: &InvocationRecord) {}
    fn throttled(&self, _: &FunctionVersion) {}
    fn log_dropped(&self) {}
}
