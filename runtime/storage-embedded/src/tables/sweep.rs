use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::Origin;
use rusqlite::{Connection, params};

use super::backups;
use super::changes::Changes;
use super::define::fill;
use super::definitions::{self, ITEMS};
use super::items;
use super::schema::{Flow, each, execute, failed, one};
use super::{EmbeddedTables, NOW, streams};
use crate::row::{bytes, integer};
use crate::shard::{Growth, Shard, Tx};
use lambent_storage::StorageError;
use lambent_storage::backend::Sweep;
use lambent_storage::backend::tables as rules;

/// How long one sweep goes on at most, in transactions that others go between.
const SWEEP_TIME: Duration = Duration::from_millis(100);
/// Most rows that are deleted in one transaction.
const ROWS_MAX: i64 = 256;
/// About how many bytes the rows take that an index is filled with in one transaction.
const FILL_ROWS_BYTES: usize = 64 << 10;
/// How long to leave alone what cannot be done, in seconds.
const RETRY: i64 = 60;

#[async_trait]
impl Sweep for EmbeddedTables {
    /// Fills indexes, copies items for back-ups, deletes items whose time is over, records of streams, what tables and
    /// indexes have left, and tokens that are no longer known.
    async fn sweep(&self) -> Result<(), StorageError> {
        let now = self.clock.now().as_second();
        let last = self.swept.swap(now, Ordering::SeqCst);
        // Records of streams that were to go at a time that is far now go sooner.
        let was_set_back = now < last;
        if now < self.due.load(Ordering::SeqCst) && !was_set_back {
            return Ok(());
        }
        // Whatever is committed from here on lowers it again.
        self.due.store(i64::MAX, Ordering::SeqCst);
        let until = Instant::now() + SWEEP_TIME;
        for shard in self.shards.all() {
            let next = match self.sweep_shard(&shard, until).await {
                Ok(next) => next,
                // One shard that is damaged, or has no room, holds nothing up in the others.
                Err(StorageError::NoSpace { .. }) => now.saturating_add(RETRY),
                Err(error) => {
                    tracing::error!(%error, cause = error.cause(), "cannot clear up tables");
                    now.saturating_add(RETRY)
                }
            };
            self.due.fetch_min(next, Ordering::SeqCst);
        }
        Ok(())
    }
}

impl EmbeddedTables {
    /// Does some of what is due in a shard. Returns when the rest is, in seconds.
    async fn sweep_shard(&self, shard: &Shard, until: Instant) -> Result<i64, StorageError> {
        let now = self.clock.now();
        let since = rules::expired(now).0;
        let mut next = shard.readers().read(move |reader| next_due(reader, since, now)).await?;
        while next <= now.as_second() && Instant::now() < until {
            next = shard.write(Growth::Frees, sweep_some).await?;
        }
        let mut filling = shard.readers().read(definitions::first_filling).await?.is_some();
        while filling {
            if Instant::now() >= until {
                return Ok(NOW);
            }
            let (rest, expires) = shard.write(Growth::Adds(FILL_ROWS_BYTES), fill_some).await?;
            filling = rest;
            next = next.min(expires.unwrap_or(i64::MAX));
        }
        let mut copying = shard.readers().read(backups::is_copying).await?;
        while copying {
            if Instant::now() >= until {
                return Ok(NOW);
            }
            let growth = Growth::Adds(backups::PIECE_BYTES);
            copying = shard.write(growth, backups::copy_some).await?;
            // What is in the trash may have waited for it.
            next = NOW;
        }
        Ok(next)
    }
}

/// When there is something to do, in seconds.
fn next_due(connection: &Connection, since: i64, now: Timestamp) -> Result<i64, StorageError> {
    let first = |sql: &str| one(connection, sql, [], |row| row.get::<_, i64>(0).map_err(failed));
    if first_trash(connection)?.is_some() {
        return Ok(NOW);
    }
    let token = first("SELECT used FROM transaction_token ORDER BY used LIMIT 1")?;
    let token = token.map(|used| used / 1000 + integer(rules::TOKEN_TIME.as_secs()) + 1);
    let sql = "SELECT expires FROM item_expiry WHERE expires > ?1 ORDER BY expires LIMIT 1";
    let item = one(connection, sql, [since], |row| row.get::<_, i64>(0).map_err(failed))?;
    let record = streams::due(connection, now)?;
    Ok(token.into_iter().chain(item).chain(record).min().unwrap_or(i64::MAX))
}

/// Does some of what is due and needs no room. Returns when the rest is.
fn sweep_some(tx: &mut Tx<'_>) -> Result<i64, StorageError> {
    empty_trash(tx.connection)?;
    let now = tx.now;
    let (since, until) = rules::expired(now);
    let kept = expire(tx, (since, until))?;
    let known = integer(rules::TOKEN_TIME.as_millis() as u64);
    let sql = "DELETE FROM transaction_token WHERE (namespace, token) IN ( \
               SELECT namespace, token FROM transaction_token WHERE used <= ?1 LIMIT ?2)";
    execute(tx.connection, sql, params![now.as_millisecond() - known, ROWS_MAX])?;
    streams::trim(tx)?;
    let next = next_due(tx.connection, since, now)?;
    Ok(if kept && next != NOW { next.max(now.as_second().saturating_add(RETRY)) } else { next })
}

/// Fills an index with some more items. Returns whether there is more to fill, and when the first
/// of those items is to be deleted.
fn fill_some(tx: &mut Tx<'_>) -> Result<(bool, Option<i64>), StorageError> {
    tx.atomically(|tx| {
        let found = definitions::first_filling(tx.connection)?;
        let Some(mut table) = found else { return Ok((false, None)) };
        let namespace = table.owner()?;
        let expires = fill(tx, &namespace, &mut table)?;
        definitions::update(tx.connection, &mut table)?;
        Ok((true, expires))
    })
}

/// The first of what tables and indexes have left. Items that a back-up has still to copy stay.
fn first_trash(connection: &Connection) -> Result<Option<(i64, i64)>, StorageError> {
    let sql = "SELECT table_id, of FROM item_trash WHERE of <> ?1 OR NOT EXISTS \
               (SELECT 1 FROM table_backup WHERE source = table_id AND copied_to IS NOT NULL) \
               LIMIT 1";
    one(connection, sql, [ITEMS], |row| {
        Ok((row.get(0).map_err(failed)?, row.get(1).map_err(failed)?))
    })
}

/// Deletes some of what a table or an index has left.
fn empty_trash(connection: &Connection) -> Result<(), StorageError> {
    let Some((table, of)) = first_trash(connection)? else { return Ok(()) };
    let deleted = if of == ITEMS {
        let sql = "DELETE FROM item WHERE id IN \
                   (SELECT id FROM item WHERE table_id = ?1 LIMIT ?2)";
        execute(connection, sql, params![table, ROWS_MAX])?
    } else if of == streams::RECORDS {
        let sql = "DELETE FROM stream_record WHERE id IN \
                   (SELECT id FROM stream_record WHERE stream = ?1 LIMIT ?2)";
        execute(connection, sql, params![table, ROWS_MAX])?
    } else {
        let sql = "DELETE FROM item_index WHERE table_id = ?1 AND of = ?2 AND (place, item) IN \
                   (SELECT place, item FROM item_index WHERE table_id = ?1 AND of = ?2 LIMIT ?3)";
        let places = execute(connection, sql, params![table, of, ROWS_MAX])?;
        let sql = "DELETE FROM item_expiry WHERE table_id = ?1 AND of = ?2 AND item IN \
                   (SELECT item FROM item_expiry WHERE table_id = ?1 AND of = ?2 LIMIT ?3)";
        places + execute(connection, sql, params![table, of, ROWS_MAX])?
    };
    if deleted == 0 {
        let sql = "DELETE FROM item_trash WHERE table_id = ?1 AND of = ?2";
        execute(connection, sql, [table, of])?;
    }
    Ok(())
}

/// Deletes some of the items whose time is over. Returns whether any of them had to be kept.
fn expire(tx: &mut Tx<'_>, (since, until): (i64, i64)) -> Result<bool, StorageError> {
    let (mut due, mut kept) = (Vec::new(), false);
    let sql = "SELECT table_id, of, item FROM item_expiry \
               WHERE expires > ?1 AND expires <= ?2 ORDER BY expires LIMIT ?3";
    each(tx.connection, sql, params![since, until, ROWS_MAX], |row| {
        let number = |column| row.get::<_, i64>(column).map_err(failed);
        due.push((number(0)?, number(1)?, bytes(row, 2).map_err(failed)?.to_vec()));
        Ok(Flow::GoesOn)
    })?;
    for (table, of, key) in due {
        let deleted = tx.atomically(|tx| -> Result<(), StorageError> {
            // What is in the trash goes that way.
            let found = definitions::by_id(tx.connection, table)?;
            let Some(table) = found.filter(|table| table.expiry() == Some(of)) else {
                return Ok(());
            };
            let namespace = table.owner()?;
            let current = items::current(tx.connection, table.id, &key, true)?;
            let mut changes = Changes::new(tx, &namespace);
            changes.write((&table, &key), current.as_ref(), None)?;
            let item = current.as_ref().and_then(|current| current.item.as_ref());
            let nobody = Origin::default();
            if let Some(change) = streams::change(&table, (item, None), (tx.now, true), &nobody) {
                changes.append(&table, &change)?;
            }
            let ended = changes.end()?;
            streams::wake(tx, ended.streams);
            Ok(())
        });
        match deleted {
            Ok(()) => {}
            Err(error @ StorageError::Unavailable { .. }) => return Err(error),
            Err(error) => {
                kept = true;
                tracing::error!(%error, "cannot delete an item whose time is over");
            }
        }
    }
    Ok(kept)
}
