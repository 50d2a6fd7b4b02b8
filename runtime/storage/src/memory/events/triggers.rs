use lambent_types::{
    BucketName, KeyspaceName, Namespace, Origin, ResourceKind, Source, Specification as _, Trigger,
    TriggerName,
};

use super::{MemoryEvents, State, key, log, weight};
use crate::change_event::ChangeEvent;
use crate::error::StorageError;
use crate::event_log::Channel;
use crate::quota::QuotaExceeded;
use crate::resources::rules::same_source;
use crate::resources::{NewResource, ResourceError, StoredResource};

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
            // A table goes whoever reads its stream, and comes again.
            Source::Table(_) => true,
        }
    }

    /// The first trigger whose source is like this: what keeps it from being deleted.
    pub(super) fn named(
        &self,
        namespace: &Namespace,
        is_it: impl Fn(&Source) -> bool,
    ) -> Option<TriggerName> {
        let found = self.triggers(namespace).find(|trigger| is_it(&trigger.source));
        found.map(|trigger| trigger.name)
    }

    /// The resources of a kind in a namespace, by name.
    pub(super) fn resources_in(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
    ) -> impl Iterator<Item = &StoredResource> {
        let (owner, all) = (namespace.key(), self.resources.get(&kind));
        let own = all.into_iter().flatten().filter(move |((named, _), _)| *named == owner);
        own.map(|(_, (_, stored))| stored)
    }

    fn triggers(&self, namespace: &Namespace) -> impl Iterator<Item = Trigger> {
        let stored = self.resources_in(Trigger::KIND, namespace);
        stored.filter_map(|stored| serde_json::from_str(&stored.body).ok())
    }

    /// Checks that the source of a trigger is there, and is that which it had.
    pub(super) fn check_trigger(
        &self,
        namespace: &Namespace,
        new: &NewResource,
    ) -> Result<(), ResourceError> {
        let trigger: Trigger = serde_json::from_str(&new.body)
            .map_err(|error| StorageError::unavailable("read a new trigger", error))?;
        if !self.has_source(namespace, &trigger.source) {
            return Err(ResourceError::NoSource);
        }
        let old = self.triggers(namespace).find(|old| old.name.key() == trigger.name.key());
        if old.is_some_and(|old| !same_source(&old.source, &trigger.source)) {
            return Err(ResourceError::OtherSource);
        }
        Ok(())
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
            let fitting = state.triggers(namespace).filter(|one| change.fits(&one.source));
            let event = change.event(now);
            for trigger in fitting {
                let place = log::place(namespace, &Channel::Trigger(trigger.name));
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
