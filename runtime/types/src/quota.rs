use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a quota bounds. The numbers are in the databases, and never change.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Quota {
    /// Bytes of objects, parts of unfinished uploads and what is being written included.
    ObjectBytes = 1,
    /// Objects, unfinished uploads and their parts.
    Objects = 2,
    /// Bytes of keys and values.
    KeyvalueBytes = 3,
    /// Bytes of messages, and of events that wait for a function.
    MessageBytes = 4,
    /// Buckets.
    Buckets = 5,
    /// Keyspaces.
    Keyspaces = 6,
    /// Queues.
    Queues = 7,
    /// Triggers.
    Triggers = 8,
    /// Schedules.
    Schedules = 9,
    /// Keys.
    Keys = 10,
    /// Messages, and events that wait for a function.
    Messages = 11,
    /// Functions.
    Functions = 12,
    /// Published versions.
    Versions = 13,
    /// Bytes of components, each counted once however many versions use it.
    CodeBytes = 14,
}

impl Quota {
    /// Every quota, in the order of its number.
    pub const ALL: [Self; 14] = [
        Self::ObjectBytes,
        Self::Objects,
        Self::KeyvalueBytes,
        Self::MessageBytes,
        Self::Buckets,
        Self::Keyspaces,
        Self::Queues,
        Self::Triggers,
        Self::Schedules,
        Self::Keys,
        Self::Messages,
        Self::Functions,
        Self::Versions,
        Self::CodeBytes,
    ];

    /// The quotas that `--quota-resources` sets.
    pub const RESOURCES: [Self; 6] = [
        Self::Buckets,
        Self::Keyspaces,
        Self::Queues,
        Self::Triggers,
        Self::Schedules,
        Self::Functions,
    ];

    /// The quota of a number in a database.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|quota| *quota as i64 == number)
    }

    /// Its place among [`Self::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize - 1
    }

    /// Its name in the API and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ObjectBytes => "object-bytes",
            Self::Objects => "objects",
            Self::KeyvalueBytes => "keyvalue-bytes",
            Self::MessageBytes => "message-bytes",
            Self::Buckets => "buckets",
            Self::Keyspaces => "keyspaces",
            Self::Queues => "queues",
            Self::Triggers => "triggers",
            Self::Schedules => "schedules",
            Self::Keys => "keys",
            Self::Messages => "messages",
            Self::Functions => "functions",
            Self::Versions => "versions",
            Self::CodeBytes => "code-bytes",
        }
    }

    /// What it counts, as a plural noun.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::ObjectBytes => "bytes of objects",
            Self::KeyvalueBytes => "bytes of keys and values",
            Self::MessageBytes => "bytes of messages",
            Self::CodeBytes => "bytes of code",
            other => other.name(),
        }
    }

    /// Whether it counts bytes.
    #[must_use]
    pub const fn is_bytes(self) -> bool {
        matches!(
            self,
            Self::ObjectBytes | Self::KeyvalueBytes | Self::MessageBytes | Self::CodeBytes
        )
    }

    /// The flag of `lambent serve` that sets it.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::ObjectBytes => "--quota-objects",
            Self::Objects => "--quota-object-count",
            Self::KeyvalueBytes => "--quota-keyvalue",
            Self::Keys => "--quota-key-count",
            Self::MessageBytes => "--quota-messages",
            Self::Messages => "--quota-message-count",
            Self::Versions => "--quota-versions",
            Self::CodeBytes => "--quota-code",
            Self::Buckets
            | Self::Keyspaces
            | Self::Queues
            | Self::Triggers
            | Self::Schedules
            | Self::Functions => "--quota-resources",
        }
    }
}

/// The quotas of one namespace that differ from the node's, by name: a number, or null for no
/// limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct OwnQuotas(pub BTreeMap<Quota, Option<u64>>);

/// What a namespace holds of one thing, and how much it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holding {
    /// Of what.
    pub quota: Quota,
    /// How much it holds, what is being written included.
    pub used: u64,
    /// How much it may hold; absent if there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_there_is_not_is_refused_by_name() {
        let error = serde_json::from_str::<OwnQuotas>(r#"{"object": 7}"#).unwrap_err().to_string();
        assert!(error.contains("`object`") && error.contains("`object-bytes`"), "{error}");
        assert!(serde_json::from_str::<OwnQuotas>(r#"{"objects": -1}"#).is_err());
    }

    #[test]
    fn quotas_are_found_by_their_numbers_and_names() {
        for (at, quota) in Quota::ALL.into_iter().enumerate() {
            assert_eq!((quota as usize, quota.index()), (at + 1, at));
            assert_eq!(Quota::from_number(quota as i64), Some(quota));
            assert_eq!(serde_json::to_value(quota).unwrap(), quota.name());
        }
        assert_eq!(Quota::from_number(0), None);
    }
}
