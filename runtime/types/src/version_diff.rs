//! What differs between two versions of a function.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::configuration::Configuration;
use crate::digest::Digest;
use crate::version_number::VersionNumber;

/// What of a version's code there is to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodeFacts {
    /// The SHA-256 of what was deployed: the component, the module or the package.
    pub digest: Digest,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Code that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodeDiff {
    /// That of the first version.
    pub from: CodeFacts,
    /// That of the second.
    pub to: CodeFacts,
}

/// A member of the configuration that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberDiff {
    /// The member, with a dot before each part of a table: `timeout_ms`, `tags.team`.
    pub member: String,
    /// Its value in the first version; `null` if it has none.
    pub from: Option<Value>,
    /// Its value in the second.
    pub to: Option<Value>,
}

/// What became of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VariableChange {
    /// The second version has it.
    Added,
    /// The first version has it.
    Removed,
    /// Both have it, with other values.
    Changed,
}

impl VariableChange {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// A variable of the environment that differs. Its values are not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VariableDiff {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub change: VariableChange,
}

/// Names that only one of two versions has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct NamesDiff {
    /// Those of the second version.
    pub added: Vec<String>,
    /// Those of the first.
    pub removed: Vec<String>,
}

impl NamesDiff {
    /// Compares two sets of names.
    #[must_use]
    pub fn between(from: &BTreeSet<String>, to: &BTreeSet<String>) -> Self {
        let only = |one: &BTreeSet<String>, other| one.difference(other).cloned().collect();
        Self { added: only(to, from), removed: only(from, to) }
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// What differs between two versions of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionDiff {
    /// The first version.
    #[schema(value_type = String)]
    pub from: VersionNumber,
    /// The second version.
    #[schema(value_type = String)]
    pub to: VersionNumber,
    /// The code, if it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeDiff>,
    /// The ways it can be called.
    pub handlers: NamesDiff,
    /// What the component imports.
    pub imports: NamesDiff,
    /// What it was granted, each as the command line writes it, such as `keyspace:todo=read`.
    pub grants: NamesDiff,
    /// The variables of its environment, by name.
    pub environment: Vec<VariableDiff>,
    /// All else that is configured.
    pub configuration: Vec<MemberDiff>,
}

impl VersionDiff {
    /// Returns whether the two are the same.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        let names = self.handlers.is_empty() && self.imports.is_empty() && self.grants.is_empty();
        let configured = self.environment.is_empty() && self.configuration.is_empty();
        self.code.is_none() && names && configured
    }
}

impl Configuration {
    /// Returns the grants that only one of two has.
    #[must_use]
    pub fn grants_that_differ(&self, other: &Self) -> NamesDiff {
        let texts = |of: &Self| of.granted().iter().map(ToString::to_string).collect();
        NamesDiff::between(&texts(self), &texts(other))
    }

    /// Returns the variables that differ in another, by name.
    #[must_use]
    pub fn variables_that_differ(&self, other: &Self) -> Vec<VariableDiff> {
        let (before, after) = (&self.environment.0, &other.environment.0);
        let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let change = |name: &String| match (before.get(name), after.get(name)) {
            (None, _) => Some(VariableChange::Added),
            (_, None) => Some(VariableChange::Removed),
            (before, after) => (before != after).then_some(VariableChange::Changed),
        };
        let differs =
            |name: &String| Some(VariableDiff { name: name.clone(), change: change(name)? });
        names.into_iter().filter_map(differs).collect()
    }

    /// Returns the other members that differ in another.
    #[must_use]
    pub fn members_that_differ(&self, other: &Self) -> Vec<MemberDiff> {
        let members = |of: &Self| {
            let mut members = serde_json::to_value(of).unwrap_or_default();
            if let Value::Object(members) = &mut members {
                // These are told in forms of their own, and what tools note is none of the function.
                for own in ["environment", "grants", "mounts", "annotations"] {
                    members.remove(own);
                }
            }
            members
        };
        let mut differ = Vec::new();
        compare(String::new(), Some(&members(self)), Some(&members(other)), &mut differ);
        differ
    }
}

/// Adds what differs between two values, a table by what is in it.
fn compare(member: String, from: Option<&Value>, to: Option<&Value>, differ: &mut Vec<MemberDiff>) {
    let empty = Map::new();
    let (before, after) = match (from, to) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => (before, after),
        (None, Some(Value::Object(after))) => (&empty, after),
        (Some(Value::Object(before)), None) => (before, &empty),
        (from, to) => {
            if from != to {
                differ.push(MemberDiff { member, from: from.cloned(), to: to.cloned() });
            }
            return;
        }
    };
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for name in names {
        let below = if member.is_empty() { name.clone() } else { format!("{member}.{name}") };
        compare(below, before.get(name), after.get(name), differ);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(json: &str) -> Configuration {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn members_are_told_with_both_values() {
        let one = configuration(r#"{"timeout_ms":1000,"tags":{"team":"a","old":"x"}}"#);
        let two = configuration(r#"{"timeout_ms":2000,"tags":{"team":"b"},"description":"new"}"#);
        let differ = one.members_that_differ(&two);
        let told: Vec<_> = differ
            .iter()
            .map(|MemberDiff { member, from, to }| {
                let shown = |value: &Option<Value>| value.clone().unwrap_or_default().to_string();
                format!("{member} {} {}", shown(from), shown(to))
            })
            .collect();
        let expected =
            [r#"description null "new""#, r#"tags.old "x" null"#, r#"tags.team "a" "b""#];
        assert_eq!(told[..3], expected);
        assert_eq!(told[3..], ["timeout_ms 1000 2000"]);
        assert!(one.members_that_differ(&one).is_empty());
    }

    #[test]
    fn variables_are_named_and_their_values_are_not() {
        let one = configuration(r#"{"environment":{"A":"hunter1","B":"hunter2","C":"same"}}"#);
        let two = configuration(r#"{"environment":{"A":"hunter3","C":"same","D":"hunter4"}}"#);
        let differ = one.variables_that_differ(&two);
        let told: Vec<_> =
            differ.iter().map(|one| (one.name.as_str(), one.change.as_str())).collect();
        assert_eq!(told, [("A", "changed"), ("B", "removed"), ("D", "added")]);
        let all = format!("{:?} {differ:?}", one.members_that_differ(&two));
        assert!(!all.contains("hunter"), "{all}");
    }

    #[test]
    fn grants_are_told_as_they_are_given() {
        let one =
            configuration(r#"{"grants":{"keyspaces":{"todo":"read"},"hosts":["a.example"]}}"#);
        let two = configuration(r#"{"grants":{"keyspaces":{"todo":"read-write"}}}"#);
        let NamesDiff { added, removed } = one.grants_that_differ(&two);
        assert_eq!(added, ["keyspace:todo=read-write"]);
        assert_eq!(removed, ["host:a.example", "keyspace:todo=read"]);
        assert!(one.members_that_differ(&two).is_empty());
    }
}
