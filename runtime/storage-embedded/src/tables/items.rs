//! The rows of items, and those of the indexes that they are in.

use lambent_tables::Item;
use rusqlite::{Connection, Row, params};

use super::definitions::Place;
use super::schema::{execute, failed, one};
use crate::row::{Checksum, bytes, checksum, intact, integer};
use lambent_storage::StorageError;

/// The size of what says that a back-up does not have an item.
const NOTHING: i64 = -1;

/// An item that is there.
pub(super) struct Current {
    /// Of its row.
    pub(super) id: i64,
    /// Its bytes, as DynamoDB counts them.
    pub(super) size: u64,
    /// Itself, if it was asked for.
    pub(super) item: Option<Item>,
}

fn item_checksum((table, size): (i64, i64), key: &[u8], body: &[u8]) -> Checksum {
    let numbers = [table.to_le_bytes(), size.to_le_bytes()].concat();
    checksum([b"item", &numbers, key, body])
}

/// Reads an item of columns of these numbers: its size, its checksum and its body.
pub(super) fn item_of(
    row: &Row<'_>,
    (table, key): (i64, &[u8]),
    [size, sum, body]: [usize; 3],
) -> Result<(Item, u64), StorageError> {
    let what = || format!("item {}", key.escape_ascii());
    // Nothing where an index leads to an item that is not there.
    let size: Option<i64> = row.get(size).map_err(failed)?;
    let size = size.ok_or_else(|| StorageError::corrupt(what(), "an index leads to nothing"))?;
    let body = bytes(row, body).map_err(failed)?;
    let sum = bytes(row, sum).map_err(failed)?;
    intact(item_checksum((table, size), key, body) == sum, what)?;
    let item = Item::from_bytes(body).map_err(|error| StorageError::corrupt(what(), error))?;
    Ok((item, size.unsigned_abs()))
}

/// Reads what is there of a key, with the item itself if that `is_asked`.
pub(super) fn current(
    connection: &Connection,
    table: i64,
    key: &[u8],
    is_asked: bool,
) -> Result<Option<Current>, StorageError> {
    let sql = "SELECT id, size, checksum, body FROM item WHERE table_id = ?1 AND key = ?2";
    one(connection, sql, params![table, key], |row| {
        let number = |column| row.get::<_, i64>(column).map_err(failed);
        let item = is_asked.then(|| item_of(row, (table, key), [1, 2, 3])).transpose()?;
        let item = item.map(|(item, _)| item);
        Ok(Current { id: number(0)?, size: number(1)?.unsigned_abs(), item })
    })
}

/// Writes an item that is new, or over the one of a row.
pub(super) fn write(
    connection: &Connection,
    (table, key): (i64, &[u8]),
    current: Option<&Current>,
    item: &Item,
) -> Result<u64, StorageError> {
    let (body, size) = (item.to_bytes(), item.size() as u64);
    let checksum = item_checksum((table, integer(size)), key, &body);
    let size_ = integer(size);
    match current {
        None => {
            let sql = "INSERT INTO item (table_id, key, size, checksum, body) \
                       VALUES (?1, ?2, ?3, ?4, ?5)";
            execute(connection, sql, params![table, key, size_, checksum, body])?;
        }
        Some(current) => {
            let sql = "UPDATE item SET size = ?2, checksum = ?3, body = ?4 WHERE id = ?1";
            execute(connection, sql, params![current.id, size_, checksum, body])?;
        }
    }
    Ok(size)
}

/// Puts into a back-up what is there of a key, or that nothing is, unless it has the key already.
pub(super) fn keep(
    connection: &Connection,
    (backup, key): (i64, &[u8]),
    item: Option<&Item>,
) -> Result<(), StorageError> {
    let (size, body) =
        item.map_or((NOTHING, Vec::new()), |item| (integer(item.size() as u64), item.to_bytes()));
    let checksum = item_checksum((backup, size), key, &body);
    let sql = "INSERT OR IGNORE INTO item (table_id, key, size, checksum, body) \
               VALUES (?1, ?2, ?3, ?4, ?5)";
    execute(connection, sql, params![backup, key, size, checksum, body]).map(drop)
}

/// Deletes an item.
pub(super) fn delete(connection: &Connection, current: &Current) -> Result<(), StorageError> {
    execute(connection, "DELETE FROM item WHERE id = ?1", [current.id]).map(drop)
}

/// Puts an item into an index, if it is not in it. Returns whether it was not.
pub(super) fn enter(
    connection: &Connection,
    (table, of): (i64, i64),
    place: &Place,
    key: &[u8],
) -> Result<bool, StorageError> {
    let entered = match place {
        Place::Key(place) => {
            let sql = "INSERT OR IGNORE INTO item_index VALUES (?1, ?2, ?3, ?4)";
            execute(connection, sql, params![table, of, place, key])
        }
        Place::Expiry(expires) => {
            let sql = "INSERT OR REPLACE INTO item_expiry VALUES (?1, ?2, ?3, ?4)";
            execute(connection, sql, params![table, of, key, expires])
        }
    };
    Ok(entered? > 0)
}

/// Takes an item out of an index. Returns whether it was in it: one that is not filled yet may
/// not have it.
pub(super) fn leave(
    connection: &Connection,
    (table, of): (i64, i64),
    place: &Place,
    key: &[u8],
) -> Result<bool, StorageError> {
    let left = match place {
        Place::Key(place) => {
            let sql = "DELETE FROM item_index \
                       WHERE table_id = ?1 AND of = ?2 AND place = ?3 AND item = ?4";
            execute(connection, sql, params![table, of, place, key])
        }
        Place::Expiry(_) => {
            let sql = "DELETE FROM item_expiry WHERE table_id = ?1 AND of = ?2 AND item = ?3";
            execute(connection, sql, params![table, of, key])
        }
    };
    Ok(left? > 0)
}
