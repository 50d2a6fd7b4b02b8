//! The rows that name blobs.

use lambent_types::Digest;
use rusqlite::{Connection, Row, params};

use crate::objects::blobs::Blob;
use crate::objects::statements::{failed, json, parsed, run, select};
use crate::row::{bytes, checksum, intact, integer};
use lambent_storage::{Part, StorageError};

/// A part of an object or an upload; a plain write makes an object of one.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// As a client knows it.
    pub(crate) part: Part,
    /// The bytes of the piece.
    pub(crate) blob: Blob,
}

const PIECE: &str = "SELECT bucket, content, number, blob, digest, size, etag, checksum, \
                     client_checksum FROM piece";

fn piece_of(row: &Row<'_>) -> Result<Piece, StorageError> {
    let read = || {
        let numbers: [i64; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(5)?];
        let (blob, digest, etag) = (bytes(row, 3)?, bytes(row, 4)?, bytes(row, 6)?);
        Ok((numbers, blob, digest, etag, bytes(row, 7)?, bytes(row, 8)?))
    };
    let (numbers, blob, digest, etag, found, client) = read().map_err(failed)?;
    let what = || format!("piece {} of content {}", numbers[2], numbers[1]);
    intact(checksum_of(numbers, blob, digest, etag, client) == found, what)?;
    let digest = digest.try_into().map_err(|_| StorageError::corrupt(what(), "no digest"))?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let size = numbers[3].unsigned_abs();
    let number = u32::try_from(numbers[2]).unwrap_or_default();
    let blob = Blob { id: text(blob), digest: Digest::from_bytes(digest), size };
    let client = match client {
        [] => None,
        client => Some(parsed(client, "checksum of a piece")?),
    };
    Ok(Piece { part: Part { number, etag: text(etag), size, checksum: client }, blob })
}

/// Rows from before there were checksums of clients have the checksum that they had.
fn checksum_of(
    numbers: [i64; 4],
    blob: &[u8],
    digest: &[u8],
    etag: &[u8],
    client: &[u8],
) -> crate::row::Checksum {
    let numbers = numbers.map(i64::to_le_bytes).concat();
    match client {
        [] => checksum([b"piece", &numbers, blob, digest, etag]),
        client => checksum([b"piece", &numbers, blob, digest, etag, client]),
    }
}

/// Reads the pieces of a content by number.
pub(crate) fn pieces(
    connection: &Connection,
    bucket: i64,
    content: i64,
) -> Result<Vec<Piece>, StorageError> {
    let sql = format!("{PIECE} WHERE bucket = ?1 AND content = ?2 ORDER BY number");
    select(connection, &sql, [bucket, content], piece_of)
}

/// Reads one piece.
pub(crate) fn piece(
    connection: &Connection,
    bucket: i64,
    content: i64,
    number: u32,
) -> Result<Option<Piece>, StorageError> {
    let sql = format!("{PIECE} WHERE bucket = ?1 AND content = ?2 AND number = ?3");
    Ok(select(connection, &sql, params![bucket, content, number], piece_of)?.pop())
}

/// Writes a piece, over one of that number.
pub(crate) fn write_piece(
    connection: &Connection,
    bucket: i64,
    content: i64,
    piece: &Piece,
) -> Result<(), StorageError> {
    let Piece { part, blob } = piece;
    let numbers = [bucket, content, part.number.into(), integer(blob.size)];
    let (id, digest, etag) = (&blob.id, blob.digest.as_bytes(), &part.etag);
    let client = part.checksum.as_ref().map_or(Ok(String::new()), json)?;
    let checksum = checksum_of(numbers, id.as_bytes(), digest, etag.as_bytes(), client.as_bytes());
    let sql = "INSERT OR REPLACE INTO piece \
               (bucket, content, number, size, blob, digest, etag, checksum, client_checksum) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let [bucket, content, number, size] = numbers;
    let row = params![bucket, content, number, size, id, digest, etag, checksum, client];
    run(connection, sql, row).map(drop)
}

/// Deletes one piece.
pub(crate) fn delete_piece(
    connection: &Connection,
    bucket: i64,
    content: i64,
    number: u32,
) -> Result<(), StorageError> {
    let sql = "DELETE FROM piece WHERE bucket = ?1 AND content = ?2 AND number = ?3";
    run(connection, sql, params![bucket, content, number]).map(drop)
}

/// Deletes all pieces of a content and returns what they named.
pub(crate) fn delete_pieces(
    connection: &Connection,
    bucket: i64,
    content: i64,
) -> Result<Vec<Piece>, StorageError> {
    let pieces = pieces(connection, bucket, content)?;
    run(connection, "DELETE FROM piece WHERE bucket = ?1 AND content = ?2", [bucket, content])?;
    Ok(pieces)
}

/// Whether some row names a blob. Rows are not verified: a damaged one still
/// keeps its bytes.
pub(crate) fn names(connection: &Connection, blob: &Blob) -> Result<bool, StorageError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM piece WHERE blob = ?1)";
    let found: Vec<bool> = select(connection, sql, [&blob.id], |row| row.get(0).map_err(failed))?;
    Ok(found == [true])
}
