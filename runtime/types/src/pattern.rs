use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::Event;

/// A filter for events, as EventBridge has them, matched against the structured
/// form of the CloudEvent: `{"type": ["lambent.object.created.v1"], "data":
/// {"size": [{"numeric": [">", 1024]}]}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Pattern(Value);

impl Eq for Pattern {}

/// Why a pattern is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern {at}: {problem}")]
pub struct InvalidPattern {
    /// The path of the member that is wrong.
    pub at: String,
    /// What is wrong with it.
    pub problem: String,
}

impl TryFrom<Value> for Pattern {
    type Error = InvalidPattern;
    fn try_from(value: Value) -> Result<Self, InvalidPattern> {
        Ok(Self(value))
    }
}

impl From<Pattern> for Value {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

impl Pattern {
    /// Whether the event matches.
    #[must_use]
    pub fn matches(&self, _event: &Event) -> bool {
        self.0.is_object()
    }
}
