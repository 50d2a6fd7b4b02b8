use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::Retry;

/// A failure that the function itself reported, in Lambda's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// Lambda's `errorType`: the name of the error, such as `OrderNotFound`.
    #[serde(rename = "errorType")]
    pub kind: String,
    /// Lambda's `errorMessage`: what went wrong, in the function's words.
    #[serde(rename = "errorMessage")]
    pub message: String,
    /// Lambda's `stackTrace`: guest frames, innermost first; may be empty.
    #[serde(rename = "stackTrace", default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<String>,
    /// The function's wish for further attempts.
    #[serde(skip, default)]
    #[schema(ignore)]
    pub retry: Retry,
}

/// How an invocation ended. The set is complete: nothing else can happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// The function did what it was asked.
    Ok,
    /// The function ran and reported a failure, or panicked saying why.
    FunctionError(Failure),
    /// The fuel budget was used up.
    OutOfFuel {
        /// The budget.
        limit: u64,
        /// Guest frames, innermost first.
        backtrace: Vec<String>,
    },
    /// A memory or table could not grow, and the function gave up.
    OutOfMemory {
        /// The limit in bytes.
        limit: u64,
        /// Whether the node had no memory left, rather than the limit being reached.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        node: bool,
        /// Guest frames, innermost first.
        backtrace: Vec<String>,
    },
    /// The wall clock ran out.
    TimedOut {
        /// The limit in milliseconds.
        limit_ms: u64,
    },
    /// The guest trapped.
    Trapped {
        /// The engine's name for the trap.
        message: String,
        /// Guest frames, innermost first.
        backtrace: Vec<String>,
    },
    /// The guest called `exit` with a code other than 0.
    Exited {
        /// The code.
        code: i32,
    },
    /// The guest returned, but what it returned is not a response.
    BadResponse {
        /// What was wrong with the response.
        message: String,
    },
    /// The response is larger than the limit.
    ResponseTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The client went away before the end.
    Cancelled,
    /// The engine failed, not the function; the log has the details.
    Internal,
}

impl Outcome {
    /// Every kind in the order of the enum, for label sets.
    pub const KINDS: [&'static str; 11] = [
        "ok",
        "function-error",
        "out-of-fuel",
        "out-of-memory",
        "timed-out",
        "trapped",
        "exited",
        "bad-response",
        "response-too-large",
        "cancelled",
        "internal",
    ];

    /// Returns the word on the wire.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::FunctionError(_) => "function-error",
            Self::OutOfFuel { .. } => "out-of-fuel",
            Self::OutOfMemory { .. } => "out-of-memory",
            Self::TimedOut { .. } => "timed-out",
            Self::Trapped { .. } => "trapped",
            Self::Exited { .. } => "exited",
            Self::BadResponse { .. } => "bad-response",
            Self::ResponseTooLarge { .. } => "response-too-large",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }

    /// Returns whether the function did what it was asked.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }

    /// Returns one line for people.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Ok => "ok".into(),
            Self::FunctionError(failure) => format!("{}: {}", failure.kind, failure.message),
            Self::OutOfFuel { limit, .. } => format!("used up its fuel of {limit}"),
            Self::OutOfMemory { limit, node: true, .. } => format!(
                "needed more memory than the node had left; the function's own limit of {} was \
                 not reached",
                crate::format_bytes(*limit)
            ),
            Self::OutOfMemory { limit, .. } => {
                format!("needed more memory than its limit of {}", crate::format_bytes(*limit))
            }
            Self::TimedOut { limit_ms } => format!("timed out after {limit_ms} ms"),
            Self::Trapped { message, .. } => format!("trapped: {message}"),
            Self::Exited { code } => format!("exited with code {code}"),
            Self::BadResponse { message } => format!("gave no usable response: {message}"),
            Self::ResponseTooLarge { limit } => {
                format!("gave a response larger than {}", crate::format_bytes(*limit))
            }
            Self::Cancelled => "the caller went away".into(),
            Self::Internal => "failed inside the runtime; see the server's log".into(),
        }
    }

    /// Returns the guest's frames, innermost first; empty if there are none.
    #[must_use]
    pub fn backtrace(&self) -> &[String] {
        match self {
            Self::OutOfFuel { backtrace, .. }
            | Self::OutOfMemory { backtrace, .. }
            | Self::Trapped { backtrace, .. } => backtrace,
            Self::FunctionError(failure) => &failure.trace,
            _ => &[],
        }
    }

    /// Returns the failure in Lambda's terms, which is what an invoker gets; `None` for `Ok`.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        let kind = match self {
            Self::Ok => return None,
            Self::FunctionError(failure) => return Some(failure.clone()),
            Self::OutOfFuel { .. } => "Lambent.OutOfFuel",
            Self::OutOfMemory { .. } => "Lambent.OutOfMemory",
            Self::TimedOut { .. } => "Lambent.TimedOut",
            Self::Trapped { .. } => "Lambent.Trapped",
            Self::Exited { .. } => "Lambent.Exited",
            Self::BadResponse { .. } => "Lambent.BadResponse",
            Self::ResponseTooLarge { .. } => "Lambent.ResponseTooLarge",
            Self::Cancelled => "Lambent.Cancelled",
            Self::Internal => "Lambent.Internal",
        };
        Some(Failure {
            kind: kind.into(),
            message: self.message(),
            trace: self.backtrace().to_vec(),
            retry: Retry::Policy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_carries_the_kind() {
        let outcome = Outcome::TimedOut { limit_ms: 10 };
        let json = serde_json::to_value(&outcome).unwrap();
        assert_eq!(json["kind"], outcome.kind());
        assert_eq!(serde_json::from_value::<Outcome>(json).unwrap(), outcome);
        assert!(Outcome::KINDS.contains(&outcome.kind()));
    }
}
