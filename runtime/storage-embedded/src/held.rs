//! What namespaces hold of functions, versions and code, in `control.db`.

use lambent_types::{Digest, Function, FunctionVersion, Namespace};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::row::integer;
use lambent_storage::backend::registry::{Reserved, code_delta};
use lambent_storage::{NamespaceQuotas, Quota, Quotas, StorageError, WriteError};

/// Where the package of a head or version is, if it has one. It is in `body` too, which the
/// checksum covers.
pub(crate) const SCHEMA_PACKAGES: &str = "
ALTER TABLE function ADD COLUMN package BLOB;
ALTER TABLE version ADD COLUMN package BLOB;
CREATE INDEX function_package ON function (package) WHERE package IS NOT NULL;
CREATE INDEX version_package ON version (package) WHERE package IS NOT NULL;
";

/// What heads, as number 0, and versions have besides their components: packages of files of all
/// kinds, and snapshots, since each has to be kept. They are in `body` too, which the checksum covers.
pub(crate) const SCHEMA_PACKAGE_USE: &str = "
CREATE TABLE package_use (
    function INTEGER NOT NULL REFERENCES function (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (function, number, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX package_use_digest ON package_use (digest);
INSERT OR IGNORE INTO package_use
    SELECT id, 0, unhex(json_extract(body, part || '.digest'))
    FROM function, (SELECT '$.latest.package' AS part UNION ALL SELECT '$.latest.added')
    WHERE json_valid(body) AND json_extract(body, part) IS NOT NULL;
INSERT OR IGNORE INTO package_use
    SELECT function, number, unhex(json_extract(body, part || '.digest'))
    FROM version, (SELECT '$.package' AS part UNION ALL SELECT '$.added')
    WHERE json_valid(body) AND json_extract(body, part) IS NOT NULL;
DROP INDEX function_package;
DROP INDEX version_package;
ALTER TABLE function DROP COLUMN package;
ALTER TABLE version DROP COLUMN package;
";

/// `code` has how many heads and versions of a namespace have code of a digest:
/// it counts once for all of them.
pub(crate) const SCHEMA: &str = "
CREATE TABLE held (
    namespace TEXT NOT NULL,
    kind INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (namespace, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE code (
    namespace TEXT NOT NULL,
    digest BLOB NOT NULL,
    uses INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (namespace, digest)
) STRICT, WITHOUT ROWID;
INSERT INTO code
    SELECT namespace, digest, count(*), coalesce(max(bytes), 0) FROM (
        SELECT namespace, digest,
               CASE WHEN json_valid(body) THEN json_extract(body, '$.latest.code_bytes') END AS bytes
        FROM function
        UNION ALL
        SELECT function.namespace, version.digest,
               CASE WHEN json_valid(version.body)
                    THEN json_extract(version.body, '$.code_bytes') END
        FROM version JOIN function ON function.id = version.function)
    GROUP BY namespace, digest;
INSERT INTO held SELECT namespace, 12, count(*) FROM function GROUP BY namespace;
INSERT INTO held
    SELECT namespace, 13, count(*) FROM version JOIN function ON function.id = version.function
    GROUP BY namespace;
INSERT INTO held SELECT namespace, 14, sum(bytes) FROM code GROUP BY namespace;
";

fn failed(error: rusqlite::Error) -> StorageError {
    StorageError::unavailable("count what a namespace holds of functions", error)
}

fn one<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, StorageError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row(parameters, read).optional())
        .map_err(failed)
}

/// How much a namespace, by its key, holds.
pub(crate) fn amount(
    connection: &Connection,
    namespace: &str,
    quota: Quota,
) -> Result<u64, StorageError> {
    let sql = "SELECT amount FROM held WHERE namespace = ?1 AND kind = ?2";
    let found = one(connection, sql, params![namespace, quota as i64], |row| row.get::<_, i64>(0))?;
    Ok(found.unwrap_or(0).unsigned_abs())
}

fn add(
    connection: &Connection,
    namespace: &str,
    quota: Quota,
    delta: i64,
) -> Result<(), StorageError> {
    let sql = "INSERT INTO held VALUES (?1, ?2, max(?3, 0)) \
               ON CONFLICT DO UPDATE SET amount = max(amount + ?3, 0)";
    connection
        .prepare_cached(sql)
        .and_then(|mut upsert| upsert.execute(params![namespace, quota as i64, delta]))
        .map_err(failed)?;
    Ok(())
}

/// How often a namespace has code, and of how many bytes it is.
fn code(
    connection: &Connection,
    namespace: &str,
    digest: Digest,
) -> Result<(i64, i64), StorageError> {
    let sql = "SELECT uses, bytes FROM code WHERE namespace = ?1 AND digest = ?2";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found = one(connection, sql, params![namespace, digest.as_bytes()], read)?;
    Ok(found.unwrap_or_default())
}

fn take(
    connection: &Connection,
    namespace: &str,
    (digest, bytes): (Digest, u64),
) -> Result<(), StorageError> {
    let sql = "INSERT INTO code VALUES (?1, ?2, 1, ?3) ON CONFLICT DO UPDATE SET uses = uses + 1";
    let parameters = params![namespace, digest.as_bytes(), integer(bytes)];
    connection
        .prepare_cached(sql)
        .and_then(|mut upsert| upsert.execute(parameters))
        .map_err(failed)?;
    Ok(())
}

/// Counts that code is used so many times less. By how many bytes the namespace
/// now holds less.
fn release(
    connection: &Connection,
    namespace: &str,
    digest: Digest,
    uses: i64,
) -> Result<i64, StorageError> {
    let sql = "UPDATE code SET uses = uses - ?3 WHERE namespace = ?1 AND digest = ?2 \
               RETURNING uses, bytes";
    let parameters = params![namespace, digest.as_bytes(), uses];
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get(1)?));
    let Some((left, bytes)) = one(connection, sql, parameters, read)? else { return Ok(0) };
    if left > 0 {
        return Ok(0);
    }
    connection
        .prepare_cached("DELETE FROM code WHERE namespace = ?1 AND digest = ?2")
        .and_then(|mut delete| delete.execute(params![namespace, digest.as_bytes()]))
        .map_err(failed)?;
    Ok(bytes)
}

/// Counts a head that takes the place of another, or is a new function's.
/// Refuses before it writes anything.
pub(crate) fn put(
    connection: &Connection,
    quotas: &Quotas,
    head: &FunctionVersion,
    old: Option<&FunctionVersion>,
) -> Result<(), WriteError> {
    let owner = &head.namespace.key();
    if old.is_none() {
        quotas.check(Quota::Functions, amount(connection, owner, Quota::Functions)?, 1)?;
    }
    let former = old.map(|old| &old.code);
    if former == Some(&head.code) {
        return Ok(());
    }
    let uses = |digest| Ok(code(connection, owner, digest)?.0.unsigned_abs());
    let delta = code_delta(&head.code, former, uses)?;
    let used = amount(connection, owner, Quota::CodeBytes)?;
    quotas.check(Quota::CodeBytes, used, delta)?;
    for part in head.code.parts() {
        take(connection, owner, part)?;
    }
    match former {
        Some(former) => {
            for digest in former.digests() {
                release(connection, owner, digest, 1)?;
            }
        }
        None => add(connection, owner, Quota::Functions, 1)?,
    }
    Ok(add(connection, owner, Quota::CodeBytes, delta)?)
}

/// Counts a new version. Refuses before it writes anything.
pub(crate) fn publish(
    connection: &Connection,
    quotas: &Quotas,
    version: &FunctionVersion,
) -> Result<(), WriteError> {
    let owner = &version.namespace.key();
    quotas.check(Quota::Versions, amount(connection, owner, Quota::Versions)?, 1)?;
    for part in version.code.parts() {
        take(connection, owner, part)?;
    }
    Ok(add(connection, owner, Quota::Versions, 1)?)
}

/// Counts that a function goes with all its versions, before it does.
pub(crate) fn delete(
    connection: &Connection,
    (function, head): (i64, &FunctionVersion),
) -> Result<(), StorageError> {
    let owner = &head.namespace.key();
    let sql = "SELECT digest, count(*) FROM version WHERE function = ?1 GROUP BY digest \
               UNION ALL SELECT digest, count(*) FROM package_use \
               WHERE function = ?1 AND number > 0 GROUP BY digest";
    let parts = connection
        .prepare_cached(sql)
        .and_then(|mut select| {
            let read = |row: &Row<'_>| Ok((Digest::from_bytes(row.get(0)?), row.get::<_, i64>(1)?));
            select.query_map([function], read)?.collect::<rusqlite::Result<Vec<_>>>()
        })
        .map_err(failed)?;
    let sql = "SELECT count(*) FROM version WHERE function = ?1";
    let count = one(connection, sql, [function], |row| row.get::<_, i64>(0))?.unwrap_or(0);
    let mut freed = 0;
    for (digest, uses) in parts.into_iter().chain(head.code.digests().map(|digest| (digest, 1))) {
        freed += release(connection, owner, digest, uses)?;
    }
    add(connection, owner, Quota::Functions, -1)?;
    add(connection, owner, Quota::Versions, -count)?;
    add(connection, owner, Quota::CodeBytes, -freed)
}

/// What of a namespace's invocations at once is reserved.
pub(crate) fn reserved(
    connection: &Connection,
    quotas: &NamespaceQuotas,
    namespace: &Namespace,
) -> Result<Reserved, StorageError> {
    let owner = namespace.key();
    let limit = quotas.of(&owner).limit(Quota::Concurrency);
    Ok(Reserved { limit, reserved: amount(connection, &owner, Quota::Concurrency)? })
}

/// Counts what is reserved for a function in the place of what was before.
pub(crate) fn reserve(
    connection: &Connection,
    before: Option<&Function>,
    after: Option<&Function>,
) -> Result<(), StorageError> {
    let of = |function: Option<&Function>| {
        function.and_then(|function| function.concurrency.reserved).map_or(0, i64::from)
    };
    let Some(function) = before.or(after) else { return Ok(()) };
    match of(after) - of(before) {
        0 => Ok(()),
        delta => add(connection, &function.latest.namespace.key(), Quota::Concurrency, delta),
    }
}

/// Counts that a version goes, before it does. Nothing if it is not there.
pub(crate) fn delete_version(
    connection: &Connection,
    namespace: &str,
    function: i64,
    number: u64,
) -> Result<(), StorageError> {
    let sql = "SELECT digest FROM version WHERE function = ?1 AND number = ?2 \
               UNION ALL SELECT digest FROM package_use WHERE function = ?1 AND number = ?2";
    let digests = connection
        .prepare_cached(sql)
        .and_then(|mut select| {
            let read = |row: &Row<'_>| Ok(Digest::from_bytes(row.get(0)?));
            let found = select.query_map(params![function, integer(number)], read)?;
            found.collect::<rusqlite::Result<Vec<_>>>()
        })
        .map_err(failed)?;
    if digests.is_empty() {
        return Ok(());
    }
    let mut freed = 0;
    for digest in digests {
        freed += release(connection, namespace, digest, 1)?;
    }
    add(connection, namespace, Quota::Versions, -1)?;
    add(connection, namespace, Quota::CodeBytes, -freed)
}
