use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identity_path::IdentityPath;
use crate::name::{check_identity, name};
use crate::policy::{PolicyName, PolicyReference};
use crate::policy_document::PolicyDocument;
use crate::quota::Quota;
use crate::specification::{ResourceKind, Specification};

/// Most characters of a role's name; IAM's.
const NAME_CHARS_MAX: usize = 64;

name!(
    /// A role's name: `[A-Za-z0-9_+=,.@-]{1,64}`, unique in its namespace ignoring case.
    RoleName,
    "role name",
    |what, text| check_identity(what, text, NAME_CHARS_MAX)
);

/// A role as AWS's tools know it. They make one for every function, and take temporary keys in its
/// name. What it may do is written in policies, which are kept and decide nothing: a function may do
/// what its grants say, and who has keys in a role's name what the key that they were taken with opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: RoleName,
    /// Its id, which another role of the same name does not have.
    pub id: String,
    /// The path in its ARN.
    pub path: IdentityPath,
    /// When it was created.
    pub created: Timestamp,
    /// Who may assume it.
    pub trust: PolicyDocument,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The longest that temporary keys in its name are good for.
    pub session_seconds_max: u32,
    /// The policy that bounds what the others allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<PolicyReference>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The policies that are its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inline: BTreeMap<PolicyName, PolicyDocument>,
    /// The policies that it shares.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub attached: BTreeSet<PolicyReference>,
}

impl Specification for Role {
    const KIND: ResourceKind = ResourceKind { noun: "role", quota: Quota::Roles };
    type Name = RoleName;

    fn name(&self) -> &RoleName {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_iam() {
        for name in ["a", "lambda-ex_1", "a+b=c,d.e@f-g", &"r".repeat(64)] {
            assert_eq!(name.parse::<RoleName>().unwrap().as_str(), name);
        }
        for name in ["", "a b", "a/b", "é", "a:b", &"r".repeat(65)] {
            assert!(name.parse::<RoleName>().is_err(), "{name}");
        }
    }
}
