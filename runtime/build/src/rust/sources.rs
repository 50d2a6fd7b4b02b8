//! The changed copies of crates, which are made once for a machine.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::Package;
use sha2::{Digest as _, Sha256};

use super::graph::Graph;
use super::patches::{PATCHES, Patch};
use crate::error::BuildError;

/// A crate and what is compiled in its place.
#[derive(Debug)]
pub(super) struct Replaced {
    /// Its folder, as Cargo names it.
    pub(super) original: PathBuf,
    /// The folder of the changed copy.
    pub(super) copy: PathBuf,
}

/// Makes the changed copies of those packages that do not work as they are, for all functions of
/// a project; what only others have may be of a version that does not work.
///
/// # Errors
/// A package of the function has a version that cannot be changed, though it must; a file cannot be
/// read or written.
pub(super) fn replaced(
    packages: &[Package],
    graph: &Graph<'_>,
    cache: &Path,
) -> Result<Vec<Replaced>, BuildError> {
    let mut all = Vec::new();
    // A package without a source is in the project, whose owner has changed it himself.
    for package in packages.iter().filter(|package| package.source.is_some()) {
        let Some(patch) = PATCHES.iter().find(|patch| patch.name == package.name.as_str()) else {
            continue;
        };
        let checked = patch.check(&package.version, &graph.way(package));
        match checked.and_then(|()| replace(package, patch, cache)) {
            Ok(replaced) => all.push(replaced),
            Err(error) if patch.is_needed && graph.has(package) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(all)
}

/// A short name for all changes: what was compiled under another is compiled anew.
pub(super) fn edition() -> String {
    name(PATCHES.iter().flat_map(Patch::texts))
}

fn replace(package: &Package, patch: &Patch, cache: &Path) -> Result<Replaced, BuildError> {
    let original = folder_of(package)?;
    let name = name(patch.texts().chain([original.to_string_lossy().as_ref()]));
    let copy = cache.join(format!("{}-{}-{name}", package.name, package.version));
    if !copy.exists() {
        fs::create_dir_all(cache).map_err(BuildError::io("make", cache))?;
        let new = tempfile::tempdir_in(cache).map_err(BuildError::io("write to", cache))?;
        copy_all(&original, new.path())?;
        for edited in patch.edits.iter().map(|edit| edit.file) {
            let text = fs::read_to_string(original.join(edited))
                .map_err(BuildError::io("read", original.join(edited)))?;
            let text = patch.apply(&package.version, edited, &text)?;
            let file = new.path().join(edited);
            // It may be read-only, as its original is.
            fs::remove_file(&file).map_err(BuildError::io("change", &file))?;
            fs::write(&file, text).map_err(BuildError::io("write", &file))?;
        }
        // Whoever was first has made the same.
        if fs::rename(new.path(), &copy).is_err() && !copy.exists() {
            return Err(BuildError::Project(format!("cannot write {}", copy.display())));
        }
    }
    Ok(Replaced { original, copy })
}

/// The folder of a package.
fn folder_of(package: &Package) -> Result<PathBuf, BuildError> {
    let manifest = package.manifest_path.as_std_path();
    manifest.parent().map(Path::to_owned).ok_or_else(|| {
        BuildError::Project(format!("{} is in no folder: {}", package.name, manifest.display()))
    })
}

/// Copies a folder with all that is in it.
fn copy_all(from: &Path, to: &Path) -> Result<(), BuildError> {
    for entry in fs::read_dir(from).map_err(BuildError::io("read", from))? {
        let entry = entry.map_err(BuildError::io("read", from))?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            fs::create_dir(&copy).map_err(BuildError::io("make", &copy))?;
            copy_all(&path, &copy)?;
        } else {
            fs::copy(&path, &copy).map_err(BuildError::io("copy", &path))?;
        }
    }
    Ok(())
}

fn name<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text.len().to_le_bytes());
        digest.update(text);
    }
    digest.finalize().iter().take(8).fold(String::new(), |mut name, byte| {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use cargo_metadata::{Metadata, MetadataCommand};

    use super::*;
    use crate::rust::function::Function;

    /// From the first versions that can be changed to those that are known today.
    const VERSIONS: [(&str, &str); 4] =
        [("1.51.0", "0.6.3"), ("1.52.3", "0.6.4"), ("1.53.0", "0.6.5"), ("1.54.1", "0.6.5")];

    /// The packages of a project that has these versions.
    fn resolved(tokio: &str, socket2: &str) -> Metadata {
        with_dependencies(&format!(
            "socket2 = \"={socket2}\"\ntokio = {{ version = \"={tokio}\", features = [\"full\"] }}\n"
        ))
    }

    fn with_dependencies(dependencies: &str) -> Metadata {
        let folder = tempfile::tempdir().unwrap();
        let manifest = format!(
            "[package]\nname = \"app\"\nedition = \"2024\"\n[dependencies]\n{dependencies}"
        );
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/main.rs"), "fn main() {}").unwrap();
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--format-version", "1", "--filter-platform", "wasm32-wasip2"]);
        let output = cargo.current_dir(&folder).output().unwrap();
        MetadataCommand::parse(String::from_utf8(output.stdout).unwrap()).unwrap()
    }

    fn changed(metadata: &Metadata, cache: &Path) -> Result<Vec<Replaced>, BuildError> {
        let function = Function { package: "app".to_owned(), binary: "app".to_owned() };
        let graph = Graph::new(metadata, &function).unwrap();
        replaced(&metadata.packages, &graph, cache)
    }

    #[test]
    fn the_versions_of_a_span_are_changed_once_for_all() {
        let cache = tempfile::tempdir().unwrap();
        for (tokio, socket2) in VERSIONS {
            let metadata = resolved(tokio, socket2);
            let first = changed(&metadata, cache.path()).unwrap();
            assert_eq!(first.len(), 2, "{first:?}");
            for Replaced { original, copy } in &first {
                let patch = PATCHES.iter().find(|patch| {
                    let name = copy.file_name().unwrap().to_string_lossy().into_owned();
                    name.starts_with(&format!("{}-", patch.name))
                });
                for edit in patch.unwrap().edits {
                    let [before, after] = [original, copy]
                        .map(|folder| fs::read_to_string(folder.join(edit.file)).unwrap());
                    assert_ne!(before, after, "{}", edit.file);
                }
                let manifest = |folder: &Path| fs::read(folder.join("Cargo.toml")).unwrap();
                assert_eq!(manifest(original), manifest(copy));
                // Whoever comes later finds it as it is.
                fs::write(copy.join("found"), "").unwrap();
            }
            let again = changed(&metadata, cache.path()).unwrap();
            assert!(again.iter().all(|replaced| replaced.copy.join("found").exists()));
        }
        let left = fs::read_dir(cache.path()).unwrap().count();
        assert_eq!(left, 7, "a copy of each version and nothing else");
    }

    #[test]
    fn a_version_that_does_not_work_is_refused() {
        let cache = tempfile::tempdir().unwrap();
        let error = changed(&resolved("1.47.1", "0.6.3"), cache.path()).unwrap_err().to_string();
        assert!(error.contains("app → tokio; run: cargo update -p tokio@1.47.1"), "{error}");
    }

    #[test]
    fn what_works_without_changes_is_left_as_it_is_where_they_do_not_fit() {
        let cache = tempfile::tempdir().unwrap();
        for (version, copies) in [("0.5.6", 0), ("0.6.5", 1), ("0.6.8", 1)] {
            let metadata = with_dependencies(&format!("wstd = \"={version}\"\n"));
            let replaced = changed(&metadata, cache.path()).unwrap();
            assert_eq!(replaced.len(), copies, "{version}: {replaced:?}");
        }
    }
}
