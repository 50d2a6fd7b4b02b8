//! Tables and their items: rows in the shard of their namespace.

mod changes;
mod define;
mod definitions;
mod items;
mod pages;
mod schema;
mod sweep;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use lambent_tables::{Item, TableDefinition};
use lambent_types::{Clock, Namespace, TableName};
use rusqlite::Connection;

use self::changes::Made;
use self::define::Definer;
use self::definitions::Definitions;
use crate::shard::{Growth, Tx};
use crate::shards::Shards;
use lambent_storage::backend::tables as rules;
use lambent_storage::{
    ItemPage, ItemPlace, ItemQuery, ItemScan, StorageError, Table, TableError, TableWrite, Tables,
    TransactionToken, Written,
};

pub(crate) use self::schema::SCHEMA;

/// About how many bytes of rows a write takes beside its item.
const ROW_BYTES: usize = 512;
/// Items that are read at once end with the one by which they have so many bytes.
const GET_BYTES_MAX: usize = 16 << 20;
/// When the sweep has something to do at once.
const NOW: i64 = i64::MIN;

/// Tables and items.
pub(crate) struct EmbeddedTables {
    shards: Arc<Shards>,
    clock: Arc<dyn Clock>,
    definitions: Arc<Definitions>,
    /// When the sweep has something to do, in seconds; never later than it really has.
    due: Arc<AtomicI64>,
}

impl EmbeddedTables {
    /// Opens them.
    pub(crate) fn open((shards, clock): (Arc<Shards>, Arc<dyn Clock>)) -> Self {
        // Nobody knows yet what is due: the first sweep looks.
        let due = Arc::new(AtomicI64::new(NOW));
        Self { shards, clock, definitions: Arc::default(), due }
    }

    /// Makes a change, after which the sweep has something to do from the time on that it says.
    async fn change<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        growth: Growth,
        work: impl FnOnce(&mut Tx<'_>, &Definitions) -> Result<(R, Option<i64>), TableError>
        + Send
        + 'static,
    ) -> Result<R, TableError> {
        let shard = self.shards.of(namespace).await?;
        let (definitions, due) = (Arc::clone(&self.definitions), Arc::clone(&self.due));
        let write = shard.write(growth, move |tx| {
            let (result, next) = work(tx, &definitions)?;
            if let Some(next) = next {
                tx.after_commit(move || {
                    due.fetch_min(next, Ordering::SeqCst);
                });
            }
            Ok(result)
        });
        write.await
    }

    /// Reads from one state of the shard.
    async fn look<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        work: impl FnOnce(&Connection, &Definitions) -> Result<R, TableError> + Send + 'static,
    ) -> Result<R, TableError> {
        let shard = self.shards.of(namespace).await?;
        let definitions = Arc::clone(&self.definitions);
        let read = shard.readers().read(move |connection| {
            let snapshot = connection.unchecked_transaction().map_err(schema::failed)?;
            Ok(work(&snapshot, &definitions))
        });
        read.await?
    }

    /// Defines a table.
    async fn define(
        &self,
        namespace: &Namespace,
        name: &TableName,
        growth: Growth,
        work: impl FnOnce(&Definer<'_>, &Tx<'_>) -> Result<Table, TableError> + Send + 'static,
    ) -> Result<Table, TableError> {
        let (owner, name) = (namespace.clone(), name.clone());
        self.change(namespace, growth, move |tx, definitions| {
            let definer = Definer { namespace: &owner, name: &name, definitions };
            // A damaged item is found when an index is filled, after the first write.
            let table = tx.atomically(|tx| work(&definer, tx))?;
            Ok((table, Some(NOW)))
        })
        .await
    }
}

#[async_trait]
impl Tables for EmbeddedTables {
    async fn create_table(
        &self,
        namespace: &Namespace,
        table: &TableName,
        definition: TableDefinition,
    ) -> Result<Table, TableError> {
        let growth = Growth::Adds(ROW_BYTES);
        self.define(namespace, table, growth, |definer, tx| definer.create(tx, definition)).await
    }

    async fn update_table(
        &self,
        namespace: &Namespace,
        table: &TableName,
        definition: TableDefinition,
        expected: Option<u64>,
    ) -> Result<Table, TableError> {
        let growth = Growth::Adds(ROW_BYTES);
        self.define(namespace, table, growth, move |definer, tx| {
            definer.update(tx, definition, expected)
        })
        .await
    }

    async fn delete_table(
        &self,
        namespace: &Namespace,
        table: &TableName,
    ) -> Result<Table, TableError> {
        self.define(namespace, table, Growth::Frees, |definer, tx| definer.delete(tx)).await
    }

    async fn table(
        &self,
        namespace: &Namespace,
        table: &TableName,
    ) -> Result<Option<Table>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let (definitions, owner) = (Arc::clone(&self.definitions), namespace.clone());
        let name = table.clone();
        let read = shard.readers().read(move |connection| {
            let snapshot = connection.unchecked_transaction().map_err(schema::failed)?;
            let found = definitions.find(&snapshot, &owner, &name)?;
            found.map(|table| table.shown(&snapshot)).transpose()
        });
        read.await
    }

    async fn tables(
        &self,
        namespace: &Namespace,
        after: Option<&TableName>,
        limit: usize,
    ) -> Result<Vec<Table>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let (owner, after) = (namespace.clone(), after.cloned());
        let read = shard.readers().read(move |connection| {
            let snapshot = connection.unchecked_transaction().map_err(schema::failed)?;
            let after = after.as_ref().map_or("", TableName::as_str);
            definitions::list(&snapshot, &owner, after, limit)
        });
        read.await
    }

    async fn get_items(
        &self,
        namespace: &Namespace,
        places: Vec<ItemPlace>,
    ) -> Result<Vec<Option<Item>>, TableError> {
        let owner = namespace.clone();
        self.look(namespace, move |connection, definitions| {
            let (mut found, mut bytes) = (Vec::with_capacity(places.len()), 0);
            for ItemPlace { table, key } in places {
                let table = definitions.existing(connection, &owner, &table)?;
                let key = rules::bytes(&table.definition().key.key_from(&key)?);
                // What comes after the last that is read is checked all the same.
                if bytes <= GET_BYTES_MAX {
                    let current = items::current(connection, table.id, &key, true)?;
                    bytes += current.as_ref().map_or(0, |current| current.size as usize);
                    found.push(current.and_then(|current| current.item));
                }
            }
            Ok(found)
        })
        .await
    }

    async fn transact(
        &self,
        namespace: &Namespace,
        writes: Vec<TableWrite>,
        token: Option<TransactionToken>,
    ) -> Result<Option<Vec<Written>>, TableError> {
        let growth = match rules::only_deletes(&writes) {
            true => Growth::Frees,
            false => Growth::Adds(
                writes.iter().map(rules::size).sum::<usize>() + writes.len() * ROW_BYTES,
            ),
        };
        let owner = namespace.clone();
        self.change(namespace, growth, move |tx, definitions| {
            let place = (&owner, definitions);
            let Some(Made { written, expires }) =
                changes::transact(tx, place, &writes, token.as_ref())?
            else {
                return Ok((None, None));
            };
            // A token is forgotten by the sweep too.
            let token = token.map(|_| tx.now.as_second() + rules::TOKEN_TIME.as_secs() as i64 + 1);
            Ok((Some(written), expires.into_iter().chain(token).min()))
        })
        .await
    }

    async fn query(
        &self,
        namespace: &Namespace,
        table: &TableName,
        query: ItemQuery,
    ) -> Result<ItemPage, TableError> {
        let (owner, name) = (namespace.clone(), table.clone());
        self.look(namespace, move |connection, definitions| {
            let table = definitions.existing(connection, &owner, &name)?;
            pages::query(connection, &table, &query)
        })
        .await
    }

    async fn scan(
        &self,
        namespace: &Namespace,
        table: &TableName,
        scan: ItemScan,
    ) -> Result<ItemPage, TableError> {
        let (owner, name) = (namespace.clone(), table.clone());
        self.look(namespace, move |connection, definitions| {
            let table = definitions.existing(connection, &owner, &name)?;
            pages::scan(connection, &table, &scan)
        })
        .await
    }
}
