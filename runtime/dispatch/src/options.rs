use lambent_types::bounds;

/// Limits of the dispatcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Most invocations at once on this node; Lambda's default for an account.
    pub concurrency_max: usize,
    /// How many invocations may descend from one, through what functions do.
    pub descendants_max: u64,
    /// By how many the invocations of a function that run at once may grow in ten seconds; Lambda's
    /// scaling rate.
    pub scaling_rate: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            concurrency_max: 1000,
            descendants_max: bounds::DESCENDANTS_DEFAULT,
            scaling_rate: 1000,
        }
    }
}
