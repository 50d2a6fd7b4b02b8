//! Labels of roles and policies.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::answer::Nothing;
use super::error::invalid_input;
use super::input::{check, required};
use super::paging::{Page, Paging};
use super::policy;
use super::role::{found, handle, of_role};
use crate::call::Call;
use crate::fault::Fault;
use crate::query::{List, Members};

const TAGS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

/// A request about the labels of a role or of a policy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfRole<T> {
    role_name: Option<String>,
    #[serde(flatten)]
    about: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfPolicy<T> {
    policy_arn: Option<String>,
    #[serde(flatten)]
    about: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Set {
    tags: Option<Members<Tag>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Unset {
    tag_keys: Option<Members<String>>,
}

/// Labels as they are shown.
pub(super) fn view(tags: &BTreeMap<String, String>) -> List<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

fn page(paging: &Paging, tags: &BTreeMap<String, String>) -> Result<Page<Tag>, Fault> {
    let tags = tags.iter();
    let tags =
        tags.map(|(key, value)| (key.clone(), Tag { key: key.clone(), value: value.clone() }));
    paging.of("Tags", tags.collect())
}

/// What labels may be written with.
fn is_plain(text: &str) -> bool {
    let allowed = |c: char| {
        c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
    };
    text.chars().all(allowed)
}

/// The labels that a request gives. Members are named in what is wrong with them.
pub(super) fn read(Members(tags): Members<Tag>) -> Result<BTreeMap<String, String>, Fault> {
    check(|wrong| {
        wrong.count("tags", tags.len(), TAGS_MAX);
        for (at, Tag { key, value }) in tags.iter().enumerate() {
            let member = |part: &str| format!("tags.{}.member.{part}", at + 1);
            wrong.length(&member("key"), key, 1, KEY_CHARS_MAX);
            wrong.length(&member("value"), value, 0, VALUE_CHARS_MAX);
            let pattern = "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]";
            wrong.check(is_plain(key), &member("key"), key, &format!("{pattern}+"));
            wrong.check(is_plain(value), &member("value"), value, &format!("{pattern}*"));
        }
    })?;
    let mut seen = BTreeSet::new();
    if !tags.iter().all(|tag| seen.insert(tag.key.to_lowercase())) {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(invalid_input(message));
    }
    Ok(tags.into_iter().map(|Tag { key, value }| (key, value)).collect())
}

fn keys(given: Option<Members<String>>) -> Result<Vec<String>, Fault> {
    let Members(keys) = required(given, "tagKeys")?;
    check(|wrong| {
        wrong.count("tagKeys", keys.len(), TAGS_MAX);
        for (at, key) in keys.iter().enumerate() {
            wrong.length(&format!("tagKeys.{}.member", at + 1), key, 1, KEY_CHARS_MAX);
        }
    })?;
    Ok(keys)
}

pub(super) async fn tag_role(call: &Call, wanted: OfRole<Set>) -> Result<Nothing, Fault> {
    let role = handle(call, wanted.role_name.as_deref())?;
    let tags = read(required(wanted.about.tags, "tags")?)?;
    role.tag(tags).await.map_err(|error| of_role(&role, error))?;
    Ok(Nothing {})
}

pub(super) async fn untag_role(call: &Call, wanted: OfRole<Unset>) -> Result<Nothing, Fault> {
    let role = handle(call, wanted.role_name.as_deref())?;
    let keys = keys(wanted.about.tag_keys)?;
    role.untag(&keys).await.map_err(|error| of_role(&role, error))?;
    Ok(Nothing {})
}

pub(super) async fn list_of_role(call: &Call, wanted: OfRole<Paging>) -> Result<Page<Tag>, Fault> {
    let role = found(call, wanted.role_name.as_deref()).await?;
    page(&wanted.about, &role.tags)
}

pub(super) async fn tag_policy(call: &Call, wanted: OfPolicy<Set>) -> Result<Nothing, Fault> {
    let found = policy::existing(call, wanted.policy_arn.as_deref()).await?;
    let tags = read(required(wanted.about.tags, "tags")?)?;
    let handle = policy::handle(call, &found.name)?;
    handle.tag(tags).await.map_err(|error| policy::of_policy(call, &found, error))?;
    Ok(Nothing {})
}

pub(super) async fn untag_policy(call: &Call, wanted: OfPolicy<Unset>) -> Result<Nothing, Fault> {
    let found = policy::existing(call, wanted.policy_arn.as_deref()).await?;
    let keys = keys(wanted.about.tag_keys)?;
    let handle = policy::handle(call, &found.name)?;
    handle.untag(&keys).await.map_err(|error| policy::of_policy(call, &found, error))?;
    Ok(Nothing {})
}

pub(super) async fn list_of_policy(
    call: &Call,
    wanted: OfPolicy<Paging>,
) -> Result<Page<Tag>, Fault> {
    let found = policy::existing(call, wanted.policy_arn.as_deref()).await?;
    page(&wanted.about, &found.tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(tags: &[(&str, &str)]) -> String {
        let tags =
            tags.iter().map(|(key, value)| Tag { key: (*key).into(), value: (*value).into() });
        let read = read(Members(tags.collect()));
        read.map_or_else(|fault| format!("{} {}", fault.code, fault.message), |_| "fine".into())
    }

    #[test]
    fn labels_are_checked_as_awss_model_has_it() {
        assert_eq!(told(&[("team", ""), ("Größe", "a b/c@d")]), "fine");
        for (key, value, expected) in [
            (
                "",
                "",
                "'tags.1.member.key' failed to satisfy constraint: Member must have length greater",
            ),
            (&"k".repeat(129), "", "Member must have length less than or equal to 128"),
            ("k", &"v".repeat(257), "Member must have length less than or equal to 256"),
            ("NOWAY!", "", "pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+"),
            ("k", "a\nb", "'tags.1.member.value'"),
        ] {
            let told = told(&[(key, value)]);
            assert!(told.starts_with("ValidationError") && told.contains(expected), "{told}");
        }
        assert!(told(&[("a", ""), ("A", "")]).starts_with("InvalidInput Duplicate tag keys"));
        assert!(told(&[("a", ""); 51]).contains("'tags' failed"));
    }
}
