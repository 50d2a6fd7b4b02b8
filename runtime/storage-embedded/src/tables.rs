//! Tables and their items: rows in the shard of their namespace.

mod backups;
mod changes;
mod checkpoints;
mod define;
mod definitions;
mod items;
mod keep;
mod pages;
mod schema;
mod streams;
mod sweep;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lambent_tables::{Item, StreamSequence, TableDefinition};
use lambent_types::{Clock, Namespace, Origin, TableName};
use rusqlite::Connection;
use tokio::time::Instant;

use self::changes::Made;
use self::define::Definer;
use self::definitions::Definitions;
use crate::shard::{Growth, Tx};
use crate::shards::Shards;
use lambent_storage::backend::tables as rules;
use lambent_storage::{
    ItemPage, ItemPlace, ItemQuery, ItemScan, StorageError, StreamPage, Table, TableBackup,
    TableError, TableStream, TableWrite, Tables, TransactionToken, Written,
};

pub(crate) use self::schema::{SCHEMA, SCHEMA_BACKUPS, SCHEMA_STREAMS};

/// About how many bytes of rows a write takes beside its item.
const ROW_BYTES: usize = 512;
/// When the sweep has something to do at once.
const NOW: i64 = i64::MIN;

/// Tables and items.
pub(crate) struct EmbeddedTables {
    shards: Arc<Shards>,
    clock: Arc<dyn Clock>,
    definitions: Arc<Definitions>,
    /// When the sweep has something to do, in seconds; never later than it really has.
    due: Arc<AtomicI64>,
    /// When the sweep looked last, in seconds.
    swept: AtomicI64,
}

impl EmbeddedTables {
    /// Opens them.
    pub(crate) fn open((shards, clock): (Arc<Shards>, Arc<dyn Clock>)) -> Self {
        // Nobody knows yet what is due: the first sweep looks.
        let due = Arc::new(AtomicI64::new(NOW));
        Self { shards, clock, definitions: Arc::default(), due, swept: AtomicI64::new(NOW) }
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

    /// Reads from one state of the shard what can always be answered.
    async fn peek<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        work: impl FnOnce(&Connection) -> Result<R, StorageError> + Send + 'static,
    ) -> Result<R, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let read = shard.readers().read(move |connection| {
            let snapshot = connection.unchecked_transaction().map_err(schema::failed)?;
            work(&snapshot)
        });
        read.await
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
            let before = definitions.find(tx.connection, &owner, &name)?;
            // A damaged item is found when an index is filled, after the first write.
            let table = tx.atomically(|tx| work(&definer, tx))?;
            // The stream may have ended.
            let stream = before.and_then(|table| table.stream());
            streams::wake(tx, stream.into_iter().collect());
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
                let table = definitions.ready(connection, &owner, &table)?;
                let key = rules::bytes(&table.definition().key.key_from(&key)?);
                // What comes after the last that is read is checked all the same.
                if bytes <= rules::GET_BYTES_MAX {
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
        origin: &Origin,
    ) -> Result<Option<Vec<Written>>, TableError> {
        let growth = match rules::only_deletes(&writes) {
            true => Growth::Frees,
            false => Growth::Adds(
                writes.iter().map(rules::size).sum::<usize>() + writes.len() * ROW_BYTES,
            ),
        };
        let (owner, origin) = (namespace.clone(), origin.clone());
        self.change(namespace, growth, move |tx, definitions| {
            let place = (&owner, definitions);
            let Some(Made { written, ended }) =
                changes::transact(tx, place, &writes, token.as_ref(), &origin)?
            else {
                return Ok((None, None));
            };
            streams::wake(tx, ended.streams);
            // A token is forgotten by the sweep too.
            let token = token.map(|_| tx.now.as_second() + rules::TOKEN_TIME.as_secs() as i64 + 1);
            Ok((Some(written), ended.expires.into_iter().chain(token).min()))
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
            let table = definitions.ready(connection, &owner, &name)?;
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
            let table = definitions.ready(connection, &owner, &name)?;
            pages::scan(connection, &table, &scan)
        })
        .await
    }

    async fn stream(
        &self,
        namespace: &Namespace,
        table: &TableName,
        label: Option<&str>,
    ) -> Result<Option<TableStream>, StorageError> {
        let (owner, table) = (namespace.clone(), table.clone());
        let label = label.map(str::to_owned);
        self.peek(namespace, move |connection| {
            streams::find(connection, &owner, &table, label.as_deref())
        })
        .await
    }

    async fn streams(
        &self,
        namespace: &Namespace,
        table: Option<&TableName>,
        after: Option<(&TableName, &str)>,
        limit: usize,
    ) -> Result<Vec<TableStream>, StorageError> {
        let (owner, table) = (namespace.clone(), table.cloned());
        let (name, label) = after.map_or(("", ""), |(name, label)| (name.as_str(), label));
        let (name, label) = (name.to_owned(), label.to_owned());
        self.peek(namespace, move |connection| {
            streams::list(connection, &owner, table.as_ref(), (&name, &label), limit)
        })
        .await
    }

    async fn stream_records(
        &self,
        namespace: &Namespace,
        table: &TableName,
        label: &str,
        from: StreamSequence,
        limit: usize,
        wait: Duration,
    ) -> Result<StreamPage, TableError> {
        let shard = self.shards.of(namespace).await?;
        let deadline = Instant::now() + wait;
        let (owner, place) = (namespace.clone(), (table.clone(), label.to_owned()));
        let read = move |connection: &Connection, _: &Definitions| {
            streams::page(connection, &owner, (&place.0, &place.1), from, limit)
        };
        let streams::Read { id, page } = self.look(namespace, read.clone()).await?;
        if is_answer(&page, deadline) {
            return Ok(page);
        }
        let signal = shard.signals().of(streams::signal(id));
        loop {
            let mut streamed = std::pin::pin!(signal.notified());
            // Listens from before it looks, so that no change is missed.
            streamed.as_mut().enable();
            let page = self.look(namespace, read.clone()).await?.page;
            if is_answer(&page, deadline) {
                return Ok(page);
            }
            tokio::select! {
                () = streamed => {}
                () = tokio::time::sleep_until(deadline) => {}
            }
        }
    }

    async fn checkpoint(
        &self,
        namespace: &Namespace,
        reader: &str,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let (owner, reader) = (namespace.clone(), reader.to_owned());
        self.peek(namespace, move |connection| checkpoints::read(connection, &owner, &reader)).await
    }

    async fn set_checkpoint(
        &self,
        namespace: &Namespace,
        reader: &str,
        checkpoint: Option<Vec<u8>>,
    ) -> Result<(), StorageError> {
        // One replaces another of about its size, and is small: what was handled must not be
        // handled again for want of room.
        let (owner, reader) = (namespace.clone(), reader.to_owned());
        let shard = self.shards.of(namespace).await?;
        let write = shard.write(Growth::Frees, move |tx| {
            checkpoints::write(tx.connection, &owner, &reader, checkpoint.as_deref())
        });
        write.await
    }

    async fn create_backup(
        &self,
        namespace: &Namespace,
        table: &TableName,
        name: &str,
    ) -> Result<TableBackup, TableError> {
        let (owner, table, name) = (namespace.clone(), table.clone(), name.to_owned());
        self.change(namespace, Growth::Adds(backups::PIECE_BYTES), move |tx, definitions| {
            let place = (&owner, &table);
            let made = tx.atomically(|tx| backups::create(tx, place, &name, definitions))?;
            Ok((made, Some(NOW)))
        })
        .await
    }

    async fn backup(
        &self,
        namespace: &Namespace,
        id: &str,
    ) -> Result<Option<TableBackup>, StorageError> {
        let (owner, id) = (namespace.clone(), id.to_owned());
        let read = move |connection: &Connection| {
            Ok(backups::find(connection, &owner, &id)?.map(|backup| backup.shown()))
        };
        self.peek(namespace, read).await
    }

    async fn backups(
        &self,
        namespace: &Namespace,
        table: Option<&TableName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<TableBackup>, StorageError> {
        let (owner, table) = (namespace.clone(), table.cloned());
        let after = after.unwrap_or_default().to_owned();
        self.peek(namespace, move |connection| {
            backups::list(connection, &owner, table.as_ref(), &after, limit)
        })
        .await
    }

    async fn delete_backup(
        &self,
        namespace: &Namespace,
        id: &str,
    ) -> Result<TableBackup, TableError> {
        let (owner, id) = (namespace.clone(), id.to_owned());
        self.change(namespace, Growth::Frees, move |tx, _| {
            Ok((tx.atomically(|tx| backups::delete(tx, &owner, &id))?, Some(NOW)))
        })
        .await
    }

    async fn restore_backup(
        &self,
        namespace: &Namespace,
        id: &str,
        table: &TableName,
        definition: TableDefinition,
    ) -> Result<Table, TableError> {
        let id = id.to_owned();
        self.define(namespace, table, Growth::Adds(backups::PIECE_BYTES), move |definer, tx| {
            backups::restore(tx, definer, &id, definition)
        })
        .await
    }

    async fn discard_streams(&self, namespace: &Namespace) -> Result<(), StorageError> {
        let owner = namespace.clone();
        let discarded = self.change(namespace, Growth::Frees, move |tx, _| {
            let gone = streams::discard(tx, &owner)?;
            checkpoints::forget(tx.connection, &owner)?;
            streams::wake(tx, gone);
            Ok(((), Some(NOW)))
        });
        match discarded.await {
            Err(TableError::Storage(error)) => Err(error),
            other => other.map_err(|error| StorageError::unavailable("discard streams", error)),
        }
    }
}

/// Whether a page is to be waited for no longer.
fn is_answer(page: &StreamPage, deadline: Instant) -> bool {
    !page.records.is_empty() || page.closed || Instant::now() >= deadline
}
