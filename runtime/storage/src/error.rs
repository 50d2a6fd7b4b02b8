use std::path::PathBuf;

use lambent_types::{Error, ErrorCode, Revision, format_bytes};

use crate::quota::QuotaExceeded;

/// Whatever a backend's library reported; for the log, never for a client.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// The store failed, not the request.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The store cannot be read or written at the moment: disk full, I/O error,
    /// shut down. Nothing was changed, or the change was not acknowledged.
    #[error("cannot {action}")]
    Unavailable {
        /// What was being done.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: Source,
    },
    /// The disk has less free than the reserve: only what needs no more of it is
    /// taken. Nothing was changed.
    #[error(
        "the disk has {} free, and {} of it are kept in reserve: only deletes are taken until \
         there is more; delete what is not needed, enlarge the disk, or have the node started \
         with a smaller --disk-reserve",
        format_bytes(*free),
        format_bytes(*reserve)
    )]
    NoSpace {
        /// Bytes that are free.
        free: u64,
        /// Bytes that should be.
        reserve: u64,
    },
    /// Stored data is not what was written.
    #[error("stored {what} is damaged: {detail}; restore it from a backup")]
    Corrupt {
        /// The noun: a function, a version, the code of a digest.
        what: String,
        /// What gave it away.
        detail: String,
    },
}

impl StorageError {
    /// The failure of a backend that cannot be used at the moment: `action` completes
    /// "cannot …", and `source` is for the log.
    pub fn unavailable(action: &'static str, source: impl Into<Source>) -> Self {
        Self::Unavailable { action, source: source.into() }
    }

    /// Why it failed, for the log.
    pub fn cause(&self) -> Option<String> {
        std::error::Error::source(self).map(ToString::to_string)
    }

    /// The failure of a backend that read something else than was written: `what` is the noun,
    /// and `detail` what gave it away.
    pub fn corrupt(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into(), detail: detail.into() }
    }
}

/// The error as a client may see it, in general terms; the cause goes to the log here.
impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        if matches!(error, StorageError::NoSpace { .. }) {
            // Told once in the log, where it began.
            return Self::new(ErrorCode::DiskReserve, error.to_string());
        }
        let cause = error.cause();
        tracing::error!(%error, cause, "storage failed");
        match error {
            StorageError::Unavailable { .. } | StorageError::NoSpace { .. } => Self::new(
                ErrorCode::StorageUnavailable,
                "the store cannot be used at the moment; try again, or see the server's log",
            ),
            StorageError::Corrupt { .. } => {
                Self::new(ErrorCode::Internal, "stored data is damaged; see the server's log")
            }
        }
    }
}

/// Why a change to the registry was not made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is no such function.
    #[error("no such function")]
    NotFound,
    /// The function has no such version.
    #[error("no such version")]
    VersionNotFound,
    /// The function is not in the state the caller expected.
    #[error("the function is at another revision than expected")]
    Conflict {
        /// The revision it is at; `None` if there is no such function.
        current: Option<Revision>,
    },
    /// The namespace would hold more than its quota.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_learn_the_code_and_nothing_internal() {
        let full = StorageError::unavailable("commit", "disk full at /secret/path");
        let error = Error::from(full);
        assert_eq!(error.code(), ErrorCode::StorageUnavailable);
        assert!(!error.detail().contains("secret"));
        let error = Error::from(StorageError::corrupt("function x", "checksum differs"));
        assert_eq!(error.code(), ErrorCode::Internal);
        assert!(!error.detail().contains("checksum"));
    }
}
