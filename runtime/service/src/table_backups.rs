//! Back-ups of tables, and tables that are made of them.

use std::collections::BTreeMap;

use lambent_storage::{Table, TableBackup, TableError};
use lambent_tables::{BillingMode, Index, IndexName, TableDefinition, Throughput};
use lambent_types::{Error, TableName, bounds};

use crate::client_errors;
use crate::contents::{check_stays, gone};
use crate::operation::Operation;
use crate::scope::Scope;
use crate::tables::TableHandle;

/// In what a table that is restored is to differ from the one that was backed up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreOverrides {
    /// The global indexes that it is to have, each one that the table had; all of them if absent.
    pub global_indexes: Option<BTreeMap<IndexName, Index>>,
    /// The local indexes that it is to have, each one that the table had; all of them if absent.
    pub local_indexes: Option<BTreeMap<IndexName, Index>>,
    /// How AWS would charge for it, and the throughput of the table.
    pub billing: Option<(BillingMode, Option<Throughput>)>,
    /// The throughput of global indexes.
    pub index_throughput: BTreeMap<IndexName, Throughput>,
}

/// What became of a wish to restore a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restored {
    /// The table is there, and has all its items once it is not `restoring`.
    Begun(Box<Table>),
    /// There is a table of its name.
    NameTaken,
    /// The back-up is not whole yet.
    BackupInUse,
}

impl RestoreOverrides {
    /// What a table is to be that is restored: as it was, without what is of a table that
    /// runs: its stream, its time to live, its tags and its protection.
    fn definition(self, was: TableDefinition) -> TableDefinition {
        let (billing, throughput) = self.billing.unwrap_or((was.billing, was.throughput));
        let global_indexes = self.global_indexes.unwrap_or(was.global_indexes);
        let mut index_throughput = was.index_throughput;
        index_throughput.extend(self.index_throughput);
        let is_provisioned = billing == BillingMode::Provisioned;
        index_throughput.retain(|name, _| is_provisioned && global_indexes.contains_key(name));
        TableDefinition {
            global_indexes,
            local_indexes: self.local_indexes.unwrap_or(was.local_indexes),
            billing,
            throughput,
            index_throughput,
            annotations: was.annotations,
            ..TableDefinition::new(was.key)
        }
    }
}

impl Scope {
    /// The back-ups of the namespace, or of the tables of one name, from the oldest on: at most
    /// `limit` of those after the id `after`.
    ///
    /// # Errors
    /// `Forbidden`; the store failed.
    pub async fn backups(
        &self,
        table: Option<&TableName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<TableBackup>, Error> {
        let name = table.map_or("", TableName::as_str);
        self.perform(Operation::ListBackups, name, async {
            Ok(self.stores().tables.backups(self.namespace(), table, after, limit).await?)
        })
        .await
    }

    /// Whether the namespace holds back-ups: the name of one.
    pub(crate) async fn backup_held(&self) -> Result<Option<String>, Error> {
        let found = self.backups(None, None, 1).await?;
        Ok(found.into_iter().next().map(|backup| backup.name))
    }

    /// Deletes all back-ups.
    pub(crate) async fn delete_backups(&self) -> Result<(), Error> {
        for backup in self.backups(None, None, bounds::PAGE_MAX).await? {
            check_stays(self)?;
            gone(self.named(backup.table).delete_backup(&backup.id).await.map(drop))?;
        }
        Ok(())
    }
}

impl TableHandle<'_> {
    fn no_backup(&self, id: &str) -> Error {
        client_errors::table(self.namespace(), self.name(), TableError::NoBackup(id.to_owned()))
    }

    /// Begins a back-up of the table, of this moment.
    ///
    /// # Errors
    /// `TableNotFound`, `Conflict` (another is being made), `InvalidRequest`, `QuotaExceeded`; the
    /// store failed.
    pub async fn back_up(&self, called: &str) -> Result<TableBackup, Error> {
        self.perform(Operation::CreateBackup, async {
            let (namespace, name) = self.place();
            let made = self.stores().tables.create_backup(namespace, name, called).await;
            made.map_err(|error| client_errors::table(namespace, name, error))
        })
        .await
    }

    /// Reads what a back-up of a table of this name is. The table may be gone.
    ///
    /// # Errors
    /// `TableNotFound` (there is no such back-up); the store failed.
    pub async fn backup(&self, id: &str) -> Result<TableBackup, Error> {
        self.perform(Operation::DescribeBackup, self.own_backup(id)).await
    }

    async fn own_backup(&self, id: &str) -> Result<TableBackup, Error> {
        let (namespace, name) = self.place();
        let found = self.stores().tables.backup(namespace, id).await?;
        found.filter(|found| found.table == *name).ok_or_else(|| self.no_backup(id))
    }

    /// Deletes a back-up of a table of this name. Returns it as it was.
    ///
    /// # Errors
    /// `TableNotFound` (there is no such back-up), `Conflict` (a table is being restored from
    /// it); the store failed.
    pub async fn delete_backup(&self, id: &str) -> Result<TableBackup, Error> {
        self.perform(Operation::DeleteBackup, async {
            let (namespace, name) = self.place();
            self.own_backup(id).await?;
            let deleted = self.stores().tables.delete_backup(namespace, id).await;
            deleted.map_err(|error| client_errors::table(namespace, name, error))
        })
        .await
    }

    /// Creates another table with the items of a back-up of a table of this name.
    ///
    /// # Errors
    /// `TableNotFound` (there is no such back-up), `InvalidRequest`, `QuotaExceeded`,
    /// `Forbidden` (of either table); the store failed.
    pub async fn restore(
        &self,
        id: &str,
        target: &TableHandle<'_>,
        overrides: RestoreOverrides,
    ) -> Result<Restored, Error> {
        let backup = self.backup(id).await?;
        target
            .perform(Operation::RestoreBackup, async {
                let (namespace, name) = target.place();
                let definition = overrides.definition(backup.definition);
                let tables = &self.stores().tables;
                match tables.restore_backup(namespace, id, name, definition).await {
                    Ok(table) => Ok(Restored::Begun(Box::new(table))),
                    Err(TableError::Exists) => Ok(Restored::NameTaken),
                    Err(TableError::BackupInUse) => Ok(Restored::BackupInUse),
                    Err(error) => Err(client_errors::table(namespace, name, error)),
                }
            })
            .await
    }
}
