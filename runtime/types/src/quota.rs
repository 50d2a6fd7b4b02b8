use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Declares the quotas. A row is the variant and its number, which is in the databases and
/// never changes, the name in the API and in metrics, what it counts as a plural noun, what
/// that is (`bytes`, `resources` of a kind, or `other`), and the flag of `lambent serve` that
/// sets it. The rows are in the order of their numbers.
macro_rules! quotas {
    ($(
        $(#[$doc:meta])*
        $quota:ident = $number:literal, $name:literal, $what:literal, $of:ident, $flag:literal;
    )*) => {
        /// What a quota bounds. The numbers are in the databases, and never change.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
            ToSchema,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum Quota {
            $($(#[$doc])* $quota = $number,)*
        }

        impl Quota {
            /// Every quota, in the order of its number.
            pub const ALL: [Self; [$($number),*].len()] = [$(Self::$quota),*];

            /// Its name in the API and in metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$quota => $name,)* }
            }

            /// What it counts, as a plural noun.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self { $(Self::$quota => $what,)* }
            }

            const fn of(self) -> Counted {
                match self { $(Self::$quota => quotas!(@ $of),)* }
            }

            /// The flag of `lambent serve` that sets it.
            #[must_use]
            pub const fn flag(self) -> &'static str {
                match self { $(Self::$quota => $flag,)* }
            }
        }
    };
    (@ bytes) => { Counted::Bytes };
    (@ resources) => { Counted::Resources };
    (@ other) => { Counted::Other };
}

/// What a quota counts.
#[derive(PartialEq)]
enum Counted {
    Bytes,
    Resources,
    Other,
}

quotas! {
    /// Bytes of objects, parts of unfinished uploads and what is being written included.
    ObjectBytes = 1, "object-bytes", "bytes of objects", bytes, "--quota-objects";
    /// Objects, unfinished uploads and their parts.
    Objects = 2, "objects", "objects", other, "--quota-object-count";
    /// Bytes of keys and values.
    KeyvalueBytes = 3, "keyvalue-bytes", "bytes of keys and values", bytes, "--quota-keyvalue";
    /// Bytes of messages, and of events that wait for a function.
    MessageBytes = 4, "message-bytes", "bytes of messages", bytes, "--quota-messages";
    /// Buckets.
    Buckets = 5, "buckets", "buckets", resources, "--quota-resources";
    /// Keyspaces.
    Keyspaces = 6, "keyspaces", "keyspaces", resources, "--quota-resources";
    /// Queues.
    Queues = 7, "queues", "queues", resources, "--quota-resources";
    /// Triggers.
    Triggers = 8, "triggers", "triggers", resources, "--quota-resources";
    /// Schedules.
    Schedules = 9, "schedules", "schedules", resources, "--quota-resources";
    /// Keys.
    Keys = 10, "keys", "keys", other, "--quota-key-count";
    /// Messages, and events that wait for a function.
    Messages = 11, "messages", "messages", other, "--quota-message-count";
    /// Functions.
    Functions = 12, "functions", "functions", resources, "--quota-resources";
    /// Published versions.
    Versions = 13, "versions", "versions", other, "--quota-versions";
    /// Bytes of components, each counted once however many versions use it.
    CodeBytes = 14, "code-bytes", "bytes of code", bytes, "--quota-code";
    /// Layers.
    Layers = 15, "layers", "layers", resources, "--quota-resources";
    /// Volumes.
    Volumes = 16, "volumes", "volumes", resources, "--quota-resources";
    /// Bytes that volumes may hold, used or not.
    VolumeBytes = 17, "volume-bytes", "bytes set aside for volumes", bytes, "--quota-volume-bytes";
    /// Sites.
    Sites = 18, "sites", "sites", resources, "--quota-resources";
    /// Invocations at once. What is held of it is what functions have reserved.
    Concurrency = 19, "concurrency", "reserved invocations at once", other, "--quota-concurrency";
    /// Roles of AWS's tools.
    Roles = 20, "roles", "roles", resources, "--quota-resources";
    /// Policies of AWS's tools.
    Policies = 21, "policies", "policies", resources, "--quota-resources";
    /// Tables.
    Tables = 22, "tables", "tables", resources, "--quota-resources";
    /// Bytes of the items of tables, as DynamoDB counts them with their overhead.
    TableBytes = 23, "table-bytes", "bytes of items", bytes, "--quota-table-bytes";
    /// Topics.
    Topics = 24, "topics", "topics", resources, "--quota-resources";
    /// Subscriptions of topics.
    Subscriptions = 25, "subscriptions", "subscriptions", resources, "--quota-resources";
}

impl Quota {
    /// The quotas that `--quota-resources` sets: one for each kind of resource.
    pub fn resources() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|quota| quota.of() == Counted::Resources)
    }

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

    /// Whether it counts bytes.
    #[must_use]
    pub const fn is_bytes(self) -> bool {
        matches!(self.of(), Counted::Bytes)
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
