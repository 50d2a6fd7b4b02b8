use std::collections::HashMap;

use rusqlite::Connection;

/// Bytes that a block takes beside its body: its row, and its places in the indexes.
const ROW_BYTES: u64 = 128;

/// What each namespace has of the invocation logs, so that one that floods them
/// loses its own records first.
#[derive(Debug, Default)]
pub(super) struct Shares(HashMap<String, Share>);

#[derive(Debug, Default, Clone, Copy)]
struct Share {
    bytes: u64,
    blocks: u64,
    /// No block of the namespace has a lower cursor.
    from: i64,
}

/// A block to be deleted: whose it is, and the bytes of its body.
pub(super) type Gone = (String, u64);

/// The namespace that has most.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Largest {
    pub(super) namespace: String,
    pub(super) blocks: u64,
    /// Where its blocks begin at the earliest.
    pub(super) from: i64,
}

impl Shares {
    /// The shares of what is in the database.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT namespace, count(*), sum(length(body)), min(cursor) FROM block \
                   GROUP BY namespace";
        let mut select = connection.prepare(sql)?;
        let rows = select.query_map([], |row| {
            let numbers: [i64; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
            Ok((row.get(0)?, numbers))
        })?;
        let share = |[blocks, bytes, from]: [i64; 3]| {
            let blocks = blocks.unsigned_abs();
            Share { bytes: bytes.unsigned_abs() + blocks * ROW_BYTES, blocks, from }
        };
        let shares = rows.map(|row| row.map(|(namespace, numbers)| (namespace, share(numbers))));
        shares.collect::<rusqlite::Result<_>>().map(Self)
    }

    /// A block was written.
    pub(super) fn add(&mut self, namespace: &str, cursor: i64, bytes: usize) {
        let new = Share { from: cursor, ..Share::default() };
        let share = match self.0.get_mut(namespace) {
            Some(share) => share,
            None => self.0.entry(namespace.to_owned()).or_insert(new),
        };
        share.bytes += bytes as u64 + ROW_BYTES;
        share.blocks += 1;
    }

    /// A block was deleted.
    pub(super) fn remove(&mut self, (namespace, bytes): &Gone) {
        let Some(share) = self.0.get_mut(namespace) else { return };
        share.bytes = share.bytes.saturating_sub(bytes + ROW_BYTES);
        share.blocks = share.blocks.saturating_sub(1);
        if share.blocks == 0 {
            self.0.remove(namespace);
        }
    }

    /// The oldest blocks of a namespace are gone, up to this cursor.
    pub(super) fn passed(&mut self, namespace: &str, cursor: i64) {
        if let Some(share) = self.0.get_mut(namespace) {
            share.from = share.from.max(cursor + 1);
        }
    }

    /// The namespace that has most, if there is anything.
    pub(super) fn largest(&self) -> Option<Largest> {
        let (namespace, share) = self.0.iter().max_by_key(|(_, share)| share.bytes)?;
        Some(Largest { namespace: namespace.clone(), blocks: share.blocks, from: share.from })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_most_is_known() {
        let mut shares = Shares::default();
        assert_eq!(shares.largest(), None);
        shares.add("small", 1, 10);
        shares.add("large", 2, 100);
        shares.add("large", 5, 200);
        let largest = |from, blocks| Some(Largest { namespace: "large".into(), blocks, from });
        assert_eq!(shares.largest(), largest(2, 2));
        shares.passed("large", 2);
        shares.remove(&("large".into(), 100));
        assert_eq!(shares.largest(), largest(3, 1));
        shares.remove(&("large".into(), 200));
        assert_eq!(shares.largest().unwrap().namespace, "small");
    }
}
