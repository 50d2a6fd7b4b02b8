//! The rows of records.

use jiff::Timestamp;
use lambent_tables::{Item, ItemChange, StreamRecord, StreamSequence};
use rusqlite::{Row, params};

use super::marks;
use super::tail::Tail;
use crate::row::{Checksum, bytes, checksum, intact, integer};
use crate::shard::Tx;
use crate::tables::schema::{execute, failed};
use lambent_storage::backend::tables as rules;
use lambent_storage::{StorageError, StreamChange};

/// What a change is in its row.
const fn code(record: &StreamRecord) -> i64 {
    match (record.change, record.expired) {
        (ItemChange::Insert, _) => 1,
        (ItemChange::Modify, _) => 2,
        (ItemChange::Remove, false) => 3,
        (ItemChange::Remove, true) => 4,
    }
}

const fn decode(code: i64) -> Option<(ItemChange, bool)> {
    match code {
        1 => Some((ItemChange::Insert, false)),
        2 => Some((ItemChange::Modify, false)),
        3 => Some((ItemChange::Remove, false)),
        4 => Some((ItemChange::Remove, true)),
        _ => None,
    }
}

fn record_checksum(
    (stream, sequence, at, code): (i64, i64, i64, i64),
    keys: &[u8],
    items: [Option<&[u8]>; 2],
    origin: &[u8],
) -> Checksum {
    let kept = items.map(|item| i64::from(item.is_some()).to_le_bytes()).concat();
    let numbers = [stream, sequence, at, code].map(i64::to_le_bytes).concat();
    let [old, new] = items.map(Option::unwrap_or_default);
    checksum([b"record", &numbers, &kept, keys, old, new, origin])
}

/// Appends a record. Returns what it counts against the quota, and whether it is the first that
/// goes at another time than those before it.
pub(in crate::tables) fn append(
    tx: &Tx<'_>,
    tail: &mut Tail,
    change: &StreamChange,
) -> Result<(i64, bool), StorageError> {
    let StreamChange { record, origin } = change;
    let (sequence, at) = (tail.next, record.at.as_millisecond());
    let (keys, origin) = (record.keys.to_bytes(), rules::origin_text(origin));
    let (old, new) =
        (record.old.as_ref().map(Item::to_bytes), record.new.as_ref().map(Item::to_bytes));
    let (code, weight) = (code(record), rules::stream_weight(change));
    let text = origin.as_deref().unwrap_or_default().as_bytes();
    let items = [old.as_deref(), new.as_deref()];
    let checksum = record_checksum((tail.id, sequence, at, code), &keys, items, text);
    let sql = "INSERT INTO stream_record \
               (stream, sequence, at, change, weight, keys, old, new, origin, checksum) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let parameters = params![tail.id, sequence, at, code, weight, keys, old, new, origin, checksum];
    execute(tx.connection, sql, parameters)?;
    let marks = marks::is_wanted(tail, tx.now);
    if marks {
        marks::set(tx.connection, (tail.id, sequence), tx.now)?;
        tail.marked = tx.now.as_millisecond();
    }
    tail.next += 1;
    tail.bytes += weight;
    Ok((weight, marks))
}

/// Reads the record of a row: sequence, time, change, key, both items, origin and checksum.
pub(super) fn change_of(row: &Row<'_>, stream: i64) -> Result<StreamChange, StorageError> {
    let number = |column| row.get::<_, i64>(column).map_err(failed);
    let raw = |column| bytes(row, column).map_err(failed);
    let optional = |column| -> Result<Option<&[u8]>, StorageError> {
        let is_null = row.get_ref(column).map_err(failed)? == rusqlite::types::ValueRef::Null;
        Ok(if is_null { None } else { Some(raw(column)?) })
    };
    let (sequence, at, code) = (number(0)?, number(1)?, number(2)?);
    let what = || format!("record {sequence} of stream {stream}");
    let (keys, items, origin) = (raw(3)?, [optional(4)?, optional(5)?], raw(6)?);
    let sum = record_checksum((stream, sequence, at, code), keys, items, origin);
    intact(sum == raw(7)?, what)?;
    let damaged = |error: String| StorageError::corrupt(what(), error);
    let item = |bytes: &[u8]| Item::from_bytes(bytes).map_err(damaged);
    let (change, expired) = decode(code).ok_or_else(|| damaged(format!("change {code}")))?;
    let [old, new] = items;
    let record = StreamRecord {
        sequence: StreamSequence(sequence.unsigned_abs()),
        at: Timestamp::from_millisecond(at).map_err(|error| damaged(error.to_string()))?,
        keys: item(keys)?,
        old: old.map(item).transpose()?,
        new: new.map(item).transpose()?,
        change,
        expired,
        size: 0,
    };
    let origin = match origin {
        [] => Ok(Default::default()),
        text => serde_json::from_slice(text).map_err(|error| damaged(error.to_string())),
    };
    let record = StreamRecord { size: record.counted(), ..record };
    Ok(StreamChange { record, origin: origin? })
}

/// The number of a row for a sequence number.
pub(super) fn number(sequence: StreamSequence) -> i64 {
    integer(sequence.0)
}
