//! The tables of keyspaces and keys.

use bytes::Bytes;
use jiff::Timestamp;
use lambent_types::{KeyspaceName, Namespace};
use rusqlite::{Connection, Params, Row, params};

use crate::row::{Checksum, bytes, checksum, intact, integer};
use lambent_storage::{Entry, KeyValueError, Keyspace, StorageError};

/// Names are in lower case; `shown` has that of a keyspace as given. Times are
/// in milliseconds. A key's checksum covers the digest of its value instead of
/// the value, so that listing keys reads no value.
pub(crate) const SCHEMA: &str = "
CREATE TABLE keyspace (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    shown TEXT NOT NULL,
    created INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    checksum BLOB NOT NULL,
    UNIQUE (namespace, name)
) STRICT;
CREATE TABLE retired_keyspaces (
    namespace TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    checksum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE key (
    keyspace INTEGER NOT NULL REFERENCES keyspace (id),
    key BLOB NOT NULL,
    revision INTEGER NOT NULL,
    expires INTEGER,
    digest BLOB NOT NULL,
    checksum BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (keyspace, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_expires ON key (expires) WHERE expires IS NOT NULL;
";

/// A keyspace's row.
pub(crate) struct KeyspaceRow {
    pub(crate) id: i64,
    pub(crate) namespace: String,
    pub(crate) keyspace: Keyspace,
    /// The last revision taken.
    pub(crate) revision: u64,
}

/// A key whose time to live is over.
pub(crate) struct Due {
    pub(crate) keyspace: i64,
    pub(crate) key: Vec<u8>,
}

pub(crate) fn failed(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            StorageError::corrupt("database of keys", error.to_string())
        }
        _ => StorageError::unavailable("use the keys", error),
    }
}

fn one<R>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<R, StorageError>,
) -> Result<Option<R>, StorageError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(parameters).map_err(failed)?;
    rows.next().map_err(failed)?.map(read).transpose()
}

fn all<R>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<R, StorageError>,
) -> Result<Vec<R>, StorageError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(parameters).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn execute(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<(), StorageError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    statement.execute(parameters).map_err(failed)?;
    Ok(())
}

fn text(row: &Row<'_>, column: usize) -> String {
    bytes(row, column).map(String::from_utf8_lossy).unwrap_or_default().into_owned()
}

fn keyspace_checksum(
    (id, created, revision): (i64, i64, i64),
    [namespace, name, shown]: [&[u8]; 3],
) -> Checksum {
    let numbers = [id.to_le_bytes(), created.to_le_bytes(), revision.to_le_bytes()].concat();
    checksum([b"keyspace", &numbers, namespace, name, shown])
}

fn keyspace_of(row: &Row<'_>) -> Result<KeyspaceRow, StorageError> {
    let what = || format!("keyspace {:?} of namespace {:?}", text(row, 2), text(row, 1));
    let number = |column| row.get::<_, i64>(column).map_err(failed);
    let (id, created, revision) = (number(0)?, number(4)?, number(5)?);
    let same = || {
        let texts = [bytes(row, 1)?, bytes(row, 2)?, bytes(row, 3)?];
        Ok(keyspace_checksum((id, created, revision), texts) == bytes(row, 6)?)
    };
    intact(same().map_err(failed)?, what)?;
    let invalid = |error: &dyn std::fmt::Display| StorageError::corrupt(what(), error.to_string());
    let keyspace = Keyspace {
        name: text(row, 3).parse().map_err(|error| invalid(&error))?,
        created: Timestamp::from_millisecond(created).map_err(|error| invalid(&error))?,
    };
    Ok(KeyspaceRow { id, namespace: text(row, 1), keyspace, revision: revision.unsigned_abs() })
}

const KEYSPACE: &str =
    "SELECT id, namespace, name, shown, created, revision, checksum FROM keyspace";

/// Reads a keyspace.
pub(crate) fn keyspace(
    connection: &Connection,
    namespace: &str,
    name: &str,
) -> Result<Option<KeyspaceRow>, StorageError> {
    let sql = keyspace_where(" WHERE namespace = ?1 AND name = ?2");
    one(connection, &sql, [namespace, name], keyspace_of)
}

fn keyspace_where(condition: &str) -> String {
    format!("{KEYSPACE}{condition}")
}

/// Reads the keyspace with this id.
pub(crate) fn keyspace_by_id(
    connection: &Connection,
    id: i64,
) -> Result<Option<KeyspaceRow>, StorageError> {
    one(connection, &keyspace_where(" WHERE id = ?1"), [id], keyspace_of)
}

/// Reads a keyspace that has to be there.
pub(crate) fn existing(
    connection: &Connection,
    namespace: &str,
    name: &str,
) -> Result<KeyspaceRow, KeyValueError> {
    keyspace(connection, namespace, name)?.ok_or(KeyValueError::NoKeyspace)
}

/// All keyspaces of a namespace by name.
pub(crate) fn keyspaces(
    connection: &Connection,
    namespace: &Namespace,
) -> Result<Vec<Keyspace>, StorageError> {
    let sql = keyspace_where(" WHERE namespace = ?1 ORDER BY name");
    all(connection, &sql, [namespace.key()], |row| Ok(keyspace_of(row)?.keyspace))
}

/// Writes a new keyspace, whose revisions follow those of the deleted ones.
pub(crate) fn create(
    connection: &Connection,
    namespace: &str,
    name: &KeyspaceName,
    now: Timestamp,
) -> Result<Keyspace, StorageError> {
    let created = now.as_millisecond();
    let sql = "INSERT INTO keyspace (namespace, name, shown, created, revision, checksum) \
               VALUES (?1, ?2, ?3, ?4, ?5, x'')";
    let revision = integer(retired(connection, namespace)?);
    execute(connection, sql, params![namespace, name.key(), name.as_str(), created, revision])?;
    let created = Timestamp::from_millisecond(created).unwrap_or(now);
    let row = KeyspaceRow {
        id: connection.last_insert_rowid(),
        namespace: namespace.to_owned(),
        keyspace: Keyspace { name: name.clone(), created },
        revision: revision.unsigned_abs(),
    };
    set_revision(connection, &row)?;
    Ok(row.keyspace)
}

/// Writes the last revision taken.
pub(crate) fn set_revision(connection: &Connection, row: &KeyspaceRow) -> Result<(), StorageError> {
    let name = &row.keyspace.name;
    let texts = [row.namespace.as_bytes(), &name.key().into_bytes(), name.as_str().as_bytes()];
    let revision = integer(row.revision);
    let created = row.keyspace.created.as_millisecond();
    let checksum = keyspace_checksum((row.id, created, revision), texts);
    let sql = "UPDATE keyspace SET revision = ?2, checksum = ?3 WHERE id = ?1";
    execute(connection, sql, params![row.id, revision, checksum])
}

/// Deletes an empty keyspace and notes its last revision.
pub(crate) fn delete_keyspace(
    connection: &Connection,
    row: &KeyspaceRow,
) -> Result<(), StorageError> {
    let revision = integer(row.revision.max(retired(connection, &row.namespace)?));
    let checksum = retired_checksum(row.namespace.as_bytes(), revision);
    let sql = "INSERT OR REPLACE INTO retired_keyspaces VALUES (?1, ?2, ?3)";
    execute(connection, sql, params![row.namespace, revision, checksum])?;
    execute(connection, "DELETE FROM keyspace WHERE id = ?1", [row.id])
}

fn retired_checksum(namespace: &[u8], revision: i64) -> Checksum {
    checksum([b"retired_keyspaces", namespace, &revision.to_le_bytes()])
}

fn retired(connection: &Connection, namespace: &str) -> Result<u64, StorageError> {
    let sql = "SELECT namespace, revision, checksum FROM retired_keyspaces WHERE namespace = ?1";
    let found = one(connection, sql, [namespace], |row| {
        let revision: i64 = row.get(1).map_err(failed)?;
        let same = || Ok(retired_checksum(bytes(row, 0)?, revision) == bytes(row, 2)?);
        intact(same().map_err(failed)?, || format!("revision of namespace {namespace:?}"))?;
        Ok(revision.unsigned_abs())
    });
    Ok(found?.unwrap_or_default())
}

/// What is kept of a value beside it.
fn digest(value: &[u8]) -> Checksum {
    checksum([b"value", value])
}

fn key_checksum(
    (keyspace, revision, expires): (i64, i64, Option<i64>),
    key: &[u8],
    digest: &[u8],
) -> Checksum {
    let expires = expires.map(i64::to_le_bytes);
    let expires = expires.as_ref().map_or(&[][..], |bytes| &bytes[..]);
    checksum([b"key", &keyspace.to_le_bytes(), &revision.to_le_bytes(), expires, key, digest])
}

/// Verifies a row of `keyspace, key, revision, expires, digest, checksum`.
fn verify_key(row: &Row<'_>) -> Result<(i64, Option<i64>), StorageError> {
    let read = || {
        let numbers = (row.get(0)?, row.get(2)?, row.get(3)?);
        let found = key_checksum(numbers, bytes(row, 1)?, bytes(row, 4)?);
        Ok(((numbers.1, numbers.2), found == bytes(row, 5)?))
    };
    let (numbers, same) = read().map_err(failed)?;
    intact(same, || format!("key {:?}", text(row, 1)))?;
    Ok(numbers)
}

/// Reads a key, also one that has expired.
pub(crate) fn entry(
    connection: &Connection,
    keyspace: i64,
    key: &[u8],
) -> Result<Option<Entry>, StorageError> {
    let sql = "SELECT keyspace, key, revision, expires, digest, checksum, value FROM key \
               WHERE keyspace = ?1 AND key = ?2";
    one(connection, sql, params![keyspace, key], |row| {
        let (revision, expires) = verify_key(row)?;
        let value = bytes(row, 6).map_err(failed)?;
        let same = digest(value) == bytes(row, 4).map_err(failed)?;
        intact(same, || format!("value of key {:?}", text(row, 1)))?;
        let expires = expires.map(Timestamp::from_millisecond).transpose().map_err(|error| {
            StorageError::corrupt(format!("key {:?}", text(row, 1)), error.to_string())
        })?;
        let revision = revision.unsigned_abs();
        Ok(Entry { value: Bytes::copy_from_slice(value), revision, expires })
    })
}

/// Writes a key.
pub(crate) fn write(
    connection: &Connection,
    keyspace: i64,
    key: &str,
    entry: &Entry,
) -> Result<(), StorageError> {
    let revision = integer(entry.revision);
    let expires = entry.expires.map(Timestamp::as_millisecond);
    let digest = digest(&entry.value);
    let checksum = key_checksum((keyspace, revision, expires), key.as_bytes(), &digest);
    let sql = "INSERT OR REPLACE INTO key VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (key, value) = (key.as_bytes(), &entry.value[..]);
    execute(connection, sql, params![keyspace, key, revision, expires, digest, checksum, value])
}

/// Deletes a key.
pub(crate) fn delete(
    connection: &Connection,
    keyspace: i64,
    key: &[u8],
) -> Result<(), StorageError> {
    execute(connection, "DELETE FROM key WHERE keyspace = ?1 AND key = ?2", params![keyspace, key])
}

/// Whether a keyspace holds anything, even if it has expired.
pub(crate) fn holds_any(connection: &Connection, keyspace: i64) -> Result<bool, StorageError> {
    let sql = "SELECT 1 FROM key WHERE keyspace = ?1 LIMIT 1";
    Ok(one(connection, sql, [keyspace], |_| Ok(()))?.is_some())
}

/// At most `limit` keys of a keyspace with this prefix that have not expired,
/// after `after`, by their bytes.
pub(crate) fn keys(
    connection: &Connection,
    keyspace: i64,
    (prefix, after): (&str, &str),
    now: Timestamp,
    limit: usize,
) -> Result<Vec<String>, StorageError> {
    let sql = "SELECT keyspace, key, revision, expires, digest, checksum FROM key \
               WHERE keyspace = ?1 AND key >= ?2 AND key > ?3 AND key < ?4 \
               AND (expires IS NULL OR expires > ?5) ORDER BY key LIMIT ?6";
    let (limit, now) = (integer(limit as u64), now.as_millisecond());
    let beyond = beyond(prefix);
    let parameters = params![keyspace, prefix.as_bytes(), after.as_bytes(), beyond, now, limit];
    all(connection, sql, parameters, |row| {
        verify_key(row)?;
        String::from_utf8(bytes(row, 1).map_err(failed)?.to_vec())
            .map_err(|error| StorageError::corrupt("key", error.to_string()))
    })
}

/// The least bytes above every key that begins with `prefix`.
fn beyond(prefix: &str) -> Vec<u8> {
    let mut bytes = Vec::from(prefix.as_bytes());
    // No byte of UTF-8 is 255.
    match bytes.last_mut() {
        Some(last) => *last += 1,
        None => bytes.push(u8::MAX),
    }
    bytes
}

/// When the next key expires.
pub(crate) fn next_expiry(connection: &Connection) -> Result<Option<i64>, StorageError> {
    let sql = "SELECT expires FROM key WHERE expires IS NOT NULL ORDER BY expires LIMIT 1";
    one(connection, sql, [], |row| row.get(0).map_err(failed))
}

/// At most `limit` keys that have expired, the longest ago first; `of` one
/// keyspace or all.
pub(crate) fn due(
    connection: &Connection,
    of: Option<i64>,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Due>, StorageError> {
    let sql = match of {
        None => {
            "SELECT keyspace, key FROM key WHERE expires <= ?1 AND ?3 IS NULL \
             ORDER BY expires, keyspace, key LIMIT ?2"
        }
        Some(_) => {
            "SELECT keyspace, key FROM key WHERE expires <= ?1 AND keyspace = ?3 \
             ORDER BY expires, key LIMIT ?2"
        }
    };
    let parameters = params![now.as_millisecond(), integer(limit as u64), of];
    all(connection, sql, parameters, |row| {
        let key = bytes(row, 1).map_err(failed)?.to_vec();
        Ok(Due { keyspace: row.get(0).map_err(failed)?, key })
    })
}
