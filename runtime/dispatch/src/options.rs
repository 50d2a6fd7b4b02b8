/// What the dispatcher can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Most invocations at once on this node; Lambda's default for an account.
    pub concurrency_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency_max: 1000 }
    }
}
