//! Back-ups of tables, and tables that are made of them.
//!
//! A back-up is of the moment of the transaction that begins it, and its items are copied in
//! pieces, in the order of their keys. A write to what is not copied yet first puts into the
//! back-up what was there, so that nobody waits for the copy, and the copy goes on where it was
//! whenever the process ends.

use jiff::Timestamp;
use lambent_tables::TableDefinition;
use lambent_types::{Namespace, TableName};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use super::changes::Changes;
use super::define::Definer;
use super::definitions::{self, Definitions, ITEMS};
use super::items::{self, item_of};
use super::keep::{give_up, place};
use super::schema::{Flow, each, execute, failed, one};
use crate::quota;
use crate::row::{Checksum, bytes, checksum, intact};
use crate::shard::Tx;
use lambent_storage::backend::tables as rules;
use lambent_storage::{Quota, StorageError, Table, TableBackup, TableError};

/// Most items that are copied in one transaction, and about the most of their bytes: as many as
/// do not keep other writers waiting.
const PIECE_MAX: i64 = 256;
const PIECE_ITEM_BYTES: u64 = 1 << 20;
/// About how many bytes the rows take that are copied in one transaction.
pub(super) const PIECE_BYTES: usize = 2 << 20;

/// What a row says of a back-up.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Body {
    name: String,
    table: TableName,
    table_id: String,
    table_created: Timestamp,
    definition: TableDefinition,
    created: Timestamp,
    items: u64,
    bytes: u64,
}

/// A back-up as its row has it.
pub(super) struct Backup {
    id: i64,
    /// The number of the table.
    source: i64,
    name: String,
    /// The key of the last item that is copied, while not all are.
    copied_to: Option<Vec<u8>>,
    body: Body,
}

impl Backup {
    /// What others are told of it.
    pub(super) fn shown(self) -> TableBackup {
        TableBackup {
            id: self.name,
            name: self.body.name,
            table: self.body.table,
            table_id: self.body.table_id,
            table_created: self.body.table_created,
            definition: self.body.definition,
            created: self.body.created,
            items: self.body.items,
            bytes: self.body.bytes,
            whole: self.copied_to.is_none(),
        }
    }

    /// What its items count against the quota.
    fn weight(&self) -> i64 {
        weight(self.body.items, self.body.bytes)
    }
}

/// What so many items of together so many bytes count against the quota.
fn weight(items: u64, bytes: u64) -> i64 {
    rules::weight(0).saturating_mul(items.cast_signed()).saturating_add(bytes.cast_signed())
}

fn backup_checksum(source: i64, texts: [&[u8]; 3]) -> Checksum {
    let [namespace, name, body] = texts;
    checksum([b"table backup", &source.to_le_bytes(), namespace, name, body])
}

const COLUMNS: &str =
    "SELECT id, source, namespace, backup, copied_to, body, checksum FROM table_backup";

fn backup(row: &Row<'_>) -> Result<Backup, StorageError> {
    let name: String = row.get(3).map_err(failed)?;
    let what = || format!("back-up {name:?}");
    let source = row.get(1).map_err(failed)?;
    let same = || {
        let texts = [bytes(row, 2)?, bytes(row, 3)?, bytes(row, 5)?];
        Ok(backup_checksum(source, texts) == bytes(row, 6)?)
    };
    intact(same().map_err(failed)?, what)?;
    let body = serde_json::from_slice(bytes(row, 5).map_err(failed)?)
        .map_err(|error| StorageError::corrupt(what(), error.to_string()))?;
    let (id, copied_to) = (row.get(0).map_err(failed)?, row.get(4).map_err(failed)?);
    Ok(Backup { id, source, name, copied_to, body })
}

/// The back-up with this id.
pub(super) fn find(
    connection: &Connection,
    namespace: &Namespace,
    id: &str,
) -> Result<Option<Backup>, StorageError> {
    let sql = format!("{COLUMNS} WHERE namespace = ?1 AND backup = ?2");
    one(connection, &sql, params![namespace.key(), id], backup)
}

/// Back-ups by their ids.
pub(super) fn list(
    connection: &Connection,
    namespace: &Namespace,
    table: Option<&TableName>,
    after: &str,
    limit: usize,
) -> Result<Vec<TableBackup>, StorageError> {
    let mut found = Vec::new();
    let sql = format!("{COLUMNS} WHERE namespace = ?1 AND backup > ?2 ORDER BY backup");
    each(connection, &sql, params![namespace.key(), after], |row| {
        let backup = backup(row)?.shown();
        if table.is_none_or(|table| *table == backup.table) {
            found.push(backup);
        }
        Ok(if found.len() < limit { Flow::GoesOn } else { Flow::Ends })
    })?;
    Ok(found)
}

/// Begins a back-up, and copies the first items.
pub(super) fn create(
    tx: &Tx<'_>,
    (namespace, name): (&Namespace, &TableName),
    called: &str,
    definitions: &Definitions,
) -> Result<TableBackup, TableError> {
    let table = definitions.ready(tx.connection, namespace, name)?;
    if table.body.backup.is_some() {
        return Err(TableError::BackupInUse);
    }
    let shown = table.shown(tx.connection)?;
    let held = weight(shown.items, shown.bytes);
    quota::charge::<TableError>(tx, namespace, Quota::TableBytes, held)?;
    let body = Body {
        name: called.to_owned(),
        table: shown.name,
        table_id: shown.id,
        table_created: shown.created,
        definition: shown.definition,
        created: Timestamp::from_millisecond(tx.now.as_millisecond()).unwrap_or(tx.now),
        items: shown.items,
        bytes: shown.bytes,
    };
    let (id, owner) = (rules::backup_id(tx.now), namespace.key());
    let text = serde_json::to_string(&body)
        .map_err(|error| StorageError::unavailable("write a back-up", error))?;
    let checksum = backup_checksum(table.id, [owner.as_bytes(), id.as_bytes(), text.as_bytes()]);
    let sql = "INSERT INTO table_backup (namespace, backup, source, copied_to, body, checksum) \
               VALUES (?1, ?2, ?3, x'', ?4, ?5)";
    execute(tx.connection, sql, params![owner, id, table.id, text, checksum])?;
    let mut table = definitions::Defined::clone(&table);
    table.body.backup = Some(tx.connection.last_insert_rowid());
    definitions::update(tx.connection, &mut table)?;
    // Of a table of few items it is whole at once.
    copy_first(tx, table.id)?;
    let made = find(tx.connection, namespace, &id)?;
    made.map(Backup::shown).ok_or(TableError::NoBackup(id))
}

/// Whether there is something to copy.
pub(super) fn is_copying(connection: &Connection) -> Result<bool, StorageError> {
    let sql = "SELECT 1 FROM table_backup WHERE copied_to IS NOT NULL \
               UNION ALL SELECT 1 FROM table_restore LIMIT 1";
    Ok(one(connection, sql, [], |_| Ok(()))?.is_some())
}

/// Copies some more items for a back-up or a table that is restored. Returns whether there may be
/// more to copy.
pub(super) fn copy_some(tx: &mut Tx<'_>) -> Result<bool, StorageError> {
    tx.atomically(|tx| {
        let sql = "SELECT source FROM table_backup WHERE copied_to IS NOT NULL LIMIT 1";
        let source: Option<i64> = one(tx.connection, sql, [], |row| row.get(0).map_err(failed))?;
        match source {
            Some(source) => copy_first(tx, source).map(|()| true),
            None => restore_some(tx),
        }
    })
}

/// Copies some more items of a table for the back-up that is being made of it.
fn copy_first(tx: &Tx<'_>, source: i64) -> Result<(), StorageError> {
    let sql = format!("{COLUMNS} WHERE source = ?1 AND copied_to IS NOT NULL");
    let Some(found) = one(tx.connection, &sql, [source], backup)? else { return Ok(()) };
    let after = found.copied_to.unwrap_or_default();
    let copied_to = piece(tx.connection, source, &after, |key, item| {
        items::keep(tx.connection, (place(found.id), key), Some(item))
    })?;
    let sql = "UPDATE table_backup SET copied_to = ?2 WHERE id = ?1";
    execute(tx.connection, sql, params![found.id, copied_to])?;
    if copied_to.is_none() {
        release(tx.connection, source)?;
    }
    Ok(())
}

/// Writers of a table have nothing to keep any more.
fn release(connection: &Connection, source: i64) -> Result<(), StorageError> {
    // It may have been deleted meanwhile.
    let Some(mut table) = definitions::by_id(connection, source)? else { return Ok(()) };
    table.body.backup = None;
    definitions::update(connection, &mut table)
}

/// Reads some items after a key. Returns the key of the last, if there may be more.
fn piece(
    connection: &Connection,
    table: i64,
    after: &[u8],
    mut take: impl FnMut(&[u8], &lambent_tables::Item) -> Result<(), StorageError>,
) -> Result<Option<Vec<u8>>, StorageError> {
    let (mut last, mut rows, mut read) = (None, 0, 0);
    let sql = "SELECT key, size, checksum, body FROM item \
               WHERE table_id = ?1 AND key > ?2 ORDER BY key LIMIT ?3";
    each(connection, sql, params![table, after, PIECE_MAX], |row| {
        let key = bytes(row, 0).map_err(failed)?;
        rows += 1;
        last = Some(key.to_vec());
        // What a back-up leaves out.
        if row.get::<_, i64>(1).map_err(failed)? >= 0 {
            let (item, size) = item_of(row, (table, key), [1, 2, 3])?;
            take(key, &item)?;
            read += size;
        }
        Ok(if read < PIECE_ITEM_BYTES { Flow::GoesOn } else { Flow::Ends })
    })?;
    let is_all = rows < PIECE_MAX && read < PIECE_ITEM_BYTES;
    Ok(if is_all { None } else { last })
}

/// Deletes a back-up, whole or not, and puts its items into the trash.
pub(super) fn delete(
    tx: &Tx<'_>,
    namespace: &Namespace,
    id: &str,
) -> Result<TableBackup, TableError> {
    let found = find(tx.connection, namespace, id)?;
    let found = found.ok_or_else(|| TableError::NoBackup(id.to_owned()))?;
    let sql = "SELECT 1 FROM table_restore WHERE backup = ?1 LIMIT 1";
    if one(tx.connection, sql, [found.id], |_| Ok(()))?.is_some() {
        return Err(TableError::BackupInUse);
    }
    execute(tx.connection, "DELETE FROM table_backup WHERE id = ?1", [found.id])?;
    if found.copied_to.is_some() {
        release(tx.connection, found.source)?;
    }
    definitions::discard(tx.connection, (place(found.id), ITEMS))?;
    quota::count(tx, namespace, Quota::TableBytes, -found.weight());
    Ok(found.shown())
}

/// Creates a table that gets the items of a back-up, the first of them at once.
pub(super) fn restore(
    tx: &Tx<'_>,
    definer: &Definer<'_>,
    id: &str,
    definition: TableDefinition,
) -> Result<Table, TableError> {
    let found = find(tx.connection, definer.namespace, id)?;
    let found = found.ok_or_else(|| TableError::NoBackup(id.to_owned()))?;
    if found.copied_to.is_some() {
        return Err(TableError::BackupInUse);
    }
    rules::check_restored(&found.body.definition, &definition)?;
    definer.create(tx, definition)?;
    let held = found.weight();
    quota::charge::<TableError>(tx, definer.namespace, Quota::TableBytes, held)?;
    let (namespace, name) = (definer.namespace.key(), definer.name.as_str());
    let sql = "SELECT id FROM table_ WHERE namespace = ?1 AND name = ?2";
    let table: Option<i64> =
        one(tx.connection, sql, params![namespace, name], |row| row.get(0).map_err(failed))?;
    // Not by what is kept in memory of definitions: all this may still be undone.
    let mut table = defined(tx.connection, table.unwrap_or_default())?;
    table.body.restoring = true;
    definitions::update(tx.connection, &mut table)?;
    let sql = "INSERT INTO table_restore VALUES (?1, ?2, x'', ?3)";
    execute(tx.connection, sql, params![table.id, found.id, held])?;
    restore_piece(tx, (table.id, found.id), (&[], held))?;
    Ok(defined(tx.connection, table.id)?.shown(tx.connection)?)
}

/// Copies some more items into the first table that is being restored. Returns whether there was
/// one.
fn restore_some(tx: &Tx<'_>) -> Result<bool, StorageError> {
    let sql = "SELECT table_id, backup, copied_to, reserved FROM table_restore LIMIT 1";
    let found = one(tx.connection, sql, [], |row| {
        let number = |column| row.get::<_, i64>(column).map_err(failed);
        let copied_to = bytes(row, 2).map_err(failed)?.to_vec();
        Ok(((number(0)?, number(1)?), copied_to, number(3)?))
    })?;
    let Some((ids, copied_to, reserved)) = found else { return Ok(false) };
    restore_piece(tx, ids, (&copied_to, reserved))?;
    Ok(true)
}

/// A table that is being restored.
fn defined(connection: &Connection, table: i64) -> Result<definitions::Defined, StorageError> {
    let found = definitions::by_id(connection, table)?;
    found.ok_or_else(|| StorageError::corrupt("table that is restored", "its row is missing"))
}

fn restore_piece(
    tx: &Tx<'_>,
    (table, backup): (i64, i64),
    (after, reserved): (&[u8], i64),
) -> Result<(), StorageError> {
    let mut defined = defined(tx.connection, table)?;
    let namespace = defined.owner()?;
    let (mut changes, mut weight) = (Changes::new(tx, &namespace), 0);
    let copied_to = piece(tx.connection, place(backup), after, |key, item| {
        let size = changes.write((&defined, key), None, Some(item))?;
        weight += rules::weight(size);
        Ok(())
    })?;
    changes.end()?;
    // It was charged for when it began.
    quota::count(tx, &namespace, Quota::TableBytes, -weight);
    match copied_to {
        Some(copied_to) => {
            let sql = "UPDATE table_restore SET copied_to = ?2, reserved = ?3 WHERE table_id = ?1";
            execute(tx.connection, sql, params![table, copied_to, reserved - weight]).map(drop)
        }
        None => {
            let left = give_up(tx.connection, table)? - weight;
            quota::count(tx, &namespace, Quota::TableBytes, -left);
            defined.body.restoring = false;
            definitions::update(tx.connection, &mut defined)
        }
    }
}
