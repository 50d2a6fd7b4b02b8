mod backup;
pub(crate) mod keys;
mod page;
pub(crate) mod rules;
mod stream;
pub(crate) mod stream_rules;
mod write;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_tables::{IndexName, Invalid, Item, StreamSequence, TableDefinition};
use lambent_types::{Namespace, Origin, TableName};

pub(crate) use backup::check_backup_name;
pub use backup::{TableBackup, backup_id, check_restored};
pub use page::{ItemPage, ItemQuery, ItemScan, PAGE_BYTES_MAX};
pub use stream::{StreamChange, StreamPage, TableStream};
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
    /// The label of its stream, or of the last one that it had.
    pub stream: Option<String>,
    /// Whether it is still being filled with what a back-up has. Its items are neither read nor
    /// written until then, and its definition is not changed; it can be deleted.
    pub restoring: bool,
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
    /// The table is being filled with what a back-up has.
    #[error("table \"{0}\" is still being restored")]
    Restoring(TableName),
    /// There is no such back-up.
    #[error("no such back-up: {0:?}")]
    NoBackup(String),
    /// The back-up is being made or restored, or the table has another that is being made.
    #[error("a back-up of the table is in use")]
    BackupInUse,
    /// The table is protected from deletion.
    #[error("the table is protected from deletion")]
    Protected,
    /// The definition was changed since it was read.
    #[error("the definition has revision {current}")]
    Changed {
        /// The revision that it has.
        current: u64,
    },
    /// No table of this name has such a stream, or it is over and its records are gone.
    #[error("table \"{0}\" has no stream {1:?}")]
    NoStream(TableName, String),
    /// The record is no longer kept.
    #[error("the stream is kept from {oldest} on")]
    Trimmed {
        /// The first that is, or else the next to come.
        oldest: StreamSequence,
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
/// A table with a stream has a record there for each change of an item, which is written with the
/// change or not at all, in the order of the changes; a write that leaves an item as it was makes
/// none. Records are kept for 24 hours by the node's clock, and counted as what they have of
/// items. A stream ends when it is turned off or its table is deleted, and is read for as long;
/// one that is turned on again is another. The deletion of a table is no change of its items.
///
/// A back-up has the items of its table as they were when it was made, whatever is written while
/// they are copied, and is there before they are: `whole` says when they all are. It outlives its
/// table, which may be deleted meanwhile. What its items weigh counts against the quota of the
/// namespace from the beginning, as do those of a table that is restored.
///
/// # Several nodes
/// All promises hold between nodes. A backend that nodes share evaluates conditions and updates
/// where it serializes writes of an item, or reads the item, evaluates, and writes it if it is
/// still the one that was read. A transaction needs that of all its items at once, and its token
/// to be kept with it. The definition that a write goes by has to be the current one, since it
/// says which rows of indexes are written: two nodes that cache it need to agree on its revision
/// in the transaction. Filling an index and deletion by time are done by whichever node sweeps:
/// both may be done twice without harm. Sequence numbers of a stream are given in the order in
/// which its writes are serialized, and a reader never sees one before those below it. While a
/// back-up is being copied, whoever changes an item has to keep what it was for the back-up, in the
/// same transaction: writers on every node have to know of it before the moment that it is of, for
/// which the current revision of the definition serves them too. Copying is done by whichever node
/// sweeps: an item that is copied twice is copied once.
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
    /// there before all of them. At most 100 writes of together 4 MiB. Records of streams keep
    /// `origin` as what led to the changes. What only deletes is made however full the namespace
    /// is.
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
        origin: &Origin,
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

    /// The stream of a table with this label; without one the last that a table of this name had.
    ///
    /// # Errors
    /// The store failed.
    async fn stream(
        &self,
        namespace: &Namespace,
        table: &TableName,
        label: Option<&str>,
    ) -> Result<Option<TableStream>, StorageError>;

    /// The streams that can be read, of all tables or of one, by table and then by label: at most
    /// `limit` of those after `after`.
    ///
    /// # Errors
    /// The store failed.
    async fn streams(
        &self,
        namespace: &Namespace,
        table: Option<&TableName>,
        after: Option<(&TableName, &str)>,
        limit: usize,
    ) -> Result<Vec<TableStream>, StorageError>;

    /// Reads records from `from` on, that one included: at most `limit`, of which there are 1 to
    /// 1,000, and of together not more than 1 MiB, but at least one. Waits up to `wait` for the
    /// first, unless nothing will come.
    ///
    /// # Errors
    /// `NoStream`, `Trimmed`, `Storage`.
    async fn stream_records(
        &self,
        namespace: &Namespace,
        table: &TableName,
        label: &str,
        from: StreamSequence,
        limit: usize,
        wait: Duration,
    ) -> Result<StreamPage, TableError>;

    /// What a reader of streams noted last. A reader is whoever has the name.
    ///
    /// # Errors
    /// The store failed.
    async fn checkpoint(
        &self,
        namespace: &Namespace,
        reader: &str,
    ) -> Result<Option<Vec<u8>>, StorageError>;

    /// Notes for a reader of streams where it is, in its own bytes, of which there are at most
    /// 65,536; forgets it without any.
    ///
    /// # Errors
    /// The store failed, or there are more.
    async fn set_checkpoint(
        &self,
        namespace: &Namespace,
        reader: &str,
        checkpoint: Option<Vec<u8>>,
    ) -> Result<(), StorageError>;

    /// Begins a back-up of a table, of this moment. Its name has 3 to 255 characters of `a-z`,
    /// `A-Z`, `0-9`, `_`, `.` and `-`. One of a table is copied at a time.
    ///
    /// # Errors
    /// `NoTable`, `Restoring`, `BackupInUse`, `Invalid`, `Quota`, `Storage`.
    async fn create_backup(
        &self,
        namespace: &Namespace,
        table: &TableName,
        name: &str,
    ) -> Result<TableBackup, TableError>;

    /// Reads what a back-up is.
    ///
    /// # Errors
    /// The store failed.
    async fn backup(
        &self,
        namespace: &Namespace,
        id: &str,
    ) -> Result<Option<TableBackup>, StorageError>;

    /// The back-ups of a namespace, or of the tables of one name, in the order of their ids and so
    /// of when they were made: at most `limit` of those after `after`.
    ///
    /// # Errors
    /// The store failed.
    async fn backups(
        &self,
        namespace: &Namespace,
        table: Option<&TableName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<TableBackup>, StorageError>;

    /// Deletes a back-up, also one that is not whole. Returns it as it was. The room of its items
    /// comes back in pieces.
    ///
    /// # Errors
    /// `NoBackup`, `BackupInUse` (a table is being restored from it), `Storage`.
    async fn delete_backup(
        &self,
        namespace: &Namespace,
        id: &str,
    ) -> Result<TableBackup, TableError>;

    /// Creates a table with the items of a back-up, of a definition with the key that its table
    /// had, and of the indexes some: it is there at once, and `restoring` until it has them all.
    ///
    /// # Errors
    /// `NoBackup`, `BackupInUse` (it is not whole), `Exists`, `Invalid`, `Quota`, `Storage`.
    async fn restore_backup(
        &self,
        namespace: &Namespace,
        id: &str,
        table: &TableName,
        definition: TableDefinition,
    ) -> Result<Table, TableError>;

    /// Forgets the streams of tables that are gone, with their records, and what all readers have
    /// noted: of a namespace that is deleted nothing may be left for the next of its name.
    ///
    /// # Errors
    /// The store failed.
    async fn discard_streams(&self, namespace: &Namespace) -> Result<(), StorageError>;
}
