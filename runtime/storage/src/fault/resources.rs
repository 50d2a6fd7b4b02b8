use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Event, Namespace, ResourceKind, ScheduleName};

use super::forward::forward;
use super::{Call, Faulty};
use crate::changes::{Batch, Changes, Position};
use crate::error::StorageError;
use crate::resources::{NewResource, ResourceError, ResourceId, Resources, StoredResource};
use crate::schedules::{Scheduled, Schedules};
use crate::usage::{Usage, UsageRecord};

forward! { Resources:
    change put(
        kind: ResourceKind, namespace: &Namespace, resource: NewResource
    ) -> Result<(), ResourceError>;
    free delete(
        kind: ResourceKind, namespace: &Namespace, name: &str
    ) -> Result<(), ResourceError>;
    read get(
        kind: ResourceKind, namespace: &Namespace, name: &str
    ) -> Result<Option<StoredResource>, StorageError>;
    read list(
        kind: ResourceKind, namespace: &Namespace
    ) -> Result<Vec<StoredResource>, StorageError>;
    read page(
        kind: ResourceKind, after: Option<(Namespace, String)>, limit: usize
    ) -> Result<Vec<(Namespace, StoredResource)>, StorageError>;
    feed changes() -> ResourceId;
}

forward! { Schedules:
    read due(
        now: Timestamp, limit: usize
    ) -> Result<(Vec<(Namespace, Scheduled)>, Option<Timestamp>), StorageError>;
    change fire(
        namespace: &Namespace, name: &ScheduleName, revision: u64, was: Option<Timestamp>,
        events: Vec<Event>, next: Option<Timestamp>
    ) -> Result<bool, StorageError>;
}

forward! { Usage:
    free record(records: Vec<(Namespace, UsageRecord)>) -> Result<(), StorageError>;
    read query(
        namespace: &Namespace, since: Timestamp, until: Timestamp
    ) -> Result<Vec<UsageRecord>, StorageError>;
}
