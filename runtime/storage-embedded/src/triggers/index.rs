use std::collections::HashMap;
use std::rc::Rc;

use lambent_types::{Namespace, Source, Specification as _, Trigger, TriggerName};
use rusqlite::{Connection, Row};

use crate::messages::Kind;
use crate::messages::row::failed;
use crate::resource_rows;
use crate::shard::Tx;
use lambent_storage::StorageError;

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

/// A trigger of a row, with its partition.
fn indexed(row: &Row<'_>) -> rusqlite::Result<Result<Indexed, StorageError>> {
    let partition: Option<i64> = row.get("line")?;
    Ok(resource_rows::checked(row)?.and_then(|(namespace, stored)| {
        let trigger = stored.read::<Trigger>(&namespace)?.specification;
        if !trigger.source.is_polled() && partition.is_none() {
            let what = format!("trigger {:?} of namespace {namespace:?}", stored.key);
            return Err(StorageError::corrupt(what, "its channel is missing"));
        }
        Ok(Indexed { namespace, trigger, partition })
    }))
}

/// All triggers of the database that can be read. A damaged one is logged and
/// left out: no change of what others are for waits for its repair.
fn read(connection: &Connection) -> Result<Vec<Indexed>, StorageError> {
    let sql = format!(
        "SELECT resource.*, line.id AS line FROM resource LEFT JOIN line
         ON line.namespace = resource.namespace AND line.kind = {} AND line.key = resource.key
         WHERE resource.kind = ?1",
        Kind::Trigger as i64
    );
    let all: Vec<_> = connection
        .prepare_cached(&sql)
        .and_then(|mut select| select.query_map([Trigger::KIND.noun], indexed)?.collect())
        .map_err(failed)?;
    let intact = |one: Result<Indexed, StorageError>| {
        one.inspect_err(|error| {
            tracing::error!(%error, cause = error.cause(), "leaving a trigger out");
        })
    };
    Ok(all.into_iter().filter_map(|one| intact(one).ok()).collect())
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
