use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};

use super::archive;
use super::{
    BACKUP_FORMAT, BackupError, MANIFEST, Manifest, Progress, check_space, io_error, private_file,
};
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
        // No node opens the directory while this is there.
        let marker = data.join(layout::RESTORING_FILE);
        drop(private_file(&marker)?);
        extract(from, bytes, data, progress)?;
        sync(data)?;
        fs::remove_file(&marker).map_err(io_error("remove", &marker))?;
        sync(data)
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
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.recursive(true).create(data).map_err(io_error("create", data))?;
            Ok(true)
        }
        Err(error) => Err(io_error("read", data)(error)),
    }
}

fn extract(
    from: &Path,
    bytes: u64,
    data: &Path,
    progress: Progress<'_>,
) -> Result<(), BackupError> {
    let mut archive = open(from, bytes)?;
    let entries = archive.entries().map_err(|error| odd(from, error.to_string()))?;
    let mut written = 0;
    for entry in entries {
        let mut entry = entry.map_err(|error| odd(from, error.to_string()))?;
        let name = entry.path().map(|path| path.into_owned()).unwrap_or_default();
        if name == Path::new(MANIFEST) {
            continue;
        }
        if entry.header().entry_type() != tar::EntryType::Regular || !belongs(&name) {
            let name = name.display();
            return Err(odd(from, format!("it has {name}, which no data directory has")));
        }
        let path = data.join(&name);
        make_parents(data, &name)?;
        let mut file = private_file(&path)?;
        written += io::copy(&mut entry, &mut file).map_err(io_error("write", &path))?;
        progress(&name.to_string_lossy(), written);
    }
    Ok(())
}

/// Whether a data directory has a file of this name.
fn belongs(name: &Path) -> bool {
    let mut parts = Vec::new();
    for component in name.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str().unwrap_or_default()),
            _ => return false,
        }
    }
    match parts.as_slice() {
        [single] => {
            let singles = [
                layout::FORMAT_FILE,
                layout::ROOT_KEY_FILE,
                layout::ACCESS_KEY_SEED_FILE,
                layout::CONTROL_DB,
                layout::LOGS_DB,
            ];
            singles.contains(single) || layout::SHARD_DBS.contains(single)
        }
        [layout::CODE_DIR | layout::OBJECTS_DIR, _, _] => true,
        [layout::VOLUMES_DIR, _, ..] => parts.len() <= 4,
        _ => false,
    }
}

fn make_parents(data: &Path, name: &Path) -> Result<(), BackupError> {
    let mut at = PathBuf::from(data);
    for part in name.parent().into_iter().flat_map(Path::components) {
        at.push(part);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&at) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(io_error("create", &at)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes everything on the disk of the directory durable.
fn sync(data: &Path) -> Result<(), BackupError> {
    let dir = File::open(data).map_err(io_error("open", data))?;
    rustix::fs::syncfs(&dir).map_err(io::Error::from).map_err(io_error("sync", data))
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
