use std::sync::Arc;

use async_trait::async_trait;
use lambent_types::{Namespace, ResourceKind, Specification as _, Trigger};
use rusqlite::{Connection, params};

use crate::event_log::place;
use crate::messages::row::failed;
use crate::messages::{partition, send, settle};
use crate::quota::{charge, count};
use crate::resource_rows::{Damaged, find, intact, select, write};
use crate::shard::{Growth, Tx};
use crate::shards::Shards;
use crate::triggers;
use lambent_storage::backend::ChangeLog;
use lambent_storage::backend::resources::{channel, set_aside};
use lambent_storage::{
    Changes, NewResource, ResourceError, ResourceId, Resources, StorageError, StoredResource,
};

/// Resources in the shards.
pub(crate) struct EmbeddedResources {
    shards: Arc<Shards>,
    changes: Arc<ChangeLog<ResourceId>>,
    damaged: Arc<Damaged>,
}

impl EmbeddedResources {
    pub(crate) fn new(shards: Arc<Shards>, damaged: Arc<Damaged>) -> Self {
        Self { shards, changes: Arc::default(), damaged }
    }
}

fn put(
    tx: &mut Tx<'_>,
    kind: ResourceKind,
    namespace: &Namespace,
    new: &NewResource,
) -> Result<(), ResourceError> {
    let key = new.name.to_ascii_lowercase();
    let old = find(tx.connection, kind, namespace, &key)?;
    // One that is damaged has no revision that anyone has read.
    let revision = match &old {
        Some(Ok((_, stored))) => Some(stored.revision),
        Some(Err(_)) => None,
        None => Some(0),
    };
    if new.expected.is_some() && new.expected != revision {
        return Err(ResourceError::Conflict);
    }
    let mut trigger = None;
    if kind == Trigger::KIND {
        let old = old.as_ref().and_then(|old| old.as_ref().ok());
        let old = old.map(|(_, stored)| stored);
        trigger = Some(triggers::check(tx.connection, namespace, new, old)?);
    }
    let had = old.as_ref().and_then(|old| old.as_ref().ok()).map(|(_, stored)| &*stored.body);
    charge_put(tx, (kind, namespace), (old.is_some(), had), &new.body)?;
    // From here on nothing is refused: what is refused has written nothing.
    if let Some(trigger) = trigger {
        triggers::wire(tx, namespace, trigger)?;
    }
    // The revision of a deleted resource does not come again.
    let revision = send::next_seq(tx)?;
    let stored = StoredResource {
        key,
        body: new.body.clone(),
        next: new.next,
        revision: revision.unsigned_abs(),
    };
    Ok(write(tx.connection, kind, namespace, &stored)?)
}

/// Charges the namespace for a resource that is put: for itself if it is new, and for what it has
/// set aside more than the body that it replaces. It may be refused, and has counted nothing then.
fn charge_put(
    tx: &Tx<'_>,
    (kind, namespace): (ResourceKind, &Namespace),
    (is_there, had): (bool, Option<&str>),
    body: &str,
) -> Result<(), ResourceError> {
    let aside = set_aside(kind, body).map(|(quota, bytes)| {
        let had = had.and_then(|had| set_aside(kind, had)).map_or(0, |(_, bytes)| bytes);
        (quota, bytes.cast_signed() - had.cast_signed())
    });
    if let Some((quota, delta)) = aside {
        charge::<ResourceError>(tx, namespace, quota, delta)?;
    }
    if is_there {
        return Ok(());
    }
    charge::<ResourceError>(tx, namespace, kind.quota, 1).inspect_err(|_| {
        if let Some((quota, delta)) = aside {
            count(tx, namespace, quota, -delta);
        }
    })
}

/// Deletes it, as far as one transaction may. Whether it is gone.
fn delete(
    tx: &mut Tx<'_>,
    kind: ResourceKind,
    namespace: &Namespace,
    name: &str,
) -> Result<bool, ResourceError> {
    let key = name.to_ascii_lowercase();
    let found = find(tx.connection, kind, namespace, &key)?.ok_or(ResourceError::NotFound)?;
    if let Some(channel) = channel(kind, name)
        && let Some(partition) = partition::find(tx.connection, namespace, place(&channel).0, &key)?
        && !settle::delete_partition(tx, namespace, partition.id)?
    {
        return Ok(false);
    }
    let sql = "DELETE FROM resource WHERE kind = ?1 AND namespace = ?2 AND key = ?3";
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut delete| delete.execute(params![kind.noun, namespace.key(), key]))
        .map_err(failed)?;
    if kind == Trigger::KIND {
        triggers::index::changed(tx);
    }
    count(tx, namespace, kind.quota, -1);
    let body = found.map(|(_, stored)| stored.body).unwrap_or_default();
    if let Some((quota, bytes)) = set_aside(kind, &body) {
        count(tx, namespace, quota, -bytes.cast_signed());
    }
    Ok(true)
}

impl EmbeddedResources {
    /// Has a change be in the feed once it is committed.
    fn record(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
        name: String,
    ) -> impl FnOnce(&mut Tx<'_>) + use<> {
        let (changes, namespace) = (Arc::clone(&self.changes), namespace.clone());
        let id = ResourceId { noun: kind.noun.to_owned(), name };
        move |tx| tx.after_commit(move || changes.record(namespace, id))
    }
}

#[async_trait]
impl Resources for EmbeddedResources {
    async fn put(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
        resource: NewResource,
    ) -> Result<(), ResourceError> {
        let shard = self.shards.of(namespace).await?;
        let record = self.record(kind, namespace, resource.name.clone());
        let namespace = namespace.clone();
        let write = move |tx: &mut Tx<'_>| {
            put(tx, kind, &namespace, &resource)?;
            record(tx);
            Ok(())
        };
        shard.write(0, write).await
    }

    async fn delete(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
        name: &str,
    ) -> Result<(), ResourceError> {
        let shard = self.shards.of(namespace).await?;
        let mut is_gone = false;
        while !is_gone {
            let record = self.record(kind, namespace, name.to_owned());
            let (namespace, name) = (namespace.clone(), name.to_owned());
            let write = move |tx: &mut Tx<'_>| {
                let is_gone = delete(tx, kind, &namespace, &name)?;
                if is_gone {
                    record(tx);
                }
                Ok::<_, ResourceError>(is_gone)
            };
            is_gone = shard.write(Growth::Frees, write).await?;
        }
        Ok(())
    }

    async fn get(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
        name: &str,
    ) -> Result<Option<StoredResource>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, key) = (namespace.clone(), name.to_ascii_lowercase());
        let find = move |connection: &Connection| find(connection, kind, &namespace, &key);
        let found = shard.readers().read(find).await?.transpose()?;
        Ok(found.map(|(_, stored)| stored))
    }

    async fn list(
        &self,
        kind: ResourceKind,
        namespace: &Namespace,
    ) -> Result<Vec<StoredResource>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let (owner, damaged) = (namespace.key(), Arc::clone(&self.damaged));
        let list = move |connection: &Connection| {
            let sql = select("kind = ?1 AND namespace = ?2 ORDER BY key");
            intact(connection, &sql, params![kind.noun, owner], (usize::MAX, &damaged))
        };
        let found = shard.readers().read(list).await?;
        Ok(found.into_iter().map(|(_, stored)| stored).collect())
    }

    async fn page(
        &self,
        kind: ResourceKind,
        after: Option<(Namespace, String)>,
        limit: usize,
    ) -> Result<Vec<(Namespace, StoredResource)>, StorageError> {
        // No namespace and no name is empty.
        let after = after.map(|(namespace, name)| (namespace.key(), name.to_ascii_lowercase()));
        let (namespace, key) = after.unwrap_or_default();
        let mut found = Vec::new();
        for shard in self.shards.all() {
            let (namespace, key) = (namespace.clone(), key.clone());
            let damaged = Arc::clone(&self.damaged);
            let page = move |connection: &Connection| {
                let sql =
                    select("kind = ?1 AND (namespace, key) > (?2, ?3) ORDER BY namespace, key");
                intact(connection, &sql, params![kind.noun, namespace, key], (limit, &damaged))
            };
            for (namespace, stored) in shard.readers().read(page).await? {
                found.extend(namespace.parse::<Namespace>().ok().map(|owner| (owner, stored)));
            }
        }
        found.sort_by_key(|(owner, one)| (owner.key(), one.key.clone()));
        found.truncate(limit);
        Ok(found)
    }

    fn changes(&self) -> &dyn Changes<ResourceId> {
        &*self.changes
    }
}
