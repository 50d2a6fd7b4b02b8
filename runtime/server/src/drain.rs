use tokio_util::sync::CancellationToken;

/// The two ways in which connections are told to end.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    /// Finish what is in flight and take nothing more.
    pub(crate) drain: CancellationToken,
    /// Drop everything.
    pub(crate) now: CancellationToken,
}
