use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::alias::AliasName;
use crate::handler::Handler;
use crate::limits::bounds;
use crate::meter::Meter;
use crate::name::{FunctionName, Namespace};
use crate::outcome::{Failure, Outcome};
use crate::version_number::VersionNumber;

/// One invocation's id: a UUID version 7, so that ids sort by time.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// Makes a new id, greater than all that this process made before.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each call gives another id")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl FromStr for RequestId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Uuid::try_parse(text).map(Self)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One of the two outputs of a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line that a guest wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// The output that the line was written to.
    pub stream: LogStream,
    /// The line without its end; bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// The lines that an invocation wrote, in order, up to its limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Logs {
    /// The lines kept.
    pub lines: Vec<LogLine>,
    /// Bytes written beyond the limit and not kept.
    pub dropped_bytes: u64,
}

/// The items of a batch of which some failed, though the invocation ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchItems {
    /// How many there were.
    pub count: u32,
    /// How many of them failed.
    pub failed: u32,
    /// The first that failed, at most [`bounds::ITEM_FAILURES_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<ItemFailure>,
}

/// Why an item of a batch failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ItemFailure {
    /// The id of the item: of a message, or of an event.
    pub id: String,
    /// The kind of the failure, as the function named it.
    pub kind: String,
    /// What the function said, at most [`bounds::ITEM_FAILURE_CHARS_MAX`] characters.
    pub message: String,
}

impl BatchItems {
    /// What became of the items with these ids, of which these failed, by their index.
    #[must_use]
    pub fn new(ids: &[String], failed: &[(u32, Failure)]) -> Self {
        let short = |text: &str| text.chars().take(bounds::ITEM_FAILURE_CHARS_MAX).collect();
        let failures = failed.iter().take(bounds::ITEM_FAILURES_MAX).map(|(index, failure)| {
            let id = ids.get(*index as usize).map(|id| short(id)).unwrap_or_default();
            ItemFailure { id, kind: short(&failure.kind), message: short(&failure.message) }
        });
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self { count: count(ids.len()), failed: count(failed.len()), failures: failures.collect() }
    }
}

/// The record of one finished invocation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InvocationRecord {
    /// The invocation.
    pub id: RequestId,
    /// The function's namespace.
    pub namespace: Namespace,
    /// The function's name.
    pub function: FunctionName,
    /// The version that ran.
    #[schema(value_type = String)]
    pub version: VersionNumber,
    /// The alias that it was asked for by, if it was by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub alias: Option<AliasName>,
    /// The export that was called.
    pub handler: Handler,
    /// When the invocation was admitted.
    #[schema(value_type = String, format = DateTime)]
    pub started: Timestamp,
    /// How the invocation ended.
    pub outcome: Outcome,
    /// The resources that the invocation used.
    pub meter: Meter,
    /// The lines that the guest wrote.
    pub logs: Logs,
    /// The items, if it was a batch that ended well of which some failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<BatchItems>,
}
