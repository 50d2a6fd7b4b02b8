//! The results of commands: an exit code, a message, and advice.

use std::fmt;
use std::io;
use std::process::ExitCode;

use lambent_api::client;
use lambent_fetch::FetchError;
use lambent_types::{ErrorCode, Problem};

use crate::hints;
use crate::printable::printable;

/// How the process ends. Scripts rely on the numbers; the top-level help
/// lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command did what was asked.
    Ok = 0,
    /// The command tried and failed.
    Failed = 1,
    /// The command line is wrong, and nothing was tried. clap uses this number too.
    Usage = 2,
    /// No answer from the server.
    Unreachable = 3,
    /// The invoked function ran and failed.
    FunctionError = 4,
}

impl Exit {
    /// The `code` of an error that the server did not name.
    const fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Unreachable => "unreachable",
            Self::FunctionError => "function-error",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The reason why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct CliError {
    exit: Exit,
    message: String,
    hint: Option<String>,
    problem: Option<Box<Problem>>,
}

impl CliError {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None, problem: None }
    }

    /// The operation was tried and failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The command line asks for something that cannot be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// No answer from the server.
    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, message)
    }

    /// The server answered with a problem document.
    pub(crate) fn problem(problem: Problem) -> Self {
        let mut error = Self::failed(problem.detail.clone());
        error.problem = Some(Box::new(problem));
        error
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, of an operation that was tried.
    pub(crate) fn into_failed(self) -> Self {
        Self { exit: Exit::Failed, ..self }
    }

    /// The same, of a command line that cannot be.
    pub(crate) fn into_usage(self) -> Self {
        Self { exit: Exit::Usage, ..self }
    }

    /// Says what it happened at.
    pub(crate) fn context(mut self, at: &str) -> Self {
        self.message = format!("{at}: {}", self.message);
        self
    }

    /// Adds more of what to do about it.
    pub(crate) fn more(mut self, hint: String) -> Self {
        self.hint = Some(match self.hint {
            Some(first) => format!("{first}\n{hint}"),
            None => hint,
        });
        self
    }

    /// The exit code.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// Says where a key was looked for, if the server asks for one.
    pub(crate) fn about_keys(mut self, notes: &[String]) -> Self {
        let code = self.problem.as_ref().map(|problem| problem.code);
        if code == Some(ErrorCode::Unauthorized) {
            let keys = hints::about_keys(notes);
            self.hint = Some(match self.hint {
                Some(hint) => format!("{keys}\n{hint}"),
                None => keys,
            });
        }
        self
    }

    /// The JSON form: the server's problem as it came, or the same members
    /// that matter for a failure on this side; and how the process exits.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let mut value = match &self.problem {
            Some(problem) => serde_json::json!(problem),
            None => serde_json::json!({ "code": self.exit.code(), "detail": self.message }),
        };
        value["exit_code"] = (self.exit as u8).into();
        if let Some(hint) = &self.hint {
            value["hint"] = hint.clone().into();
        }
        value
    }
}

impl fmt::Display for CliError {
    /// Writes the message for a terminal, with unseen characters escaped, since a server may
    /// have sent parts of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.message.lines();
        f.write_str(&printable(lines.next().unwrap_or_default()))?;
        for line in lines.chain(self.hint.iter().flat_map(|hint| hint.lines())) {
            write!(f, "\n  {}", printable(line))?;
        }
        Ok(())
    }
}

impl From<io::Error> for CliError {
    /// An error while writing results. A reader that has seen enough
    /// (`lambent list | head -1`) is no failure.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Exit::Ok, "");
        }
        Self::failed(format!("cannot write the result: {error}"))
    }
}

impl From<FetchError> for CliError {
    fn from(error: FetchError) -> Self {
        let made = Self::failed(error.to_string());
        match error.remedy() {
            Some(remedy) => made.hint(remedy),
            None => made,
        }
    }
}

impl From<client::Error> for CliError {
    fn from(error: client::Error) -> Self {
        use client::Error as E;
        let hint = hints::for_error(&error);
        let message = error.to_string();
        let made = match error {
            E::Refused { problem, .. } => Self::problem(*problem),
            E::NoAnswer(_) => Self::unreachable(message),
            E::Unsendable(_) => Self::usage(message),
            _ => Self::failed(message),
        };
        match hint {
            Some(hint) => made.hint(hint),
            None => made,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::Error;

    #[test]
    fn hints_follow_the_message_indented() {
        let error = CliError::usage("no such file").hint("look again\nand again");
        assert_eq!(error.to_string(), "no such file\n  look again\n  and again");
        assert_eq!(error.exit(), Exit::Usage);
    }

    #[test]
    fn json_keeps_the_problem_whole() {
        let problem = Problem::from(&Error::new(ErrorCode::FunctionNotFound, "no \"x\""));
        let json = CliError::problem(problem).hint("list them").to_json();
        assert_eq!(json["code"], "function-not-found");
        assert_eq!(json["status"], 404);
        assert_eq!(json["hint"], "list them");
    }

    #[test]
    fn every_error_has_a_code_and_an_exit_code_in_json() {
        for (error, code, exit) in [
            (CliError::usage("u"), "usage", 2),
            (CliError::failed("f"), "failed", 1),
            (CliError::unreachable("r"), "unreachable", 3),
        ] {
            let json = error.to_json();
            assert_eq!((&json["code"], &json["exit_code"]), (&code.into(), &exit.into()));
        }
        let problem = Problem::from(&Error::new(ErrorCode::FunctionNotFound, "no \"x\""));
        assert_eq!(CliError::problem(problem).to_json()["exit_code"], 1);
    }

    #[test]
    fn what_a_server_says_cannot_rewrite_the_screen() {
        let problem = Problem::from(&Error::new(ErrorCode::Internal, "a\u{1b}[2J\u{202e}b\r\nc"));
        let error = CliError::problem(problem).hint("d\u{9b}");
        assert_eq!(error.to_string(), "a\\u{1b}[2J\\u{202e}b\n  c\n  d\\u{9b}");
    }

    #[test]
    fn a_closed_pipe_is_not_a_failure() {
        assert_eq!(CliError::from(io::Error::from(io::ErrorKind::BrokenPipe)).exit(), Exit::Ok);
    }
}
