use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::query;
use jiff::Timestamp;
use lambent_types::{InvocationRecord, Qualifier, RequestId, parse_duration};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A page of finished invocations, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
// `Logs` is what one invocation has written.
#[schema(as = LogPage)]
pub struct Logs {
    /// The invocations.
    pub records: Vec<LogEntry>,
    /// Where to continue (`after`): nothing is missed in between.
    pub next: u64,
}

/// One finished invocation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogEntry {
    /// Its place in the log.
    pub cursor: u64,
    /// What is kept of it.
    #[serde(flatten)]
    pub record: InvocationRecord,
}

/// A time, or how long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// This time.
    At(Timestamp),
    /// So long before the request is read.
    Ago(Duration),
}

impl Since {
    /// The time, if it is `now`. None if that is before all times.
    #[must_use]
    pub fn before(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Ago(duration) => now.checked_sub(duration).ok(),
        }
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => time.fmt(f),
            Self::Ago(duration) => write!(f, "{}ms", duration.as_millis()),
        }
    }
}

impl FromStr for Since {
    type Err = ();

    /// Reads a time of RFC 3339, or a duration that there is a time before.
    fn from_str(text: &str) -> Result<Self, ()> {
        let ago = || parse_duration(text).ok().map(Self::Ago);
        let since = text.parse().ok().map(Self::At).or_else(ago).ok_or(())?;
        since.before(Timestamp::now()).map(|_| since).ok_or(())
    }
}

/// Which part of a function's log to read. Without `after` and `since`: its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ReadLogs {
    /// Only what follows this cursor
    #[serde(deserialize_with = "query::cursor")]
    pub after: Option<u64>,
    /// Only invocations started since: a time by RFC 3339, or how long ago, such as `10m`
    #[serde(serialize_with = "query::write_text", deserialize_with = "since")]
    #[param(value_type = Option<String>)]
    pub since: Option<Since>,
    /// Only this invocation
    #[serde(deserialize_with = "query::request")]
    #[param(value_type = Option<String>)]
    pub request: Option<RequestId>,
    /// Only invocations of this version, or that were asked for by this alias
    #[serde(with = "query::qualifier")]
    #[param(value_type = Option<String>)]
    pub qualifier: Option<Qualifier>,
    /// At most this many: 1 to 1,000; 100 if absent
    #[serde(deserialize_with = "query::limit::<_, 1000>")]
    #[param(value_type = Option<u32>)]
    pub limit: Option<usize>,
    /// If there is nothing, wait this long for something: at most `50s`
    #[serde(serialize_with = "query::write_duration", deserialize_with = "query::wait::<_, 50>")]
    #[param(value_type = Option<String>)]
    pub wait: Option<Duration>,
}

fn since<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Since>, D::Error> {
    let wanted = "a time such as 2026-01-31T12:00:00Z, or how long ago, such as 10m";
    query::parsed(deserializer, wanted, |text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_how_long_ago() {
        let now = "2026-01-31T12:00:00Z".parse().unwrap();
        let moment = |text: &str| text.parse::<Since>().ok()?.before(now).map(|at| at.to_string());
        assert_eq!(moment("2026-01-31T12:00:00+01:00").unwrap(), "2026-01-31T11:00:00Z");
        assert_eq!(moment("10m").unwrap(), "2026-01-31T11:50:00Z");
        assert_eq!(moment("yesterday"), None);
    }
}
