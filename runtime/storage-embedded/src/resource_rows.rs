use std::collections::HashSet;
use std::sync::Mutex;

use lambent_types::{Namespace, ResourceKind};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use crate::messages::row::{failed, time};
use crate::row::{Checksum, bytes, checksum};
use lambent_storage::backend::sync;
use lambent_storage::{StorageError, StoredResource};

/// The table, and what the formats before had in two. `next` is null where nothing fires.
///
/// A row's checksum covers its kind, namespace, key, revision and body, as those of schedules
/// did. Those of triggers had the number of the channel's partition in place of a revision, so
/// that number is their revision until they are put again.
pub(crate) const SCHEMA: &str = "
CREATE TABLE resource (
    kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    next INTEGER,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (kind, namespace, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_next ON resource (next) WHERE next IS NOT NULL;
INSERT INTO resource
    SELECT 'trigger', namespace, key, NULL, coalesce(line, 0), body, checksum FROM trigger_;
INSERT INTO resource
    SELECT 'schedule', namespace, key, next, revision, body, checksum FROM schedule;
DROP TABLE trigger_;
DROP TABLE schedule;
";

/// A row with its namespace, which is an error of its own if it is damaged.
pub(crate) type Found = Result<(String, StoredResource), StorageError>;

/// The damaged resources that were logged, so that each is logged once, although all of them
/// are read again and again.
#[derive(Default)]
pub(crate) struct Damaged(Mutex<HashSet<String>>);

impl Damaged {
    pub(crate) fn log(&self, error: &StorageError) {
        let text = error.to_string();
        if sync::lock(&self.0).insert(text) {
            tracing::error!(%error, cause = error.cause(), "leaving it out");
        }
    }
}

fn sum(kind: &str, namespace: &str, key: &str, revision: i64, body: &str) -> Checksum {
    let revision = revision.to_le_bytes();
    checksum([kind.as_bytes(), namespace.as_bytes(), key.as_bytes(), &revision, body.as_bytes()])
}

/// The query of the rows of a condition, which [`checked`] reads.
pub(crate) fn select(condition: &str) -> String {
    format!(
        "SELECT kind, namespace, key, next, revision, body, checksum FROM resource
         WHERE {condition}"
    )
}

/// Reads a row.
pub(crate) fn checked(row: &Row<'_>) -> rusqlite::Result<Found> {
    // What is no text differs from what was written, and so does its checksum.
    let text = |column| bytes(row, column).map(|text| String::from_utf8_lossy(text).into_owned());
    let (kind, namespace, key, body) = (text(0)?, text(1)?, text(2)?, text(5)?);
    let (next, revision): (Option<i64>, i64) = (row.get(3)?, row.get(4)?);
    if sum(&kind, &namespace, &key, revision, &body) != bytes(row, 6)? {
        let what = format!("{kind} {key:?} of namespace {namespace:?}");
        return Ok(Err(StorageError::corrupt(what, "its checksum differs")));
    }
    let (next, revision) = (next.map(time), revision.unsigned_abs());
    Ok(Ok((namespace, StoredResource { key, body, next, revision })))
}

/// The first `limit` intact rows of a query. A damaged one is logged and left out: no other
/// waits for its repair.
pub(crate) fn intact(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    (limit, damaged): (usize, &Damaged),
) -> Result<Vec<(String, StoredResource)>, StorageError> {
    let mut select = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = select.query_map(values, checked).map_err(failed)?;
    let mut intact = Vec::new();
    while intact.len() < limit
        && let Some(row) = rows.next()
    {
        match row.map_err(failed)? {
            Ok(one) => intact.push(one),
            Err(error) => damaged.log(&error),
        }
    }
    Ok(intact)
}

/// One resource, if it is there; `key` is its name in lower case.
pub(crate) fn find(
    connection: &Connection,
    kind: ResourceKind,
    namespace: &Namespace,
    key: &str,
) -> Result<Option<Found>, StorageError> {
    let one = connection
        .prepare_cached(&select("kind = ?1 AND namespace = ?2 AND key = ?3"))
        .and_then(|mut select| {
            let values = params![kind.noun, namespace.key(), key];
            select.query_row(values, checked).optional()
        });
    one.map_err(failed)
}

/// Writes a resource in place of the one that was there.
pub(crate) fn write(
    connection: &Connection,
    kind: ResourceKind,
    namespace: &Namespace,
    stored: &StoredResource,
) -> Result<(), StorageError> {
    let StoredResource { key, body, next, revision } = stored;
    let (owner, revision) = (namespace.key(), revision.cast_signed());
    let check = sum(kind.noun, &owner, key, revision, body);
    let next = next.map(|next| next.as_millisecond());
    let values = params![kind.noun, owner, key, next, revision, body, check];
    connection
        .prepare_cached("INSERT OR REPLACE INTO resource VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        .and_then(|mut insert| insert.execute(values))
        .map_err(failed)?;
    Ok(())
}
