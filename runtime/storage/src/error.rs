use lambent_types::{AliasName, Error, ErrorCode, Revision, format_bytes};

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

/// Why so much is not set aside for a function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConcurrencyRefused {
    /// The namespace would have too little left that is not reserved.
    #[error(
        "{asked} cannot be set aside: of {limit} invocations at once of the namespace {reserved} are \
         reserved for other functions, and {kept} stay unreserved; at most {left} are left, unless \
         the administrator allows the namespace more (lambent namespace update --quota \
         concurrency=N)"
    )]
    Unreserved {
        /// How much was asked for.
        asked: u64,
        /// How many invocations of the namespace run at once.
        limit: u64,
        /// How many are reserved for other functions.
        reserved: u64,
        /// How many have to stay unreserved.
        kept: u64,
        /// How many there are to be had.
        left: u64,
    },
    /// More instances are kept ready than would be reserved.
    #[error(
        "{provisioned} instances of the function are kept ready, which are more than {reserved}; \
         keep fewer ready first, or reserve as many"
    )]
    Provisioned {
        /// How many are kept ready, or would be.
        provisioned: u64,
        /// How many are reserved, or would be.
        reserved: u64,
    },
    /// An alias leads to the head, of which none are kept ready.
    #[error(
        "the alias leads to $LATEST, which changes; have it lead to a version that is published"
    )]
    Head,
    /// No instances are kept ready for the qualifier.
    #[error("no instances are kept ready of it")]
    NotProvisioned,
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
    /// The function has no such alias.
    #[error("no such alias")]
    AliasNotFound,
    /// The function has as many aliases as it may.
    #[error("the function has as many aliases as it may")]
    TooManyAliases,
    /// An alias leads to the version that was to be deleted.
    #[error("alias {alias} leads to the version")]
    VersionInUse {
        /// The alias.
        alias: AliasName,
    },
    /// So much cannot be set aside for the function.
    #[error(transparent)]
    Concurrency(#[from] ConcurrencyRefused),
    /// The function, or the alias, is not in the state the caller expected.
    #[error("it is at another revision than expected")]
    Conflict {
        /// The revision it is at; `None` if there is none of that name.
        current: Option<Revision>,
    },
    /// The namespace would hold more than its quota.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
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
