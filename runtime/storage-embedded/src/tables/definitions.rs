//! The rows of tables, and what they say in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use lambent_tables::{Index, IndexName, Item, TableDefinition};
use lambent_types::{Namespace, TableName};
use moka::sync::Cache as Moka;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use super::schema::{Flow, each, execute, failed, one};
use crate::row::{Checksum, bytes, checksum, intact, integer};
use lambent_storage::backend::tables as rules;
use lambent_storage::{StorageError, Table, TableError, TableIndex};

/// What a table's own items are counted under, and are in the trash as.
pub(super) const ITEMS: i64 = 0;
/// Most definitions that are kept in memory.
const KEPT_MAX: u64 = 1024;

/// What a table says of its stream, or of the last one that it had.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StreamBody {
    pub(super) id: i64,
    pub(super) label: String,
    /// Whether changes are written to it.
    pub(super) on: bool,
}

/// A table as its row has it.
#[derive(Debug, Clone)]
pub(super) struct Defined {
    pub(super) id: i64,
    /// Grows whenever the row is written.
    version: i64,
    /// In lower case.
    pub(super) namespace: String,
    pub(super) name: TableName,
    pub(super) body: Body,
}

/// What a row says of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) id: String,
    pub(super) created: Timestamp,
    pub(super) revision: u64,
    pub(super) definition: TableDefinition,
    pub(super) indexes: Vec<IndexBody>,
    /// The number that the next index gets.
    pub(super) next: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stream: Option<StreamBody>,
    /// The back-up that is being made of it, for which writers keep what they change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) backup: Option<i64>,
    /// Whether it is being filled with what a back-up has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) restoring: bool,
}

/// What a row says of an index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct IndexBody {
    pub(super) of: i64,
    /// None of the index of when items are to be deleted.
    pub(super) name: Option<IndexName>,
    /// The key of the last item that it is filled with, while it is not filled with all.
    pub(super) filled_to: Option<Vec<u8>>,
}

impl Defined {
    pub(super) const fn definition(&self) -> &TableDefinition {
        &self.body.definition
    }

    /// The namespace that it is in.
    pub(super) fn owner(&self) -> Result<Namespace, StorageError> {
        self.namespace.parse().map_err(|error| {
            StorageError::corrupt("table", format!("its namespace {:?}: {error}", self.namespace))
        })
    }

    /// Whether some index is not filled yet.
    pub(super) fn is_filling(&self) -> bool {
        self.body.indexes.iter().any(|index| index.filled_to.is_some())
    }

    /// An index with what it is.
    pub(super) fn index(&self, name: &IndexName) -> Option<(&IndexBody, &Index)> {
        let body = self.body.indexes.iter().find(|index| index.name.as_ref() == Some(name))?;
        Some((body, self.definition().index(name.as_str())?))
    }

    /// The number of the index of when items are to be deleted.
    pub(super) fn expiry(&self) -> Option<i64> {
        self.body.indexes.iter().find(|index| index.name.is_none()).map(|index| index.of)
    }

    /// The id of the stream that changes of items are written to, if there is one.
    pub(super) fn stream(&self) -> Option<i64> {
        self.body.stream.as_ref().filter(|stream| stream.on).map(|stream| stream.id)
    }

    /// Where an item is in an index, if it is in it.
    pub(super) fn place(&self, index: &IndexBody, item: &Item) -> Option<Place> {
        match &index.name {
            Some(name) => {
                let index = self.definition().index(name.as_str())?;
                rules::place(index, item).map(Place::Key)
            }
            None => rules::expires(self.definition(), item).map(Place::Expiry),
        }
    }

    /// What others are told of it.
    pub(super) fn shown(&self, connection: &Connection) -> Result<Table, StorageError> {
        let counts = counts(connection, self.id)?;
        let count = |of| counts.get(&of).copied().unwrap_or_default();
        let (items, bytes) = count(ITEMS);
        let indexes = self.body.indexes.iter().filter_map(|index| {
            let (items, bytes) = count(index.of);
            let filling = index.filled_to.is_some();
            Some((index.name.clone()?, TableIndex { items, bytes, filling }))
        });
        Ok(Table {
            name: self.name.clone(),
            definition: self.body.definition.clone(),
            id: self.body.id.clone(),
            created: self.body.created,
            revision: self.body.revision,
            items,
            bytes,
            indexes: indexes.collect(),
            stream: self.body.stream.as_ref().map(|stream| stream.label.clone()),
            restoring: self.body.restoring,
        })
    }
}

/// Where an item is in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// By the key of the index.
    Key(Vec<u8>),
    /// By the time at which it is to be deleted, in seconds.
    Expiry(i64),
}

/// Items and bytes, by what they are counted under.
fn counts(connection: &Connection, table: i64) -> Result<BTreeMap<i64, (u64, u64)>, StorageError> {
    let mut counts = BTreeMap::new();
    let sql = "SELECT of, items, bytes FROM table_count WHERE table_id = ?1";
    each(connection, sql, [table], |row| {
        let number = |column| row.get::<_, i64>(column).map_err(failed);
        counts.insert(number(0)?, (number(1)?.unsigned_abs(), number(2)?.unsigned_abs()));
        Ok(Flow::GoesOn)
    })?;
    Ok(counts)
}

/// Adds to what is counted.
pub(super) fn count(
    connection: &Connection,
    (table, of): (i64, i64),
    (items, bytes): (i64, i64),
) -> Result<(), StorageError> {
    let sql = "INSERT INTO table_count VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT DO UPDATE SET items = items + ?3, bytes = bytes + ?4";
    execute(connection, sql, params![table, of, items, bytes]).map(drop)
}

/// Forgets what is counted; returns the bytes.
pub(super) fn uncount(
    connection: &Connection,
    (table, of): (i64, i64),
) -> Result<i64, StorageError> {
    let sql = "DELETE FROM table_count WHERE table_id = ?1 AND of = ?2 RETURNING bytes";
    let bytes = one(connection, sql, [table, of], |row| row.get(0).map_err(failed))?;
    Ok(bytes.unwrap_or_default())
}

/// What rows say, in memory: a row that has the version of one that was read says the same.
pub(crate) struct Definitions(Moka<(String, TableName), Arc<Defined>>);

impl Default for Definitions {
    fn default() -> Self {
        Self(Moka::new(KEPT_MAX))
    }
}

const COLUMNS: &str = "SELECT id, version, namespace, name, body, checksum FROM table_";

impl Definitions {
    /// A table, as this connection sees it.
    pub(super) fn find(
        &self,
        connection: &Connection,
        namespace: &Namespace,
        name: &TableName,
    ) -> Result<Option<Arc<Defined>>, StorageError> {
        let place = (namespace.key(), name.clone());
        let sql = "SELECT id, version, namespace, name, body, checksum FROM table_ \
                   WHERE namespace = ?1 AND name = ?2";
        one(connection, sql, params![place.0, name.as_str()], |row| {
            let number = |column| row.get::<_, i64>(column).map_err(failed);
            let (id, version) = (number(0)?, number(1)?);
            if let Some(known) = self.0.get(&place)
                && (known.id, known.version) == (id, version)
            {
                return Ok(known);
            }
            let defined = Arc::new(defined(row)?);
            self.0.insert(place.clone(), Arc::clone(&defined));
            Ok(defined)
        })
    }

    /// A table that has to be there.
    pub(super) fn existing(
        &self,
        connection: &Connection,
        namespace: &Namespace,
        name: &TableName,
    ) -> Result<Arc<Defined>, TableError> {
        let found = self.find(connection, namespace, name)?;
        found.ok_or_else(|| TableError::NoTable(name.clone()))
    }

    /// A table whose items are there.
    pub(super) fn ready(
        &self,
        connection: &Connection,
        namespace: &Namespace,
        name: &TableName,
    ) -> Result<Arc<Defined>, TableError> {
        let found = self.existing(connection, namespace, name)?;
        match found.body.restoring {
            true => Err(TableError::Restoring(name.clone())),
            false => Ok(found),
        }
    }
}

fn table_checksum((id, version): (i64, i64), texts: [&[u8]; 3]) -> Checksum {
    let numbers = [id.to_le_bytes(), version.to_le_bytes()].concat();
    let [namespace, name, body] = texts;
    checksum([b"table", &numbers, namespace, name, body])
}

fn defined(row: &Row<'_>) -> Result<Defined, StorageError> {
    let text = |column| {
        let bytes = bytes(row, column).map_err(failed)?;
        Ok::<_, StorageError>(String::from_utf8_lossy(bytes).into_owned())
    };
    let (namespace, name) = (text(2)?, text(3)?);
    let what = || format!("table {name:?} of namespace {namespace:?}");
    let number = |column| row.get::<_, i64>(column).map_err(failed);
    let (id, version) = (number(0)?, number(1)?);
    let same = || {
        let texts = [bytes(row, 2)?, bytes(row, 3)?, bytes(row, 4)?];
        Ok(table_checksum((id, version), texts) == bytes(row, 5)?)
    };
    intact(same().map_err(failed)?, what)?;
    let invalid = |error: &dyn std::fmt::Display| StorageError::corrupt(what(), error.to_string());
    let body = serde_json::from_slice(bytes(row, 4).map_err(failed)?);
    Ok(Defined {
        id,
        version,
        body: body.map_err(|error| invalid(&error))?,
        name: name.parse().map_err(|error| invalid(&error))?,
        namespace: namespace.clone(),
    })
}

/// The table with this id.
pub(super) fn by_id(connection: &Connection, id: i64) -> Result<Option<Defined>, StorageError> {
    let sql = "SELECT id, version, namespace, name, body, checksum FROM table_ WHERE id = ?1";
    one(connection, sql, [id], defined)
}

/// The first table with an index that is not filled.
pub(super) fn first_filling(connection: &Connection) -> Result<Option<Defined>, StorageError> {
    let sql = "SELECT id, version, namespace, name, body, checksum FROM table_ \
               WHERE filling = 1 ORDER BY id LIMIT 1";
    one(connection, sql, [], defined)
}

/// Tables of a namespace by name.
pub(super) fn list(
    connection: &Connection,
    namespace: &Namespace,
    after: &str,
    limit: usize,
) -> Result<Vec<Table>, StorageError> {
    let mut found = Vec::new();
    let sql = format!("{COLUMNS} WHERE namespace = ?1 AND name > ?2 ORDER BY name LIMIT ?3");
    let parameters = params![namespace.key(), after, integer(limit as u64)];
    each(connection, &sql, parameters, |row| {
        found.push(defined(row)?.shown(connection)?);
        Ok(Flow::GoesOn)
    })?;
    Ok(found)
}

/// Writes a new table, and gives it its id.
pub(super) fn insert(
    connection: &Connection,
    namespace: &Namespace,
    name: &TableName,
    body: Body,
) -> Result<Defined, StorageError> {
    let sql = "INSERT INTO table_ (namespace, name, version, filling, body, checksum) \
               VALUES (?1, ?2, 0, 0, '', x'')";
    let namespace = namespace.key();
    execute(connection, sql, params![namespace, name.as_str()])?;
    let id = connection.last_insert_rowid();
    let mut defined = Defined { id, version: 0, namespace, name: name.clone(), body };
    update(connection, &mut defined)?;
    Ok(defined)
}

/// Writes what a table says now.
pub(super) fn update(connection: &Connection, defined: &mut Defined) -> Result<(), StorageError> {
    let body = serde_json::to_string(&defined.body)
        .map_err(|error| StorageError::unavailable("write a table", error))?;
    defined.version += 1;
    let name = defined.name.as_str();
    let texts = [defined.namespace.as_bytes(), name.as_bytes(), body.as_bytes()];
    let checksum = table_checksum((defined.id, defined.version), texts);
    let sql = "UPDATE table_ SET version = ?2, filling = ?3, body = ?4, checksum = ?5 \
               WHERE id = ?1";
    let filling = i64::from(defined.is_filling());
    let parameters = params![defined.id, defined.version, filling, body, checksum];
    execute(connection, sql, parameters).map(drop)
}

/// Deletes a table, and puts what it holds into the trash.
pub(super) fn delete(connection: &Connection, defined: &Defined) -> Result<(), StorageError> {
    execute(connection, "DELETE FROM table_ WHERE id = ?1", [defined.id])?;
    execute(connection, "DELETE FROM table_count WHERE table_id = ?1", [defined.id])?;
    discard(connection, (defined.id, ITEMS))?;
    for index in &defined.body.indexes {
        discard(connection, (defined.id, index.of))?;
    }
    Ok(())
}

/// Puts the rows of an index, or the items of a table, into the trash.
pub(super) fn discard(
    connection: &Connection,
    (table, of): (i64, i64),
) -> Result<(), StorageError> {
    execute(connection, "INSERT OR IGNORE INTO item_trash VALUES (?1, ?2)", [table, of]).map(drop)
}
