use lambent_storage::Stores;
use tokio_util::sync::CancellationToken;

/// The operations on stored data, for clients and for functions alike.
///
/// What deploys, runs and wires functions is above it, in
/// [`Service`](crate::Service): the engine, which leads functions here, is below that.
pub struct DataPlane {
    pub(crate) stores: Stores,
    /// Ends every wait for something to happen.
    pub(crate) drain: CancellationToken,
}

impl DataPlane {
    /// The operations on what is in `stores`. What waits for messages or for
    /// invocations ends, with what it has, when `drain` is cancelled.
    #[must_use]
    pub const fn new(stores: Stores, drain: CancellationToken) -> Self {
        Self { stores, drain }
    }
}
