use rusqlite::{Connection, OpenFlags};

use super::BackupError;
use super::hold::Hold;
use super::snapshot::Copy;
use crate::layout;

/// What names files in `control.db`.
const CODE: &str = "SELECT lower(hex(digest)) FROM function UNION SELECT lower(hex(digest)) FROM \
                    version UNION SELECT lower(hex(digest)) FROM package_use";
/// What names files in a shard.
const OBJECTS: &str = "SELECT DISTINCT lower(hex(digest)) || '.' || blob FROM piece";

/// Checks that the files which the copies of the databases name are held.
pub(super) fn references(copies: &[Copy], hold: &Hold) -> Result<(), BackupError> {
    let (mut missing, mut first) = (0, None);
    for copy in copies {
        let (sql, directory, suffix) = match copy.name.as_str() {
            layout::CONTROL_DB => (CODE, layout::CODE_DIR, ".wasm"),
            name if layout::SHARD_DBS.contains(&name) => (OBJECTS, layout::OBJECTS_DIR, ""),
            _ => continue,
        };
        let failed = |error: rusqlite::Error| BackupError::Database {
            path: copy.file.path().to_owned(),
            detail: error.to_string(),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(copy.file.path(), flags).map_err(failed)?;
        let mut select = connection.prepare(sql).map_err(failed)?;
        let mut rows = select.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let name: String = row.get(0).map_err(failed)?;
            let file = format!("{directory}/{}/{name}{suffix}", name.get(..2).unwrap_or_default());
            if !hold.has(&file) {
                missing += 1;
                first.get_or_insert(file);
            }
        }
    }
    match first {
        Some(first) => Err(BackupError::NotWhole { missing, first }),
        None => Ok(()),
    }
}
