//! Streams: the records of a table's changes, and how long they are kept.
//!
//! When a record is to go is not in the record, since the clock may be set: a stream has marks,
//! each of the sequence number from which on records were written since a time. All up to the
//! next mark go together.

mod marks;
mod read;
mod records;
mod tail;

use jiff::Timestamp;
use lambent_tables::{Item, KeySchema, StreamRecord, StreamSequence, StreamView, TableDefinition};
use lambent_types::{Namespace, Origin, TableName};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use super::definitions::{self, Defined, StreamBody};
use super::schema::{Flow, each, execute, failed, one};
use crate::quota;
use crate::row::{Checksum, bytes, checksum, intact};
use crate::shard::Tx;
use lambent_storage::backend::tables as rules;
use lambent_storage::{Quota, StorageError, StreamChange};

pub(super) use self::marks::{due, due_of_new, trim};
pub(super) use self::read::{Read, find, list, page};
pub(super) use self::records::append;
pub(super) use self::tail::Tail;

/// What the records of a stream that is discarded are in the trash as, by the stream's id.
pub(super) const RECORDS: i64 = -1;

/// What a row says of a stream, and never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    view: StreamView,
    key: KeySchema,
    created: Timestamp,
}

/// A stream as its row has it.
struct Stream {
    id: i64,
    namespace: String,
    table: TableName,
    label: String,
    enabled: bool,
    kept: Kept,
}

/// The columns that [`stream_of`] reads.
const COLUMNS: &str = "SELECT id, namespace, name, label, enabled, body, checksum FROM stream";

fn stream_checksum((id, enabled): (i64, i64), texts: [&[u8]; 4]) -> Checksum {
    let numbers = [id.to_le_bytes(), enabled.to_le_bytes()].concat();
    let [namespace, name, label, body] = texts;
    checksum([b"stream", &numbers, namespace, name, label, body])
}

fn stream_of(row: &Row<'_>) -> Result<Stream, StorageError> {
    let raw = |column| bytes(row, column).map_err(failed);
    let text = |column| raw(column).map(|text| String::from_utf8_lossy(text).into_owned());
    let number = |column| row.get::<_, i64>(column).map_err(failed);
    let (id, enabled) = (number(0)?, number(4)?);
    let (namespace, name, label) = (text(1)?, text(2)?, text(3)?);
    let what = || format!("stream {label} of table {name:?} of namespace {namespace:?}");
    let sum = stream_checksum((id, enabled), [raw(1)?, raw(2)?, raw(3)?, raw(5)?]);
    intact(sum == raw(6)?, what)?;
    let invalid = |error: &dyn std::fmt::Display| StorageError::corrupt(what(), error.to_string());
    let table = name.parse().map_err(|error| invalid(&error))?;
    let kept = serde_json::from_slice(raw(5)?).map_err(|error| invalid(&error))?;
    Ok(Stream { id, namespace, table, label, enabled: enabled != 0, kept })
}

fn by_id(connection: &Connection, id: i64) -> Result<Option<Stream>, StorageError> {
    one(connection, &format!("{COLUMNS} WHERE id = ?1"), [id], stream_of)
}

impl Stream {
    fn namespace(&self) -> Result<Namespace, StorageError> {
        self.namespace.parse().map_err(|error| {
            StorageError::corrupt("stream", format!("its namespace {:?}: {error}", self.namespace))
        })
    }

    /// Writes the row of one that is there.
    fn write(&self, connection: &Connection) -> Result<(), StorageError> {
        let body = serde_json::to_string(&self.kept)
            .map_err(|error| StorageError::unavailable("write a stream", error))?;
        let enabled = i64::from(self.enabled);
        let texts = [&self.namespace, self.table.as_str(), &self.label, &body].map(str::as_bytes);
        let checksum = stream_checksum((self.id, enabled), texts);
        let sql = "UPDATE stream SET enabled = ?2, body = ?3, checksum = ?4 WHERE id = ?1";
        execute(connection, sql, params![self.id, enabled, body, checksum]).map(drop)
    }
}

/// Turns on a stream of a table.
pub(super) fn open(
    tx: &Tx<'_>,
    (namespace, table): (&Namespace, &TableName),
    (view, key): (StreamView, &KeySchema),
) -> Result<StreamBody, StorageError> {
    let (connection, owner) = (tx.connection, namespace.key());
    let sql = "SELECT label FROM stream WHERE namespace = ?1 AND name = ?2 \
               ORDER BY label DESC LIMIT 1";
    let place = params![owner, table.as_str()];
    let last = one(connection, sql, place, |row| row.get::<_, String>(0).map_err(failed))?;
    let (label, created) = rules::stream_label(tx.now, last.as_deref());
    let sql = "INSERT INTO stream (namespace, name, label, enabled, body, checksum) \
               VALUES (?1, ?2, ?3, 1, '', x'')";
    execute(connection, sql, params![owner, table.as_str(), label])?;
    let id = connection.last_insert_rowid();
    let kept = Kept { view, key: key.clone(), created };
    let table = table.clone();
    let stream = Stream { id, namespace: owner, table, label, enabled: true, kept };
    stream.write(connection)?;
    Tail::new(id).write(connection)?;
    Ok(StreamBody { id, label: stream.label, on: true })
}

/// Ends a stream.
pub(super) fn close(tx: &Tx<'_>, id: i64) -> Result<(), StorageError> {
    let Some(mut stream) = by_id(tx.connection, id)? else { return Ok(()) };
    stream.enabled = false;
    stream.write(tx.connection)?;
    // It goes with the mark behind its last record.
    let tail = Tail::of(tx.connection, id)?;
    marks::set(tx.connection, (id, tail.next), tx.now)
}

/// Turns streams on and off as a definition says that replaces another.
pub(super) fn turn(
    tx: &Tx<'_>,
    place: (&Namespace, &TableName),
    stream: &mut Option<StreamBody>,
    definition: &TableDefinition,
) -> Result<(), StorageError> {
    let on = stream.as_mut().filter(|stream| stream.on);
    match (on, definition.stream) {
        (Some(there), None) => {
            there.on = false;
            close(tx, there.id)
        }
        (None, Some(view)) => {
            *stream = Some(open(tx, place, (view, &definition.key))?);
            Ok(())
        }
        (Some(_), Some(_)) | (None, None) => Ok(()),
    }
}

/// What a change of an item is in the stream of its table, if that has one and something changed.
/// Its sequence number is given when it is appended.
pub(super) fn change(
    table: &Defined,
    items: (Option<&Item>, Option<&Item>),
    (at, expired): (Timestamp, bool),
    origin: &Origin,
) -> Option<StreamChange> {
    table.stream()?;
    let definition = table.definition();
    let facts = (definition.stream?, &definition.key);
    let record = StreamRecord::of(facts, items, (StreamSequence::FIRST, at), expired)?;
    Some(StreamChange { record, origin: origin.clone() })
}

/// Deletes the row of a stream, and what says how far it is.
fn forget(connection: &Connection, id: i64) -> Result<(), StorageError> {
    execute(connection, "DELETE FROM stream WHERE id = ?1", [id])?;
    execute(connection, "DELETE FROM stream_tail WHERE stream = ?1", [id])?;
    execute(connection, "DELETE FROM stream_mark WHERE stream = ?1", [id]).map(drop)
}

/// Puts the streams of tables that are gone into the trash. Returns their ids.
pub(super) fn discard(tx: &Tx<'_>, namespace: &Namespace) -> Result<Vec<i64>, StorageError> {
    let mut gone = Vec::new();
    let sql = "SELECT id FROM stream WHERE namespace = ?1 AND NOT EXISTS (SELECT 1 FROM table_ \
               WHERE table_.namespace = stream.namespace AND table_.name = stream.name)";
    each(tx.connection, sql, [namespace.key()], |row| {
        gone.push(row.get::<_, i64>(0).map_err(failed)?);
        Ok(Flow::GoesOn)
    })?;
    for id in &gone {
        let tail = Tail::of(tx.connection, *id)?;
        quota::count(tx, namespace, Quota::TableBytes, -tail.bytes);
        forget(tx.connection, *id)?;
        definitions::discard(tx.connection, (*id, RECORDS))?;
    }
    Ok(gone)
}

/// What is woken when a stream has more, or has ended: by a number that no queue has.
pub(super) const fn signal(id: i64) -> i64 {
    -id
}

/// Wakes those who wait for streams, once this is committed.
pub(super) fn wake(tx: &mut Tx<'_>, ids: Vec<i64>) {
    if !ids.is_empty() {
        let signals = std::sync::Arc::clone(tx.signals);
        tx.after_commit(move || ids.into_iter().for_each(|id| signals.wake(signal(id))));
    }
}
