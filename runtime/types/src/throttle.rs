//! Why an invocation is turned away though it would be run at another time.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why an invocation is turned away. The names are Lambda's.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
pub enum ThrottleReason {
    /// The namespace, or the node, runs as many as it may, but for what is reserved.
    ConcurrentInvocationLimitExceeded,
    /// The function runs as many as are reserved for it.
    ReservedFunctionConcurrentInvocationLimitExceeded,
    /// More instances of the function would be made in a short time than the node makes.
    FunctionInvocationRateLimitExceeded,
    /// Who asks asks more often than they may.
    CallerRateLimitExceeded,
}

impl ThrottleReason {
    /// Every reason, for label sets.
    pub const ALL: [Self; 4] = [
        Self::ConcurrentInvocationLimitExceeded,
        Self::ReservedFunctionConcurrentInvocationLimitExceeded,
        Self::FunctionInvocationRateLimitExceeded,
        Self::CallerRateLimitExceeded,
    ];

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConcurrentInvocationLimitExceeded => "ConcurrentInvocationLimitExceeded",
            Self::ReservedFunctionConcurrentInvocationLimitExceeded => {
                "ReservedFunctionConcurrentInvocationLimitExceeded"
            }
            Self::FunctionInvocationRateLimitExceeded => "FunctionInvocationRateLimitExceeded",
            Self::CallerRateLimitExceeded => "CallerRateLimitExceeded",
        }
    }
}

impl fmt::Display for ThrottleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_written_as_they_are_called() {
        for reason in ThrottleReason::ALL {
            let json = serde_json::to_value(reason).unwrap();
            assert_eq!(
                (json.as_str(), &*reason.to_string()),
                (Some(reason.as_str()), reason.as_str())
            );
        }
    }
}
