//! Builds the source of a function, by the tools of its language.

use std::path::{Path, PathBuf};

use lambent_build::{BuildError, Language, Options};
use lambent_types::{ConfigurationPatch, RuntimeName};

use crate::error::CliError;
use crate::output::status;

/// What a build has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// The component.
    pub(crate) component: PathBuf,
    /// The runtime that it is deployed with, unless it is deployed with another; none if it
    /// needs none.
    pub(crate) runtime: Option<RuntimeName>,
    /// What it was written in, if that is known.
    pub(crate) language: Option<String>,
}

impl Artifact {
    /// Has the function deployed with the runtime, unless it has one.
    pub(crate) fn complete(&self, patch: &mut ConfigurationPatch) {
        if patch.runtime.is_none() && self.runtime.is_some() {
            patch.runtime = Some(self.runtime.clone());
        }
    }
}

/// Whether what is in a folder has to be built before it can be deployed: it is a project in a
/// language that is built, and is not to run on the runtime of a language.
pub(crate) fn is_needed(folder: &Path, patch: &ConfigurationPatch) -> bool {
    let brings_its_own =
        |runtime: &Option<RuntimeName>| runtime.as_ref().is_none_or(RuntimeName::is_provided);
    let unbuilt = matches!(Language::of(folder), Err(BuildError::NoFunction { .. }));
    !unbuilt && patch.runtime.as_ref().is_none_or(brings_its_own)
}

/// Builds what is in a folder.
///
/// # Errors
/// Failed: it cannot be built.
pub(crate) fn build(folder: &Path, options: &Options) -> Result<Artifact, CliError> {
    let built = lambent_build::build(folder, options, &mut status)
        .map_err(|error| CliError::failed(error.to_string()))?;
    let runtime = built.runtime.map(str::parse).transpose();
    let runtime = runtime
        .map_err(|error: lambent_types::InvalidRuntimeName| CliError::failed(error.to_string()))?;
    let language = Some(built.language.to_string());
    Ok(Artifact { component: built.component, runtime, language })
}
