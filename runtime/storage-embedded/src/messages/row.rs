use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use lambent_types::{Annotations, Event, Origin};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::row::{Checksum, checksum};
use lambent_storage::{DeadFacts, StorageError};

/// What a message says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The id of the message.
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attributes: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attribute_types: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub(crate) annotations: Annotations,
    /// What a FIFO queue recognises it by when it is sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deduplication: Option<String>,
    #[serde(default)]
    pub(crate) origin: Origin,
    /// Of a dead letter: the partition it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<i64>,
    /// Of a dead letter: what is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dead: Option<DeadFacts>,
    /// Of a delivery, or of one that was given up: the event, all but its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<Event>,
}

/// A message that was received.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) seq: i64,
    /// Names this taking, and no other ever; with `seq` it is the receipt.
    pub(crate) lease: i64,
    pub(crate) receives: u32,
    pub(crate) group: Option<String>,
    pub(crate) sent: Timestamp,
    /// When it was received first, if it was.
    pub(crate) first: Option<Timestamp>,
    pub(crate) head: Head,
    pub(crate) body: Bytes,
}

/// A failure of the database. Never `Corrupt`, which is one row's: whatever this
/// operation wrote is undone with its transaction.
pub(crate) fn failed(error: rusqlite::Error) -> StorageError {
    StorageError::unavailable("read or write messages", error)
}

/// The time so much after `now`.
pub(crate) fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// A time of the database: milliseconds since 1970.
pub(crate) fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX)
}

fn sum(seq: i64, head: &str, body: &[u8]) -> Checksum {
    checksum([b"message", &seq.to_le_bytes(), head.as_bytes(), body])
}

impl Head {
    /// The form in the database.
    pub(crate) fn encode(&self) -> Result<String, StorageError> {
        serde_json::to_string(self)
            .map_err(|error| StorageError::unavailable("write the head of a message", error))
    }
}

/// Writes what does not change of a message.
pub(crate) fn write_content(
    connection: &Connection,
    seq: i64,
    head: &str,
    body: &[u8],
) -> Result<(), StorageError> {
    let check = sum(seq, head, body);
    connection
        .prepare_cached("INSERT OR REPLACE INTO content VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut insert| insert.execute(params![seq, head, body, check]))
        .map_err(failed)?;
    Ok(())
}

/// Reads it; `Corrupt` if it is not what was written.
pub(crate) fn read_content(
    connection: &Connection,
    seq: i64,
) -> Result<(Head, Bytes), StorageError> {
    let damaged = |detail: String| StorageError::corrupt(format!("message {seq}"), detail);
    let found = connection
        .prepare_cached("SELECT head, body, checksum FROM content WHERE seq = ?1")
        .and_then(|mut select| {
            let read = |row: &rusqlite::Row<'_>| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, Vec<u8>>(1)?,
                    row.get::<_, Checksum>(2)?,
                ))
            };
            select.query_row([seq], read).optional()
        });
    let (head, body, found) = match found {
        Ok(Some(row)) => row,
        Ok(None) => return Err(damaged("it is missing".into())),
        Err(error @ rusqlite::Error::SqliteFailure(..)) => return Err(failed(error)),
        Err(error) => return Err(damaged(error.to_string())),
    };
    if sum(seq, &head, &body) != found {
        return Err(damaged("its checksum differs".into()));
    }
    let head = serde_json::from_str(&head).map_err(|error| damaged(error.to_string()))?;
    Ok((head, body.into()))
}

/// About how many bytes a message counts for in a quota.
pub(crate) fn weight(connection: &Connection, seq: i64) -> Result<i64, StorageError> {
    let sql = "SELECT length(CAST(head AS BLOB)) + length(body) FROM content WHERE seq = ?1";
    let found: Option<i64> = connection
        .prepare_cached(sql)
        .and_then(|mut select| select.query_row([seq], |row| row.get(0)).optional())
        .map_err(failed)?;
    Ok(found.unwrap_or(0))
}
