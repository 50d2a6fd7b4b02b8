use std::path::PathBuf;

use lambent_storage::backend::Source;

/// Why a data directory or a database in it could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file or directory cannot be created, read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// Another process uses the directory.
    #[error(
        "data directory {} is in use by {}; stop it or give another directory",
        path.display(),
        pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    Locked {
        /// The directory.
        path: PathBuf,
        /// The process that holds it, where it could be read.
        pid: Option<u32>,
    },
    /// Other users may write to the directory, and so give the node code to run.
    #[error(
        "{0} can be written to by every user of this machine, who could exchange what the node \
         runs; take that away first: chmod o-w {0}",
        path.display()
    )]
    Exposed {
        /// The directory.
        path: PathBuf,
    },
    /// A newer release wrote it.
    #[error(
        "{} has format {found}, and this release reads up to {supported}; \
         run the newer release that wrote it",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The format it has.
        found: u64,
        /// The newest format this release knows.
        supported: u64,
    },
    /// A backup is being restored there, or was not to its end.
    #[error(
        "a backup is being restored into {}, or was not to its end; wait for it, or restore it \
         into a new directory",
        path.display()
    )]
    Restoring {
        /// The directory.
        path: PathBuf,
    },
    /// The file is there and is not what it should be.
    #[error("{} is damaged: {detail}; restore it from a backup", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What gave it away.
        detail: String,
    },
    /// The database library does not give the guarantees needed.
    #[error("cannot keep data safely in {}: {detail}", path.display())]
    Unsafe {
        /// The database.
        path: PathBuf,
        /// Which guarantee is missing.
        detail: String,
    },
    /// The database cannot be opened.
    #[error("cannot open database {}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: Source,
    },
}
