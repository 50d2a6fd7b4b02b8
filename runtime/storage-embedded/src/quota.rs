use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use lambent_types::Namespace;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::shard::Tx;
use lambent_storage::backend::Ledger;
use lambent_storage::backend::Reservation;
use lambent_storage::{Quota, QuotaExceeded, Quotas, StorageError};

#[cfg(test)]
mod tests;

/// What each namespace holds, by kind.
pub(crate) const SCHEMA: &str = "
CREATE TABLE held (
    namespace TEXT NOT NULL,
    kind INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (namespace, kind)
) STRICT, WITHOUT ROWID;
";

/// Counts what was not counted before: keys and messages.
pub(crate) const COUNTS: &str = "
INSERT INTO held
    SELECT namespace, 10, count(*) FROM key JOIN keyspace ON keyspace.id = key.keyspace
    GROUP BY namespace;
INSERT INTO held
    SELECT namespace, 11, count(*) FROM message JOIN line ON line.id = message.line
    GROUP BY namespace;
";

fn failed(error: rusqlite::Error) -> StorageError {
    StorageError::unavailable("count what a namespace holds", error)
}

/// The amounts that a transaction has changed, by namespace and kind: many
/// operations change the same one, which is written once.
pub(crate) type Amounts = RefCell<HashMap<(String, Quota), Amount>>;

/// What a namespace holds, and whether the database says otherwise yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount {
    now: u64,
    written: bool,
}

/// What namespaces hold as of now, as [`write`] wrote it.
pub(crate) fn ledger(
    connection: &Connection,
    quotas: Quotas,
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

fn amount(tx: &Tx<'_>, namespace: &str, quota: Quota) -> u64 {
    let place = (namespace.to_owned(), quota);
    match tx.amounts.borrow().get(&place) {
        Some(amount) => amount.now,
        None => tx.ledger.held(namespace, quota),
    }
}

fn set(tx: &Tx<'_>, namespace: String, quota: Quota, now: u64) {
    tx.amounts.borrow_mut().insert((namespace, quota), Amount { now, written: false });
}

/// Adds to what a namespace holds, in the transaction of the change: before its
/// first write, since it may be refused. Taking away never is.
pub(crate) fn charge<E: From<QuotaExceeded>>(
    tx: &Tx<'_>,
    namespace: &Namespace,
    quota: Quota,
    delta: i64,
) -> Result<(), E> {
    let owner = namespace.key();
    tx.ledger.quotas().check(quota, amount(tx, &owner, quota), delta)?;
    count(tx, namespace, quota, delta);
    Ok(())
}

/// Adds bytes of objects that were reserved as they came; see [`charge`].
pub(crate) fn charge_reserved<E: From<QuotaExceeded>>(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    delta: i64,
    mut reservation: Reservation,
) -> Result<(), E> {
    let used = amount(tx, &namespace.key(), Quota::ObjectBytes);
    let used = used.saturating_add(reservation.others());
    tx.ledger.quotas().check(Quota::ObjectBytes, used, delta)?;
    count(tx, namespace, Quota::ObjectBytes, delta);
    reservation.settle();
    tx.settled.push(reservation);
    Ok(())
}

/// Adds to what a namespace holds whatever its quota: for what must not fail,
/// such as setting a message aside.
pub(crate) fn count(tx: &Tx<'_>, namespace: &Namespace, quota: Quota, delta: i64) {
    if delta != 0 {
        let owner = namespace.key();
        let now = amount(tx, &owner, quota).saturating_add_signed(delta);
        set(tx, owner, quota, now);
    }
}

/// Adds messages, and the bytes of all of them, within these quotas; see [`charge`].
pub(crate) fn charge_messages<E: From<QuotaExceeded>>(
    tx: &Tx<'_>,
    namespace: &Namespace,
    (messages, bytes): (i64, i64),
    quotas: &Quotas,
) -> Result<(), E> {
    let owner = namespace.key();
    quotas.check(Quota::MessageBytes, amount(tx, &owner, Quota::MessageBytes), bytes)?;
    quotas.check(Quota::Messages, amount(tx, &owner, Quota::Messages), messages)?;
    count_messages(tx, namespace, (messages, bytes));
    Ok(())
}

/// Adds messages whatever the quota; see [`count`].
pub(crate) fn count_messages(tx: &Tx<'_>, namespace: &Namespace, (messages, bytes): (i64, i64)) {
    count(tx, namespace, Quota::MessageBytes, bytes);
    count(tx, namespace, Quota::Messages, messages);
}

/// Writes the amounts that have changed.
pub(crate) fn write(connection: &Connection, amounts: &Amounts) -> Result<(), StorageError> {
    let sql = "INSERT INTO held (namespace, kind, amount) VALUES (?1, ?2, ?3) \
               ON CONFLICT DO UPDATE SET amount = ?3";
    let mut amounts = amounts.borrow_mut();
    for ((namespace, kind), amount) in amounts.iter_mut().filter(|(_, amount)| !amount.written) {
        let now = i64::try_from(amount.now).unwrap_or(i64::MAX);
        connection
            .prepare_cached(sql)
            .and_then(|mut upsert| upsert.execute(params![namespace, *kind as i64, now]))
            .map_err(failed)?;
        amount.written = true;
    }
    Ok(())
}

/// Takes the amounts for what the database says, after writes were undone.
pub(crate) fn reread(connection: &Connection, amounts: &Amounts) -> Result<(), StorageError> {
    let sql = "SELECT amount FROM held WHERE namespace = ?1 AND kind = ?2";
    for ((namespace, kind), amount) in amounts.borrow_mut().iter_mut() {
        let found = connection.prepare_cached(sql).and_then(|mut select| {
            let read = |row: &rusqlite::Row<'_>| row.get(0);
            select.query_row(params![namespace, *kind as i64], read).optional()
        });
        let now = found.map_err(failed)?.unwrap_or(0_i64).unsigned_abs();
        *amount = Amount { now, written: true };
    }
    Ok(())
}

/// Tells the ledger what was committed.
pub(crate) fn tell(ledger: &Ledger, amounts: Amounts, settled: Vec<Reservation>) {
    let amounts = amounts.into_inner().into_iter();
    ledger.committed(amounts.map(|(place, amount)| (place, amount.now)), settled);
}
