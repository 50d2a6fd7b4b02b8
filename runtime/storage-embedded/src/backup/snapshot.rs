use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::target::{Target, Temporary};
use super::{BackupError, io_error};
use crate::layout;

/// How long to wait for a database that is being opened.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A copy of a database, which is gone when this is dropped.
pub(super) struct Copy {
    /// The name of the database, relative to the data directory.
    pub(super) name: String,
    pub(super) file: Temporary,
}

/// The files that are copied as they are.
pub(super) fn singles(data: &Path) -> Vec<String> {
    let singles = [
        layout::FORMAT_FILE,
        layout::ROOT_KEY_FILE,
        layout::ACCESS_KEY_SEED_FILE,
        layout::SEED_DIGEST_FILE,
    ];
    singles.into_iter().filter(|name| data.join(name).is_file()).map(str::to_owned).collect()
}

/// The names of the databases, relative to the data directory: those that others are named in
/// first.
pub(super) fn databases(data: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let fixed = [layout::CONTROL_DB].into_iter().chain(layout::SHARD_DBS);
    let fixed = fixed.chain([layout::LOGS_DB]);
    let mut found: Vec<_> =
        fixed.map(|name| data.join(name)).filter(|path| path.is_file()).collect();
    let volumes = data.join(layout::VOLUMES_DIR);
    let entries = match fs::read_dir(&volumes) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(io_error("read", &volumes)(error)),
    };
    for entry in entries {
        let names = entry.map_err(io_error("read", &volumes))?.path().join(layout::VOLUME_NAMES_DB);
        if names.is_file() {
            found.push(names);
        }
    }
    Ok(found)
}

/// The room that databases take, with what SQLite keeps beside them, until the backup is made.
pub(super) fn bytes(databases: &[PathBuf]) -> u64 {
    let size = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let beside = |path: &PathBuf| {
        let mut wal = path.clone().into_os_string();
        wal.push("-wal");
        size(path) + size(Path::new(&wal))
    };
    // Each is there twice for a while: as a copy, and in the backup.
    databases.iter().map(beside).sum::<u64>() * 2
}

/// Copies each database, beside the backup.
pub(super) fn copy(
    data: &Path,
    databases: &[PathBuf],
    target: &Target<'_>,
) -> Result<Vec<Copy>, BackupError> {
    let mut copies = Vec::with_capacity(databases.len());
    for (number, path) in databases.iter().enumerate() {
        // Created here, so that only its owner can read it. SQLite takes an empty file.
        let (file, _) = target.beside(&format!("{number}.db"))?;
        if !copy_one(path, file.path())? {
            // A volume was deleted meanwhile.
            continue;
        }
        let name = path.strip_prefix(data).unwrap_or(path).to_string_lossy().into_owned();
        copies.push(Copy { name, file });
    }
    Ok(copies)
}

fn copy_one(from: &Path, to: &Path) -> Result<bool, BackupError> {
    let failed = |error: rusqlite::Error| BackupError::Database {
        path: from.to_owned(),
        detail: error.to_string(),
    };
    // Not for reading only: whoever reads a database of a process that is gone has to
    // mend it first.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match Connection::open_with_flags(from, flags) {
        Ok(connection) => connection,
        Err(_) if !from.exists() => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    // The last to close would move the log into the database, which may be the node's to do.
    connection
        .set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(failed)?;
    let shown = to.to_string_lossy();
    connection.execute("VACUUM INTO ?1", [&*shown]).map_err(failed)?;
    Ok(true)
}
