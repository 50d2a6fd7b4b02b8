//! Which failures of a database end its writing.

use rusqlite::ErrorCode;

use lambent_storage::StorageError;
use lambent_storage::backend::Source;

/// What a failure was, and whether it is fatal. After an I/O error the kernel
/// may have thrown away what it could not write, and a later `fsync` would
/// succeed without it: nothing is written any more until a restart reads what
/// is really there. A full disk is no such error.
pub(crate) fn judge(error: &StorageError) -> (String, bool) {
    let source = std::error::Error::source(error);
    let cause = source.map_or_else(|| error.to_string(), ToString::to_string);
    let code = source
        .and_then(|source| source.downcast_ref::<rusqlite::Error>())
        .and_then(rusqlite::Error::sqlite_error_code);
    let fatal = [ErrorCode::SystemIoFailure, ErrorCode::DatabaseCorrupt];
    (cause, code.is_some_and(|code| fatal.contains(&code)))
}

/// The same cause once more, as far as it can be told again.
pub(crate) fn repeat(source: &Source) -> Source {
    match source.downcast_ref::<rusqlite::Error>() {
        Some(rusqlite::Error::SqliteFailure(code, message)) => {
            rusqlite::Error::SqliteFailure(*code, message.clone()).into()
        }
        _ => source.to_string().into(),
    }
}

/// Whether a writer may go on, and if not, why.
#[derive(Debug, Default)]
pub(crate) struct Health(Option<String>);

impl Health {
    /// Refuses if it may not.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.0.clone().map_or(Ok(()), Err)
    }

    /// Notes the failure of a transaction and says what it was. After some failures nothing
    /// more is written: then `what` cannot be, until a restart.
    pub(crate) fn failed(&mut self, error: &StorageError, what: &str) -> String {
        let (cause, fatal) = judge(error);
        if fatal {
            tracing::error!(cause, "{what} can be written until a restart");
            self.0 = Some(cause.clone());
        }
        cause
    }
}
