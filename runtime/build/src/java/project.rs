//! The project of a user, which Maven builds as it always does.

use std::fs;
use std::path::{Path, PathBuf};

use super::compiler::CLASS_PATH_GOAL;
use super::jdk::MAVEN;
use crate::error::BuildError;
use crate::output;

/// What Maven has made of a project.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) classes: PathBuf,
    /// What it depends on, as a class path.
    pub(super) libraries: String,
}

/// Compiles a project by its own `pom.xml`, into its folder `target`.
///
/// # Errors
/// Maven fails, or makes no classes.
pub(super) fn compile(folder: &Path) -> Result<Project, BuildError> {
    let work = output::folder(folder, "java")?;
    // A file of its own, as two may build at once.
    let path = work.join(format!("libraries-{}", std::process::id()));
    let mut command = MAVEN.command();
    command.current_dir(folder).args([
        "-B",
        "-q",
        "-Dstyle.color=never",
        "compile",
        CLASS_PATH_GOAL,
    ]);
    command.arg("-Dmdep.includeScope=runtime");
    let mut file = std::ffi::OsString::from("-Dmdep.outputFile=");
    file.push(&path);
    MAVEN.run(command.arg(file))?;
    let read = fs::read_to_string(&path);
    let _ = fs::remove_file(&path);
    let libraries = match read {
        Ok(libraries) => libraries.trim().to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(aggregates(folder));
        }
        Err(error) => return Err(BuildError::io("read", &path)(error)),
    };
    let classes = folder.join("target/classes");
    if !classes.is_dir() {
        return Err(aggregates(folder));
    }
    Ok(Project { classes, libraries })
}

fn aggregates(folder: &Path) -> BuildError {
    BuildError::Project(format!(
        "Maven made no classes of {} in target/classes; if its pom.xml only names modules, build \
         the folder of the module that has the handler",
        folder.display()
    ))
}
