use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use lambent_types::Clock;
use rusqlite::params;

use crate::messages::row::{failed, time};
use crate::messages::{Kept, partition, settle};
use crate::shard::{Growth, Tx};
use crate::shards::Shards;
use lambent_storage::StorageError;
use lambent_storage::backend::Sweep;
use lambent_storage::backend::queues as rules;

/// Rows looked at in one go, so that no sweep holds up writers for long.
const ROWS: i64 = 512;

/// Milliseconds between two looks at what was kept for too long. Nobody receives
/// a message whose retention is over, so this is about room only.
const PAUSE_MS: i64 = 60_000;

/// Clears away messages that were kept for too long.
pub(crate) struct MessageSweep {
    shards: Arc<Shards>,
    clock: Arc<dyn Clock>,
    /// When to look again, in milliseconds.
    next: AtomicI64,
}

impl MessageSweep {
    pub(crate) fn new((shards, clock): (Arc<Shards>, Arc<dyn Clock>)) -> Self {
        let next = AtomicI64::new(clock.now().as_millisecond() + PAUSE_MS);
        Self { shards, clock, next }
    }
}

#[async_trait]
impl Sweep for MessageSweep {
    async fn sweep(&self) -> Result<(), StorageError> {
        let now = self.clock.now().as_millisecond();
        // Further ahead than a pause it is only where the clock was set back.
        if (1..=PAUSE_MS).contains(&(self.next.load(Ordering::Acquire) - now)) {
            return Ok(());
        }
        self.next.store(now + PAUSE_MS, Ordering::Release);
        for shard in self.shards.all() {
            shard.write(Growth::Frees, duplicates).await?;
            let mut from = 0;
            loop {
                from = shard.write(Growth::Frees, move |tx| retention(tx, from)).await?;
                if from == 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Deletes what queues have kept for too long, walking from the message with
/// the number `from` on. Where to go on; 0 at the end.
fn retention(tx: &mut Tx<'_>, from: i64) -> Result<i64, StorageError> {
    let sql = "SELECT seq, line, grp, sent FROM message WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
    let rows: Vec<(i64, i64, Option<String>, i64)> = tx
        .connection
        .prepare_cached(sql)
        .and_then(|mut select| {
            let read =
                |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            select.query_map(params![from, ROWS], read)?.collect()
        })
        .map_err(failed)?;
    let next = match rows.last() {
        Some((seq, ..)) if rows.len() as i64 == ROWS => seq + 1,
        _ => 0,
    };
    for (seq, id, group, sent) in rows {
        let Some(partition) = partition::get(tx.connection, id)? else { continue };
        let Ok(Kept { attributes, .. }) = Kept::read(&partition.attributes) else {
            // A channel: its events are given up by those who deliver them.
            continue;
        };
        let Ok(namespace) = partition.namespace.parse() else { continue };
        if rules::is_over(&attributes, time(sent), tx.now) {
            settle::remove(tx, &namespace, id, seq, group.as_deref())?;
        }
    }
    Ok(next)
}

/// Forgets what was sent too long ago to be sent twice.
fn duplicates(tx: &mut Tx<'_>) -> Result<(), StorageError> {
    let sql = "DELETE FROM duplicate WHERE (line, id) IN \
               (SELECT line, id FROM duplicate WHERE until <= ?1 LIMIT ?2)";
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut delete| delete.execute([tx.now.as_millisecond(), ROWS]))
        .map_err(failed)?;
    Ok(())
}
