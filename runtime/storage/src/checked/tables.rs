use async_trait::async_trait;
use lambent_tables::{Item, TableDefinition};
use lambent_types::{Namespace, TableName, bounds};

use super::{Checked, checked};
use crate::error::StorageError;
use crate::tables::{
    ItemPage, ItemPlace, ItemQuery, ItemScan, Table, TableError, TableWrite, Tables,
    TransactionToken, Written, rules,
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
        token: Option<TransactionToken>
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
}
