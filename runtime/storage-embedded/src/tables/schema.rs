//! The tables of the database that tables are in, and how they are asked.

use rusqlite::{Connection, Params, Row};

use lambent_storage::StorageError;

/// `body` of a table has its definition and its indexes, each with a number in its table, `of`,
/// which is never given again. Keys are as `lambent_storage::backend::tables::bytes` makes them.
///
/// Items are in a table with row ids, as most are too large for the inner pages of a tree of keys.
/// An index has the keys of items and nothing else: it is read together with its table, and
/// cannot say anything else than that.
pub(crate) const SCHEMA: &str = "
CREATE TABLE table_ (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    filling INTEGER NOT NULL,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    UNIQUE (namespace, name)
) STRICT;
CREATE INDEX table_filling ON table_ (id) WHERE filling = 1;
CREATE TABLE table_count (
    table_id INTEGER NOT NULL,
    of INTEGER NOT NULL,
    items INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (table_id, of)
) STRICT, WITHOUT ROWID;
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    table_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    size INTEGER NOT NULL,
    checksum BLOB NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (table_id, key)
) STRICT;
CREATE TABLE item_index (
    table_id INTEGER NOT NULL,
    of INTEGER NOT NULL,
    place BLOB NOT NULL,
    item BLOB NOT NULL,
    PRIMARY KEY (table_id, of, place, item)
) STRICT, WITHOUT ROWID;
CREATE TABLE item_expiry (
    table_id INTEGER NOT NULL,
    of INTEGER NOT NULL,
    item BLOB NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (table_id, of, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_expires ON item_expiry (expires);
CREATE TABLE item_trash (
    table_id INTEGER NOT NULL,
    of INTEGER NOT NULL,
    PRIMARY KEY (table_id, of)
) STRICT, WITHOUT ROWID;
CREATE TABLE transaction_token (
    namespace TEXT NOT NULL,
    token TEXT NOT NULL,
    request BLOB NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (namespace, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX transaction_token_used ON transaction_token (used);
";

/// A stream's row says what it is, and its tail how far it is. Marks say when records go. What a
/// record counts against the quota is beside it, so that what goes is known without reading it.
pub(crate) const SCHEMA_STREAMS: &str = "
CREATE TABLE stream (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    UNIQUE (namespace, name, label)
) STRICT;
CREATE TABLE stream_tail (
    stream INTEGER PRIMARY KEY,
    oldest INTEGER NOT NULL,
    next INTEGER NOT NULL,
    marked INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;
CREATE TABLE stream_mark (
    stream INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (stream, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX stream_mark_since ON stream_mark (since);
CREATE TABLE stream_record (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    change INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    keys BLOB NOT NULL,
    old BLOB,
    new BLOB,
    origin TEXT,
    checksum BLOB NOT NULL,
    UNIQUE (stream, sequence)
) STRICT;
CREATE TABLE stream_checkpoint (
    namespace TEXT NOT NULL,
    reader TEXT NOT NULL,
    checkpoint BLOB NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (namespace, reader)
) STRICT, WITHOUT ROWID;
";

/// The items of a back-up are items of the table with its id below zero; of those that it has to
/// leave out there is a row of a size below zero. `copied_to` is the key of the last item of the
/// table `source` that was copied, and nothing once all are. A table that is being restored has
/// the items of its back-up up to `copied_to`, and `reserved` is what the others will weigh.
pub(crate) const SCHEMA_BACKUPS: &str = "
CREATE TABLE table_backup (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    backup TEXT NOT NULL,
    source INTEGER NOT NULL,
    copied_to BLOB,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    UNIQUE (namespace, backup)
) STRICT;
CREATE INDEX table_backup_copying ON table_backup (source) WHERE copied_to IS NOT NULL;
CREATE TABLE table_restore (
    table_id INTEGER PRIMARY KEY,
    backup INTEGER NOT NULL,
    copied_to BLOB NOT NULL,
    reserved INTEGER NOT NULL
) STRICT;
CREATE INDEX table_restore_backup ON table_restore (backup);
";

pub(super) fn failed(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            StorageError::corrupt("database of tables", error.to_string())
        }
        _ => StorageError::unavailable("use the tables", error),
    }
}

/// The first row, if there is one.
pub(super) fn one<R>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<R, StorageError>,
) -> Result<Option<R>, StorageError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(parameters).map_err(failed)?;
    rows.next().map_err(failed)?.map(read).transpose()
}

/// Each row, until `read` says that it was the last.
pub(super) fn each(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<Flow, StorageError>,
) -> Result<(), StorageError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(parameters).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        if read(row)? == Flow::Ends {
            break;
        }
    }
    Ok(())
}

/// Whether there is to be another row.
#[derive(PartialEq, Eq)]
pub(super) enum Flow {
    GoesOn,
    Ends,
}

/// Changes rows, and says how many.
pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<usize, StorageError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    statement.execute(parameters).map_err(failed)
}
