use std::ops::Bound;

use async_trait::async_trait;
use lambent_types::{Namespace, ResourceKind, Specification as _, Trigger};

use super::{MemoryEvents, State, key, log};
use crate::changes::Changes;
use crate::error::StorageError;
use crate::quota::Quota;
use crate::resources::rules::{channel, set_aside};
use crate::resources::{NewResource, ResourceError, ResourceId, Resources, StoredResource};

#[async_trait]
impl Resources for MemoryEvents {
    async fn put(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
        resource: NewResource,
    ) -> Result<(), ResourceError> {
        let mut state = self.lock();
        let key = key(namespace, &resource.name);
        let old = state.resources.get(&kind).and_then(|all| all.get(&key));
        let revision = old.map_or(0, |(_, stored)| stored.revision);
        if resource.expected.is_some_and(|expected| expected != revision) {
            return Err(ResourceError::Conflict);
        }
        if kind == Trigger::KIND {
            state.check_trigger(namespace, &resource)?;
        }
        if let Some((quota, bytes)) = set_aside(kind, &resource.body) {
            let had = old.and_then(|(_, stored)| set_aside(kind, &stored.body));
            let delta = bytes.cast_signed() - had.map_or(0, |(_, bytes)| bytes).cast_signed();
            let used = state.set_aside(namespace, quota);
            self.quotas.of(&namespace.key()).check(quota, used, delta)?;
        }
        if revision == 0 {
            let held = state.resources_of(kind.quota, namespace);
            self.quotas.of(&namespace.key()).check(kind.quota, held, 1)?;
        }
        // From one counter, so that one of a deleted resource does not come again.
        let revision = state.next();
        let NewResource { name, body, next, .. } = resource;
        let stored = StoredResource { key: key.1.clone(), body, next, revision };
        state.resources.entry(kind).or_default().insert(key, (namespace.clone(), stored));
        drop(state);
        self.record(kind, namespace, name);
        Ok(())
    }

    async fn delete(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
        name: &str,
    ) -> Result<(), ResourceError> {
        let mut state = self.lock();
        let all = state.resources.get_mut(&kind).ok_or(ResourceError::NotFound)?;
        all.remove(&key(namespace, name)).ok_or(ResourceError::NotFound)?;
        if let Some(channel) = channel(kind, name) {
            state.channels.remove(&log::place(namespace, &channel));
        }
        drop(state);
        self.record(kind, namespace, name.to_owned());
        Ok(())
    }

    async fn get(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
        name: &str,
    ) -> Result<Option<StoredResource>, StorageError> {
        let state = self.lock();
        let found = state.resources.get(&kind).and_then(|all| all.get(&key(namespace, name)));
        Ok(found.map(|(_, stored)| stored.clone()))
    }

    async fn list(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
    ) -> Result<Vec<StoredResource>, StorageError> {
        let state = self.lock();
        Ok(state.resources_in(kind, namespace).cloned().collect())
    }

    async fn page(
        &self,
        kind: ResourceKind,
        after: Option<(Namespace, String)>,
        limit: usize,
    ) -> Result<Vec<(Namespace, StoredResource)>, StorageError> {
        let after = after.map(|(namespace, name)| key(&namespace, &name));
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let state = self.lock();
        let all = state.resources.get(&kind).into_iter();
        let rest = all.flat_map(|all| all.range((from.clone(), Bound::Unbounded)));
        Ok(rest.take(limit).map(|(_, found)| found.clone()).collect())
    }

    fn changes(&self) -> &dyn Changes<ResourceId> {
        &self.resource_changes
    }
}

impl State {
    /// What the resources of a namespace have set aside of a quota.
    pub(super) fn set_aside(&self, namespace: &Namespace, quota: Quota) -> u64 {
        let all = self.resources.keys().flat_map(|kind| {
            self.resources_in(*kind, namespace).filter_map(|one| set_aside(*kind, &one.body))
        });
        all.filter(|(of, _)| *of == quota).map(|(_, bytes)| bytes).sum()
    }
}

impl MemoryEvents {
    fn record(&self, kind: ResourceKind, namespace: &Namespace, name: String) {
        let id = ResourceId { noun: kind.noun.to_owned(), name };
        self.resource_changes.record(namespace.clone(), id);
    }
}
