//! What was built for the functions of a file, and where that is noted for whoever applies it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lambent_build::output;
use lambent_types::{FunctionName, RuntimeName};
use serde::{Deserialize, Serialize};

use crate::building::Artifact;
use crate::error::CliError;

/// What is noted of a component beside it. Where that is follows from the name, and whoever
/// applies the file may call its directory otherwise than whoever built it.
#[derive(Serialize, Deserialize)]
struct Note {
    runtime: Option<RuntimeName>,
    language: Option<String>,
}

/// What was built.
#[derive(Debug, Default)]
pub(crate) struct Built {
    artifacts: BTreeMap<String, Artifact>,
    held: Vec<String>,
}

impl Built {
    /// What was built of these functions of a file in this directory, whenever that was, as far
    /// as it is there.
    ///
    /// # Errors
    /// Failed: what is noted cannot be read.
    pub(super) fn left<'a>(
        directory: &Path,
        names: impl Iterator<Item = &'a FunctionName>,
    ) -> Result<Self, CliError> {
        let mut built = Self::default();
        for name in names {
            let path = directory.join(".lambent/build").join(note(name));
            let shown = path.display();
            let text = match fs::read(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    return Err(CliError::failed(format!("cannot read {shown}: {error}")));
                }
            };
            let Note { runtime, language } = serde_json::from_slice(&text).map_err(|error| {
                CliError::failed(format!("{shown} is not what lambent build wrote: {error}"))
                    .hint("build again: lambent build")
            })?;
            let component = component(directory, name);
            if component.is_file() {
                built.add(name, Artifact { component, runtime, language });
            }
        }
        Ok(built)
    }

    /// With the component of one function.
    pub(crate) fn component(name: &FunctionName, component: PathBuf) -> Self {
        let mut built = Self::default();
        built.add(name, Artifact { component, runtime: None, language: None });
        built
    }

    /// But for these, which did not build: of whatever their builds have left nothing is applied.
    /// They stay as they are on the server, where they have to be.
    pub(crate) fn holding<'a>(self, names: impl Iterator<Item = &'a FunctionName>) -> Self {
        Self { held: names.map(FunctionName::key).collect(), ..self }
    }

    /// Whether the function of this name stays as it is.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.held.iter().any(|held| held.eq_ignore_ascii_case(name))
    }

    fn add(&mut self, name: &FunctionName, artifact: Artifact) {
        self.artifacts.insert(name.key(), artifact);
    }

    /// What was built of a function.
    pub(super) fn of(&self, name: &FunctionName) -> Option<&Artifact> {
        self.artifacts.get(&name.key())
    }
}

/// Where the component of a function is to be written.
///
/// # Errors
/// Failed: the folder cannot be made.
pub(super) fn place(directory: &Path, name: &FunctionName) -> Result<PathBuf, CliError> {
    folder(directory)?;
    Ok(component(directory, name))
}

fn component(directory: &Path, name: &FunctionName) -> PathBuf {
    directory.join(".lambent/build").join(format!("{}.wasm", name.key()))
}

/// Notes what was built of a function.
///
/// # Errors
/// Failed: it cannot be written.
pub(super) fn keep(
    directory: &Path,
    name: &FunctionName,
    artifact: &Artifact,
) -> Result<(), CliError> {
    let Artifact { runtime, language, .. } = artifact.clone();
    let text = serde_json::to_vec(&Note { runtime, language })
        .map_err(|error| CliError::failed(format!("{name}: {error}")))?;
    let written = output::write(&folder(directory)?.join(note(name)), &text);
    written.map_err(|error| CliError::failed(error.to_string()))
}

fn folder(directory: &Path) -> Result<PathBuf, CliError> {
    output::folder(directory, "build").map_err(|error| CliError::failed(error.to_string()))
}

fn note(name: &FunctionName) -> String {
    format!("{}.json", name.key())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_built_is_found_again() {
        let project = tempfile::tempdir().unwrap();
        let names: [FunctionName; 2] = ["Orders", "other"].map(|name| name.parse().unwrap());
        let component = place(project.path(), &names[0]).unwrap();
        assert!(component.ends_with(".lambent/build/orders.wasm"));
        let runtime = Some("provided.al2023".parse().unwrap());
        let artifact = Artifact { component, runtime, language: None };
        keep(project.path(), &names[0], &artifact).unwrap();
        let left = || Built::left(project.path(), names.iter()).unwrap();
        assert_eq!(left().of(&names[0]), None, "the component is not there");
        fs::write(&artifact.component, "").unwrap();
        assert_eq!((left().of(&names[0]), left().of(&names[1])), (Some(&artifact), None));
        fs::write(project.path().join(".lambent/build/orders.json"), "{").unwrap();
        let error = Built::left(project.path(), names.iter()).unwrap_err().to_string();
        assert!(error.contains("orders.json is not what") && error.contains("lambent build"));
    }

    #[test]
    fn what_was_built_is_found_by_whoever_calls_its_directory_otherwise() {
        let place = tempfile::tempdir().unwrap();
        let (built, moved) = (place.path().join("built"), place.path().join("moved"));
        fs::create_dir(&built).unwrap();
        let name: FunctionName = "orders".parse().unwrap();
        let component = super::place(&built, &name).unwrap();
        fs::write(&component, "").unwrap();
        keep(&built, &name, &Artifact { component, runtime: None, language: None }).unwrap();
        fs::rename(&built, &moved).unwrap();
        let left = Built::left(&moved, [&name].into_iter()).unwrap();
        assert_eq!(left.of(&name).unwrap().component, moved.join(".lambent/build/orders.wasm"));
    }
}
