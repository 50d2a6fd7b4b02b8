use std::borrow::Cow;
use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use lambent_files::{ErrorCode, Kind, VOLUME_ROOT};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use crate::data_dir::DataDir;
use crate::error::OpenError;
use crate::layout::VOLUME_NAMES_DB;
use crate::sqlite::{Database, Durability};

/// Directories that a directory may be in, where it is moved: each is looked at.
const DEPTH_MAX: usize = 2048;

/// Memory for pages of the names of one volume, of which many may be open.
const CACHE_KIB: i64 = 512;
/// Statements that are kept prepared: all that there are here.
const STATEMENTS: usize = 24;

/// `parent` is null once a name was removed, and of the root. Numbers are never used again. Times
/// are nanoseconds since 1970, of directories and of files to which nothing was written.
const SCHEMA: &str = "
CREATE TABLE node (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    parent INTEGER,
    name TEXT,
    kind INTEGER NOT NULL,
    accessed INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    UNIQUE (parent, name)
) STRICT;
INSERT INTO node VALUES (1, NULL, NULL, 0, 0, 0, 0);
CREATE TABLE synced (times INTEGER NOT NULL) STRICT;
INSERT INTO synced VALUES (0);
";

/// The names in a volume.
pub(crate) struct Names {
    connection: Connection,
    /// Whether something was changed since the last [`Self::sync`].
    unsynced: bool,
}

/// Accessed, modified, changed.
pub(crate) type Times = [SystemTime; 3];

fn failed(error: &rusqlite::Error) -> ErrorCode {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => ErrorCode::InsufficientSpace,
        _ => {
            tracing::error!(%error, "cannot use the names of a volume");
            ErrorCode::Io
        }
    }
}

fn nanoseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

fn time(nanoseconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds.unsigned_abs())
}

const fn number_of(kind: Kind) -> i64 {
    match kind {
        Kind::Directory => 0,
        Kind::File => 1,
    }
}

const fn kind_of(number: i64) -> Kind {
    if number == 0 { Kind::Directory } else { Kind::File }
}

fn number_and_kind(row: &Row<'_>) -> rusqlite::Result<(u64, Kind)> {
    Ok((row.get::<_, i64>(0)?.unsigned_abs(), kind_of(row.get(1)?)))
}

const fn numbers(number: u64) -> i64 {
    number.cast_signed()
}

/// Runs a statement in a transaction that other statements may be part of.
fn run(connection: &Connection, sql: &str, values: impl Params) -> Result<usize, ErrorCode> {
    let done = connection.prepare_cached(sql).and_then(|mut run| run.execute(values));
    done.map_err(|error| failed(&error))
}

fn one<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, ErrorCode> {
    let mut select = connection.prepare_cached(sql).map_err(|error| failed(&error))?;
    select.query_row(values, read).optional().map_err(|error| failed(&error))
}

/// Notes that a directory's entries changed.
fn touch(connection: &Connection, directory: u64) -> Result<(), ErrorCode> {
    let now = nanoseconds(SystemTime::now());
    let sql = "UPDATE node SET modified = ?2, changed = ?2 WHERE number = ?1";
    run(connection, sql, params![numbers(directory), now]).map(drop)
}

impl Names {
    /// Opens the names of the volume in this directory of the data directory.
    pub(crate) fn open(data: &DataDir, directory: &str) -> Result<Self, OpenError> {
        let database = Database {
            file: Cow::Owned(format!("{directory}/{VOLUME_NAMES_DB}")),
            // What has to be durable is made so by `sync`.
            durability: Durability::Normal,
            migrations: &[SCHEMA],
        };
        let connection = database.open(data)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let failed = |error: rusqlite::Error| OpenError::Database {
            path: data.path().join(directory),
            source: error.into(),
        };
        connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(failed)?;
        Ok(Self { connection, unsynced: true })
    }

    /// Does a change of several statements, whole or not at all.
    fn change<R>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<R, ErrorCode>,
    ) -> Result<R, ErrorCode> {
        let transaction = self.connection.transaction().map_err(|error| failed(&error))?;
        let done = work(&transaction)?;
        transaction.commit().map_err(|error| failed(&error))?;
        self.unsynced = true;
        Ok(done)
    }

    /// Makes all changes durable.
    pub(crate) fn sync(&mut self) -> Result<(), ErrorCode> {
        if !self.unsynced {
            return Ok(());
        }
        let connection = &self.connection;
        let synchronous = |durability: Durability| {
            let set = connection.pragma_update(None, "synchronous", durability.synchronous());
            set.map_err(|error| failed(&error))
        };
        // A commit that is synced makes those before it in the log durable too.
        synchronous(Durability::Full)?;
        let synced = run(connection, "UPDATE synced SET times = times + 1", []);
        synchronous(Durability::Normal)?;
        synced?;
        self.unsynced = false;
        Ok(())
    }

    /// What has a number and was not removed.
    pub(crate) fn kind(&self, number: u64) -> Result<Kind, ErrorCode> {
        let sql = "SELECT kind FROM node WHERE number = ?1 AND (parent IS NOT NULL OR number = 1)";
        let found = one(&self.connection, sql, [numbers(number)], |row| row.get(0))?;
        found.map(kind_of).ok_or(ErrorCode::NoEntry)
    }

    pub(crate) fn child(
        &self,
        directory: u64,
        name: &str,
    ) -> Result<Option<(u64, Kind)>, ErrorCode> {
        let sql = "SELECT number, kind FROM node WHERE parent = ?1 AND name = ?2";
        one(&self.connection, sql, params![numbers(directory), name], number_and_kind)
    }

    pub(crate) fn parent(&self, number: u64) -> Result<u64, ErrorCode> {
        let sql = "SELECT parent FROM node WHERE number = ?1 AND parent IS NOT NULL";
        let found = one(&self.connection, sql, [numbers(number)], |row| row.get::<_, i64>(0))?;
        found.map(i64::unsigned_abs).ok_or(ErrorCode::NoEntry)
    }

    pub(crate) fn times(&self, number: u64) -> Result<Times, ErrorCode> {
        let sql = "SELECT accessed, modified, changed FROM node WHERE number = ?1";
        let read = |row: &Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?].map(time));
        one(&self.connection, sql, [numbers(number)], read)?.ok_or(ErrorCode::NoEntry)
    }

    pub(crate) fn set_times(
        &mut self,
        number: u64,
        accessed: Option<SystemTime>,
        modified: Option<SystemTime>,
    ) -> Result<(), ErrorCode> {
        let sql = "UPDATE node SET accessed = coalesce(?2, accessed), \
                   modified = coalesce(?3, modified), changed = ?4 WHERE number = ?1";
        let (accessed, modified) = (accessed.map(nanoseconds), modified.map(nanoseconds));
        let now = nanoseconds(SystemTime::now());
        let values = params![numbers(number), accessed, modified, now];
        self.change(|connection| run(connection, sql, values).map(drop))
    }

    /// Adds an entry of a name that is free to a directory that is there.
    pub(crate) fn insert(
        &mut self,
        directory: u64,
        name: &str,
        kind: Kind,
    ) -> Result<u64, ErrorCode> {
        self.change(|connection| {
            let now = nanoseconds(SystemTime::now());
            let sql = "INSERT INTO node (parent, name, kind, accessed, modified, changed) \
                       VALUES (?1, ?2, ?3, ?4, ?4, ?4)";
            let values = params![numbers(directory), name, number_of(kind), now];
            run(connection, sql, values)?;
            let number = connection.last_insert_rowid().unsigned_abs();
            touch(connection, directory)?;
            Ok(number)
        })
    }

    /// Whether a directory has no entries.
    pub(crate) fn is_empty(&self, directory: u64) -> Result<bool, ErrorCode> {
        let sql = "SELECT 1 FROM node WHERE parent = ?1 LIMIT 1";
        Ok(one(&self.connection, sql, [numbers(directory)], |_| Ok(()))?.is_none())
    }

    /// Takes the name of an entry of a directory.
    pub(crate) fn remove(&mut self, directory: u64, number: u64) -> Result<(), ErrorCode> {
        self.change(|connection| {
            let sql = "UPDATE node SET parent = NULL, name = NULL WHERE number = ?1";
            run(connection, sql, [numbers(number)])?;
            touch(connection, directory)
        })
    }

    /// Gives an entry another name, in the place of another entry if that has it.
    pub(crate) fn rename(
        &mut self,
        number: u64,
        from: u64,
        to: (u64, &str),
        existing: Option<u64>,
    ) -> Result<(), ErrorCode> {
        self.change(|connection| {
            if let Some(existing) = existing {
                let sql = "UPDATE node SET parent = NULL, name = NULL WHERE number = ?1";
                run(connection, sql, [numbers(existing)])?;
            }
            let sql = "UPDATE node SET parent = ?2, name = ?3, changed = ?4 WHERE number = ?1";
            let now = nanoseconds(SystemTime::now());
            run(connection, sql, params![numbers(number), numbers(to.0), to.1, now])?;
            touch(connection, from)?;
            touch(connection, to.0)
        })
    }

    /// Whether a directory is another, or within it.
    pub(crate) fn is_within(&self, directory: u64, above: u64) -> Result<bool, ErrorCode> {
        let mut at = directory;
        for _ in 0..DEPTH_MAX {
            if at == above {
                return Ok(true);
            }
            if at == VOLUME_ROOT {
                return Ok(false);
            }
            at = self.parent(at)?;
        }
        Err(ErrorCode::NameTooLong)
    }

    pub(crate) fn entries(
        &self,
        directory: u64,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Kind)>, ErrorCode> {
        // No name is empty.
        let sql = "SELECT name, kind FROM node WHERE parent = ?1 AND name > ?2 \
                   ORDER BY name LIMIT ?3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = || -> rusqlite::Result<Vec<(String, Kind)>> {
            let mut select = self.connection.prepare_cached(sql)?;
            let values = params![numbers(directory), after.unwrap_or_default(), limit];
            let rows = select.query_map(values, |row| Ok((row.get(0)?, kind_of(row.get(1)?))))?;
            rows.collect()
        };
        read().map_err(|error| failed(&error))
    }

    fn select_numbers(&self, sql: &str) -> Result<Vec<u64>, ErrorCode> {
        let read = || -> rusqlite::Result<Vec<u64>> {
            let mut select = self.connection.prepare(sql)?;
            let rows = select.query_map([], |row| row.get::<_, i64>(0))?;
            rows.map(|number| number.map(i64::unsigned_abs)).collect()
        };
        read().map_err(|error| failed(&error))
    }

    /// Those whose names were removed, and that were not forgotten yet.
    pub(crate) fn removed(&self) -> Result<Vec<u64>, ErrorCode> {
        self.select_numbers("SELECT number FROM node WHERE parent IS NULL AND number <> 1")
    }

    /// All files, and how many files and directories there are beside the root.
    pub(crate) fn files(&self) -> Result<(HashSet<u64>, u64), ErrorCode> {
        let files = self.select_numbers("SELECT number FROM node WHERE kind = 1")?;
        let sql = "SELECT count(*) - 1 FROM node";
        let count = one(&self.connection, sql, [], |row| row.get::<_, i64>(0))?;
        Ok((files.into_iter().collect(), count.unwrap_or_default().unsigned_abs()))
    }

    /// Forgets those that were removed.
    pub(crate) fn forget(&mut self, all: &[u64]) -> Result<(), ErrorCode> {
        self.change(|connection| {
            all.iter().try_for_each(|number| {
                let sql = "DELETE FROM node WHERE number = ?1 AND parent IS NULL";
                run(connection, sql, [numbers(*number)]).map(drop)
            })
        })
    }
}
