//! What namespaces hold, as the writer of a shard counts it within a transaction.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use lambent_storage::backend::{Ledger, Reservation};
use lambent_storage::{NamespaceQuotas, Quota, StorageError};

/// What each namespace holds, by kind.
pub(crate) const SCHEMA: &str = "
CREATE TABLE held (
    namespace TEXT NOT NULL,
    kind INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (namespace, kind)
) STRICT, WITHOUT ROWID;
";

fn failed(error: rusqlite::Error) -> StorageError {
    StorageError::unavailable("count what a namespace holds", error)
}

/// The amounts that a transaction has changed, by namespace and kind: many
/// operations change the same one, which is written once.
#[derive(Debug, Default)]
pub(crate) struct Amounts(RefCell<HashMap<(String, Quota), Amount>>);

/// What a namespace holds, and whether the database says otherwise yet.
#[derive(Debug, Clone, Copy)]
struct Amount {
    now: u64,
    written: bool,
}

/// What namespaces hold as of now, as [`Amounts::write`] wrote it.
pub(crate) fn ledger(
    connection: &Connection,
    quotas: Arc<NamespaceQuotas>,
) -> Result<Arc<Ledger>, rusqlite::Error> {
    let mut select = connection.prepare("SELECT namespace, kind, amount FROM held")?;
    let rows = select.query_map([], |row| {
        let amount: i64 = row.get(2)?;
        Ok((row.get(0)?, row.get(1)?, amount.unsigned_abs()))
    })?;
    let rows = rows.collect::<Result<Vec<(String, i64, u64)>, _>>()?;
    let known = rows.into_iter().filter_map(|(namespace, kind, amount)| {
        Some(((namespace, Quota::from_number(kind)?), amount))
    });
    Ok(Ledger::new(quotas, known))
}

impl Amounts {
    /// What a namespace holds now, if the transaction has changed it.
    pub(crate) fn get(&self, namespace: &str, quota: Quota) -> Option<u64> {
        self.0.borrow().get(&(namespace.to_owned(), quota)).map(|amount| amount.now)
    }

    /// Notes what a namespace holds now.
    pub(crate) fn set(&self, namespace: String, quota: Quota, now: u64) {
        self.0.borrow_mut().insert((namespace, quota), Amount { now, written: false });
    }

    /// Writes those that have changed.
    pub(crate) fn write(&self, connection: &Connection) -> Result<(), StorageError> {
        let sql = "INSERT INTO held (namespace, kind, amount) VALUES (?1, ?2, ?3) \
                   ON CONFLICT DO UPDATE SET amount = ?3";
        let mut amounts = self.0.borrow_mut();
        for ((namespace, kind), amount) in amounts.iter_mut().filter(|(_, one)| !one.written) {
            let now = i64::try_from(amount.now).unwrap_or(i64::MAX);
            connection
                .prepare_cached(sql)
                .and_then(|mut upsert| upsert.execute(params![namespace, *kind as i64, now]))
                .map_err(failed)?;
            amount.written = true;
        }
        Ok(())
    }

    /// Takes them for what the database says, after writes were undone.
    pub(crate) fn reread(&self, connection: &Connection) -> Result<(), StorageError> {
        let sql = "SELECT amount FROM held WHERE namespace = ?1 AND kind = ?2";
        for ((namespace, kind), amount) in self.0.borrow_mut().iter_mut() {
            let found = connection.prepare_cached(sql).and_then(|mut select| {
                let read = |row: &rusqlite::Row<'_>| row.get(0);
                select.query_row(params![namespace, *kind as i64], read).optional()
            });
            let now = found.map_err(failed)?.unwrap_or(0_i64).unsigned_abs();
            *amount = Amount { now, written: true };
        }
        Ok(())
    }

    /// Notes in the ledger what was committed.
    pub(crate) fn committed(self, ledger: &Ledger, settled: Vec<Reservation>) {
        let amounts = self.0.into_inner().into_iter();
        ledger.committed(amounts.map(|(place, amount)| (place, amount.now)), settled);
    }
}
