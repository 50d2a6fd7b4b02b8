use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::archive;
use super::names::belongs;
use super::{
    BACKUP_FORMAT, BackupError, MANIFEST, Manifest, Progress, check_space, io_error, private_file,
};
use crate::data_dir::{create_all, create_dir};
use crate::layout;

/// Most bytes of a manifest.
const MANIFEST_BYTES_MAX: u64 = 64 << 10;

/// Checks a backup from its beginning to its end, and returns what it says of itself.
///
/// # Errors
/// It is no backup, cut off, damaged, or of a newer release.
pub fn inspect(from: &Path) -> Result<Manifest, BackupError> {
    let bytes = archive::verify(from)?;
    let mut archive = open(from, bytes)?;
    manifest(from, &mut archive)
}

fn open(from: &Path, bytes: u64) -> Result<tar::Archive<io::Take<File>>, BackupError> {
    let file = File::open(from).map_err(io_error("read", from))?;
    Ok(tar::Archive::new(file.take(bytes)))
}

fn odd(from: &Path, detail: impl Into<String>) -> BackupError {
    BackupError::Odd { path: from.to_owned(), detail: detail.into() }
}

/// Reads the manifest, which is the first in the archive.
fn manifest<R: io::Read>(
    from: &Path,
    archive: &mut tar::Archive<R>,
) -> Result<Manifest, BackupError> {
    let mut entries = archive.entries().map_err(|error| odd(from, error.to_string()))?;
    let first = entries.next().ok_or_else(|| odd(from, "it is empty"))?;
    let first = first.map_err(|error| odd(from, error.to_string()))?;
    let name = first.path().map(|path| path.into_owned()).unwrap_or_default();
    if name != Path::new(MANIFEST) {
        return Err(odd(from, "it does not begin with a manifest"));
    }
    let mut text = String::new();
    first
        .take(MANIFEST_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| odd(from, error.to_string()))?;
    /// What every form has.
    #[derive(serde::Deserialize)]
    struct Versions {
        backup_format: u64,
        data_format: u64,
    }
    let versions: Versions =
        serde_json::from_str(&text).map_err(|error| odd(from, error.to_string()))?;
    for (found, known) in
        [(versions.backup_format, BACKUP_FORMAT), (versions.data_format, layout::FORMAT)]
    {
        if found > known {
            return Err(BackupError::Newer { path: from.to_owned(), found, known });
        }
    }
    serde_json::from_str(&text).map_err(|error| odd(from, error.to_string()))
}

/// Makes a data directory of a backup. The directory is new or empty, and no node uses it
/// before this returns.
///
/// # Errors
/// See [`BackupError`]. Nothing is written unless the backup is whole, and what was written
/// before something failed is removed.
pub fn restore(from: &Path, data: &Path, progress: Progress<'_>) -> Result<Manifest, BackupError> {
    let bytes = archive::verify(from)?;
    let manifest = manifest(from, &mut open(from, bytes)?)?;
    let created = prepare(data)?;
    let restored = check_space(data, bytes).and_then(|()| {
        let dir = Dir::open_ambient_dir(data, ambient_authority());
        let dir = dir.map_err(io_error("open", data))?;
        // No node opens the directory while this is there.
        let marker = Path::new(layout::RESTORING_FILE);
        drop(private_file(&dir, marker, data)?);
        extract(from, bytes, (&dir, data), progress)?;
        sync(&dir, data)?;
        dir.remove_file(marker).map_err(io_error("remove", &data.join(marker)))?;
        sync(&dir, data)
    });
    if let Err(error) = restored {
        remove(data, created);
        return Err(error);
    }
    Ok(manifest)
}

/// Makes the directory, if there is none; whether it did.
fn prepare(data: &Path) -> Result<bool, BackupError> {
    match fs::read_dir(data) {
        Ok(mut entries) => match entries.next() {
            // What a disk of its own has from the beginning.
            Some(Ok(entry)) if entry.file_name() == "lost+found" && entries.next().is_none() => {
                Ok(false)
            }
            Some(_) => Err(BackupError::NotEmpty(data.to_owned())),
            None => Ok(false),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            create_all(data).map_err(io_error("create", data))?;
            Ok(true)
        }
        Err(error) => Err(io_error("read", data)(error)),
    }
}

fn extract(
    from: &Path,
    bytes: u64,
    (dir, data): (&Dir, &Path),
    progress: Progress<'_>,
) -> Result<(), BackupError> {
    let mut archive = open(from, bytes)?;
    let entries = archive.entries().map_err(|error| odd(from, error.to_string()))?;
    let mut written = 0;
    // Behind the manifest.
    for entry in entries.skip(1) {
        let mut entry = entry.map_err(|error| odd(from, error.to_string()))?;
        let name = entry.path().map(|path| path.into_owned()).unwrap_or_default();
        if entry.header().entry_type() != tar::EntryType::Regular || !belongs(&name) {
            let name = name.display();
            return Err(odd(from, format!("it has {name}, which no data directory has")));
        }
        create_parents(dir, &name)
            .map_err(io_error("create the directory of", &data.join(&name)))?;
        let mut file = private_file(dir, &name, data)?;
        let copied = io::copy(&mut entry, &mut file);
        written += copied.map_err(io_error("write", &data.join(&name)))?;
        progress(&name.to_string_lossy(), written);
    }
    Ok(())
}

/// Creates the directories that a name is in. They are made durable with everything else.
fn create_parents(dir: &Dir, name: &Path) -> io::Result<()> {
    let parents: Vec<_> = name.ancestors().skip(1).collect();
    let below = parents.iter().rev().filter(|parent| !parent.as_os_str().is_empty());
    below.map(|parent| create_dir(dir, parent)).try_for_each(|created| created.map(drop))
}

/// Makes everything on the disk of the directory durable.
fn sync(dir: &Dir, data: &Path) -> Result<(), BackupError> {
    // A handle of its own: a `Dir` may be open for look-ups only.
    let synced = dir.open(".").and_then(|dir| Ok(rustix::fs::syncfs(dir)?));
    synced.map_err(io_error("sync", data))
}

/// Removes what was written of a backup that could not be restored.
fn remove(data: &Path, created: bool) {
    let Ok(entries) = fs::read_dir(data) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name() != "lost+found") {
        let path = entry.path();
        let removed =
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        if let Err(error) = removed {
            tracing::warn!(%error, path = %path.display(), "cannot remove what was restored of it");
        }
    }
    if created {
        // Fails if something else is there now, which stays.
        let _ = fs::remove_dir(data);
    }
}
