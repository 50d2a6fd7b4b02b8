mod backups;
mod held;
mod streams;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_tables::{Item, StreamSequence, TableDefinition};
use lambent_types::{Clock, Digest, Namespace, Origin, TableName};
use tokio::sync::Notify;

use self::backups::Backups;
use self::held::{Held, in_range, page};
use self::streams::Streams;
use self::write::write_all;
use crate::error::StorageError;
use crate::namespace_quotas::NamespaceQuotas;
use crate::quota::Quota;
use crate::sync;
use crate::tables::rules::{self, Reading};
use crate::tables::{
    ItemPage, ItemPlace, ItemQuery, ItemScan, StreamPage, Table, TableBackup, TableError,
    TableStream, TableWrite, Tables, TransactionToken, Written, check_restored, keys,
};
use crate::upkeep::{Holds, Sweep};

/// Tables in memory. They have no indexes: whoever asks one is answered from the items.
#[derive(Debug)]
pub struct MemoryTables {
    clock: Arc<dyn Clock>,
    quotas: Arc<NamespaceQuotas>,
    state: Mutex<State>,
    /// Streams have more than they had, or have ended.
    streamed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// By the key of the namespace, and the name.
    tables: BTreeMap<(String, TableName), Held>,
    /// By the key of the namespace, and the token: of which writes, and since when.
    tokens: BTreeMap<(String, String), (Digest, Timestamp)>,
    streams: Streams,
    backups: Backups,
    /// By the key of the namespace, and the name of the reader.
    checkpoints: BTreeMap<(String, String), Vec<u8>>,
}

impl State {
    fn held(&self, namespace: &Namespace, table: &TableName) -> Result<&Held, TableError> {
        let found = self.tables.get(&(namespace.key(), table.clone()));
        found.ok_or_else(|| TableError::NoTable(table.clone()))
    }

    fn weight(&self, owner: &str) -> u64 {
        let own = self.tables.iter().filter(|((namespace, _), _)| namespace == owner);
        let tables = own.map(|(_, held)| held.weight()).sum::<i64>();
        (tables + self.streams.weight(owner) + self.backups.weight(owner)).unsigned_abs()
    }
}

impl MemoryTables {
    /// An empty store.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, quotas: Arc<NamespaceQuotas>) -> Self {
        Self { clock, quotas, state: Mutex::default(), streamed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }

    /// Whether a token was used for these writes.
    fn used(
        &self,
        state: &State,
        owner: &str,
        token: &TransactionToken,
    ) -> Result<bool, TableError> {
        let found = state.tokens.get(&(owner.to_owned(), token.token.clone()));
        let live = |since: Timestamp| self.clock.now().duration_since(since) < TOKEN_TIME;
        match found.filter(|(_, since)| live(*since)) {
            Some((request, _)) if *request == token.request => Ok(true),
            Some(_) => Err(TableError::TokenReused),
            None => Ok(false),
        }
    }
}

const TOKEN_TIME: jiff::SignedDuration =
    jiff::SignedDuration::from_secs(rules::TOKEN_TIME.as_secs().cast_signed());

#[async_trait]
impl Tables for MemoryTables {
    async fn create_table(
        &self,
        namespace: &Namespace,
        table: &TableName,
        definition: TableDefinition,
    ) -> Result<Table, TableError> {
        let mut state = self.lock();
        let place = (namespace.key(), table.clone());
        if state.tables.contains_key(&place) {
            return Err(TableError::Exists);
        }
        let held = state.tables.keys().filter(|(owner, _)| *owner == place.0).count() as u64;
        self.quotas.of(&place.0).check(Quota::Tables, held, 1)?;
        let now = self.clock.now();
        let created = Timestamp::from_millisecond(now.as_millisecond());
        let stream = state.streams.turn(&place, (None, &definition), None, now);
        let table = Table {
            name: table.clone(),
            definition,
            id: uuid::Uuid::now_v7().to_string(),
            created: created.unwrap_or(Timestamp::MIN),
            revision: 1,
            items: 0,
            bytes: 0,
            indexes: BTreeMap::new(),
            stream,
            restoring: false,
        };
        let held = Held { table, items: BTreeMap::new() };
        let shown = held.shown();
        state.tables.insert(place, held);
        Ok(shown)
    }

    async fn update_table(
        &self,
        namespace: &Namespace,
        table: &TableName,
        definition: TableDefinition,
        expected: Option<u64>,
    ) -> Result<Table, TableError> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let place = (namespace.key(), table.clone());
        let held = state.tables.get_mut(&place);
        let held = held.ok_or_else(|| TableError::NoTable(table.clone()))?;
        let current = held.table.revision;
        if expected.is_some_and(|expected| expected != current) {
            return Err(TableError::Changed { current });
        }
        rules::check_update(&held.table.definition, &definition)?;
        if held.table.definition != definition {
            let definitions = (Some(&held.table.definition), &definition);
            let last = held.table.stream.take();
            held.table.stream = state.streams.turn(&place, definitions, last, self.clock.now());
            held.table.definition = definition;
            held.table.revision += 1;
        }
        let shown = held.shown();
        drop(guard);
        self.streamed.notify_waiters();
        Ok(shown)
    }

    async fn delete_table(
        &self,
        namespace: &Namespace,
        table: &TableName,
    ) -> Result<Table, TableError> {
        let mut state = self.lock();
        let held = state.held(namespace, table)?;
        if held.table.definition.deletion_protection {
            return Err(TableError::Protected);
        }
        let shown = held.shown();
        let place = (namespace.key(), table.clone());
        state.tables.remove(&place);
        state.streams.close(&place, self.clock.now());
        drop(state);
        self.streamed.notify_waiters();
        Ok(shown)
    }

    async fn table(
        &self,
        namespace: &Namespace,
        table: &TableName,
    ) -> Result<Option<Table>, StorageError> {
        Ok(self.lock().held(namespace, table).ok().map(Held::shown))
    }

    async fn tables(
        &self,
        namespace: &Namespace,
        after: Option<&TableName>,
        limit: usize,
    ) -> Result<Vec<Table>, StorageError> {
        let state = self.lock();
        let own = state.tables.iter().filter(|((owner, name), _)| {
            *owner == namespace.key() && after.is_none_or(|after| name > after)
        });
        Ok(own.take(limit).map(|(_, held)| held.shown()).collect())
    }

    async fn get_items(
        &self,
        namespace: &Namespace,
        places: Vec<ItemPlace>,
    ) -> Result<Vec<Option<Item>>, TableError> {
        let state = self.lock();
        let (mut found, mut bytes) = (Vec::new(), 0);
        for ItemPlace { table, key } in places {
            let held = state.held(namespace, &table)?;
            let key = held.table.definition.key.key_from(&key)?;
            let item = held.items.get(&keys::bytes(&key)).cloned();
            if bytes <= rules::GET_BYTES_MAX {
                bytes += item.as_ref().map_or(0, Item::size);
                found.push(item);
            }
        }
        Ok(found)
    }

    async fn transact(
        &self,
        namespace: &Namespace,
        writes: Vec<TableWrite>,
        token: Option<TransactionToken>,
        origin: &Origin,
    ) -> Result<Option<Vec<Written>>, TableError> {
        let mut state = self.lock();
        let owner = namespace.key();
        if let Some(token) = &token
            && self.used(&state, &owner, token)?
        {
            return Ok(None);
        }
        let mut tables = BTreeMap::new();
        for write in &writes {
            let held = state.held(namespace, &write.table)?;
            tables.entry(write.table.clone()).or_insert_with(|| held.clone());
        }
        let before: i64 = tables.values().map(Held::weight).sum();
        let (written, changed) = write_all(&mut tables, &writes)?;
        let grown = tables.values().map(Held::weight).sum::<i64>() - before;
        let now = self.clock.now();
        let changes = state.streams.changes(&owner, &changed, (now, false), origin);
        let streamed = Streams::grown(&changes);
        if !rules::only_deletes(&writes) {
            let (quotas, held) = (self.quotas.of(&owner), state.weight(&owner));
            quotas.check(Quota::TableBytes, held, grown + streamed)?;
        }
        state.streams.append(&owner, changes, now);
        for (name, held) in tables {
            state.tables.insert((owner.clone(), name), held);
        }
        if let Some(TransactionToken { token, request }) = token {
            state.tokens.insert((owner, token), (request, now));
        }
        drop(state);
        self.streamed.notify_waiters();
        Ok(Some(written))
    }

    async fn query(
        &self,
        namespace: &Namespace,
        table: &TableName,
        query: ItemQuery,
    ) -> Result<ItemPage, TableError> {
        let state = self.lock();
        let held = state.held(namespace, table)?;
        let reading = Reading::of(&held.table.definition, query.index.as_ref())?;
        let partition = reading.partition(&query)?;
        let after = query.after.as_ref().map(|after| reading.start(after)).transpose()?;
        if let Some((place, _)) = &after {
            Reading::check_start(&partition, place)?;
        }
        let mut placed = held.placed(&reading);
        placed.retain(|(place, _, _)| {
            place.strip_prefix(&*partition).is_some_and(|range| in_range(&query.key, range))
        });
        if query.backward {
            placed.reverse();
        }
        placed.retain(|(place, key, _)| {
            let follows = |(start, of): &(Vec<u8>, Vec<u8>)| match query.backward {
                true => (place, *key) < (start, of),
                false => (place, *key) > (start, of),
            };
            after.as_ref().is_none_or(follows)
        });
        let items = placed.into_iter().map(|(_, _, item)| item);
        Ok(page(&reading, items, query.limit, query.whole))
    }

    async fn scan(
        &self,
        namespace: &Namespace,
        table: &TableName,
        scan: ItemScan,
    ) -> Result<ItemPage, TableError> {
        let state = self.lock();
        let held = state.held(namespace, table)?;
        let reading = Reading::of(&held.table.definition, scan.index.as_ref())?;
        let after = scan.after.as_ref().map(|after| reading.start(after)).transpose()?;
        let slots = keys::segment(scan.segment.unwrap_or((0, 1)));
        let mut placed = held.placed(&reading);
        placed.retain(|(place, key, _)| {
            let follows = |(start, of): &(Vec<u8>, Vec<u8>)| (place, *key) > (start, of);
            slots.contains(&keys::slot_of(place)) && after.as_ref().is_none_or(follows)
        });
        let items = placed.into_iter().map(|(_, _, item)| item);
        Ok(page(&reading, items, scan.limit, false))
    }

    async fn stream(
        &self,
        namespace: &Namespace,
        table: &TableName,
        label: Option<&str>,
    ) -> Result<Option<TableStream>, StorageError> {
        Ok(self.lock().streams.find(&namespace.key(), table, label))
    }

    async fn streams(
        &self,
        namespace: &Namespace,
        table: Option<&TableName>,
        after: Option<(&TableName, &str)>,
        limit: usize,
    ) -> Result<Vec<TableStream>, StorageError> {
        Ok(self.lock().streams.list(&namespace.key(), table, after, limit))
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
        let end = tokio::time::Instant::now() + wait;
        loop {
            let streamed = self.streamed.notified();
            tokio::pin!(streamed);
            streamed.as_mut().enable();
            let page = self.lock().streams.read(&namespace.key(), (table, label), from, limit)?;
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            if !page.records.is_empty() || page.closed || left.is_zero() {
                return Ok(page);
            }
            // In time or not: it is looked at again.
            drop(tokio::time::timeout(left, streamed).await);
        }
    }

    async fn checkpoint(
        &self,
        namespace: &Namespace,
        reader: &str,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.lock().checkpoints.get(&(namespace.key(), reader.to_owned())).cloned())
    }

    async fn set_checkpoint(
        &self,
        namespace: &Namespace,
        reader: &str,
        checkpoint: Option<Vec<u8>>,
    ) -> Result<(), StorageError> {
        let (mut state, place) = (self.lock(), (namespace.key(), reader.to_owned()));
        match checkpoint {
            Some(checkpoint) => drop(state.checkpoints.insert(place, checkpoint)),
            None => drop(state.checkpoints.remove(&place)),
        }
        Ok(())
    }

    async fn create_backup(
        &self,
        namespace: &Namespace,
        table: &TableName,
        name: &str,
    ) -> Result<TableBackup, TableError> {
        let mut state = self.lock();
        let (owner, held) = (namespace.key(), state.held(namespace, table)?.clone());
        let held_bytes = state.weight(&owner);
        let weight = backups::weight(&held.items);
        self.quotas.of(&owner).check(Quota::TableBytes, held_bytes, weight)?;
        Ok(state.backups.insert(&owner, name, &held, self.clock.now()))
    }

    async fn backup(
        &self,
        namespace: &Namespace,
        id: &str,
    ) -> Result<Option<TableBackup>, StorageError> {
        Ok(self.lock().backups.find(&namespace.key(), id).map(|(backup, _)| backup.clone()))
    }

    async fn backups(
        &self,
        namespace: &Namespace,
        table: Option<&TableName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<TableBackup>, StorageError> {
        Ok(self.lock().backups.list(&namespace.key(), table, after, limit))
    }

    async fn delete_backup(
        &self,
        namespace: &Namespace,
        id: &str,
    ) -> Result<TableBackup, TableError> {
        let deleted = self.lock().backups.remove(&namespace.key(), id);
        deleted.ok_or_else(|| TableError::NoBackup(id.to_owned()))
    }

    async fn restore_backup(
        &self,
        namespace: &Namespace,
        id: &str,
        table: &TableName,
        definition: TableDefinition,
    ) -> Result<Table, TableError> {
        let owner = namespace.key();
        let items = {
            let state = self.lock();
            let found = state.backups.find(&owner, id);
            let (backup, items) = found.ok_or_else(|| TableError::NoBackup(id.to_owned()))?;
            check_restored(&backup.definition, &definition)?;
            if state.held(namespace, table).is_ok() {
                return Err(TableError::Exists);
            }
            let weight = backups::weight(items);
            self.quotas.of(&owner).check(Quota::TableBytes, state.weight(&owner), weight)?;
            items.clone()
        };
        self.create_table(namespace, table, definition).await?;
        let mut state = self.lock();
        let held = state.tables.get_mut(&(owner, table.clone()));
        let held = held.ok_or_else(|| TableError::NoTable(table.clone()))?;
        held.items = items;
        Ok(held.shown())
    }

    async fn discard_streams(&self, namespace: &Namespace) -> Result<(), StorageError> {
        let mut state = self.lock();
        let owner = namespace.key();
        let names = state.tables.keys().filter(|(of, _)| *of == owner);
        let there: BTreeSet<_> = names.map(|(_, name)| name.clone()).collect();
        state.streams.discard(&owner, &there);
        state.checkpoints.retain(|(of, _), _| *of != owner);
        drop(state);
        self.streamed.notify_waiters();
        Ok(())
    }
}

#[async_trait]
impl Holds for MemoryTables {
    async fn held(&self, namespace: &Namespace) -> Result<Vec<(Quota, u64)>, StorageError> {
        let (state, owner) = (self.lock(), namespace.key());
        let count = state.tables.keys().filter(|(namespace, _)| *namespace == owner).count();
        Ok(vec![(Quota::Tables, count as u64), (Quota::TableBytes, state.weight(&owner))])
    }
}

#[async_trait]
impl Sweep for MemoryTables {
    async fn sweep(&self) -> Result<(), StorageError> {
        let now = self.clock.now();
        let (since, until) = rules::expired(now);
        let mut guard = self.lock();
        let state = &mut *guard;
        state.tokens.retain(|_, (_, used)| now.duration_since(*used) < TOKEN_TIME);
        for ((owner, name), held) in &mut state.tables {
            let definition = &held.table.definition;
            let is_over = |item: &Item| {
                rules::expires(definition, item).is_some_and(|end| end > since && end <= until)
            };
            let over = held.items.extract_if(.., |_, item| is_over(item));
            let mut over: Vec<_> = over.collect();
            // Those first whose time was over first.
            over.sort_by_key(|(_, item)| rules::expires(definition, item));
            let over = over.into_iter().map(|(_, item)| (name.clone(), Some(item), None));
            let changed: Vec<_> = over.collect();
            let changes = state.streams.changes(owner, &changed, (now, true), &Origin::default());
            state.streams.append(owner, changes, now);
        }
        state.streams.trim(now);
        drop(guard);
        self.streamed.notify_waiters();
        Ok(())
    }
}
