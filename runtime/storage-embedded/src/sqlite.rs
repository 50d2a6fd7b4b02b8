use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::data_dir::DataDir;
use crate::data_dir::private;
use crate::error::OpenError;

/// The first SQLite without the race that could lose acknowledged commits when
/// the WAL was reset (sqlite.org/wal.html#walresetbug).
const VERSION_MIN: i32 = 3_051_003;

/// How long to wait for someone who looks into the file with another program.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// A power cut.
    Full,
    /// The death of the process; a power cut may undo the last ones.
    Normal,
}

impl Durability {
    pub(crate) const fn synchronous(self) -> i64 {
        match self {
            Self::Normal => 1,
            Self::Full => 2,
        }
    }
}

/// A database file of the data directory.
pub(crate) struct Database {
    pub(crate) file: Cow<'static, str>,
    pub(crate) durability: Durability,
    /// The statements that make schema version n + 1 of version n. Never
    /// changed once released: only added to.
    pub(crate) migrations: &'static [&'static str],
}

impl Database {
    /// Opens it for its one writer, creating and upgrading it if need be.
    pub(crate) fn open(&self, data: &DataDir) -> Result<Connection, OpenError> {
        let path = data.path().join(&*self.file);
        check_version(&path)?;
        // Created here so that it and the files SQLite puts beside it are private.
        let mut options = private();
        options.write(true).create(true);
        data.dir().open_with(&*self.file, &options).map_err(|source| OpenError::Io {
            action: "create database",
            path: path.clone(),
            source,
        })?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection =
            Connection::open_with_flags(&path, flags).map_err(|error| failed(&path, error))?;
        self.configure(&connection, &path)?;
        self.migrate(&mut connection, &path)?;
        Ok(connection)
    }

    /// Opens it for reading, after [`Self::open`].
    pub(crate) fn open_reader(&self, data: &DataDir) -> Result<Connection, OpenError> {
        let path = data.path().join(&*self.file);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(&path, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "mmap_size", 0)?;
            Ok(connection)
        };
        open().map_err(|error| failed(&path, error))
    }

    fn configure(&self, connection: &Connection, path: &Path) -> Result<(), OpenError> {
        let synchronous = self.durability.synchronous();
        let settings = [
            ("synchronous", synchronous),
            ("fullfsync", 1),
            ("checkpoint_fullfsync", 1),
            ("wal_autocheckpoint", 1000),
            ("journal_size_limit", 64 << 20),
            ("mmap_size", 0),
            ("foreign_keys", 1),
            ("cell_size_check", 1),
            ("trusted_schema", 0),
        ];
        let configure = || {
            connection.busy_timeout(BUSY_TIMEOUT)?;
            let mode: String =
                connection
                    .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
            for (name, value) in settings {
                // Some of these answer with a row and some do not.
                let mut statement = connection.prepare(&format!("PRAGMA {name} = {value}"))?;
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {}
            }
            let found: i64 =
                connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
            Ok((mode, found))
        };
        let (mode, found) = configure().map_err(|error| failed(path, error))?;
        if mode != "wal" {
            return Err(unsafe_(path, format!("its journal mode is {mode} and cannot be WAL")));
        }
        if found != synchronous {
            return Err(unsafe_(path, format!("PRAGMA synchronous is {found}, not {synchronous}")));
        }
        Ok(())
    }

    fn migrate(&self, connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
        let supported = self.migrations.len();
        let mut migrate = || {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let found: i64 =
                transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
            let found = usize::try_from(found).unwrap_or(usize::MAX);
            let Some(missing) = self.migrations.get(found..) else { return Ok(Some(found)) };
            if !missing.is_empty() {
                missing.iter().try_for_each(|statements| transaction.execute_batch(statements))?;
                transaction.pragma_update(None, "user_version", supported as i64)?;
                transaction.commit()?;
            }
            Ok(None)
        };
        match migrate().map_err(|error| failed(path, error))? {
            None => Ok(()),
            Some(found) => Err(OpenError::NewerFormat {
                path: path.to_owned(),
                found: found as u64,
                supported: supported as u64,
            }),
        }
    }
}

fn check_version(path: &Path) -> Result<(), OpenError> {
    if rusqlite::version_number() < VERSION_MIN {
        let detail =
            format!("SQLite {} may lose commits; build with 3.51.3 or later", rusqlite::version());
        return Err(unsafe_(path, detail));
    }
    Ok(())
}

fn unsafe_(path: &Path, detail: String) -> OpenError {
    OpenError::Unsafe { path: path.to_owned(), detail }
}

fn failed(path: &Path, error: rusqlite::Error) -> OpenError {
    let path: PathBuf = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            OpenError::Corrupt { path, detail: error.to_string() }
        }
        _ => OpenError::Database { path, source: error.into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::LOGS;
    use crate::rows::CONTROL;

    #[test]
    fn every_setting_that_durability_rests_on_is_set() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::open(home.path()).unwrap();
        for (database, synchronous, version) in [(&CONTROL, 2, 4), (&LOGS, 1, 3)] {
            let connection = database.open(&data).unwrap();
            for (name, expected) in [
                ("synchronous", synchronous),
                ("fullfsync", 1),
                ("checkpoint_fullfsync", 1),
                ("wal_autocheckpoint", 1000),
                ("journal_size_limit", 64 << 20),
                ("foreign_keys", 1),
                ("user_version", version),
            ] {
                let found: i64 =
                    connection.pragma_query_value(None, name, |row| row.get(0)).unwrap();
                assert_eq!(found, expected, "{name} of {}", database.file);
            }
            // Readers cannot write, whatever they are asked to do.
            let reader = database.open_reader(&data).unwrap();
            assert!(reader.execute_batch("CREATE TABLE x (y)").is_err());
        }
    }
}
