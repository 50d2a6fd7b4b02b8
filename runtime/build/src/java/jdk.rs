//! The Java and the Maven of the machine.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::error::BuildError;
use crate::tool::Tool;

/// Maven.
pub(super) const MAVEN: Tool = Tool {
    name: "mvn",
    purpose: "builds projects in Java",
    install: "apt install maven (https://maven.apache.org/install.html)",
};

const JAVA: Tool = Tool {
    name: "java",
    purpose: "runs the compiler of functions in Java",
    install: "apt install openjdk-17-jdk-headless (or a later one)",
};

/// The Java that compiles functions, by its `Class.isRecord` among others.
const JAVA_MIN: u32 = 17;

/// A command of the Java that Maven takes as well.
pub(super) fn java() -> Command {
    let home = env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java"));
    match home.filter(|java| java.is_file()) {
        Some(java) => Command::new(java),
        None => JAVA.command(),
    }
}

/// The tool that [`java`] is of, for its errors.
pub(super) const fn java_tool() -> Tool {
    JAVA
}

/// Looks whether both are there and late enough.
///
/// # Errors
/// They are not.
pub(super) fn check() -> Result<(), BuildError> {
    JAVA.read(java().arg("--version").stderr(Stdio::null())).map_err(|error| match error {
        BuildError::ToolFailed { .. } => too_old("what java is", JAVA.install),
        other => other,
    })?;
    let said = MAVEN.read(MAVEN.command().args(["-B", "-Dstyle.color=never", "-version"]))?;
    let said = String::from_utf8_lossy(&said);
    let version = version(&said).unwrap_or(JAVA_MIN);
    if version < JAVA_MIN {
        return Err(too_old(&format!("Maven runs on Java {version}, which"), JAVA.install));
    }
    Ok(())
}

fn too_old(what: &str, install: &str) -> BuildError {
    BuildError::Project(format!(
        "{what} is too old: functions are compiled with Java {JAVA_MIN} or later; to install it: \
         {install}, and set JAVA_HOME to it"
    ))
}

/// The Java that Maven says it runs on.
fn version(said: &str) -> Option<u32> {
    let line = said.lines().find_map(|line| line.split_once("Java version: "))?.1;
    let mut parts = line.split(|c: char| !c.is_ascii_digit());
    let first = parts.next()?.parse().ok()?;
    // Up to 8 they were called 1.8.
    if first == 1 { parts.next()?.parse().ok() } else { Some(first) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_java_is_read_of_what_maven_says() {
        let said = |java: &str| {
            format!("Apache Maven 3.8.7\nJava version: {java}, vendor: Debian, runtime: /usr\n")
        };
        for (java, expected) in [("17.0.15", 17), ("1.8.0_392", 8), ("21", 21), ("25-ea", 25)] {
            assert_eq!(version(&said(java)), Some(expected));
        }
        assert_eq!(version("Apache Maven 3.8.7"), None);
    }
}
