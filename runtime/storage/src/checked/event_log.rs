use std::time::Duration;

use async_trait::async_trait;
use lambent_types::{Event, Namespace, Origin, bounds};

use super::{Checked, checked};
use crate::error::StorageError;
use crate::event_log::{AppendError, Channel, Delivery, EventLog, Settlement};
use crate::queues::{Depth, Receipt};

checked! { EventLog {}
    append(
        namespace: &Namespace,
        channel: &Channel,
        event: Event,
        origin: &Origin
    ) -> Result<(), AppendError> {}
    receive(
        namespace: &Namespace,
        channel: &Channel,
        limit: usize,
        lease: Duration,
        wait: Duration
    ) -> Result<Vec<Delivery>, StorageError> {
        let limit = limit.min(bounds::BATCH_MAX);
    }
    settle(
        namespace: &Namespace,
        channel: &Channel,
        settlements: Vec<(Receipt, Settlement)>
    ) -> Result<(), StorageError> {}
    backlog() -> Result<Vec<(Namespace, Channel)>, StorageError> {}
    depth(namespace: &Namespace, channel: &Channel) -> Result<Depth, StorageError> {}
    purge(namespace: &Namespace, channel: &Channel) -> Result<u64, StorageError> {}
}
