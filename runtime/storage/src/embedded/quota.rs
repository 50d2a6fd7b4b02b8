use std::cell::RefCell;
use std::collections::HashMap;

use lambent_types::Namespace;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::embedded::shard::Tx;
use crate::error::StorageError;
use crate::quota::{QuotaExceeded, Quotas};

/// What each namespace holds, by kind.
pub(crate) const SCHEMA: &str = "
CREATE TABLE held (
    namespace TEXT NOT NULL,
    kind INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (namespace, kind)
) STRICT, WITHOUT ROWID;
";

/// What is counted against a quota. The numbers are in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    ObjectBytes = 1,
    Objects = 2,
    KeyValueBytes = 3,
    MessageBytes = 4,
    Buckets = 5,
    Keyspaces = 6,
    Queues = 7,
    Triggers = 8,
    Schedules = 9,
}

impl Held {
    const fn limit(self, quotas: &Quotas) -> u64 {
        match self {
            Self::ObjectBytes => quotas.object_bytes,
            Self::Objects => quotas.objects,
            Self::KeyValueBytes => quotas.keyvalue_bytes,
            Self::MessageBytes => quotas.message_bytes,
            Self::Buckets | Self::Keyspaces | Self::Queues | Self::Triggers | Self::Schedules => {
                quotas.resources
            }
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::ObjectBytes => "bytes of objects",
            Self::Objects => "objects",
            Self::KeyValueBytes => "bytes of keys and values",
            Self::MessageBytes => "bytes of messages",
            Self::Buckets => "buckets",
            Self::Keyspaces => "keyspaces",
            Self::Queues => "queues",
            Self::Triggers => "triggers",
            Self::Schedules => "schedules",
        }
    }
}

fn failed(error: rusqlite::Error) -> StorageError {
    StorageError::unavailable("count what a namespace holds", error)
}

/// The amounts that a transaction has read or changed, by namespace and kind: many
/// operations change the same one, which is written once.
pub(crate) type Amounts = RefCell<HashMap<(String, i64), Amount>>;

/// What a namespace holds, and whether the database says otherwise yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount {
    now: i64,
    written: bool,
}

/// What a namespace holds as far as it is committed.
pub(crate) fn committed(
    connection: &Connection,
    namespace: &Namespace,
    held: Held,
) -> Result<i64, StorageError> {
    let select = "SELECT amount FROM held WHERE namespace = ?1 AND kind = ?2";
    let found = connection.prepare_cached(select).and_then(|mut select| {
        select.query_row(params![namespace.key(), held as i64], |row| row.get(0)).optional()
    });
    Ok(found.map_err(failed)?.unwrap_or(0))
}

fn amount(tx: &Tx<'_>, namespace: &Namespace, held: Held) -> Result<i64, StorageError> {
    let place = (namespace.key(), held as i64);
    if let Some(known) = tx.amounts.borrow().get(&place) {
        return Ok(known.now);
    }
    let now = committed(tx.connection, namespace, held)?;
    tx.amounts.borrow_mut().insert(place, Amount { now, written: true });
    Ok(now)
}

/// Adds to what a namespace holds, in the transaction of the change: before its
/// first write, since it may be refused. Taking away never is.
pub(crate) fn charge<E: From<QuotaExceeded> + From<StorageError>>(
    tx: &Tx<'_>,
    namespace: &Namespace,
    held: Held,
    delta: i64,
) -> Result<(), E> {
    if delta == 0 {
        return Ok(());
    }
    let wanted = amount(tx, namespace, held)?.saturating_add(delta);
    let limit = held.limit(&tx.quotas);
    let excess = u64::try_from(wanted).ok().filter(|wanted| delta > 0 && *wanted > limit);
    if let Some(wanted) = excess {
        return Err(QuotaExceeded { what: held.what(), limit, wanted }.into());
    }
    set(tx, namespace, held, wanted);
    Ok(())
}

/// Adds to what a namespace holds whatever its quota: for what must not fail,
/// such as setting a message aside.
pub(crate) fn count(
    tx: &Tx<'_>,
    namespace: &Namespace,
    held: Held,
    delta: i64,
) -> Result<(), StorageError> {
    if delta == 0 {
        return Ok(());
    }
    let wanted = amount(tx, namespace, held)?.saturating_add(delta);
    set(tx, namespace, held, wanted);
    Ok(())
}

fn set(tx: &Tx<'_>, namespace: &Namespace, held: Held, amount: i64) {
    let place = (namespace.key(), held as i64);
    tx.amounts.borrow_mut().insert(place, Amount { now: amount.max(0), written: false });
}

/// Writes the amounts that have changed.
pub(crate) fn write(connection: &Connection, amounts: &Amounts) -> Result<(), StorageError> {
    let sql = "INSERT INTO held (namespace, kind, amount) VALUES (?1, ?2, ?3) \
               ON CONFLICT DO UPDATE SET amount = ?3";
    let mut amounts = amounts.borrow_mut();
    for ((namespace, kind), amount) in amounts.iter_mut().filter(|(_, amount)| !amount.written) {
        connection
            .prepare_cached(sql)
            .and_then(|mut upsert| upsert.execute(params![namespace, kind, amount.now]))
            .map_err(failed)?;
        amount.written = true;
    }
    Ok(())
}
