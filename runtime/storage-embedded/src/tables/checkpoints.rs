//! Where readers of streams are, in their own words.

use lambent_types::Namespace;
use rusqlite::{Connection, params};

use super::schema::{execute, failed, one};
use crate::row::{Checksum, bytes, checksum, intact};
use lambent_storage::StorageError;

fn sum(namespace: &str, reader: &str, checkpoint: &[u8]) -> Checksum {
    checksum([b"checkpoint", namespace.as_bytes(), reader.as_bytes(), checkpoint])
}

/// What a reader noted last.
pub(super) fn read(
    connection: &Connection,
    namespace: &Namespace,
    reader: &str,
) -> Result<Option<Vec<u8>>, StorageError> {
    let namespace = namespace.key();
    let sql = "SELECT checkpoint, checksum FROM stream_checkpoint \
               WHERE namespace = ?1 AND reader = ?2";
    one(connection, sql, params![namespace, reader], |row| {
        let checkpoint = bytes(row, 0).map_err(failed)?;
        let same = sum(&namespace, reader, checkpoint) == bytes(row, 1).map_err(failed)?;
        intact(same, || format!("note of reader {reader:?} of streams"))?;
        Ok(checkpoint.to_vec())
    })
}

/// Notes it, or forgets it.
pub(super) fn write(
    connection: &Connection,
    namespace: &Namespace,
    reader: &str,
    checkpoint: Option<&[u8]>,
) -> Result<(), StorageError> {
    let namespace = namespace.key();
    let Some(checkpoint) = checkpoint else {
        let sql = "DELETE FROM stream_checkpoint WHERE namespace = ?1 AND reader = ?2";
        return execute(connection, sql, params![namespace, reader]).map(drop);
    };
    let sum = sum(&namespace, reader, checkpoint);
    let sql = "INSERT OR REPLACE INTO stream_checkpoint VALUES (?1, ?2, ?3, ?4)";
    execute(connection, sql, params![namespace, reader, checkpoint, sum]).map(drop)
}

/// Forgets what all readers of a namespace noted.
pub(super) fn forget(connection: &Connection, namespace: &Namespace) -> Result<(), StorageError> {
    let sql = "DELETE FROM stream_checkpoint WHERE namespace = ?1";
    execute(connection, sql, [namespace.key()]).map(drop)
}
