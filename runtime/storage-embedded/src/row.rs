//! What rows that prove to be what was written are made of, in every database.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

use lambent_storage::StorageError;

/// Bytes kept of a row's SHA-256: it guards against accidents, not attacks.
const CHECKSUM_BYTES: usize = 16;

/// Proves that a row is what was written.
pub(crate) type Checksum = [u8; CHECKSUM_BYTES];

/// The checksum of a row of these fields, of which the first names its table.
pub(crate) fn checksum<const FIELDS: usize>(fields: [&[u8]; FIELDS]) -> Checksum {
    let mut hash = Sha256::new();
    for field in fields {
        hash.update((field.len() as u64).to_le_bytes());
        hash.update(field);
    }
    let mut checksum = [0; CHECKSUM_BYTES];
    checksum.copy_from_slice(&hash.finalize()[..CHECKSUM_BYTES]);
    checksum
}

/// The bytes of a column, whatever its type: a damaged one is caught by the checksum.
pub(crate) fn bytes<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a [u8]> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => &[],
    })
}

/// The error of a row whose checksum differs.
pub(crate) fn intact(same: bool, what: impl FnOnce() -> String) -> Result<(), StorageError> {
    if same {
        return Ok(());
    }
    Err(StorageError::corrupt(what(), "its checksum differs"))
}

/// SQLite's integers are signed. Numbers beyond them cannot have been counted to.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
