use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Event, Namespace, Origin, Schedule, ScheduleName, Specification as _};

use super::{MemoryEvents, key, log};
use crate::error::StorageError;
use crate::event_log::Channel;
use crate::resources::StoredResource;
use crate::schedules::{Scheduled, Schedules};

#[async_trait]
impl Schedules for MemoryEvents {
    async fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<(Namespace, Scheduled)>, Option<Timestamp>), StorageError> {
        let state = self.lock();
        let stored = state.resources.get(&Schedule::KIND).into_iter().flat_map(|all| all.values());
        let read = |(namespace, stored): &(Namespace, StoredResource)| {
            let scheduled = stored.read::<Schedule>(&namespace.key())?;
            Ok((namespace.clone(), scheduled))
        };
        let waiting = stored.filter(|(_, stored)| stored.next.is_some());
        let mut all = waiting.map(read).collect::<Result<Vec<_>, StorageError>>()?;
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
        let schedules = state.resources.entry(Schedule::KIND).or_default();
        let found = schedules.get(&key).map(|(_, one)| (one.revision, one.next));
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
        let schedules = state.resources.entry(Schedule::KIND).or_default();
        if let Some((_, stored)) = schedules.get_mut(&key) {
            stored.next = next;
        }
        drop(state);
        self.arrived.notify_waiters();
        Ok(true)
    }
}
