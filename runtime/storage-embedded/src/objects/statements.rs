//! How statements are run, and bodies of rows read and written.

use rusqlite::{Connection, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use lambent_storage::StorageError;

pub(crate) fn failed(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            StorageError::corrupt("database of objects", error.to_string())
        }
        _ => StorageError::unavailable("read or write objects", error),
    }
}

/// Runs a statement that is run often.
pub(crate) fn run(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<usize, StorageError> {
    connection.prepare_cached(sql).and_then(|mut run| run.execute(parameters)).map_err(failed)
}

/// Reads the rows of a query that is made often.
pub(crate) fn select<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StorageError>,
) -> Result<Vec<T>, StorageError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(parameters).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        found.push(read(row)?);
    }
    Ok(found)
}

pub(crate) fn json(body: &impl Serialize) -> Result<String, StorageError> {
    serde_json::to_string(body).map_err(|error| StorageError::unavailable("encode a row", error))
}

pub(crate) fn parsed<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, StorageError> {
    serde_json::from_slice(body).map_err(|error| StorageError::corrupt(what, error.to_string()))
}
