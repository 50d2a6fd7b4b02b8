//! What is to be built of a project, as Go itself sees it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::BuildError;
use crate::go::toolchain::Toolchain;

/// The package whose `Start` takes a handler.
const LAMBDA: &str = "github.com/aws/aws-lambda-go/lambda";
/// The package of the AWS SDK, version 1, that has the endpoints.
const ENDPOINTS: &str = "github.com/aws/aws-sdk-go/aws/endpoints";
/// The clients and servers of Go's library.
const HTTP: &str = "net/http";

/// A package as `go list` tells of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Package {
    import_path: String,
    name: String,
    dir: PathBuf,
    module: Option<Module>,
    /// Whether it was found only as what another package needs.
    dep_only: bool,
    error: Option<PackageError>,
}

/// The module of a package.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Module {
    pub(super) path: String,
    /// Empty for the module that is built.
    pub(super) version: String,
    /// Where its files are; none if they are in a folder `vendor`.
    pub(super) dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PackageError {
    err: String,
}

/// A program that is to be built.
#[derive(Debug)]
pub(super) struct Program {
    /// Its package.
    pub(super) package: String,
    /// AWS's library, if the program uses it: then it is called for events.
    pub(super) library: Option<Library>,
    /// The endpoints that version 1 of the AWS SDK knows, if the program uses it.
    pub(super) endpoints: Option<Library>,
    /// Whether `net/http` is in it.
    pub(super) has_http: bool,
}

/// A package of which something is replaced.
#[derive(Debug)]
pub(super) struct Library {
    /// Where it is.
    pub(super) package: PathBuf,
    pub(super) module: Module,
}

impl Program {
    /// The name of what is built of it, as Go itself names it.
    pub(super) fn name(&self) -> &str {
        let mut parts = self.package.rsplit('/');
        let last = parts.next().unwrap_or(&self.package);
        let is_version = last.strip_prefix('v').is_some_and(|digits| {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        if is_version { parts.next().unwrap_or(last) } else { last }
    }

    /// The program in a folder: the package that is asked for, or the only one that is a program.
    ///
    /// # Errors
    /// There is none, or there are several, or it calls no `lambda.Start`, or a package of it does
    /// not build for WebAssembly.
    pub(super) fn find(
        toolchain: &Toolchain,
        folder: &Path,
        asked: Option<&str>,
    ) -> Result<Self, BuildError> {
        let package = match asked {
            Some(asked) => asked_for(toolchain, folder, asked)?,
            None => only(toolchain, folder)?,
        };
        let needed = list(toolchain, folder, &["-deps", &package])?;
        if let Some(broken) = needed.iter().find(|package| package.error.is_some()) {
            return Err(does_not_build(broken));
        }
        let part = |path: &str| {
            let package = needed.iter().find(|needed| needed.import_path == path)?;
            let module = package.module.clone().unwrap_or_default();
            Some(Library { package: package.dir.clone(), module })
        };
        let (library, endpoints) = (part(LAMBDA), part(ENDPOINTS));
        let has_http = needed.iter().any(|needed| needed.import_path == HTTP);
        if library.is_none() && !has_http {
            return Err(BuildError::Project(format!(
                "{package} does not import {LAMBDA}, by whose lambda.Start a function takes its \
                 events, nor {HTTP}; a program without them is a command: build it by \
                 GOOS=wasip1 GOARCH=wasm go build, and deploy what that makes without a runtime"
            )));
        }
        Ok(Self { package, library, endpoints, has_http })
    }
}

/// The package that is asked for.
fn asked_for(toolchain: &Toolchain, folder: &Path, asked: &str) -> Result<String, BuildError> {
    if asked.starts_with('-') {
        return Err(BuildError::Project(format!(
            "{asked} is no package of Go's; name one such as ./cmd/orders"
        )));
    }
    match &list(toolchain, folder, &["--", asked])?[..] {
        [package] if package.name == "main" => Ok(package.import_path.clone()),
        [package] => Err(match &package.error {
            Some(error) => BuildError::Project(error.err.clone()),
            None => BuildError::Project(format!(
                "{asked} is the package {}, and a function is a package main",
                package.name
            )),
        }),
        found => Err(BuildError::Project(format!(
            "{asked} names {} packages; a function is one",
            found.len()
        ))),
    }
}

/// The only program in a folder: the folder's own, or else the one below it.
fn only(toolchain: &Toolchain, folder: &Path) -> Result<String, BuildError> {
    let all = list(toolchain, folder, &["./..."])?;
    let programs: Vec<&Package> = all.iter().filter(|package| package.name == "main").collect();
    let folder = std::fs::canonicalize(folder).map_err(BuildError::io("open", folder))?;
    let is_here = |package: &&&Package| {
        std::fs::canonicalize(&package.dir).is_ok_and(|package| package == folder)
    };
    if let Some(here) = programs.iter().find(is_here) {
        return Ok(here.import_path.clone());
    }
    match &programs[..] {
        [program] => Ok(program.import_path.clone()),
        [] => Err(match all.iter().find_map(|package| package.error.as_ref()) {
            Some(error) => BuildError::Project(error.err.clone()),
            None => BuildError::Project(format!(
                "there is no package main in {}; a function is one",
                folder.display()
            )),
        }),
        several => {
            let paths: Vec<_> = several
                .iter()
                .map(|package| match package.dir.strip_prefix(&folder) {
                    Ok(inner) => format!("./{}", inner.display()),
                    Err(_) => package.import_path.clone(),
                })
                .collect();
            Err(BuildError::Project(format!(
                "there are {} functions in {}; name one by --function: {}",
                paths.len(),
                folder.display(),
                paths.join(", ")
            )))
        }
    }
}

/// What `go list` tells of packages.
fn list(
    toolchain: &Toolchain,
    folder: &Path,
    arguments: &[&str],
) -> Result<Vec<Package>, BuildError> {
    let mut command = toolchain.command(folder);
    command.args(["list", "-e", "-json=ImportPath,Name,Dir,Module,DepOnly,Error"]).args(arguments);
    let said = toolchain.read(&mut command)?;
    serde_json::Deserializer::from_slice(&said)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| BuildError::Project(format!("go list says what is no JSON: {error}")))
}

/// Why a program does not build of which this package is a part.
fn does_not_build(package: &Package) -> BuildError {
    let Package { import_path, error, .. } = package;
    let said = error.as_ref().map(|error| error.err.as_str()).unwrap_or_default();
    let excluded = said.contains("build constraints exclude all Go files");
    let advice = if excluded {
        format!(
            "; {import_path} has nothing that builds for WebAssembly (GOOS=wasip1 GOARCH=wasm, \
             without C): use another package in its place"
        )
    } else {
        String::new()
    };
    BuildError::Project(format!("{}{advice}", said.trim()))
}
