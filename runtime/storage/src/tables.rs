pub(crate) mod keys;
mod page;
pub(crate) mod rules;
mod write;

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_tables::{IndexName, Invalid, Item, TableDefinition};
use lambent_types::{Namespace, TableName};

pub use page::{ItemPage, ItemQuery, ItemScan, PAGE_BYTES_MAX};
pub use write::{Refusal, TableAction, TableWrite, TransactionToken, Written};

use crate::error::StorageError;
use crate::quota::QuotaExceeded;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The name of the table.
    pub name: TableName,
    /// What it is, as its owner said it last.
    pub definition: TableDefinition,
    /// Tells it from others that had or will have its name: a UUID.
    pub id: String,
    /// When it was created, in whole milliseconds.
    pub created: Timestamp,
    /// Grows with every change of the definition.
    pub revision: u64,
    /// How many items it has.
    pub items: u64,
    /// How many bytes they have, as DynamoDB counts them.
    pub bytes: u64,
    /// What is in each of its indexes.
    pub indexes: BTreeMap<IndexName, TableIndex>,
}

/// What is in an index of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableIndex {
    /// How many items of the table are in it.
    pub items: u64,
    /// How many bytes the index takes: of the keys by which it finds items, which are all that it
    /// keeps of them.
    pub bytes: u64,
    /// Whether it is still being filled with what the table held when the index was added. It
    /// cannot be read until then.
    pub filling: bool,
}

/// Which item of which table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemPlace {
    /// The table.
    pub table: TableName,
    /// The key attributes of the item, and no others.
    pub key: Item,
}

/// Why nothing was done with a table or an item.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// There is no such table.
    #[error("no such table: \"{0}\"")]
    NoTable(TableName),
    /// The table has no such index.
    #[error("the table has no index \"{0}\"")]
    NoIndex(IndexName),
    /// The index is being filled.
    #[error("index \"{0}\" is still being filled")]
    Filling(IndexName),
    /// The table is there already.
    #[error("the table exists")]
    Exists,
    /// The table is protected from deletion.
    #[error("the table is protected from deletion")]
    Protected,
    /// The definition was changed since it was read.
    #[error("the definition has revision {current}")]
    Changed {
        /// The revision that it has.
        current: u64,
    },
    /// What was given is out of bounds, or does not fit the table.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Some write of a transaction was refused, so that none was made: for each write in their
    /// order why, or nothing.
    #[error("a write of the transaction was refused")]
    Refused(Vec<Option<Refusal>>),
    /// The token was given before, with other writes.
    #[error("the token of the transaction was given before, with other writes")]
    TokenReused,
    /// The namespace is full.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Tables and the items in them.
///
/// Every change is atomic and durable when acknowledged, over as many tables of a namespace as it
/// is about, and seen by every read that starts later, of tables and of indexes: what an index
/// says is what the table says, except while it is being filled. A table that is deleted is gone
/// at once; the room of its items comes back in pieces, as do that of an index, and so a table
/// holds nothing up however large it is. An item whose time to live is over is deleted soon after,
/// and is read until then; so is one whose time is more than five years ago never, as DynamoDB
/// has it.
///
/// # Several nodes
/// All promises hold between nodes. A backend that nodes share evaluates conditions and updates
/// where it serializes writes of an item, or reads the item, evaluates, and writes it if it is
/// still the one that was read. A transaction needs that of all its items at once, and its token
/// to be kept with it. The definition that a write goes by has to be the current one, since it
/// says which rows of indexes are written: two nodes that cache it need to agree on its revision
/// in the transaction. Filling an index and deletion by time are done by whichever node sweeps:
/// both may be done twice without harm.
#[async_trait]
pub trait Tables: Send + Sync {
    /// Creates a table.
    ///
    /// # Errors
    /// `Exists`, `Invalid`, `Quota`, `Storage`.
    async fn create_table(
        &self,
        namespace: &Namespace,
        table: &TableName,
        definition: TableDefinition,
    ) -> Result<Table, TableError>;

    /// Gives a table another definition. Its key and its local indexes stay, and of a global
    /// index all but the throughput; an index that is new is filled with what the table holds, a
    /// little later if that is much. With `expected`, only the definition of that revision is
    /// changed.
    ///
    /// # Errors
    /// `NoTable`, `Changed`, `Invalid`, `Storage`.
    async fn update_table(
        &self,
        namespace: &Namespace,
        table: &TableName,
        definition: TableDefinition,
        expected: Option<u64>,
    ) -> Result<Table, TableError>;

    /// Deletes a table with all its items. Returns it as it was.
    ///
    /// # Errors
    /// `NoTable`, `Protected`, `Storage`.
    async fn delete_table(
        &self,
        namespace: &Namespace,
        table: &TableName,
    ) -> Result<Table, TableError>;

    /// Reads one table.
    ///
    /// # Errors
    /// The store failed.
    async fn table(
        &self,
        namespace: &Namespace,
        table: &TableName,
    ) -> Result<Option<Table>, StorageError>;

    /// The tables of a namespace by name, at most `limit` of those after `after`.
    ///
    /// # Errors
    /// The store failed.
    async fn tables(
        &self,
        namespace: &Namespace,
        after: Option<&TableName>,
        limit: usize,
    ) -> Result<Vec<Table>, StorageError>;

    /// Reads items, all of one state, in the order of `places`: of those the first whose items
    /// have together not much more than 16 MiB, at least one. At most 100 places.
    ///
    /// # Errors
    /// `NoTable`, `Invalid`, `Storage`.
    async fn get_items(
        &self,
        namespace: &Namespace,
        places: Vec<ItemPlace>,
    ) -> Result<Vec<Option<Item>>, TableError>;

    /// Makes all writes or none. Each is of another item, and conditions and updates see what was
    /// there before all of them. At most 100 writes of together 4 MiB.
    ///
    /// With a token, the same writes are made once in ten minutes: `None` says that they were
    /// made before. A transaction that was refused is tried again.
    ///
    /// # Errors
    /// `NoTable`, `Invalid`, `Refused`, `TokenReused`, `Quota`, `Storage`.
    async fn transact(
        &self,
        namespace: &Namespace,
        writes: Vec<TableWrite>,
        token: Option<TransactionToken>,
    ) -> Result<Option<Vec<Written>>, TableError>;

    /// Reads items of one partition, of the table or of an index, in the order of their range key.
    ///
    /// # Errors
    /// `NoTable`, `NoIndex`, `Filling`, `Invalid`, `Storage`.
    async fn query(
        &self,
        namespace: &Namespace,
        table: &TableName,
        query: ItemQuery,
    ) -> Result<ItemPage, TableError>;

    /// Reads items of the table or of an index in an order that has no meaning, and is always the
    /// same.
    ///
    /// # Errors
    /// `NoTable`, `NoIndex`, `Filling`, `Invalid`, `Storage`.
    async fn scan(
        &self,
        namespace: &Namespace,
        table: &TableName,
        scan: ItemScan,
    ) -> Result<ItemPage, TableError>;
}
