use async_trait::async_trait;
use lambent_types::{BucketName, KeyspaceName, Namespace, Origin, Source, Trigger, TriggerName};

use super::{MemoryEvents, State, check_count, key, log, weight};
use crate::change_event::ChangeEvent;
use crate::changes::Changes;
use crate::error::StorageError;
use crate::event_log::Channel;
use crate::quota::{Quota, QuotaExceeded};
use crate::triggers::{TriggerError, Triggers, same_source};

impl State {
    fn has_source(&self, namespace: &Namespace, source: &Source) -> bool {
        match source {
            Source::Queue { queue, .. } => {
                self.queues.contains_key(&key(namespace, queue.as_str()))
            }
            Source::Object { bucket, .. } => {
                self.buckets.contains(&(namespace.key(), bucket.as_str().to_owned()))
            }
            Source::KeyValue { keyspace, .. } => {
                self.keyspaces.contains(&(namespace.key(), keyspace.key()))
            }
        }
    }

    /// The first trigger whose source is like this: what keeps it from being deleted.
    pub(super) fn named(
        &self,
        namespace: &Namespace,
        is_it: impl Fn(&Source) -> bool,
    ) -> Option<TriggerName> {
        let mut own = self.triggers.iter().filter(|((owner, _), _)| *owner == namespace.key());
        let found = own.find(|(_, (_, trigger))| is_it(&trigger.source));
        found.map(|(_, (_, trigger))| trigger.name.clone())
    }
}

/// What the stores of objects and of keys and values have to say and to ask.
/// They do so while they hold their own lock, and this one never asks them.
impl MemoryEvents {
    pub(crate) fn bucket_created(&self, namespace: &Namespace, bucket: &BucketName) {
        self.lock().buckets.insert((namespace.key(), bucket.as_str().to_owned()));
    }

    /// Forgets a bucket, unless a trigger names it.
    pub(crate) fn bucket_deleted(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<(), TriggerName> {
        let mut state = self.lock();
        let is_it = |source: &Source| matches!(source, Source::Object { bucket: named, .. } if named == bucket);
        state.named(namespace, is_it).map_or(Ok(()), Err)?;
        state.buckets.remove(&(namespace.key(), bucket.as_str().to_owned()));
        Ok(())
    }

    pub(crate) fn keyspace_created(&self, namespace: &Namespace, keyspace: &KeyspaceName) {
        self.lock().keyspaces.insert((namespace.key(), keyspace.key()));
    }

    /// Forgets a keyspace, unless a trigger names it.
    pub(crate) fn keyspace_deleted(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<(), TriggerName> {
        let mut state = self.lock();
        let is_it = |source: &Source| matches!(source, Source::KeyValue { keyspace: named, .. } if named.key() == keyspace.key());
        state.named(namespace, is_it).map_or(Ok(()), Err)?;
        state.keyspaces.remove(&(namespace.key(), keyspace.key()));
        Ok(())
    }

    /// Appends the events of changes to the channel of every trigger that they
    /// fit: all or, if the namespace has no room for them, none.
    pub(crate) fn emit(
        &self,
        namespace: &Namespace,
        changes: &[(ChangeEvent<'_>, &Origin)],
    ) -> Result<(), QuotaExceeded> {
        let mut state = self.lock();
        let (owner, now) = (namespace.key(), self.clock.now());
        let (mut appended, mut bytes) = (Vec::new(), 0);
        for (change, origin) in changes {
            let quotas = self.quotas.of(&owner);
            let quotas = if change.is_deletion() { quotas.for_deletions() } else { quotas };
            let own = state.triggers.iter().filter(|((named, _), _)| *named == owner);
            let fitting = own.filter(|(_, (_, trigger))| change.fits(&trigger.source));
            let event = change.event(now);
            for (_, (_, trigger)) in fitting {
                let place = log::place(namespace, &Channel::Trigger(trigger.name.clone()));
                bytes += weight(&event);
                appended.push((place, event.clone(), change.group(), *origin));
                state.check_messages(namespace, &quotas, (appended.len(), bytes))?;
            }
        }
        for (place, event, group, origin) in appended {
            self.push(&mut state, place, event, group, origin);
        }
        drop(state);
        self.arrived.notify_waiters();
        Ok(())
    }
}

#[async_trait]
impl Triggers for MemoryEvents {
    async fn put(&self, namespace: &Namespace, trigger: Trigger) -> Result<(), TriggerError> {
        let mut state = self.lock();
        if !state.has_source(namespace, &trigger.source) {
            return Err(TriggerError::NoSource);
        }
        let key = key(namespace, trigger.name.as_str());
        match state.triggers.get(&key) {
            Some((_, old)) if !same_source(&old.source, &trigger.source) => {
                return Err(TriggerError::OtherSource);
            }
            Some(_) => {}
            None => check_count(
                Quota::Triggers,
                &state.triggers,
                namespace,
                &self.quotas.of(&namespace.key()),
            )?,
        }
        let name = trigger.name.clone();
        state.triggers.insert(key, (namespace.clone(), trigger));
        self.trigger_changes.record(namespace.clone(), name);
        Ok(())
    }

    async fn delete(&self, namespace: &Namespace, name: &TriggerName) -> Result<(), TriggerError> {
        let mut state = self.lock();
        let found = state.triggers.remove(&key(namespace, name.as_str()));
        found.ok_or(TriggerError::NotFound)?;
        state.channels.remove(&log::place(namespace, &Channel::Trigger(name.clone())));
        self.trigger_changes.record(namespace.clone(), name.clone());
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

    fn changes(&self) -> &dyn Changes<TriggerName> {
        &self.trigger_changes
    }
}
