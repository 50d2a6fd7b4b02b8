use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identity_path::IdentityPath;
use crate::name::{check_identity, name};
use crate::policy_document::PolicyDocument;
use crate::quota::Quota;
use crate::specification::{ResourceKind, Specification};

/// Most characters of a policy's name; IAM's.
const NAME_CHARS_MAX: usize = 128;
/// What stands before the path of a policy that is AWS's.
const OF_AWS: &str = "aws:";

name!(
    /// A policy's name: `[A-Za-z0-9_+=,.@-]{1,128}`, unique in its namespace ignoring case.
    PolicyName,
    "policy name",
    |what, text| check_identity(what, text, NAME_CHARS_MAX)
);

/// A policy that roles share, as AWS's tools know it. It is kept and given back, and decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: PolicyName,
    /// Its id, which another policy of the same name does not have.
    pub id: String,
    /// The path in its ARN.
    pub path: IdentityPath,
    /// When it was created.
    pub created: Timestamp,
    /// When a version was last made its default.
    pub updated: Timestamp,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The number of the version that is in force.
    pub default_version: u64,
    /// The number of the last version that was made. Numbers are never reused.
    pub last_version: u64,
    /// Its versions from the oldest.
    pub versions: Vec<PolicyVersion>,
}

/// A version of a policy, which never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// Its number, from 1.
    pub number: u64,
    /// What it says.
    pub document: PolicyDocument,
    /// When it was made.
    pub created: Timestamp,
}

impl Policy {
    /// The version of a number.
    #[must_use]
    pub fn version(&self, number: u64) -> Option<&PolicyVersion> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// What a role names it by.
    #[must_use]
    pub fn reference(&self) -> PolicyReference {
        PolicyReference { of_aws: false, path: self.path.clone(), name: self.name.clone() }
    }
}

impl Specification for Policy {
    const KIND: ResourceKind = ResourceKind { noun: "policy", quota: Quota::Policies };
    type Name = PolicyName;

    fn name(&self) -> &PolicyName {
        &self.name
    }
}

/// A policy as a role names it: one of the role's namespace, or one of AWS's, of which a node has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyReference {
    /// Whether it is one of AWS's.
    pub of_aws: bool,
    /// Its path.
    pub path: IdentityPath,
    /// Its name.
    pub name: PolicyName,
}

/// The text is no reference to a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a policy is named by its path and its name, as in /team/deploy")]
pub struct InvalidPolicyReference;

impl FromStr for PolicyReference {
    type Err = InvalidPolicyReference;

    fn from_str(text: &str) -> Result<Self, InvalidPolicyReference> {
        let (of_aws, text) = match text.strip_prefix(OF_AWS) {
            Some(text) => (true, text),
            None => (false, text),
        };
        let (path, name) = text.split_at(text.rfind('/').ok_or(InvalidPolicyReference)? + 1);
        let path = path.parse().map_err(|_| InvalidPolicyReference)?;
        let name = name.parse().map_err(|_| InvalidPolicyReference)?;
        Ok(Self { of_aws, path, name })
    }
}

impl TryFrom<String> for PolicyReference {
    type Error = InvalidPolicyReference;

    fn try_from(text: String) -> Result<Self, InvalidPolicyReference> {
        text.parse()
    }
}

impl From<PolicyReference> for String {
    fn from(reference: PolicyReference) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for PolicyReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.of_aws { OF_AWS } else { "" };
        write!(f, "{prefix}{}{}", self.path, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_named_by_path_and_name() {
        for text in ["/deploy", "/team/a/deploy", "aws:/service-role/AWSLambdaBasicExecutionRole"] {
            let read: PolicyReference = text.parse().unwrap();
            assert_eq!((read.to_string().as_str(), read.of_aws), (text, text.starts_with("aws:")));
        }
        for text in ["", "deploy", "/", "/a b", "a/b", "//b"] {
            assert!(text.parse::<PolicyReference>().is_err(), "{text}");
        }
    }
}
