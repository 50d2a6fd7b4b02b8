use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::qualifier::QualifiedFunction;
use crate::queue::QueueName;

/// The destination of an event or a record: `queue:NAME`, `function:NAME`, or
/// `function:NAME:QUALIFIER` with a version or an alias.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Destination {
    /// A queue of the same namespace.
    Queue(QueueName),
    /// A function of the same namespace, invoked asynchronously.
    Function(QualifiedFunction),
}

impl FromStr for Destination {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |detail: String| Error::new(ErrorCode::InvalidConfiguration, detail);
        let named = |error: &dyn fmt::Display| invalid(format!("destination {text:?}: {error}"));
        match text.split_once(':') {
            Some(("queue", name)) => {
                let name: Result<QueueName, _> = name.parse();
                name.map(Self::Queue).map_err(|error| named(&error))
            }
            Some(("function", name)) => {
                let name: Result<QualifiedFunction, _> = name.parse();
                name.map(Self::Function).map_err(|error| named(&error))
            }
            _ => Err(invalid(format!(
                "destination {text:?} is neither queue:NAME nor function:NAME"
            ))),
        }
    }
}

impl TryFrom<String> for Destination {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(name) => write!(f, "queue:{name}"),
            Self::Function(name) => write!(f, "function:{name}"),
        }
    }
}

impl From<Destination> for String {
    fn from(destination: Destination) -> String {
        destination.to_string()
    }
}

/// How events are delivered: how often they are tried, and where they go in the end.
/// Every kind of trigger has this policy. The defaults are Lambda's for asynchronous
/// invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryPolicy {
    /// Most attempts, the first included: 1 to 100. Only function failures count;
    /// a throttled event waits until it is too old.
    pub attempts_max: u32,
    /// Milliseconds after which an event is given up: 1,000 to 1,209,600,000 (14 days).
    pub age_max_ms: u64,
    /// Milliseconds before the second attempt: 10 to 3,600,000. The pause doubles with
    /// every further attempt, up to an hour, and varies by half so that retries spread out.
    pub backoff_ms: u64,
    /// The destination of the event itself, unchanged, when it is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub dead_letter: Option<Destination>,
    /// The destination of a record of event, cause and response when it is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub on_failure: Option<Destination>,
    /// The destination of such a record when the function succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub on_success: Option<Destination>,
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: 3,
            age_max_ms: 6 * 3600 * 1000,
            backoff_ms: 60_000,
            dead_letter: None,
            on_failure: None,
            on_success: None,
        }
    }
}

impl DeliveryPolicy {
    /// Returns whether it is the default.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks every value against its bounds.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the member, its value and the bounds.
    pub fn validate(&self) -> Result<(), Error> {
        let within = |name: &str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            let detail =
                format!("{name} of the delivery is {value}; it must be between {least} and {most}");
            Err(Error::new(ErrorCode::InvalidConfiguration, detail))
        };
        within("attempts_max", self.attempts_max.into(), 1, 100)?;
        within("age_max_ms", self.age_max_ms, 1000, 14 * 24 * 3600 * 1000)?;
        within("backoff_ms", self.backoff_ms, 10, 3600 * 1000)
    }
}
