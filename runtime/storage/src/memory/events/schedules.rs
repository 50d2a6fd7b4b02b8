use std::ops::Bound;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Event, Namespace, Origin, Schedule, ScheduleName};

use super::{MemoryEvents, check_count, key, log};
use crate::changes::Changes;
use crate::error::StorageError;
use crate::event_log::Channel;
use crate::quota::Quota;
use crate::schedules::{ScheduleError, Scheduled, Schedules};

#[async_trait]
impl Schedules for MemoryEvents {
    async fn put(
        &self,
        namespace: &Namespace,
        schedule: Schedule,
        next: Option<Timestamp>,
    ) -> Result<(), ScheduleError> {
        let mut state = self.lock();
        let key = key(namespace, schedule.name.as_str());
        if !state.schedules.contains_key(&key) {
            check_count(
                Quota::Schedules,
                &state.schedules,
                namespace,
                &self.quotas.of(&namespace.key()),
            )?;
        }
        // From one counter, so that one of a deleted schedule does not come again.
        let revision = state.next();
        let name = schedule.name.clone();
        let scheduled = Scheduled { schedule, next, revision };
        state.schedules.insert(key, (namespace.clone(), scheduled));
        drop(state);
        self.schedule_changes.record(namespace.clone(), name);
        Ok(())
    }

    async fn delete(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
    ) -> Result<(), ScheduleError> {
        let mut state = self.lock();
        let found = state.schedules.remove(&key(namespace, name.as_str()));
        found.ok_or(ScheduleError::NotFound)?;
        state.channels.remove(&log::place(namespace, &Channel::Schedule(name.clone())));
        drop(state);
        self.schedule_changes.record(namespace.clone(), name.clone());
        Ok(())
    }

    async fn get(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
    ) -> Result<Option<Scheduled>, StorageError> {
        let state = self.lock();
        let found = state.schedules.get(&key(namespace, name.as_str()));
        Ok(found.map(|(_, scheduled)| scheduled.clone()))
    }

    async fn list(&self, namespace: &Namespace) -> Result<Vec<Scheduled>, StorageError> {
        let state = self.lock();
        let own = state.schedules.iter().filter(|((owner, _), _)| *owner == namespace.key());
        Ok(own.map(|(_, (_, scheduled))| scheduled.clone()).collect())
    }

    async fn page(
        &self,
        after: Option<(Namespace, ScheduleName)>,
        limit: usize,
    ) -> Result<Vec<(Namespace, Scheduled)>, StorageError> {
        let after = after.map(|(namespace, name)| key(&namespace, name.as_str()));
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let state = self.lock();
        let rest = state.schedules.range((from, Bound::Unbounded));
        Ok(rest.take(limit).map(|(_, scheduled)| scheduled.clone()).collect())
    }

    async fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<(Namespace, Scheduled)>, Option<Timestamp>), StorageError> {
        let state = self.lock();
        let mut all: Vec<_> = state.schedules.values().cloned().collect();
        all.retain(|(_, scheduled)| scheduled.next.is_some());
        all.sort_by_key(|(_, scheduled)| scheduled.next);
        let due = all.iter().take_while(|(_, one)| one.next.is_some_and(|next| next <= now));
        let count = due.count().min(limit);
        let after = all.get(count).and_then(|(_, scheduled)| scheduled.next);
        all.truncate(count);
        Ok((all, after))
    }

    async fn fire(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
        revision: u64,
        was: Option<Timestamp>,
        events: Vec<Event>,
        next: Option<Timestamp>,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let key = key(namespace, name.as_str());
        let found = state.schedules.get(&key).map(|(_, one)| (one.revision, one.next));
        if found != Some((revision, was)) {
            return Ok(false);
        }
        let place = log::place(namespace, &Channel::Schedule(name.clone()));
        let more = (events.len(), events.iter().map(super::weight).sum());
        state
            .check_messages(namespace, &self.quotas.of(&namespace.key()), more)
            .map_err(|error| StorageError::unavailable("fire a schedule", error))?;
        for event in events {
            self.push(&mut state, place.clone(), event, None, &Origin::default());
        }
        if let Some((_, scheduled)) = state.schedules.get_mut(&key) {
            scheduled.next = next;
        }
        drop(state);
        self.arrived.notify_waiters();
        Ok(true)
    }

    fn changes(&self) -> &dyn Changes<ScheduleName> {
        &self.schedule_changes
    }
}
