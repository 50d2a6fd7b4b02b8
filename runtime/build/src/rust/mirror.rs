//! A mirror of a project in which Cargo may write a lock file, where the project has none that
//! holds: the manifests are copies, and all else are links to the project's own files.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use cargo_metadata::Metadata;
use toml::{Table, Value};

use crate::error::BuildError;
use crate::output;

const LOCK: &str = "Cargo.lock";
const MANIFEST: &str = "Cargo.toml";

pub(super) struct Mirror {
    project: PathBuf,
    mirror: PathBuf,
}

impl Mirror {
    /// Makes it, or brings it up to date.
    ///
    /// # Errors
    /// A package of the project is outside of its folder; a file cannot be read or written.
    pub(super) fn of(workspace: &Metadata, own: &Path) -> Result<Self, BuildError> {
        let project = workspace.workspace_root.as_std_path().to_owned();
        let mirror = own.join("workspace");
        let made = Self { project, mirror };
        let mut folders = BTreeSet::from([PathBuf::new()]);
        for package in workspace.workspace_packages() {
            let manifest = package.manifest_path.as_std_path();
            let inside = made.inside(manifest)?;
            folders.extend(inside.ancestors().skip(1).map(Path::to_owned));
        }
        let skipped = [workspace.target_directory.as_std_path(), &made.project.join(LOCK)]
            .map(Path::to_owned);
        for folder in &folders {
            made.folder(folder, &folders, &skipped)?;
        }
        made.take_lock()?;
        Ok(made)
    }

    /// The lock file that Cargo writes.
    pub(super) fn lock(&self) -> PathBuf {
        self.mirror.join(LOCK)
    }

    /// The manifest that stands for the one in a folder of the project.
    ///
    /// # Errors
    /// The folder is not in the project.
    pub(super) fn manifest(&self, folder: &Path) -> Result<PathBuf, BuildError> {
        Ok(self.mirror.join(self.inside(folder)?).join(MANIFEST))
    }

    fn inside<'p>(&self, path: &'p Path) -> Result<&'p Path, BuildError> {
        path.strip_prefix(&self.project).map_err(|_| {
            BuildError::Project(format!(
                "{} is outside of {}, whose {LOCK} does not hold; run: cargo generate-lockfile",
                path.display(),
                self.project.display()
            ))
        })
    }

    /// Mirrors one folder, without those below it that are mirrored themselves.
    fn folder(
        &self,
        folder: &Path,
        mirrored: &BTreeSet<PathBuf>,
        skipped: &[PathBuf],
    ) -> Result<(), BuildError> {
        let (from, to) = (self.project.join(folder), self.mirror.join(folder));
        if to.is_symlink() {
            fs::remove_file(&to).map_err(BuildError::io("remove", &to))?;
        }
        fs::create_dir_all(&to).map_err(BuildError::io("make", &to))?;
        let mut kept = BTreeSet::from([OsString::from(LOCK), OsString::from(TAKEN)]);
        for entry in fs::read_dir(&from).map_err(BuildError::io("read", &from))? {
            let name = entry.map_err(BuildError::io("read", &from))?.file_name();
            let (source, link) = (from.join(&name), to.join(&name));
            if name == ".lambent" || name == ".git" || skipped.contains(&source) {
                continue;
            }
            if name == MANIFEST {
                self.copy_manifest(&source, &link)?;
            } else if !mirrored.contains(&folder.join(&name)) {
                replace_by_link(&source, &link)?;
            }
            kept.insert(name);
        }
        // What is no longer there.
        for entry in fs::read_dir(&to).map_err(BuildError::io("read", &to))? {
            let entry = entry.map_err(BuildError::io("read", &to))?;
            if !kept.contains(&entry.file_name()) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Copies a manifest, of which the paths that lead out of the project are made absolute.
    fn copy_manifest(&self, from: &Path, to: &Path) -> Result<(), BuildError> {
        let text = fs::read_to_string(from).map_err(BuildError::io("read", from))?;
        let mut manifest: Table = toml::from_str(&text).map_err(|error| {
            BuildError::Project(format!("{} cannot be read: {error}", from.display()))
        })?;
        self.make_absolute(&mut manifest, from.parent().unwrap_or(&self.project));
        if to.is_symlink() {
            remove(to)?;
        }
        let text = manifest.to_string();
        if fs::read(to).is_ok_and(|there| there == text.as_bytes()) {
            return Ok(());
        }
        output::write(to, text.as_bytes())
    }

    fn make_absolute(&self, table: &mut Table, folder: &Path) {
        for (key, value) in table {
            match value {
                Value::String(path) if key == "path" => {
                    let target = normal(&folder.join(&path));
                    if !target.starts_with(&self.project) {
                        *path = target.to_string_lossy().into_owned();
                    }
                }
                Value::Table(table) => self.make_absolute(table, folder),
                // `[[bin]]` and the like.
                Value::Array(values) => {
                    for table in values.iter_mut().filter_map(Value::as_table_mut) {
                        self.make_absolute(table, folder);
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes the lock file of the project as the one to bring up to date, each time that it is
    /// another.
    fn take_lock(&self) -> Result<(), BuildError> {
        let (from, taken) = (self.project.join(LOCK), self.mirror.join(TAKEN));
        let Ok(lock) = fs::read(&from) else { return Ok(()) };
        if fs::read(&taken).is_ok_and(|taken| taken == lock) {
            return Ok(());
        }
        output::write(&self.lock(), &lock)?;
        output::write(&taken, &lock)
    }
}

/// The lock file of the project as it was taken.
const TAKEN: &str = "Cargo.lock.taken";

fn replace_by_link(source: &Path, link: &Path) -> Result<(), BuildError> {
    if fs::read_link(link).is_ok_and(|to| to == source) {
        return Ok(());
    }
    if link.is_symlink() || link.exists() {
        remove(link)?;
    }
    symlink(source, link).map_err(BuildError::io("write", link))
}

/// Removes a link, a file or a folder.
fn remove(path: &Path) -> Result<(), BuildError> {
    let is_folder = path.is_dir() && !path.is_symlink();
    let removed = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(BuildError::io("remove", path))
}

/// A path without `.` and `..`, by its text.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}
