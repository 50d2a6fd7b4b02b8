//! Tables come, change and go.

use lambent_tables::{IndexName, TableDefinition};
use lambent_types::{Namespace, TableName};
use rusqlite::params;

use super::changes::Changes;
use super::definitions::{self, Body, Defined, Definitions, IndexBody};
use super::items::item_of;
use super::keep;
use super::schema::{Flow, each, failed};
use super::streams;
use crate::quota;
use crate::row::bytes;
use crate::shard::Tx;
use jiff::Timestamp;
use lambent_storage::backend::tables as rules;
use lambent_storage::{Quota, StorageError, Table, TableError};

/// Most items that an index is filled with in one transaction, and about the most of their bytes.
const FILL_MAX: i64 = 256;
const FILL_BYTES_MAX: u64 = 1 << 20;

/// A table to be defined.
pub(super) struct Definer<'a> {
    pub(super) namespace: &'a Namespace,
    pub(super) name: &'a TableName,
    pub(super) definitions: &'a Definitions,
}

impl Definer<'_> {
    pub(super) fn create(
        &self,
        tx: &Tx<'_>,
        definition: TableDefinition,
    ) -> Result<Table, TableError> {
        if self.definitions.find(tx.connection, self.namespace, self.name)?.is_some() {
            return Err(TableError::Exists);
        }
        quota::charge::<TableError>(tx, self.namespace, Quota::Tables, 1)?;
        let created = Timestamp::from_millisecond(tx.now.as_millisecond()).unwrap_or(tx.now);
        let id = uuid::Uuid::now_v7().to_string();
        let (mut stream, backup, restoring) = (None, None, false);
        streams::turn(tx, (self.namespace, self.name), &mut stream, &definition)?;
        let indexes = Vec::new();
        let (revision, next) = (1, 1);
        let mut body =
            Body { id, created, revision, definition, indexes, next, stream, backup, restoring };
        for name in wanted(&body.definition) {
            add_index(&mut body, name, None);
        }
        let defined = definitions::insert(tx.connection, self.namespace, self.name, body)?;
        Ok(defined.shown(tx.connection)?)
    }

    /// Gives the table another definition, and begins to fill the indexes that are new.
    pub(super) fn update(
        &self,
        tx: &Tx<'_>,
        definition: TableDefinition,
        expected: Option<u64>,
    ) -> Result<Table, TableError> {
        let defined = self.definitions.ready(tx.connection, self.namespace, self.name)?;
        let mut defined = Defined::clone(&defined);
        let current = defined.body.revision;
        if expected.is_some_and(|expected| expected != current) {
            return Err(TableError::Changed { current });
        }
        rules::check_update(defined.definition(), &definition)?;
        if *defined.definition() != definition {
            self.change(tx, &mut defined, definition)?;
        }
        Ok(defined.shown(tx.connection)?)
    }

    fn change(
        &self,
        tx: &Tx<'_>,
        defined: &mut Defined,
        definition: TableDefinition,
    ) -> Result<(), StorageError> {
        let other_time = defined.definition().time_to_live != definition.time_to_live;
        let wanted = wanted(&definition);
        let stays = |index: &IndexBody| {
            wanted.contains(&index.name) && (index.name.is_some() || !other_time)
        };
        let (stay, go): (Vec<_>, Vec<_>) =
            std::mem::take(&mut defined.body.indexes).into_iter().partition(stays);
        let new: Vec<_> = wanted
            .into_iter()
            .filter(|name| !stay.iter().any(|index| index.name == *name))
            .collect();
        defined.body.indexes = stay;
        let place = (self.namespace, self.name);
        streams::turn(tx, place, &mut defined.body.stream, &definition)?;
        defined.body.definition = definition;
        defined.body.revision += 1;
        for index in go {
            self.drop_index(tx, defined.id, index.of)?;
        }
        let pieces = new.len();
        for name in new {
            add_index(&mut defined.body, name, Some(Vec::new()));
        }
        // A table of few items is done at once, and nobody waits for the sweep.
        for _ in 0..pieces {
            fill(tx, self.namespace, defined)?;
        }
        definitions::update(tx.connection, defined)
    }

    fn drop_index(&self, tx: &Tx<'_>, table: i64, of: i64) -> Result<(), StorageError> {
        let bytes = definitions::uncount(tx.connection, (table, of))?;
        quota::count(tx, self.namespace, Quota::TableBytes, -bytes);
        definitions::discard(tx.connection, (table, of))
    }

    pub(super) fn delete(&self, tx: &Tx<'_>) -> Result<Table, TableError> {
        let defined = self.definitions.existing(tx.connection, self.namespace, self.name)?;
        if defined.definition().deletion_protection {
            return Err(TableError::Protected);
        }
        let shown = defined.shown(tx.connection)?;
        let indexed: u64 = shown.indexes.values().map(|index| index.bytes).sum();
        let overhead = rules::weight(0).saturating_mul(shown.items.cast_signed());
        let held = shown.bytes.saturating_add(indexed).cast_signed().saturating_add(overhead);
        definitions::delete(tx.connection, &defined)?;
        if let Some(stream) = defined.stream() {
            streams::close(tx, stream)?;
        }
        let reserved = keep::give_up(tx.connection, defined.id)?;
        quota::count(tx, self.namespace, Quota::TableBytes, -held - reserved);
        quota::count(tx, self.namespace, Quota::Tables, -1);
        Ok(shown)
    }
}

/// The indexes that a table of this definition has; none is that of when items are to be deleted.
fn wanted(definition: &TableDefinition) -> Vec<Option<IndexName>> {
    let named = definition.indexes().map(|(name, _)| Some(name.clone()));
    named.chain(definition.time_to_live.is_some().then_some(None)).collect()
}

fn add_index(body: &mut Body, name: Option<IndexName>, filled_to: Option<Vec<u8>>) {
    body.indexes.push(IndexBody { of: body.next, name, filled_to });
    body.next += 1;
}

/// Fills the first index that is not filled with some more items. The caller writes the table.
/// Returns when the first of those items is to be deleted.
pub(super) fn fill(
    tx: &Tx<'_>,
    namespace: &Namespace,
    table: &mut Defined,
) -> Result<Option<i64>, StorageError> {
    let unfilled = table.body.indexes.iter().position(|index| index.filled_to.is_some());
    let Some(at) = unfilled else { return Ok(None) };
    let index = table.body.indexes[at].clone();
    let after = index.filled_to.clone().unwrap_or_default();
    let (mut changes, mut last, mut rows, mut read) = (Changes::new(tx, namespace), None, 0, 0);
    let sql = "SELECT key, size, checksum, body FROM item \
               WHERE table_id = ?1 AND key > ?2 ORDER BY key LIMIT ?3";
    each(tx.connection, sql, params![table.id, after, FILL_MAX], |row| {
        let key = bytes(row, 0).map_err(failed)?;
        let (item, size) = item_of(row, (table.id, key), [1, 2, 3])?;
        if let Some(place) = table.place(&index, &item) {
            changes.enter((table.id, index.of), &place, key)?;
        }
        last = Some(key.to_vec());
        rows += 1;
        read += size;
        Ok(if read < FILL_BYTES_MAX { Flow::GoesOn } else { Flow::Ends })
    })?;
    let is_all = rows < FILL_MAX && read < FILL_BYTES_MAX;
    table.body.indexes[at].filled_to = if is_all { None } else { last };
    Ok(changes.end()?.expires)
}
