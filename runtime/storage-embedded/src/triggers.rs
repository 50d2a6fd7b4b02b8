pub(crate) mod index;

use lambent_types::{Namespace, Source, Trigger};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::event_log;
use crate::messages::row::failed;
use crate::messages::{Kind, partition};
use crate::shard::Tx;
use lambent_storage::backend::resources::same_source;
use lambent_storage::{Channel, NewResource, ResourceError, StorageError, StoredResource};

/// Whether what the trigger listens to is there.
fn has_source(
    connection: &Connection,
    namespace: &Namespace,
    source: &Source,
) -> Result<bool, StorageError> {
    let (sql, name) = match source {
        Source::Queue { queue, .. } => {
            return Ok(partition::find(connection, namespace, Kind::Queue, &queue.key())?.is_some());
        }
        Source::Object { bucket, .. } => {
            ("SELECT 1 FROM bucket WHERE namespace = ?1 AND name = ?2", bucket.as_str().to_owned())
        }
        Source::KeyValue { keyspace, .. } => {
            ("SELECT 1 FROM keyspace WHERE namespace = ?1 AND name = ?2", keyspace.key())
        }
        // A table goes whoever reads its stream, and comes again.
        Source::Table(_) => return Ok(true),
    };
    let found = connection.prepare_cached(sql).and_then(|mut select| {
        select.query_row(params![namespace.key(), name], |_| Ok(())).optional()
    });
    Ok(found.map_err(failed)?.is_some())
}

/// Checks the source of a trigger that is to be put in place of `old`. Writes nothing.
pub(crate) fn check(
    connection: &Connection,
    namespace: &Namespace,
    new: &NewResource,
    old: Option<&StoredResource>,
) -> Result<Trigger, ResourceError> {
    let trigger: Trigger = serde_json::from_str(&new.body)
        .map_err(|error| StorageError::unavailable("read a new trigger", error))?;
    if !has_source(connection, namespace, &trigger.source)? {
        return Err(ResourceError::NoSource);
    }
    // Whoever puts a damaged one repairs it.
    let old = old.and_then(|old| old.read::<Trigger>(&namespace.key()).ok());
    if old.is_some_and(|old| !same_source(&old.specification.source, &trigger.source)) {
        return Err(ResourceError::OtherSource);
    }
    Ok(trigger)
}

/// Makes the partition of the channel of a trigger that is put in this transaction, and has the
/// triggers read again.
pub(crate) fn wire(
    tx: &Tx<'_>,
    namespace: &Namespace,
    trigger: Trigger,
) -> Result<(), StorageError> {
    if !trigger.source.is_polled() {
        event_log::ensure(tx, namespace, &Channel::Trigger(trigger.name))?;
    }
    index::changed(tx);
    Ok(())
}
