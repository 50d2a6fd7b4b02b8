//! What requests give, checked as AWS's models and IAM's documentation have it.

use std::str::FromStr;

use lambent_types::{IdentityPath, InvalidPolicyDocument, PolicyDocument};

use super::error::{malformed, validation};
use crate::fault::Fault;
use crate::protocol::Number;
use crate::validation::Violations;

/// Most characters of a document; IAM's.
const DOCUMENT_CHARS_MAX: usize = 131_072;
/// Most characters of a description; IAM's.
const DESCRIPTION_CHARS_MAX: usize = 1_000;

/// Fails if `note` finds anything wrong.
pub(super) fn check(note: impl FnOnce(&mut Violations)) -> Result<(), Fault> {
    let mut wrong = Violations::default();
    note(&mut wrong);
    wrong.finish().map_err(validation)
}

/// A member that has to be there.
pub(super) fn required<T>(value: Option<T>, member: &str) -> Result<T, Fault> {
    let mut wrong = Violations::default();
    wrong.present(value.is_some(), member);
    value.ok_or_else(|| validation(wrong.fault()))
}

fn invalid(message: String) -> Fault {
    Fault::bad_request("ValidationError", message)
}

/// The name of a role, a policy or a user.
pub(super) fn name<N: FromStr>(text: Option<&str>, member: &str, most: usize) -> Result<N, Fault> {
    let text = required(text, member)?;
    check(|wrong| wrong.length(member, text, 1, most))?;
    text.parse().map_err(|_| {
        invalid(format!(
            "The specified value for {member} is invalid. It must contain only alphanumeric characters \
             and/or the following: +=,.@_-"
        ))
    })
}

/// The name of a role.
pub(super) fn role_name<N: FromStr>(text: Option<&str>) -> Result<N, Fault> {
    name(text, "roleName", 64)
}

/// The name of a policy.
pub(super) fn policy_name<N: FromStr>(text: Option<&str>) -> Result<N, Fault> {
    name(text, "policyName", 128)
}

/// A path; `/` if there is none.
pub(super) fn path(text: Option<&str>) -> Result<IdentityPath, Fault> {
    let Some(text) = text else { return Ok(IdentityPath::default()) };
    check(|wrong| wrong.length("path", text, 1, 512))?;
    text.parse().map_err(|_| {
        let told = "The specified value for path is invalid. It must begin and end with / and contain \
                    only alphanumeric characters and/or / characters.";
        invalid(told.into())
    })
}

/// What paths have to begin with; everything, if it is not said.
pub(super) fn path_prefix(text: Option<String>) -> Result<String, Fault> {
    let prefix = text.unwrap_or_else(|| "/".into());
    let fits = prefix.starts_with('/')
        && prefix.len() <= 512
        && prefix.bytes().all(|byte| byte.is_ascii_graphic());
    let pattern = "satisfy regular expression pattern: \\u002F[\\u0021-\\u007F]*";
    check(|wrong| wrong.check(fits, "pathPrefix", &prefix, pattern))?;
    Ok(prefix)
}

/// A document, of the kind that `parse` reads.
pub(super) fn document(
    text: Option<&str>,
    member: &str,
    parse: fn(&str) -> Result<PolicyDocument, InvalidPolicyDocument>,
) -> Result<PolicyDocument, Fault> {
    let text = required(text, member)?;
    check(|wrong| wrong.length(member, text, 1, DOCUMENT_CHARS_MAX))?;
    if !text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FF}')) {
        return Err(invalid(format!(
            "The specified value for {member} is invalid. It must contain only printable ASCII \
             characters."
        )));
    }
    parse(text).map_err(malformed)
}

/// A description; an empty one is none.
pub(super) fn description(text: Option<String>) -> Result<Option<String>, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let allowed = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{A1}'..='\u{FF}');
    check(|wrong| {
        wrong.length("description", &text, 0, DESCRIPTION_CHARS_MAX);
        let pattern = "satisfy regular expression pattern: \
                       [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*";
        wrong.check(text.chars().all(allowed), "description", &text, pattern);
    })?;
    Ok(Some(text))
}

/// How long temporary keys of a role may be good for.
pub(super) fn session_seconds(given: Option<Number>) -> Result<u32, Fault> {
    let seconds = given.map_or(3_600, |Number(seconds)| seconds);
    check(|wrong| wrong.within("maxSessionDuration", Some(seconds), 3_600, 43_200))?;
    Ok(u32::try_from(seconds).unwrap_or_default())
}

/// A flag, as forms have it.
pub(super) fn flag(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.eq_ignore_ascii_case("true"))
}
