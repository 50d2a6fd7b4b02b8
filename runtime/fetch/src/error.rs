use std::fmt;

/// Why something was not fetched: what was wrong, and where that helps, what to do about it. Both are for
/// people, and hold no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchError {
    message: String,
    hint: Option<String>,
}

impl FetchError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// What to do about it, if that is known.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FetchError {}
