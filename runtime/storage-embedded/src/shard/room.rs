//! What a transaction may add while the disk is nearly full.

use rusqlite::Connection;

use lambent_storage::{DiskSpace, Space, StorageError};

/// Bytes that a row takes at least, with its place in the indexes.
const ROW_BYTES_MIN: usize = 4096;

/// What an operation does to the size of its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    /// The operation writes about so many bytes: refused while the disk is nearly full,
    /// unless the database has room inside.
    Adds(usize),
    /// The operation deletes, or settles what was begun: done however full the disk is.
    Frees,
}

impl From<usize> for Growth {
    fn from(bytes: usize) -> Self {
        Self::Adds(bytes)
    }
}

/// What may be added in a transaction.
pub(super) enum Room {
    /// Whatever comes.
    Any,
    /// As many bytes as are free inside the database, and why no more.
    Inside { bytes: usize, free: u64, reserve: u64 },
}

impl Room {
    pub(super) fn of(connection: &Connection, space: &Space) -> Result<Self, StorageError> {
        let DiskSpace { free, reserve, low } = space.look();
        if !low {
            return Ok(Self::Any);
        }
        let sql = "SELECT freelist_count * page_size \
                   FROM pragma_freelist_count, pragma_page_size";
        let bytes = connection
            .prepare_cached(sql)
            .and_then(|mut select| select.query_row([], |row| row.get::<_, i64>(0)))
            .map_err(|error| StorageError::unavailable("look for room", error))?;
        let bytes = usize::try_from(bytes).unwrap_or_default();
        Ok(Self::Inside { bytes, free: free.unwrap_or_default(), reserve })
    }

    /// Takes what an operation needs, twice its bytes: pages are not filled.
    pub(super) fn take(&mut self, growth: Growth) -> Result<(), StorageError> {
        let (Growth::Adds(adds), Self::Inside { bytes, free, reserve }) = (growth, self) else {
            return Ok(());
        };
        match bytes.checked_sub(2 * adds.max(ROW_BYTES_MIN)) {
            Some(left) => *bytes = left,
            None => return Err(StorageError::NoSpace { free: *free, reserve: *reserve }),
        }
        Ok(())
    }
}
