use std::collections::HashMap;
use std::rc::Rc;

use lambent_types::{Namespace, Source, Trigger, TriggerName};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::messages::row::failed;
use crate::row::{Checksum, bytes, checksum};
use crate::shard::Tx;
use lambent_storage::StorageError;

/// The table. `partition` is that of the trigger's channel; a queue's has none.
pub(crate) const SCHEMA: &str = "
CREATE TABLE trigger_ (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    line INTEGER,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;
";

/// A trigger with where its events go.
#[derive(Debug, Clone)]
pub(crate) struct Indexed {
    /// In lower case.
    pub(crate) namespace: String,
    pub(crate) trigger: Trigger,
    /// The partition of its channel; none for a queue's.
    pub(crate) partition: Option<i64>,
}

/// A shard's triggers by namespace, in the memory of its writer: a change in a
/// namespace without triggers costs one look. Read again after any change of a trigger.
struct TriggerIndex(HashMap<String, Rc<Vec<Indexed>>>);

pub(crate) fn sum(namespace: &str, key: &str, partition: Option<i64>, body: &str) -> Checksum {
    let partition = partition.unwrap_or(0).to_le_bytes();
    checksum([b"trigger", namespace.as_bytes(), key.as_bytes(), &partition, body.as_bytes()])
}

const COLUMNS: &str = "namespace, key, line, body, checksum";

/// A row, which is an error of its own if it is damaged.
type Found = Result<Indexed, StorageError>;

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    // What is no text differs from what was written, and so does its checksum.
    let text = |column| bytes(row, column).map(|text| String::from_utf8_lossy(text).into_owned());
    let (namespace, key, partition, body) = (text(0)?, text(1)?, row.get(2)?, text(3)?);
    let what = || format!("trigger {key:?} of namespace {namespace:?}");
    if sum(&namespace, &key, partition, &body) != bytes(row, 4)? {
        return Ok(Err(StorageError::corrupt(what(), "its checksum differs")));
    }
    let trigger = serde_json::from_str(&body)
        .map_err(|error| StorageError::corrupt(what(), error.to_string()));
    Ok(trigger.map(|trigger| Indexed { namespace, trigger, partition }))
}

/// All triggers of the database that can be read. A damaged one is logged and
/// left out: no change of what others are for waits for its repair.
pub(crate) fn read(connection: &Connection) -> Result<Vec<Indexed>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM trigger_ ORDER BY namespace, key");
    let all: Vec<Found> = connection
        .prepare_cached(&sql)
        .and_then(|mut select| select.query_map([], found)?.collect())
        .map_err(failed)?;
    let intact = |one: Found| {
        one.inspect_err(|error| {
            tracing::error!(%error, cause = error.cause(), "leaving a trigger out");
        })
    };
    Ok(all.into_iter().filter_map(|one| intact(one).ok()).collect())
}

/// One trigger, if it is there; `key` is its name in lower case.
pub(crate) fn find(
    connection: &Connection,
    namespace: &Namespace,
    key: &str,
) -> Result<Option<Found>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM trigger_ WHERE namespace = ?1 AND key = ?2");
    connection
        .prepare_cached(&sql)
        .and_then(|mut select| select.query_row(params![namespace.key(), key], found).optional())
        .map_err(failed)
}

/// The triggers of a namespace as this transaction sees them.
pub(crate) fn of(tx: &Tx<'_>, namespace: &Namespace) -> Result<Rc<Vec<Indexed>>, StorageError> {
    let index = match tx.cache.get::<TriggerIndex>() {
        Some(index) => index,
        None => {
            let mut found: HashMap<String, Vec<Indexed>> = HashMap::new();
            for one in read(tx.connection)? {
                found.entry(one.namespace.clone()).or_default().push(one);
            }
            let shared = found.into_iter().map(|(owner, own)| (owner, Rc::new(own)));
            tx.cache.set(TriggerIndex(shared.collect()))
        }
    };
    Ok(index.0.get(&namespace.key()).cloned().unwrap_or_default())
}

/// Has them read again; for whoever changes one.
pub(crate) fn changed(tx: &Tx<'_>) {
    tx.cache.forget::<TriggerIndex>();
}

/// The first trigger whose source is like this: what keeps it from being deleted.
fn named(
    tx: &Tx<'_>,
    namespace: &Namespace,
    is_it: impl Fn(&Source) -> bool,
) -> Result<Option<TriggerName>, StorageError> {
    let own = of(tx, namespace)?;
    let found = own.iter().find(|one| is_it(&one.trigger.source));
    Ok(found.map(|one| one.trigger.name.clone()))
}

/// A trigger that takes messages from this queue.
pub(crate) fn of_queue(
    tx: &Tx<'_>,
    namespace: &Namespace,
    name: &str,
) -> Result<Option<TriggerName>, StorageError> {
    named(tx, namespace, |source| match source {
        Source::Queue { queue, .. } => queue.as_str().eq_ignore_ascii_case(name),
        _ => false,
    })
}

/// A trigger that is for changes of this bucket.
pub(crate) fn of_bucket(
    tx: &Tx<'_>,
    namespace: &Namespace,
    name: &str,
) -> Result<Option<TriggerName>, StorageError> {
    named(tx, namespace, |source| match source {
        Source::Object { bucket, .. } => bucket.as_str() == name,
        _ => false,
    })
}

/// A trigger that is for changes of this keyspace.
pub(crate) fn of_keyspace(
    tx: &Tx<'_>,
    namespace: &Namespace,
    name: &str,
) -> Result<Option<TriggerName>, StorageError> {
    named(tx, namespace, |source| match source {
        Source::KeyValue { keyspace, .. } => keyspace.as_str().eq_ignore_ascii_case(name),
        _ => false,
    })
}
