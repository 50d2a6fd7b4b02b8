//! What back-ups and tables that are restored have of items, for those who change tables.

use lambent_tables::Item;
use rusqlite::{Connection, params};

use super::items;
use super::schema::{failed, one};
use lambent_storage::StorageError;

/// What the items of a back-up are kept under, where those of a table are under its number.
pub(super) const fn place(backup: i64) -> i64 {
    -backup
}

/// Keeps for a back-up what was there of a key that is about to change, if that is not copied yet.
pub(super) fn keep(
    connection: &Connection,
    (backup, key): (i64, &[u8]),
    old: Option<&Item>,
) -> Result<(), StorageError> {
    let sql = "SELECT 1 FROM table_backup WHERE id = ?1 AND copied_to < ?2";
    match one(connection, sql, params![backup, key], |_| Ok(()))? {
        Some(()) => items::keep(connection, (place(backup), key), old),
        None => Ok(()),
    }
}

/// Ends the restoring of a table, if it is being restored. Returns what was reserved for it.
pub(super) fn give_up(connection: &Connection, table: i64) -> Result<i64, StorageError> {
    let sql = "DELETE FROM table_restore WHERE table_id = ?1 RETURNING reserved";
    let reserved = one(connection, sql, [table], |row| row.get(0).map_err(failed))?;
    Ok(reserved.unwrap_or_default())
}
