//! Parameters as they are answered.

use lambent_service::{FoundParameter, Parameter, ParameterTier, ParameterType, ParameterVersion};
use serde_json::{Map, Value, json};

use super::name::arn;
use crate::call::Call;
use crate::json_1_1::time;

/// The key that AWS encrypts with unless another is named.
const KEY: &str = "alias/aws/ssm";

/// The value of a version, as who asks is to see it: as it is sealed, unless it is no secret or is asked for.
fn shown(found: &FoundParameter, decrypted: bool) -> &str {
    let is_secret = found.version.kind == ParameterType::SecureString;
    if is_secret && !decrypted { &found.sealed } else { &found.value.0 }
}

/// A version with its value.
pub(super) fn with_value(call: &Call, found: &FoundParameter, decrypted: bool) -> Value {
    let FoundParameter { parameter, version, .. } = found;
    json!({
        "Name": parameter.name,
        "Type": version.kind,
        "Value": shown(found, decrypted),
        "Version": version.number,
        "LastModifiedDate": time(version.modified),
        "ARN": arn(call, parameter.name.as_str()),
        "DataType": version.data_type,
    })
}

/// What is known of a version.
pub(super) fn metadata(call: &Call, parameter: &Parameter, version: &ParameterVersion) -> Value {
    let mut about = about(parameter, version);
    about.insert("ARN".into(), arn(call, parameter.name.as_str()).into());
    about.into()
}

/// A version in a history.
pub(super) fn past(found: &FoundParameter, decrypted: bool) -> Value {
    let FoundParameter { parameter, version, .. } = found;
    let mut past = about(parameter, version);
    past.insert("Value".into(), shown(found, decrypted).into());
    let labels: Vec<&str> = parameter.labels_of(version.number).collect();
    past.insert("Labels".into(), labels.into());
    past.into()
}

fn about(parameter: &Parameter, version: &ParameterVersion) -> Map<String, Value> {
    let known = [
        ("Name", Some(json!(parameter.name))),
        ("Type", Some(json!(version.kind))),
        ("Version", Some(version.number.into())),
        ("LastModifiedDate", Some(time(version.modified).into())),
        ("LastModifiedUser", Some(version.user.as_str().into())),
        ("DataType", Some(version.data_type.as_str().into())),
        ("Tier", Some(tier(version.tier).into())),
        ("KeyId", key(version).map(Value::from)),
        ("Description", version.description.as_deref().map(Value::from)),
        ("AllowedPattern", version.allowed_pattern.as_deref().map(Value::from)),
        ("Policies", version.policies.as_deref().and_then(policies)),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The key that a version would be encrypted with on AWS.
pub(super) fn key(version: &ParameterVersion) -> Option<&str> {
    let is_secret = version.kind == ParameterType::SecureString;
    is_secret.then(|| version.key_id.as_deref().unwrap_or(KEY))
}

/// The name of a tier.
pub(super) const fn tier(tier: ParameterTier) -> &'static str {
    match tier {
        ParameterTier::Standard => "Standard",
        ParameterTier::Advanced => "Advanced",
    }
}

/// The name of a type.
pub(super) const fn kind(kind: ParameterType) -> &'static str {
    match kind {
        ParameterType::String => "String",
        ParameterType::StringList => "StringList",
        ParameterType::SecureString => "SecureString",
    }
}

/// Policies as they are answered: none of them ever comes into force.
fn policies(text: &str) -> Option<Value> {
    let all: Vec<Value> = serde_json::from_str(text).ok()?;
    let shown = all.iter().map(|policy| {
        json!({
            "PolicyText": policy.to_string(),
            "PolicyType": policy.get("Type").cloned().unwrap_or_default(),
            "PolicyStatus": "Pending",
        })
    });
    Some(shown.collect())
}
