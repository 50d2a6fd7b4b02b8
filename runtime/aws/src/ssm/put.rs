//! Parameters that are put.

use lambent_service::{
    InvalidParameterName, NewParameter, ParameterName, ParameterTier, ParameterType, ParameterValue,
};
use lambent_types::ErrorCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, invalid};
use super::get::required;
use super::parameter;
use crate::call::Call;
use crate::fault::Fault;
use crate::identity::Identity;
use crate::tag_list::{self, Tag};
use crate::validation::Violations;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    name: Option<String>,
    description: Option<String>,
    value: Option<String>,
    #[serde(rename = "Type")]
    kind: Option<String>,
    key_id: Option<String>,
    overwrite: Option<bool>,
    allowed_pattern: Option<String>,
    tags: Option<Vec<Tag>>,
    tier: Option<String>,
    policies: Option<String>,
    data_type: Option<String>,
}

/// The type of a name.
fn kind(text: &str) -> Result<ParameterType, Fault> {
    match text {
        "String" => Ok(ParameterType::String),
        "StringList" => Ok(ParameterType::StringList),
        "SecureString" => Ok(ParameterType::SecureString),
        _ => {
            let mut violations = Violations::default();
            let set = "satisfy enum value set: [SecureString, StringList, String]";
            violations.check(false, "type", text, set);
            Err(violations.fault())
        }
    }
}

/// The tier of a name; none if it is the least that has room.
fn tier(text: &str) -> Result<Option<ParameterTier>, Fault> {
    match text {
        "Standard" => Ok(Some(ParameterTier::Standard)),
        "Advanced" => Ok(Some(ParameterTier::Advanced)),
        "Intelligent-Tiering" => Ok(None),
        _ => {
            let mut violations = Violations::default();
            let set = "satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]";
            violations.check(false, "tier", text, set);
            Err(violations.fault())
        }
    }
}

fn name(text: &str) -> Result<ParameterName, Fault> {
    text.parse().map_err(|error: InvalidParameterName| match error {
        InvalidParameterName::Levels => {
            Fault::bad_request("HierarchyLevelLimitExceededException", error.to_string())
        }
        InvalidParameterName::Malformed => invalid(error.to_string()),
    })
}

pub(super) async fn put(call: &Call, wanted: Put) -> Result<Value, Fault> {
    let mut violations = Violations::default();
    violations.present(wanted.value.is_some(), "value");
    violations.finish()?;
    if let Some(policies) = &wanted.policies {
        let all = serde_json::from_str::<Vec<serde_json::Map<String, Value>>>(policies);
        if all.is_err() {
            let message = "Policies is a JSON array of policies.";
            return Err(Fault::bad_request("InvalidPolicyTypeException", message));
        }
    }
    let kept = |text: Option<String>| text.filter(|text| !text.is_empty());
    let tier = wanted.tier.as_deref().map_or(Ok(None), tier)?;
    let new = NewParameter {
        name: name(&required(wanted.name)?)?,
        value: ParameterValue(wanted.value.unwrap_or_default()),
        kind_of_new: None,
        kind: wanted.kind.as_deref().map(kind).transpose()?,
        description: kept(wanted.description),
        key_id: kept(wanted.key_id),
        allowed_pattern: kept(wanted.allowed_pattern),
        data_type: wanted.data_type,
        tier,
        policies: kept(wanted.policies),
        overwrite: wanted.overwrite.unwrap_or(false),
        tags: tag_list::read(wanted.tags),
        user: Identity::of(call).arn,
    };
    let put = call.scope.put_parameter(new).await.map_err(|error| match error.code() {
        ErrorCode::InvalidConfiguration => {
            Fault::bad_request("InvalidAllowedPatternException", error.detail().to_owned())
        }
        _ => fault(error),
    })?;
    Ok(json!({ "Version": put.number, "Tier": parameter::tier(put.tier) }))
}
