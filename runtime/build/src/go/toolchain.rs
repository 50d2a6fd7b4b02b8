//! The Go that is installed, and its settings in a project's folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::error::BuildError;
use crate::tool::Tool;

/// The oldest minor version of Go 1 that exports functions of WebAssembly modules.
const MINOR_MIN: u32 = 24;

const GO: Tool = Tool {
    name: "go",
    purpose: "compiles Go",
    install: "snap install go --classic (other ways: https://go.dev/doc/install)",
};

/// Go in the folder of a project.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) struct Toolchain {
    /// Such as `go1.26.8`.
    #[serde(rename = "GOVERSION")]
    pub(super) version: String,
    #[serde(rename = "GOROOT")]
    pub(super) root: PathBuf,
    /// Where modules are kept that were downloaded.
    #[serde(rename = "GOMODCACHE")]
    pub(super) modules: PathBuf,
    /// The `go.mod` of the folder.
    #[serde(rename = "GOMOD")]
    pub(super) module: PathBuf,
    /// The `go.work` that the folder is in; empty if it is in none.
    #[serde(rename = "GOWORK")]
    workspace: PathBuf,
    /// What is said to each command.
    #[serde(rename = "GOFLAGS")]
    flags: String,
    /// Where it is seen, if not where it is.
    #[serde(skip)]
    seen: Option<PathBuf>,
}

impl Toolchain {
    /// Asks the Go that is found in a folder, which is another one if the project's `go.mod` says
    /// so.
    ///
    /// # Errors
    /// There is no Go, or it is too old.
    pub(super) fn of(folder: &Path) -> Result<Self, BuildError> {
        let mut command = GO.command();
        command.args(["env", "-json", "GOVERSION", "GOROOT", "GOMODCACHE", "GOMOD", "GOWORK"]);
        command.arg("GOFLAGS");
        let said = GO.read(command.current_dir(folder).env("PWD", folder))?;
        let toolchain: Self = serde_json::from_slice(&said).map_err(|error| {
            BuildError::Project(format!("go env says what is no JSON: {error}"))
        })?;
        match minor(&toolchain.version) {
            Some(minor) if minor < MINOR_MIN => Err(BuildError::Project(format!(
                "Go is {}, and functions are built by Go 1.{MINOR_MIN} or later; to install it: \
                 see https://go.dev/doc/install, or, with Go 1.21 or later, GOTOOLCHAIN=go1.26.0 \
                 lambent build",
                toolchain.version.trim_start_matches("go")
            ))),
            _ => Ok(toolchain),
        }
    }

    /// This toolchain at a place where Go replaces files of it: below the modules that it has
    /// downloaded, as which it may have come itself, it replaces none.
    ///
    /// # Errors
    /// A link to it cannot be made in the folder `work`.
    pub(super) fn outside_of_modules(mut self, work: &Path) -> Result<Self, BuildError> {
        if !self.root.starts_with(&self.modules) {
            return Ok(self);
        }
        let link = work.join("toolchain");
        if fs::read_link(&link).ok().as_ref() != Some(&self.root) {
            let new = work.join(format!("toolchain.{}", std::process::id()));
            let made = symlink(&self.root, &new).and_then(|()| fs::rename(&new, &link));
            made.map_err(BuildError::io("link", &link))?;
        }
        self.root = link.clone();
        self.seen = Some(link);
        Ok(self)
    }

    /// The `go.work` that the folder is in.
    pub(super) fn workspace(&self) -> Option<&Path> {
        let none = self.workspace.as_os_str().is_empty() || self.workspace == Path::new("off");
        (!none).then_some(&self.workspace)
    }

    /// A command of Go's for WebAssembly, in a folder.
    pub(super) fn command(&self, folder: &Path) -> Command {
        let mut command = match &self.seen {
            Some(root) => {
                let mut command = Command::new(root.join("bin/go"));
                command.stdin(Stdio::null()).env("GOROOT", root).env("GOTOOLCHAIN", "local");
                command
            }
            None => GO.command(),
        };
        command.current_dir(folder).env("PWD", folder);
        // By the other, Go would change the project's files.
        command.env("GOFLAGS", self.flags.replace("-mod=mod", "-mod=readonly"));
        command.env("GOOS", "wasip1").env("GOARCH", "wasm").env("CGO_ENABLED", "0");
        command
    }

    /// Runs a command of [`command`](Self::command) and returns what it writes.
    ///
    /// # Errors
    /// It failed.
    pub(super) fn read(&self, command: &mut Command) -> Result<Vec<u8>, BuildError> {
        GO.read(command)
    }
}

/// The minor version of a Go 1; none of what is built from Go's sources between versions.
fn minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix("go1.")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_version_is_read_from_every_kind_of_version() {
        for (version, expected) in [
            ("go1.26.8", Some(26)),
            ("go1.9", Some(9)),
            ("go1.27rc1", Some(27)),
            ("go1.25.3-X:nocoverageredesign", Some(25)),
            ("devel go1.28-abcdef", None),
        ] {
            assert_eq!(minor(version), expected, "{version}");
        }
    }
}
