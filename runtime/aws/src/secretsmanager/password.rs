//! Passwords of chance.

use lambent_service::NewPassword;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::fault;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// How long one is unless it is said; Secrets Manager's.
const LENGTH: i64 = 32;
/// The longest; Secrets Manager's.
const LENGTH_MAX: i64 = 4_096;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Wanted {
    password_length: Option<i64>,
    exclude_characters: Option<String>,
    exclude_numbers: Option<bool>,
    exclude_punctuation: Option<bool>,
    exclude_uppercase: Option<bool>,
    exclude_lowercase: Option<bool>,
    include_space: Option<bool>,
    require_each_included_type: Option<bool>,
}

pub(super) async fn get(_: &Call, wanted: Wanted) -> Result<Value, Fault> {
    let excluded = wanted.exclude_characters.unwrap_or_default();
    let mut violations = Violations::default();
    violations.within("passwordLength", wanted.password_length, 1, LENGTH_MAX);
    violations.length("excludeCharacters", &excluded, 0, 4_096);
    violations.finish()?;
    let length = wanted.password_length.unwrap_or(LENGTH);
    let is = |said: Option<bool>| said.unwrap_or(false);
    let password = NewPassword {
        length: usize::try_from(length).unwrap_or_default(),
        excluded,
        lower_case: !is(wanted.exclude_lowercase),
        upper_case: !is(wanted.exclude_uppercase),
        digits: !is(wanted.exclude_numbers),
        punctuation: !is(wanted.exclude_punctuation),
        space: is(wanted.include_space),
        each_type: wanted.require_each_included_type.unwrap_or(true),
    };
    Ok(json!({ "RandomPassword": password.make().map_err(fault)? }))
}
