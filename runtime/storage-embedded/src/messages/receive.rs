use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::messages::row::{self, Taken, failed, time};
use crate::messages::settle::{self, BATCH_MAX};
use crate::shard::Tx;
use lambent_storage::StorageError;

/// What was taken, and when to look again.
pub(crate) struct Received {
    pub(crate) taken: Vec<Taken>,
    /// When the next message can be received, if no other comes before.
    pub(crate) next: Option<Timestamp>,
    /// So many were disposed of that it stopped: there may be more to take now.
    pub(crate) stopped: bool,
}

/// How long what is taken is not taken by others.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// Until then.
    Time(Timestamp),
    /// Until then, or the end of this process if that is before.
    ProcessEnds(Timestamp),
}

/// How many messages of one group may be taken together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PerGroup {
    /// The first.
    One,
    /// All that are due.
    All,
}

/// A message that is due.
pub(crate) struct Due {
    pub(crate) seq: i64,
    receives: u32,
    group: Option<String>,
    sent: Timestamp,
    first: Option<Timestamp>,
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Due> {
    Ok(Due {
        seq: row.get(0)?,
        receives: row.get(1)?,
        group: row.get(2)?,
        sent: time(row.get(3)?),
        first: row.get::<_, Option<i64>>(4)?.map(time),
    })
}

/// Takes at most `limit` messages that are due, until `until`. Each is first
/// shown to `keep`; of what that says no to it has disposed itself.
///
/// Where `per_group` is `All`, several of one group come together, in their
/// order: the later ones while the first is still due. After [`BATCH_MAX`] that were disposed of it stops.
pub(crate) fn receive(
    tx: &mut Tx<'_>,
    partition: i64,
    limit: usize,
    until: Until,
    per_group: PerGroup,
    mut keep: impl FnMut(&mut Tx<'_>, &Taken) -> Result<bool, StorageError>,
) -> Result<Received, StorageError> {
    let mut taken = Vec::new();
    let mut disposed = 0;
    while taken.len() < limit && disposed < BATCH_MAX {
        // What is given back at once is due again, but comes only once; it must
        // not keep others out of the list.
        let mut due = due(tx, partition, limit)?;
        due.retain(|due| taken.iter().all(|taken: &Taken| taken.seq != due.seq));
        if due.is_empty() {
            break;
        }
        for first in due {
            let group = first.group.clone();
            let mut next = Some(first);
            while let Some(due) = next.filter(|_| taken.len() < limit && disposed < BATCH_MAX) {
                let seq = due.seq;
                match take(tx, due, until, &mut keep)? {
                    Some(message) => {
                        taken.push(message);
                        if per_group == PerGroup::One {
                            break;
                        }
                    }
                    None => disposed += 1,
                }
                next = match &group {
                    Some(group) => follower(tx.connection, tx.now, partition, (group, seq))?,
                    None => None,
                };
            }
        }
    }
    Ok(Received { next: next_due(tx, partition)?, taken, stopped: disposed >= BATCH_MAX })
}

fn due(tx: &Tx<'_>, partition: i64, limit: usize) -> Result<Vec<Due>, StorageError> {
    let sql = "SELECT seq, receives, grp, sent, first FROM message \
               WHERE line = ?1 AND due <= ?2 ORDER BY due, seq LIMIT ?3";
    let now = tx.now.as_millisecond();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut select| {
            select.query_map(params![partition, now, limit], read)?.collect::<Result<_, _>>()
        })
        .map_err(failed)
}

/// The next message of a group, if it is not with anybody and not delayed.
pub(crate) fn follower(
    connection: &Connection,
    now: Timestamp,
    partition: i64,
    (group, seq): (&str, i64),
) -> Result<Option<Due>, StorageError> {
    let sql = "SELECT seq, receives, grp, sent, first, visible FROM message \
               WHERE line = ?1 AND grp = ?2 AND seq > ?3 ORDER BY seq LIMIT 1";
    let found = connection
        .prepare_cached(sql)
        .and_then(|mut select| {
            let read = |row: &rusqlite::Row<'_>| Ok((read(row)?, row.get::<_, i64>(5)?));
            select.query_row(params![partition, group, seq], read).optional()
        })
        .map_err(failed)?;
    Ok(found.filter(|(_, visible)| *visible <= now.as_millisecond()).map(|(due, _)| due))
}

/// Takes one message; `None` if it was disposed of. A damaged one is logged and
/// set aside in place: it stays for whoever repairs the database, and is never due.
fn take(
    tx: &mut Tx<'_>,
    due: Due,
    until: Until,
    keep: &mut impl FnMut(&mut Tx<'_>, &Taken) -> Result<bool, StorageError>,
) -> Result<Option<Taken>, StorageError> {
    let (head, body) = match row::read_content(tx.connection, due.seq) {
        Ok(content) => content,
        Err(error @ StorageError::Corrupt { .. }) => {
            tracing::error!(%error, "setting a message aside");
            settle::set_aside(tx, due.seq)?;
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let message = Taken {
        seq: due.seq,
        lease: tx.unique(),
        receives: due.receives.saturating_add(1),
        group: due.group,
        sent: due.sent,
        first: Some(due.first.unwrap_or(time(tx.now.as_millisecond()))),
        head,
        body,
    };
    if !keep(tx, &message)? {
        return Ok(None);
    }
    // One that is not the first of its group stays out of the index of `due`.
    let sql = "UPDATE message SET visible = ?2, due = CASE WHEN due IS NULL THEN NULL ELSE ?2 END, \
               receives = ?3, lease = ?4, leased = ?5, first = COALESCE(first, ?6) WHERE seq = ?1";
    let (visible, leased) = match until {
        Until::Time(time) => (time, 1),
        Until::ProcessEnds(time) => (time, 2),
    };
    let visible = visible.as_millisecond();
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut update| {
            let Taken { seq, receives, lease, .. } = message;
            let now = tx.now.as_millisecond();
            update.execute(params![seq, visible, receives, lease, leased, now])
        })
        .map_err(failed)?;
    Ok(Some(message))
}

/// When the next message of a partition is due.
fn next_due(tx: &Tx<'_>, partition: i64) -> Result<Option<Timestamp>, StorageError> {
    let sql = "SELECT due FROM message WHERE line = ?1 AND due IS NOT NULL ORDER BY due LIMIT 1";
    let found: Option<i64> = tx
        .connection
        .prepare_cached(sql)
        .and_then(|mut select| select.query_row([partition], |row| row.get(0)).optional())
        .map_err(failed)?;
    Ok(found.map(time))
}
