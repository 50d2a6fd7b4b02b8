use std::time::Duration;

use async_trait::async_trait;
use lambent_tables::{Item, StreamSequence, TableDefinition};
use lambent_types::{Namespace, Origin, TableName};

use super::forward::forward;
use super::{Call, Faulty};
use crate::error::StorageError;
use crate::tables::{
    ItemPage, ItemPlace, ItemQuery, ItemScan, StreamPage, Table, TableBackup, TableError,
    TableStream, TableWrite, Tables, TransactionToken, Written, rules,
};

forward! { Tables:
    change create_table(
        namespace: &Namespace, table: &TableName, definition: TableDefinition
    ) -> Result<Table, TableError>;
    change update_table(
        namespace: &Namespace, table: &TableName, definition: TableDefinition,
        expected: Option<u64>
    ) -> Result<Table, TableError>;
    free delete_table(namespace: &Namespace, table: &TableName) -> Result<Table, TableError>;
    read table(namespace: &Namespace, table: &TableName) -> Result<Option<Table>, StorageError>;
    read tables(
        namespace: &Namespace, after: Option<&TableName>, limit: usize
    ) -> Result<Vec<Table>, StorageError>;
    read get_items(
        namespace: &Namespace, places: Vec<ItemPlace>
    ) -> Result<Vec<Option<Item>>, TableError>;
    call(if rules::only_deletes(&writes) { Call::Free } else { Call::Change }) transact(
        namespace: &Namespace, writes: Vec<TableWrite>, token: Option<TransactionToken>,
        origin: &Origin
    ) -> Result<Option<Vec<Written>>, TableError>;
    read query(
        namespace: &Namespace, table: &TableName, query: ItemQuery
    ) -> Result<ItemPage, TableError>;
    read scan(
        namespace: &Namespace, table: &TableName, scan: ItemScan
    ) -> Result<ItemPage, TableError>;
    read stream(
        namespace: &Namespace, table: &TableName, label: Option<&str>
    ) -> Result<Option<TableStream>, StorageError>;
    read streams(
        namespace: &Namespace, table: Option<&TableName>, after: Option<(&TableName, &str)>,
        limit: usize
    ) -> Result<Vec<TableStream>, StorageError>;
    read stream_records(
        namespace: &Namespace, table: &TableName, label: &str, from: StreamSequence, limit: usize,
        wait: Duration
    ) -> Result<StreamPage, TableError>;
    read checkpoint(
        namespace: &Namespace, reader: &str
    ) -> Result<Option<Vec<u8>>, StorageError>;
    call(if checkpoint.is_some() { Call::Change } else { Call::Free }) set_checkpoint(
        namespace: &Namespace, reader: &str, checkpoint: Option<Vec<u8>>
    ) -> Result<(), StorageError>;
    change create_backup(
        namespace: &Namespace, table: &TableName, name: &str
    ) -> Result<TableBackup, TableError>;
    read backup(namespace: &Namespace, id: &str) -> Result<Option<TableBackup>, StorageError>;
    read backups(
        namespace: &Namespace, table: Option<&TableName>, after: Option<&str>, limit: usize
    ) -> Result<Vec<TableBackup>, StorageError>;
    free delete_backup(namespace: &Namespace, id: &str) -> Result<TableBackup, TableError>;
    change restore_backup(
        namespace: &Namespace, id: &str, table: &TableName, definition: TableDefinition
    ) -> Result<Table, TableError>;
    free discard_streams(namespace: &Namespace) -> Result<(), StorageError>;
}
