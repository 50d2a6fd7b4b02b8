/// Why something about a table is refused: a sentence for the client, as DynamoDB words it in a `ValidationException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

impl Invalid {
    /// Makes one of its sentence.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Makes one that begins as most of DynamoDB's about parameters do.
    #[must_use]
    pub fn parameter(message: impl std::fmt::Display) -> Self {
        Self(format!("One or more parameter values were invalid: {message}"))
    }

    /// The sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0
    }
}

/// Why JSON from outside is no value or item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// It has not the form that it must have, such as a number where a text must be: a `SerializationException`.
    #[error("{0}")]
    Serialization(String),
    /// It has the form, and its content is refused: a `ValidationException`.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}
