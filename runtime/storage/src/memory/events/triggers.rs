use async_trait::async_trait;
use lambent_types::{Namespace, Source, Trigger, TriggerName};

use super::{MemoryEvents, check_count, key, log};
use crate::error::StorageError;
use crate::event_log::Channel;
use crate::triggers::{TriggerError, Triggers};

/// Whether a trigger goes on listening to the same thing.
fn same_source(old: &Source, new: &Source) -> bool {
    match (old, new) {
        (Source::Object { bucket: a, .. }, Source::Object { bucket: b, .. }) => a == b,
        (Source::Queue { queue: a, .. }, Source::Queue { queue: b, .. }) => a.key() == b.key(),
        (Source::KeyValue { keyspace: a, .. }, Source::KeyValue { keyspace: b, .. }) => {
            a.key() == b.key()
        }
        _ => false,
    }
}

#[async_trait]
impl Triggers for MemoryEvents {
    async fn put(&self, namespace: &Namespace, trigger: Trigger) -> Result<(), TriggerError> {
        let mut state = self.lock();
        if let Source::Queue { queue, .. } = &trigger.source
            && !state.queues.contains_key(&key(namespace, queue.as_str()))
        {
            return Err(TriggerError::NoSource);
        }
        let key = key(namespace, trigger.name.as_str());
        match state.triggers.get(&key) {
            Some((_, old)) if !same_source(&old.source, &trigger.source) => {
                return Err(TriggerError::OtherSource);
            }
            Some(_) => {}
            None => check_count("triggers", &state.triggers, namespace, self.quotas)?,
        }
        state.triggers.insert(key, (namespace.clone(), trigger));
        Ok(())
    }

    async fn delete(&self, namespace: &Namespace, name: &TriggerName) -> Result<(), TriggerError> {
        let mut state = self.lock();
        let found = state.triggers.remove(&key(namespace, name.as_str()));
        found.ok_or(TriggerError::NotFound)?;
        state.channels.remove(&log::place(namespace, &Channel::Trigger(name.clone())));
        Ok(())
    }

    async fn get(
        &self,
        namespace: &Namespace,
        name: &TriggerName,
    ) -> Result<Option<Trigger>, StorageError> {
        let state = self.lock();
        let found = state.triggers.get(&key(namespace, name.as_str()));
        Ok(found.map(|(_, trigger)| trigger.clone()))
    }

    async fn list(&self, namespace: &Namespace) -> Result<Vec<Trigger>, StorageError> {
        let state = self.lock();
        let own = state.triggers.iter().filter(|((owner, _), _)| *owner == namespace.key());
        Ok(own.map(|(_, (_, trigger))| trigger.clone()).collect())
    }

    async fn all(&self) -> Result<Vec<(Namespace, Trigger)>, StorageError> {
        Ok(self.lock().triggers.values().cloned().collect())
    }
}
