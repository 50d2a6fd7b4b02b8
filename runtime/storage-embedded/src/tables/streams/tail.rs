//! How far streams are.

use rusqlite::{Connection, params};

use crate::tables::schema::{execute, failed, one};
use lambent_storage::StorageError;

/// How far a stream is.
#[derive(Debug, Clone, Copy)]
pub(in crate::tables) struct Tail {
    pub(super) id: i64,
    /// The first record that is there, or the next to come.
    pub(in crate::tables) oldest: i64,
    /// The next to come.
    pub(in crate::tables) next: i64,
    /// The time of the last mark, in milliseconds.
    pub(super) marked: i64,
    /// What its records count against the quota.
    pub(in crate::tables) bytes: i64,
}

impl Tail {
    /// Of a stream that begins.
    pub(in crate::tables) const fn new(id: i64) -> Self {
        Self { id, oldest: 1, next: 1, marked: i64::MIN, bytes: 0 }
    }

    /// Reads it.
    pub(in crate::tables) fn of(connection: &Connection, id: i64) -> Result<Self, StorageError> {
        let sql = "SELECT oldest, next, marked, bytes FROM stream_tail WHERE stream = ?1";
        let found = one(connection, sql, [id], |row| {
            let number = |column| row.get::<_, i64>(column).map_err(failed);
            let (oldest, next, marked, bytes) = (number(0)?, number(1)?, number(2)?, number(3)?);
            Ok(Self { id, oldest, next, marked, bytes })
        })?;
        let lost = || StorageError::corrupt(format!("stream {id}"), "how far it is was lost");
        found.ok_or_else(lost)
    }

    /// Writes it.
    pub(in crate::tables) fn write(&self, connection: &Connection) -> Result<(), StorageError> {
        let sql = "INSERT OR REPLACE INTO stream_tail VALUES (?1, ?2, ?3, ?4, ?5)";
        let parameters = params![self.id, self.oldest, self.next, self.marked, self.bytes];
        execute(connection, sql, parameters).map(drop)
    }
}
