use std::time::Duration;

use async_trait::async_trait;
use lambent_tables::{Item, StreamSequence, TableDefinition};
use lambent_types::{Namespace, Origin, TableName, bounds};

use super::{Checked, checked};
use crate::error::StorageError;
use crate::tables::{
    ItemPage, ItemPlace, ItemQuery, ItemScan, StreamPage, Table, TableBackup, TableError,
    TableStream, TableWrite, Tables, TransactionToken, Written, check_backup_name, rules,
    stream_rules,
};

checked! { Tables {}
    create_table(
        namespace: &Namespace,
        table: &TableName,
        definition: TableDefinition
    ) -> Result<Table, TableError> {
        rules::check_definition(&definition)?;
    }
    update_table(
        namespace: &Namespace,
        table: &TableName,
        definition: TableDefinition,
        expected: Option<u64>
    ) -> Result<Table, TableError> {
        rules::check_definition(&definition)?;
    }
    delete_table(namespace: &Namespace, table: &TableName) -> Result<Table, TableError> {}
    table(namespace: &Namespace, table: &TableName) -> Result<Option<Table>, StorageError> {}
    tables(
        namespace: &Namespace,
        after: Option<&TableName>,
        limit: usize
    ) -> Result<Vec<Table>, StorageError> {
        let limit = limit.clamp(1, bounds::PAGE_MAX);
    }
    get_items(
        namespace: &Namespace,
        places: Vec<ItemPlace>
    ) -> Result<Vec<Option<Item>>, TableError> {
        rules::check_places(&places)?;
    }
    transact(
        namespace: &Namespace,
        writes: Vec<TableWrite>,
        token: Option<TransactionToken>,
        origin: &Origin
    ) -> Result<Option<Vec<Written>>, TableError> {
        rules::check_writes(&writes, token.as_ref())?;
    }
    query(
        namespace: &Namespace,
        table: &TableName,
        query: ItemQuery
    ) -> Result<ItemPage, TableError> {
        rules::check_query(&query)?;
    }
    scan(
        namespace: &Namespace,
        table: &TableName,
        scan: ItemScan
    ) -> Result<ItemPage, TableError> {
        rules::check_scan(&scan)?;
    }
    stream(
        namespace: &Namespace,
        table: &TableName,
        label: Option<&str>
    ) -> Result<Option<TableStream>, StorageError> {}
    streams(
        namespace: &Namespace,
        table: Option<&TableName>,
        after: Option<(&TableName, &str)>,
        limit: usize
    ) -> Result<Vec<TableStream>, StorageError> {
        let limit = limit.clamp(1, bounds::PAGE_MAX);
    }
    stream_records(
        namespace: &Namespace,
        table: &TableName,
        label: &str,
        from: StreamSequence,
        limit: usize,
        wait: Duration
    ) -> Result<StreamPage, TableError> {
        let limit = stream_rules::page_limit(limit);
    }
    checkpoint(namespace: &Namespace, reader: &str) -> Result<Option<Vec<u8>>, StorageError> {}
    set_checkpoint(
        namespace: &Namespace,
        reader: &str,
        checkpoint: Option<Vec<u8>>
    ) -> Result<(), StorageError> {
        stream_rules::check_checkpoint(checkpoint.as_deref())?;
    }
    create_backup(
        namespace: &Namespace,
        table: &TableName,
        name: &str
    ) -> Result<TableBackup, TableError> {
        check_backup_name(name)?;
    }
    backup(namespace: &Namespace, id: &str) -> Result<Option<TableBackup>, StorageError> {}
    backups(
        namespace: &Namespace,
        table: Option<&TableName>,
        after: Option<&str>,
        limit: usize
    ) -> Result<Vec<TableBackup>, StorageError> {
        let limit = limit.clamp(1, bounds::PAGE_MAX);
    }
    delete_backup(namespace: &Namespace, id: &str) -> Result<TableBackup, TableError> {}
    restore_backup(
        namespace: &Namespace,
        id: &str,
        table: &TableName,
        definition: TableDefinition
    ) -> Result<Table, TableError> {
        rules::check_definition(&definition)?;
    }
    discard_streams(namespace: &Namespace) -> Result<(), StorageError> {}
}
