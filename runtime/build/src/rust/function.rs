//! Which binary is the function.

use std::path::Path;

use cargo_metadata::{Metadata, Package};

use crate::error::BuildError;

/// A binary of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    /// The package.
    pub(super) package: String,
    /// The binary.
    pub(super) binary: String,
}

impl Function {
    /// The function in a folder: of the package that is there, or of those in the workspace.
    ///
    /// # Errors
    /// There is none, or there are several and none of them was named.
    pub(super) fn of(
        workspace: &Metadata,
        folder: &Path,
        name: Option<&str>,
    ) -> Result<Self, BuildError> {
        let packages = workspace.workspace_packages();
        let everywhere = || packages.iter().flat_map(|package| binaries(package));
        let manifest = folder.join("Cargo.toml");
        let here = packages.iter().find(|package| package.manifest_path == manifest);
        let all: Vec<_> = match here {
            Some(package) => binaries(package).collect(),
            None => everywhere().collect(),
        };
        let preferred = here.and_then(|package| package.default_run.as_deref());
        let Some(wanted) = name.or(preferred) else { return one(&all, folder) };
        let is_wanted = |function: &Self| function.is_named(wanted);
        let mut found: Vec<_> =
            all.iter().filter(|function| is_wanted(function)).cloned().collect();
        if found.is_empty() {
            // The root of a workspace may be a package, and its members the functions.
            found = everywhere().filter(is_wanted).collect();
        }
        if found.is_empty() && !all.is_empty() {
            let folder = folder.display();
            return Err(BuildError::Project(format!(
                "there is no binary {wanted} in {folder}; it has {}",
                list(&all)
            )));
        }
        one(&found, folder)
    }

    /// `orders`, or `shop/orders` for the binary `orders` of the package `shop`.
    fn is_named(&self, name: &str) -> bool {
        let Self { package, binary } = self;
        name == binary || name.split_once('/') == Some((package, binary))
    }
}

/// The one of these functions.
fn one(functions: &[Function], folder: &Path) -> Result<Function, BuildError> {
    let folder = folder.display();
    match functions {
        [function] => Ok(function.clone()),
        [] => Err(BuildError::Project(format!(
            "{folder} has no binary: a function is a program whose main calls lambda_runtime::run \
             or lambda_http::run; a library with the SDK of lambent is built by: cargo build \
             --release --target wasm32-wasip2"
        ))),
        several => Err(BuildError::Project(format!(
            "{folder} has several functions; name one by --function: {}",
            list(several)
        ))),
    }
}

/// The binaries of a package, without what is only for tests and examples.
fn binaries(package: &Package) -> impl Iterator<Item = Function> {
    package
        .targets
        .iter()
        .filter(|target| target.is_bin())
        .map(|target| Function { package: package.name.to_string(), binary: target.name.clone() })
}

/// The functions by the names that tell them apart.
fn list(functions: &[Function]) -> String {
    let name = |function: &Function| {
        let Function { package, binary } = function;
        match functions.iter().filter(|other| other.binary == *binary).count() {
            1 => binary.clone(),
            _ => format!("{package}/{binary}"),
        }
    };
    let mut names: Vec<_> = functions.iter().map(name).collect();
    names.sort();
    names.join(", ")
}
