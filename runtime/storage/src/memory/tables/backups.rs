//! Back-ups of tables in memory, which are whole at once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambent_tables::Item;
use lambent_types::TableName;

use super::held::Held;
use crate::tables::{TableBackup, backup_id, rules};

type Items = BTreeMap<Vec<u8>, Item>;

/// What items count against the quota.
pub(super) fn weight(items: &Items) -> i64 {
    items.values().map(|item| rules::weight(item.size() as u64)).sum()
}

/// By the key of the namespace, and the id.
#[derive(Debug, Default)]
pub(super) struct Backups(BTreeMap<(String, String), (TableBackup, Items)>);

impl Backups {
    pub(super) fn insert(
        &mut self,
        owner: &str,
        name: &str,
        held: &Held,
        now: Timestamp,
    ) -> TableBackup {
        let table = held.shown();
        let backup = TableBackup {
            id: backup_id(now),
            name: name.to_owned(),
            table: table.name,
            table_id: table.id,
            table_created: table.created,
            definition: table.definition,
            created: Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now),
            items: table.items,
            bytes: table.bytes,
            whole: true,
        };
        let place = (owner.to_owned(), backup.id.clone());
        self.0.insert(place, (backup.clone(), held.items.clone()));
        backup
    }

    pub(super) fn find(&self, owner: &str, id: &str) -> Option<&(TableBackup, Items)> {
        self.0.get(&(owner.to_owned(), id.to_owned()))
    }

    pub(super) fn list(
        &self,
        owner: &str,
        table: Option<&TableName>,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<TableBackup> {
        let own = self.0.iter().filter(|((namespace, id), (backup, _))| {
            namespace == owner
                && table.is_none_or(|table| *table == backup.table)
                && after.is_none_or(|after| id.as_str() > after)
        });
        own.take(limit).map(|(_, (backup, _))| backup.clone()).collect()
    }

    pub(super) fn remove(&mut self, owner: &str, id: &str) -> Option<TableBackup> {
        self.0.remove(&(owner.to_owned(), id.to_owned())).map(|(backup, _)| backup)
    }

    /// What those of a namespace count against its quota.
    pub(super) fn weight(&self, owner: &str) -> i64 {
        let own = self.0.iter().filter(|((namespace, _), _)| namespace == owner);
        own.map(|(_, (_, items))| weight(items)).sum()
    }
}
