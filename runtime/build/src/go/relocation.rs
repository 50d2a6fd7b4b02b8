//! Downloaded modules of which files are to be replaced, which Go refuses. They are seen in another
//! folder, which there is only in the overlay, and the program's `go.mod` or `go.work` is seen with
//! a `replace` that leads there.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::BuildError;
use crate::go::overlay::Overlay;
use crate::go::project::Library;
use crate::go::toolchain::Toolchain;

/// The modules that are seen elsewhere.
pub(super) struct Relocations<'t> {
    toolchain: &'t Toolchain,
    /// What is said of each in `go.mod` or `go.work`.
    replacements: Vec<OsString>,
}

impl<'t> Relocations<'t> {
    pub(super) const fn new(toolchain: &'t Toolchain) -> Self {
        Self { toolchain, replacements: Vec::new() }
    }

    /// Where files of a package are replaced: where it is, unless its module was downloaded.
    ///
    /// # Errors
    /// The module cannot be read.
    pub(super) fn place_of(
        &mut self,
        library: &Library,
        overlay: &mut Overlay,
    ) -> Result<PathBuf, BuildError> {
        let (package, module) = (&library.package, &library.module);
        let Some(root) = module.dir.as_ref() else { return Ok(package.clone()) };
        let Ok(inner) = package.strip_prefix(root) else { return Ok(package.clone()) };
        if !root.starts_with(&self.toolchain.modules) {
            return Ok(package.clone());
        }
        let name = module.path.rsplit('/').next().unwrap_or("module");
        let seen = overlay.folder().join("modules").join(name);
        show(root, &seen, overlay)?;
        if !root.join("go.mod").exists() {
            // It is of the time before modules.
            let text = format!("module {}\n", module.path);
            overlay.put(seen.join("go.mod"), &format!("{name}.mod"), &text)?;
        }
        let mut replacement = OsString::from("-replace=");
        replacement.push(format!("{}@{}=", module.path, module.version));
        replacement.push(&seen);
        self.replacements.push(replacement);
        Ok(seen.join(inner))
    }

    /// Has the program's `go.mod`, or the `go.work` that it is in, lead to them.
    ///
    /// # Errors
    /// It cannot be read, or Go cannot edit it.
    pub(super) fn redirect(self, overlay: &mut Overlay) -> Result<(), BuildError> {
        if self.replacements.is_empty() {
            return Ok(());
        }
        let (kind, file) = match self.toolchain.workspace() {
            Some(workspace) => ("work", workspace),
            None => ("mod", self.toolchain.module.as_path()),
        };
        let name = format!("redirected.{kind}");
        let text = fs::read_to_string(file).map_err(BuildError::io("read", file))?;
        overlay.put(file.to_owned(), &name, &text)?;
        let mut command = self.toolchain.command(overlay.folder());
        command.args([kind, "edit"]).args(self.replacements).arg(overlay.folder().join(name));
        self.toolchain.read(&mut command).map(drop)
    }
}

/// Has the sources of a module seen in another folder.
fn show(module: &Path, seen: &Path, overlay: &mut Overlay) -> Result<(), BuildError> {
    let mut folders = vec![module.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            let inner = path.strip_prefix(module).unwrap_or(&path).to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if is_source(&path) || inner == Path::new("go.mod") {
                overlay.map(seen.join(inner), path);
            }
        }
    }
    Ok(())
}

/// The sources in a folder, in the order of their names.
///
/// # Errors
/// It cannot be read.
pub(super) fn sources(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let mut sources = entries(folder)?;
    sources.retain(|path| is_source(path));
    sources.sort();
    Ok(sources)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let read = fs::read_dir(folder).map_err(BuildError::io("read", folder))?;
    read.map(|entry| Ok(entry.map_err(BuildError::io("read", folder))?.path())).collect()
}

/// Whether a file is a source of Go's that is no test.
fn is_source(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    name.ends_with(".go") && !name.ends_with("_test.go")
}
