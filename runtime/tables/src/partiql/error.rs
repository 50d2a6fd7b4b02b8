use std::fmt::Display;

use crate::error::Invalid;

/// What is said of a statement that is none.
pub(crate) fn malformed(why: impl Display) -> Invalid {
    Invalid::new(format!("Statement wasn't well formed, can't be processed: {why}"))
}
