//! The compiler of functions, itself a project in Java, which is built once for a machine.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::jdk::MAVEN;
use super::sources::FILES;
use crate::error::BuildError;
use crate::{Report, cache};

/// The goal that writes down what a project depends on.
pub(super) const CLASS_PATH_GOAL: &str =
    "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath";
/// Between the entries of a class path.
pub(super) const SEPARATOR: char = if cfg!(windows) { ';' } else { ':' };
/// Of what the compiler depends on, this is compiled into functions.
const GUEST: [&str; 5] = ["teavm-", "threetenbp-", "jzlib-", "joda-time-", "commons-math3-"];

/// The compiler as it is on this machine.
#[derive(Debug)]
pub(super) struct Compiler {
    classes: PathBuf,
    libraries: Vec<String>,
}

impl Compiler {
    /// Finds it, or builds it.
    ///
    /// # Errors
    /// Maven fails, or there is nowhere to put it.
    pub(super) fn find(report: Report<'_>) -> Result<Self, BuildError> {
        let java = cache::folder()?.join("java");
        let folder = java.join(version());
        if !folder.join("classpath").is_file() {
            report("building the compiler of functions in Java, once for this machine");
            build(&java, &folder)?;
        }
        let path = folder.join("classpath");
        let read = fs::read_to_string(&path).map_err(BuildError::io("read", &path))?;
        let libraries = read.trim().split(SEPARATOR).map(str::to_owned).collect();
        let compiler = Self { classes: folder.join("target/classes"), libraries };
        // What it depends on is in Maven's own cache, which may have been emptied.
        if compiler.libraries.iter().all(|library| Path::new(library).is_file()) {
            return Ok(compiler);
        }
        fs::remove_file(&path).map_err(BuildError::io("remove", &path))?;
        report(
            "what the compiler of functions in Java depends on is no longer there; it is fetched again",
        );
        build(&java, &folder)?;
        Ok(compiler)
    }

    /// Its own class path.
    pub(super) fn class_path(&self) -> OsString {
        join(&self.classes, self.libraries.iter())
    }

    /// The class path of what is compiled into every function.
    pub(super) fn guest(&self) -> OsString {
        let is_guest = |library: &&String| {
            let name =
                Path::new(library.as_str()).file_name().unwrap_or_default().to_string_lossy();
            GUEST.iter().any(|prefix| name.starts_with(prefix))
        };
        join(&self.classes, self.libraries.iter().filter(is_guest))
    }
}

fn join<'l>(first: &Path, others: impl Iterator<Item = &'l String>) -> OsString {
    let mut joined = first.as_os_str().to_owned();
    for other in others {
        joined.push(SEPARATOR.to_string());
        joined.push(other);
    }
    joined
}

/// The name of what its sources make.
fn version() -> String {
    let mut hash = Sha256::new();
    for (path, text) in FILES {
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Builds it aside and puts it in its place as a whole: two may do so at once, and either may
/// be stopped.
fn build(java: &Path, folder: &Path) -> Result<(), BuildError> {
    let new = java.join(format!("new-{}", std::process::id()));
    let done = write(&new).and_then(|()| compile(&new)).and_then(|()| place(&new, folder));
    let _ = fs::remove_dir_all(&new);
    done
}

fn write(new: &Path) -> Result<(), BuildError> {
    for (path, text) in FILES {
        let path = new.join(path);
        let parent = path.parent().unwrap_or(new);
        fs::create_dir_all(parent).map_err(BuildError::io("make", parent))?;
        fs::write(&path, text).map_err(BuildError::io("write", &path))?;
    }
    Ok(())
}

fn compile(new: &Path) -> Result<(), BuildError> {
    let mut command = MAVEN.command();
    command.current_dir(new).args(["-B", "-q", "-Dstyle.color=never", "compile", CLASS_PATH_GOAL]);
    command.arg("-Dmdep.outputFile=classpath");
    MAVEN.run(&mut command)
}

fn place(new: &Path, folder: &Path) -> Result<(), BuildError> {
    if fs::rename(new, folder).is_ok() || folder.join("classpath").is_file() {
        return Ok(());
    }
    // One is there that was not completed.
    fs::remove_dir_all(folder).map_err(BuildError::io("remove", folder))?;
    fs::rename(new, folder).map_err(BuildError::io("make", folder))
}
