//! The programs that build: those that the owner of a project has installed.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, Stdio};

use crate::error::BuildError;

/// A program that builds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    /// Its name, as it is found in `PATH`.
    pub(crate) name: &'static str,
    /// What it is for, such as `compiles Go`.
    pub(crate) purpose: &'static str,
    /// The one command that installs it.
    pub(crate) install: &'static str,
}

impl Tool {
    /// A command of it, without arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(self.name);
        command.stdin(Stdio::null());
        command
    }

    /// Runs it; whatever it says goes to standard error, as it is.
    ///
    /// # Errors
    /// It is missing, or it failed.
    pub(crate) fn run(&self, command: &mut Command) -> Result<(), BuildError> {
        command.stdout(io::stderr());
        let status = command.status().map_err(|error| self.not_started(error))?;
        if status.success() {
            return Ok(());
        }
        Err(BuildError::ToolFailed { command: shown(command), status })
    }

    /// Runs it and returns what it writes to standard output.
    ///
    /// # Errors
    /// It is missing, or it failed.
    pub(crate) fn read(&self, command: &mut Command) -> Result<Vec<u8>, BuildError> {
        command.stderr(Stdio::inherit());
        let output = command.output().map_err(|error| self.not_started(error))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(BuildError::ToolFailed { command: shown(command), status: output.status })
    }

    /// The error of one that could not be started.
    pub(crate) fn not_started(&self, error: io::Error) -> BuildError {
        let Self { name, purpose, install } = *self;
        match error.kind() {
            io::ErrorKind::NotFound => BuildError::MissingTool { tool: name, purpose, install },
            _ => BuildError::Io { action: "run", path: name.into(), error },
        }
    }
}

/// A command as it would be typed, but for what only a machine reads.
fn shown(command: &Command) -> String {
    let arguments = command.get_args().take(3).map(OsStr::to_string_lossy);
    let words = std::iter::once(command.get_program().to_string_lossy()).chain(arguments);
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHELL: Tool = Tool { name: "sh", purpose: "runs this test", install: "-" };

    #[test]
    fn a_tool_that_is_missing_is_named_with_what_installs_it() {
        let tool = Tool {
            name: "lambent-no-such-tool",
            purpose: "compiles nothing",
            install: "get no-such-tool",
        };
        let error = tool.run(&mut tool.command()).unwrap_err().to_string();
        assert_eq!(
            error,
            "lambent-no-such-tool is missing, which compiles nothing; to install it: get \
             no-such-tool"
        );
    }

    #[test]
    fn a_tool_that_fails_is_told_with_its_command() {
        assert_eq!(SHELL.read(SHELL.command().args(["-c", "echo a"])).unwrap(), b"a\n");
        let error = SHELL.run(SHELL.command().args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(error.starts_with("sh -c exit 3 failed (exit status: 3)"), "{error}");
    }
}
