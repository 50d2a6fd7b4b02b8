use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Event, Namespace, Schedule, ScheduleName, Trigger, TriggerName};

use super::forward::forward;
use super::{Call, Faulty};
use crate::changes::{Batch, Changes, Position};
use crate::error::StorageError;
use crate::schedules::{ScheduleError, Scheduled, Schedules};
use crate::triggers::{TriggerError, Triggers};
use crate::usage::{Usage, UsageRecord};

forward! { Triggers:
    change put(namespace: &Namespace, trigger: Trigger) -> Result<(), TriggerError>;
    free delete(namespace: &Namespace, name: &TriggerName) -> Result<(), TriggerError>;
    read get(namespace: &Namespace, name: &TriggerName) -> Result<Option<Trigger>, StorageError>;
    read list(namespace: &Namespace) -> Result<Vec<Trigger>, StorageError>;
    read all() -> Result<Vec<(Namespace, Trigger)>, StorageError>;
    feed changes() -> TriggerName;
}

forward! { Schedules:
    change put(
        namespace: &Namespace, schedule: Schedule, next: Option<Timestamp>
    ) -> Result<(), ScheduleError>;
    free delete(namespace: &Namespace, name: &ScheduleName) -> Result<(), ScheduleError>;
    read get(namespace: &Namespace, name: &ScheduleName) -> Result<Option<Scheduled>, StorageError>;
    read list(namespace: &Namespace) -> Result<Vec<Scheduled>, StorageError>;
    read page(
        after: Option<(Namespace, ScheduleName)>, limit: usize
    ) -> Result<Vec<(Namespace, Scheduled)>, StorageError>;
    read due(
        now: Timestamp, limit: usize
    ) -> Result<(Vec<(Namespace, Scheduled)>, Option<Timestamp>), StorageError>;
    change fire(
        namespace: &Namespace, name: &ScheduleName, revision: u64, was: Option<Timestamp>,
        events: Vec<Event>, next: Option<Timestamp>
    ) -> Result<bool, StorageError>;
    feed changes() -> ScheduleName;
}

forward! { Usage:
    free record(records: Vec<(Namespace, UsageRecord)>) -> Result<(), StorageError>;
    read query(
        namespace: &Namespace, since: Timestamp, until: Timestamp
    ) -> Result<Vec<UsageRecord>, StorageError>;
}
