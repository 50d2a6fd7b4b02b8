use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::host_pattern::HostPattern;
use crate::name::{BucketName, FunctionName, KeyspaceName, TableName};
use crate::name_pattern::NamePattern;
use crate::queue::QueueName;
use crate::topic::TopicName;

/// What a function may do with a resource that it was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Read and list.
    Read,
    /// Create, change, delete; send to a queue, for which `send` is a word too; publish to a topic,
    /// for which `publish` is.
    #[serde(alias = "send", alias = "publish")]
    Write,
    /// Both.
    ReadWrite,
}

impl Access {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::ReadWrite => "read-write",
        }
    }

    /// Returns whether it includes all of `other`.
    #[must_use]
    pub const fn allows(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::ReadWrite, _) | (Self::Read, Self::Read) | (Self::Write, Self::Write)
        )
    }
}

impl FromStr for Access {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "read" => Ok(Self::Read),
            "write" | "send" | "publish" => Ok(Self::Write),
            "read-write" => Ok(Self::ReadWrite),
            _ => {
                let shown: String = text.chars().take(40).collect();
                Err(format!("{shown:?} is no access; give read, write or read-write"))
            }
        }
    }
}

/// Everything outside itself that a function may reach. Empty grants allow nothing.
///
/// All names are resolved in the function's own namespace: a grant cannot lead out of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Grants {
    /// Buckets, through `wasi:blobstore`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Access>)]
    pub buckets: BTreeMap<BucketName, Access>,
    /// Keyspaces, through `wasi:keyvalue`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Access>)]
    pub keyspaces: BTreeMap<KeyspaceName, Access>,
    /// Queues: `write` sends, also through `wasi:messaging`; `read` receives and deletes, by SQS's API.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Access>)]
    pub queues: BTreeMap<QueueName, Access>,
    /// Topics, through the AWS SDKs: `write` publishes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Access>)]
    pub topics: BTreeMap<TopicName, Access>,
    /// Tables and their items, through the AWS SDKs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Access>)]
    pub tables: BTreeMap<TableName, Access>,
    /// Secrets, through the AWS SDKs: by their names, or with a final `*` by what names begin with. To change one
    /// is to give it another value, as functions do that rotate it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Access>)]
    pub secrets: BTreeMap<NamePattern, Access>,
    /// Parameters, in the same way.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Access>)]
    pub parameters: BTreeMap<NamePattern, Access>,
    /// Functions that may be invoked, through the AWS SDKs.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = BTreeSet<String>)]
    pub functions: BTreeSet<FunctionName>,
    /// Hosts, through outgoing `wasi:http`: `api.example.com` (https and port 443),
    /// `*.example.com`, `api.example.com:8443`, `http://192.168.1.5:8080`.
    /// Addresses that are loopback, private or link-local need a grant that names
    /// the address itself.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = BTreeSet<String>)]
    pub hosts: BTreeSet<HostPattern>,
}

impl Grants {
    /// Returns whether nothing is granted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
