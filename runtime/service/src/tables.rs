//! Tables and their items.

use std::collections::BTreeSet;

use lambent_storage::{
    ItemPage, ItemPlace, ItemQuery, ItemScan, Refusal, Stores, Table, TableAction, TableError,
    TableWrite, TransactionToken, Written,
};
use lambent_tables::{Item, TableDefinition};
use lambent_types::{Access, Configuration, Error, ErrorCode, Grant, Namespace, TableName, bounds};

use crate::client_errors;
use crate::contents::{Contained, check_stays, gone};
use crate::data_scope::DataScope;
use crate::handle::{Handle, Put};
use crate::operation::Operation;
use crate::permissions;
use crate::resource_name::ResourceName;
use crate::scope::Scope;

/// A table and its items.
pub type TableHandle<'s> = Handle<'s, TableName>;

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transacted {
    /// All writes were made: what each did, in their order.
    Made(Vec<Written>),
    /// They were made before, with the same token.
    MadeBefore,
    /// None was made: for each write in their order why not, or nothing.
    Refused(Vec<Option<Refusal>>),
}

impl ResourceName for TableName {
    const NOUN: &'static str = "table";
    const NOT_FOUND: ErrorCode = ErrorCode::TableNotFound;

    type Scope = DataScope;

    fn granted(&self, configuration: &Configuration) -> Option<Access> {
        configuration.grants.tables.get(self).copied()
    }

    fn grant(&self, _: &Configuration, access: Access) -> Option<Grant> {
        Some(Grant::Table(self.clone(), access))
    }

    async fn is_there(&self, stores: &Stores, namespace: &Namespace) -> bool {
        let found = stores.tables.table(namespace, self).await;
        !matches!(found, Ok(None))
    }
}

impl Scope {
    /// Tables by name: at most `limit` of those after `after`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn tables(
        &self,
        after: Option<&TableName>,
        limit: usize,
    ) -> Result<Vec<Table>, Error> {
        self.perform(Operation::ListTables, "", async {
            Ok(self.stores().tables.tables(self.namespace(), after, limit).await?)
        })
        .await
    }
}

impl DataScope {
    /// Reads items of one state of all their tables, in the order of `places`: of those the first
    /// whose items have together not much more than 16 MiB, at least one. At most 100 places.
    ///
    /// # Errors
    /// `Forbidden`, `TableNotFound`, `InvalidRequest`; the store failed.
    pub async fn get_items(&self, places: Vec<ItemPlace>) -> Result<Vec<Option<Item>>, Error> {
        let tables: BTreeSet<_> = places.iter().map(|place| place.table.clone()).collect();
        for table in &tables {
            self.check_table(Operation::GetItems, table).await?;
        }
        self.record(Operation::GetItems, &names(&tables), async {
            let found = self.stores().tables.get_items(self.namespace(), places).await;
            found.map_err(|error| self.refused(&tables, error))
        })
        .await
    }

    /// Makes all writes or none, at most 100 of as many items and together 4 MiB. With a token,
    /// the same writes are made once in ten minutes.
    ///
    /// # Errors
    /// `Forbidden`, `TableNotFound`, `InvalidRequest`, `Conflict` (the token was given before, with
    /// other writes), `QuotaExceeded`; the store failed.
    pub async fn transact(
        &self,
        writes: Vec<TableWrite>,
        token: Option<TransactionToken>,
    ) -> Result<Transacted, Error> {
        for write in &writes {
            let operation = match write.action {
                TableAction::Check(_) => Operation::GetItems,
                _ => Operation::WriteItems,
            };
            self.check_table(operation, &write.table).await?;
        }
        let tables: BTreeSet<_> = writes.iter().map(|write| write.table.clone()).collect();
        self.record(Operation::WriteItems, &names(&tables), async {
            let origin = self.change_origin()?;
            let store = &self.stores().tables;
            let made = store.transact(self.namespace(), writes, token, origin).await;
            match made {
                Ok(Some(written)) => Ok(Transacted::Made(written)),
                Ok(None) => Ok(Transacted::MadeBefore),
                Err(TableError::Refused(refusals)) => Ok(Transacted::Refused(refusals)),
                Err(error) => Err(self.refused(&tables, error)),
            }
        })
        .await
    }

    async fn check_table(&self, operation: Operation, table: &TableName) -> Result<(), Error> {
        permissions::check(self.principal(), self.stores(), operation, table).await
    }

    /// The error that the client reads; it names a table if it is about one.
    fn refused(&self, tables: &BTreeSet<TableName>, error: TableError) -> Error {
        match tables.first() {
            Some(table) => client_errors::table(self.namespace(), table, error),
            None => Error::new(ErrorCode::InvalidRequest, error.to_string()),
        }
    }
}

/// The names of tables as the log has them.
fn names(tables: &BTreeSet<TableName>) -> String {
    tables.iter().map(TableName::as_str).collect::<Vec<_>>().join(",")
}

impl TableHandle<'_> {
    /// The error that the client reads.
    fn refused(&self, error: TableError) -> Error {
        client_errors::table(self.namespace(), self.name(), error)
    }

    /// The table, whose stream is read from now on, if it has one.
    fn defined(&self, table: Table) -> Table {
        if table.definition.stream.is_some() {
            self.stores().stream_began.notify_waiters();
        }
        table
    }

    /// Creates the table.
    ///
    /// # Errors
    /// `Conflict` (it is there already), `InvalidRequest`, `QuotaExceeded`; the store failed.
    pub async fn create(&self, definition: TableDefinition) -> Result<Table, Error> {
        self.perform(Operation::PutTable, async {
            let (namespace, name) = self.place();
            let created = self.stores().tables.create_table(namespace, name, definition).await;
            created.map(|table| self.defined(table)).map_err(|error| self.refused(error))
        })
        .await
    }

    /// Gives the table another definition; with `expected` only in the place of that revision.
    ///
    /// # Errors
    /// `TableNotFound`, `PreconditionFailed`, `InvalidRequest`; the store failed.
    pub async fn update(
        &self,
        definition: TableDefinition,
        expected: Option<u64>,
    ) -> Result<Table, Error> {
        self.perform(Operation::PutTable, async {
            let (namespace, name) = self.place();
            let tables = &self.stores().tables;
            let updated = tables.update_table(namespace, name, definition, expected).await;
            updated.map(|table| self.defined(table)).map_err(|error| self.refused(error))
        })
        .await
    }

    /// Creates the table, or gives the one that is there this definition.
    ///
    /// # Errors
    /// `InvalidRequest`, `QuotaExceeded`; the store failed.
    pub async fn put(&self, definition: TableDefinition) -> Result<Put<Table>, Error> {
        self.perform(Operation::PutTable, async {
            let (namespace, name) = self.place();
            let tables = &self.stores().tables;
            loop {
                match tables.create_table(namespace, name, definition.clone()).await {
                    Ok(table) => return Ok(Put { value: self.defined(table), created: true }),
                    Err(TableError::Exists) => {}
                    Err(error) => return Err(self.refused(error)),
                }
                match tables.update_table(namespace, name, definition.clone(), None).await {
                    Ok(table) => return Ok(Put { value: self.defined(table), created: false }),
                    // It was deleted in between: then it is created after all.
                    Err(TableError::NoTable(_)) => {}
                    Err(error) => return Err(self.refused(error)),
                }
            }
        })
        .await
    }

    /// Reads what the table is, and how much it holds.
    ///
    /// # Errors
    /// `TableNotFound`; the store failed.
    pub async fn describe(&self) -> Result<Table, Error> {
        self.perform(Operation::DescribeTable, async {
            let (namespace, name) = self.place();
            let found = self.stores().tables.table(namespace, name).await?;
            found.ok_or_else(|| self.not_found())
        })
        .await
    }

    /// Deletes the table with all its items. Returns it as it was.
    ///
    /// # Errors
    /// `TableNotFound`, `Conflict` (it is protected); the store failed.
    pub async fn delete(&self) -> Result<Table, Error> {
        self.perform(Operation::DeleteTable, async {
            let (namespace, name) = self.place();
            let deleted = self.stores().tables.delete_table(namespace, name).await;
            deleted.map_err(|error| self.refused(error))
        })
        .await
    }

    /// Reads a page of items of a partition.
    ///
    /// # Errors
    /// `TableNotFound`, `InvalidRequest`, `Conflict` (the index is being filled); the store failed.
    pub async fn query(&self, query: ItemQuery) -> Result<ItemPage, Error> {
        self.perform(Operation::QueryItems, async {
            let (namespace, name) = self.place();
            let page = self.stores().tables.query(namespace, name, query).await;
            page.map_err(|error| self.refused(error))
        })
        .await
    }

    /// Reads a page of all items.
    ///
    /// # Errors
    /// As of [`Self::query`].
    pub async fn scan(&self, scan: ItemScan) -> Result<ItemPage, Error> {
        self.perform(Operation::ScanItems, async {
            let (namespace, name) = self.place();
            let page = self.stores().tables.scan(namespace, name, scan).await;
            page.map_err(|error| self.refused(error))
        })
        .await
    }
}

impl Contained for TableName {
    async fn held(scope: &Scope) -> Result<Vec<Self>, Error> {
        let tables = scope.tables(None, bounds::PAGE_MAX).await?;
        Ok(tables.into_iter().map(|table| table.name).collect())
    }

    async fn delete_all(scope: &Scope) -> Result<(), Error> {
        for table in scope.tables(None, bounds::PAGE_MAX).await? {
            check_stays(scope)?;
            let handle = scope.named(table.name);
            // Who deletes a namespace with what it holds means that too.
            if table.definition.deletion_protection {
                let definition = TableDefinition { deletion_protection: false, ..table.definition };
                gone(handle.update(definition, None).await.map(drop))?;
            }
            gone(handle.delete().await.map(drop))?;
        }
        Ok(())
    }
}
