//! The tables of `control.db`, and rows that prove they are what was written.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use lambent_types::{Code, Digest, Function, FunctionName, FunctionVersion, Namespace, Revision};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::held;
use crate::layout;
use crate::row::{self, Checksum, bytes, checksum, integer};
use crate::sqlite::{Database, Durability};
use lambent_storage::StorageError;
use lambent_storage::backend::registry::is_releasing;

/// The registry's database.
///
/// `namespace` and `name` are in lower case: names are unique ignoring case, and
/// `body` has them as given. `id` is never reused, so that what is cached of a
/// deleted function is never taken for a later one of that name.
pub(crate) const CONTROL: Database = Database {
    file: Cow::Borrowed(layout::CONTROL_DB),
    durability: Durability::Full,
    migrations: &[
        "
        CREATE TABLE function (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            digest BLOB NOT NULL,
            body TEXT NOT NULL,
            checksum BLOB NOT NULL,
            UNIQUE (namespace, name)
        ) STRICT;
        CREATE INDEX function_digest ON function (digest);
        CREATE TABLE version (
            function INTEGER NOT NULL REFERENCES function (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            digest BLOB NOT NULL,
            body TEXT NOT NULL,
            checksum BLOB NOT NULL,
            PRIMARY KEY (function, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX version_digest ON version (digest);
        CREATE TABLE retired (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            revision INTEGER NOT NULL
        ) STRICT;
        INSERT INTO retired VALUES (1, 0);
    ",
        held::SCHEMA,
        held::SCHEMA_PACKAGES,
        held::SCHEMA_PACKAGE_USE,
    ],
};

fn function_checksum(namespace: &[u8], name: &[u8], digest: &[u8], body: &[u8]) -> Checksum {
    checksum([b"function", namespace, name, digest, body])
}

fn version_checksum(function: i64, number: i64, digest: &[u8], body: &[u8]) -> Checksum {
    checksum([b"version", &function.to_le_bytes(), &number.to_le_bytes(), digest, body])
}

fn read_failed(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            StorageError::corrupt("database control.db", error.to_string())
        }
        _ => StorageError::unavailable("read functions", error),
    }
}

fn write_failed(error: rusqlite::Error) -> StorageError {
    StorageError::unavailable("write functions", error)
}

fn parsed<T: DeserializeOwned>(
    body: rusqlite::Result<&[u8]>,
    what: impl FnOnce() -> String,
) -> Result<T, StorageError> {
    serde_json::from_slice(body.map_err(read_failed)?)
        .map_err(|error| StorageError::corrupt(what(), error.to_string()))
}

fn intact(same: rusqlite::Result<bool>, what: impl FnOnce() -> String) -> Result<(), StorageError> {
    row::intact(same.map_err(read_failed)?, what)
}

fn function_name(row: &Row<'_>) -> String {
    let text = |column| bytes(row, column).map(String::from_utf8_lossy).unwrap_or_default();
    format!("function {:?} of namespace {:?}", text(2), text(1))
}

/// Verifies a row of `FUNCTION_COLUMNS`.
fn verify_function(row: &Row<'_>) -> Result<(), StorageError> {
    let same = || {
        let found =
            function_checksum(bytes(row, 1)?, bytes(row, 2)?, bytes(row, 3)?, bytes(row, 4)?);
        Ok(found == bytes(row, 5)?)
    };
    intact(same(), || function_name(row))
}

fn function_of(row: &Row<'_>) -> Result<(i64, Function), StorageError> {
    verify_function(row)?;
    let function = parsed(bytes(row, 4), || function_name(row))?;
    Ok((row.get(0).map_err(read_failed)?, function))
}

/// The number of a head among the versions of its function, which are numbered from 1.
const HEAD: u64 = 0;

const FUNCTION_COLUMNS: &str = "id, namespace, name, digest, body, checksum";

/// Reads one function by its lower-case names.
pub(crate) fn function(
    connection: &Connection,
    namespace: &Namespace,
    name: &FunctionName,
) -> Result<Option<(i64, Function)>, StorageError> {
    let sql = format!("SELECT {FUNCTION_COLUMNS} FROM function WHERE namespace = ?1 AND name = ?2");
    let mut statement = connection.prepare_cached(&sql).map_err(read_failed)?;
    let mut rows = statement.query([namespace.key(), name.key()]).map_err(read_failed)?;
    rows.next().map_err(read_failed)?.map(function_of).transpose()
}

/// Reads at most `limit` functions whose lower-case names follow `after`.
pub(crate) fn functions(
    connection: &Connection,
    namespace: &Namespace,
    after: &str,
    limit: usize,
) -> Result<Vec<Function>, StorageError> {
    let sql = format!(
        "SELECT {FUNCTION_COLUMNS} FROM function WHERE namespace = ?1 AND name > ?2 \
         ORDER BY name LIMIT ?3"
    );
    let mut functions = Vec::new();
    each(connection, &sql, params![namespace.key(), after, integer(limit as u64)], |row| {
        functions.push(function_of(row)?.1);
        Ok(())
    })?;
    Ok(functions)
}

fn each(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    mut row: impl FnMut(&Row<'_>) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    let mut statement = connection.prepare_cached(sql).map_err(read_failed)?;
    let mut rows = statement.query(parameters).map_err(read_failed)?;
    while let Some(found) = rows.next().map_err(read_failed)? {
        row(found)?;
    }
    Ok(())
}

fn version_name(row: &Row<'_>) -> String {
    let number = |column| row.get::<_, i64>(column).unwrap_or_default();
    format!("version {} of the function with id {}", number(1), number(0))
}

/// Verifies a row of `VERSION_COLUMNS`.
fn verify_version(row: &Row<'_>) -> Result<(), StorageError> {
    let same = || {
        let found = version_checksum(row.get(0)?, row.get(1)?, bytes(row, 2)?, bytes(row, 3)?);
        Ok(found == bytes(row, 4)?)
    };
    intact(same(), || version_name(row))
}

fn version_of(row: &Row<'_>) -> Result<FunctionVersion, StorageError> {
    verify_version(row)?;
    parsed(bytes(row, 3), || version_name(row))
}

const VERSION_COLUMNS: &str = "function, number, digest, body, checksum";

/// Reads one version of the function with this id.
pub(crate) fn version(
    connection: &Connection,
    function: i64,
    number: u64,
) -> Result<Option<FunctionVersion>, StorageError> {
    let sql = format!("SELECT {VERSION_COLUMNS} FROM version WHERE function = ?1 AND number = ?2");
    let mut statement = connection.prepare_cached(&sql).map_err(read_failed)?;
    let mut rows = statement.query(params![function, integer(number)]).map_err(read_failed)?;
    rows.next().map_err(read_failed)?.map(version_of).transpose()
}

/// Reads at most `limit` versions of the function with this id, numbered above `after`.
pub(crate) fn versions(
    connection: &Connection,
    function: i64,
    after: u64,
    limit: usize,
) -> Result<Vec<FunctionVersion>, StorageError> {
    let sql = format!(
        "SELECT {VERSION_COLUMNS} FROM version WHERE function = ?1 AND number > ?2 \
         ORDER BY number LIMIT ?3"
    );
    let mut versions = Vec::new();
    each(connection, &sql, params![function, integer(after), integer(limit as u64)], |row| {
        versions.push(version_of(row)?);
        Ok(())
    })?;
    Ok(versions)
}

/// Every digest referred to. Verifies every row: a damaged digest must not make
/// code look unused.
pub(crate) fn digests(connection: &Connection) -> Result<BTreeSet<Digest>, StorageError> {
    let mut digests = BTreeSet::new();
    let functions = format!("SELECT {FUNCTION_COLUMNS} FROM function");
    each(connection, &functions, [], |row| {
        digests.extend(function_of(row)?.1.latest.code.digests());
        Ok(())
    })?;
    let versions = format!("SELECT {VERSION_COLUMNS} FROM version");
    each(connection, &versions, [], |row| {
        digests.extend(version_of(row)?.code.digests());
        Ok(())
    })?;
    Ok(digests)
}

/// The functions that want instances before they are called.
pub(crate) fn provisioned(connection: &Connection) -> Result<Vec<Arc<Function>>, StorageError> {
    let wants = "json_extract(body, '$.latest.configuration.provisioned') > 0 \
                 OR json_extract(body, '$.concurrency.provisioned') IS NOT NULL";
    let mut found = those_with(connection, wants)?;
    // Text, too, is more than 0.
    found.retain(|function| {
        let head = function.latest.configuration.provisioned.always() > 0;
        head || !function.concurrency.provisioned.is_empty()
    });
    Ok(found)
}

/// The functions that have something reserved.
pub(crate) fn reserved(connection: &Connection) -> Result<Vec<Arc<Function>>, StorageError> {
    those_with(connection, "json_extract(body, '$.concurrency.reserved') IS NOT NULL")
}

/// The functions that have an alias of which a release is under way.
pub(crate) fn releasing(connection: &Connection) -> Result<Vec<Arc<Function>>, StorageError> {
    let mut found = those_with(connection, r#"body LIKE '%"release":%'"#)?;
    // Those of which the release is over are among them, and texts that only look like it.
    found.retain(|function| is_releasing(function));
    Ok(found)
}

/// The functions whose bodies are so. Of a hundred thousand few are: the others are not parsed.
fn those_with(connection: &Connection, is: &str) -> Result<Vec<Arc<Function>>, StorageError> {
    let sql = format!("SELECT {FUNCTION_COLUMNS} FROM function WHERE {is}");
    let mut found = Vec::new();
    each(connection, &sql, [], |row| {
        found.push(Arc::new(function_of(row)?.1));
        Ok(())
    })?;
    Ok(found)
}

/// Whether any head or version has this digest.
pub(crate) fn refers_to(connection: &Connection, digest: Digest) -> Result<bool, StorageError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM function WHERE digest = ?1) \
               OR EXISTS (SELECT 1 FROM version WHERE digest = ?1) \
               OR EXISTS (SELECT 1 FROM package_use WHERE digest = ?1)";
    let mut statement = connection.prepare_cached(sql).map_err(read_failed)?;
    statement.query_row([digest.as_bytes()], |row| row.get(0)).map_err(read_failed)
}

/// The highest revision of any deleted function.
pub(crate) fn retired(connection: &Connection) -> Result<Revision, StorageError> {
    let found = connection
        .query_row("SELECT revision FROM retired", [], |row| row.get::<_, i64>(0))
        .optional()
        .map_err(read_failed)?;
    let found = found.and_then(|revision| u64::try_from(revision).ok());
    found.map(Revision).ok_or_else(|| StorageError::corrupt("table retired", "it has no row"))
}

/// Notes the last revision of a function that is deleted.
pub(crate) fn retire(connection: &Connection, revision: Revision) -> Result<(), StorageError> {
    let sql = "UPDATE retired SET revision = max(revision, ?1)";
    connection.execute(sql, [integer(revision.0)]).map_err(write_failed)?;
    Ok(())
}

/// Writes a function: a new one, or over the one with this id. Returns its id.
pub(crate) fn write_function(
    connection: &Connection,
    id: Option<i64>,
    function: &Function,
) -> Result<i64, StorageError> {
    let (namespace, name) = (function.latest.namespace.key(), function.latest.name.key());
    let code = &function.latest.code;
    let digest = code.component.as_bytes();
    let body = json(function)?;
    let checksum =
        function_checksum(namespace.as_bytes(), name.as_bytes(), digest, body.as_bytes());
    let sql = format!(
        "INSERT INTO function ({FUNCTION_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, body = excluded.body, \
         checksum = excluded.checksum \
         RETURNING id"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(write_failed)?;
    let id = statement
        .query_row(params![id, namespace, name, digest, body, checksum], |row| row.get(0))
        .map_err(write_failed)?;
    write_packages(connection, id, HEAD, code)?;
    Ok(id)
}

/// Notes what a head or version has besides its component, packages of files and a snapshot, in the
/// place of what it had.
fn write_packages(
    connection: &Connection,
    function: i64,
    number: u64,
    code: &Code,
) -> Result<(), StorageError> {
    delete_packages(connection, function, number)?;
    let sql = "INSERT OR IGNORE INTO package_use VALUES (?1, ?2, ?3)";
    let mut statement = connection.prepare_cached(sql).map_err(write_failed)?;
    for digest in code.digests().filter(|digest| *digest != code.component) {
        let parameters = params![function, integer(number), digest.as_bytes()];
        statement.execute(parameters).map_err(write_failed)?;
    }
    Ok(())
}

fn delete_packages(
    connection: &Connection,
    function: i64,
    number: u64,
) -> Result<(), StorageError> {
    let sql = "DELETE FROM package_use WHERE function = ?1 AND number = ?2";
    let mut statement = connection.prepare_cached(sql).map_err(write_failed)?;
    statement.execute(params![function, integer(number)]).map_err(write_failed)?;
    Ok(())
}

/// Writes a new version of the function with this id.
pub(crate) fn write_version(
    connection: &Connection,
    function: i64,
    number: u64,
    version: &FunctionVersion,
) -> Result<(), StorageError> {
    let digest = version.code.component.as_bytes();
    let body = json(version)?;
    let checksum = version_checksum(function, integer(number), digest, body.as_bytes());
    let sql = format!("INSERT INTO version ({VERSION_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5)");
    let mut statement = connection.prepare_cached(&sql).map_err(write_failed)?;
    statement
        .execute(params![function, integer(number), digest, body, checksum])
        .map_err(write_failed)?;
    write_packages(connection, function, number, &version.code)
}

/// Deletes a function with all its versions.
pub(crate) fn delete_function(connection: &Connection, id: i64) -> Result<(), StorageError> {
    connection.execute("DELETE FROM function WHERE id = ?1", [id]).map_err(write_failed)?;
    Ok(())
}

/// Deletes one version.
pub(crate) fn delete_version(
    connection: &Connection,
    function: i64,
    number: u64,
) -> Result<(), StorageError> {
    delete_packages(connection, function, number)?;
    let sql = "DELETE FROM version WHERE function = ?1 AND number = ?2";
    connection.execute(sql, params![function, integer(number)]).map_err(write_failed)?;
    Ok(())
}

/// Whether the function with this id, if there is one, has a version.
pub(crate) fn has_version(
    connection: &Connection,
    function: Option<i64>,
    number: u64,
) -> Result<bool, StorageError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM version WHERE function = ?1 AND number = ?2)";
    let mut statement = connection.prepare_cached(sql).map_err(read_failed)?;
    let found = statement.query_row(params![function, integer(number)], |row| row.get(0));
    found.map_err(read_failed)
}

fn json(value: &impl Serialize) -> Result<String, StorageError> {
    serde_json::to_string(value)
        .map_err(|error| StorageError::unavailable("encode a function", error))
}
