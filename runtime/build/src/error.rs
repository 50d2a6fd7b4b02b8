use std::io;
use std::path::PathBuf;

/// Why a function was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Nothing in the folder says what it holds.
    #[error(
        "{} has no Cargo.toml, go.mod or pom.xml; name the folder of a function in Rust, Go or \
         Java", folder.display()
    )]
    NoFunction {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder may be of either language.
    #[error(
        "{} has a {first} and a {second}; a function is in a folder of its own", folder.display()
    )]
    TwoLanguages {
        /// The folder.
        folder: PathBuf,
        /// The file of one language.
        first: &'static str,
        /// The file of the other.
        second: &'static str,
    },
    /// A program that builds is not there.
    #[error("{tool} is missing, which {purpose}; to install it: {install}")]
    MissingTool {
        /// Its name.
        tool: &'static str,
        /// What it is for, such as `compiles Go`.
        purpose: &'static str,
        /// The one command that installs it.
        install: &'static str,
    },
    /// A program that builds has failed, and has said why on standard error.
    #[error("{command} failed ({status}); what it said is above")]
    ToolFailed {
        /// What was run.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// The project is not one that can be built; the text says why and what to do.
    #[error("{0}")]
    Project(String),
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {error}", path.display())]
    Io {
        /// What was tried, such as `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl BuildError {
    /// The way to an [`Io`](Self::Io) error.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { action, path, error }
    }
}
