//! Secrets that are rotated by a function.

use lambent_service::Rotate;
use lambent_types::{QualifiedFunction, Qualifier};
use serde::Deserialize;
use serde_json::Value;

use super::description::Named;
use super::error::{fault, invalid};
use super::identifier::{arn, secret_id};
use super::secrets::changed;
use crate::arn::NamedFunction;
use crate::call::Call;
use crate::fault::Fault;

/// Members that rules have.
const RULES: [&str; 3] = ["AutomaticallyAfterDays", "Duration", "ScheduleExpression"];
/// Most characters of a rule; Secrets Manager's.
const RULE_CHARS_MAX: usize = 256;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RotateSecret {
    secret_id: Option<String>,
    client_request_token: Option<String>,
    #[serde(rename = "RotationLambdaARN")]
    function: Option<String>,
    rotation_rules: Option<Value>,
    rotate_immediately: Option<bool>,
}

pub(super) async fn rotate(call: &Call, wanted: RotateSecret) -> Result<Value, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    if let Some(rules) = &wanted.rotation_rules {
        check_rules(rules)?;
    }
    let function = match &wanted.function {
        Some(text) => Some(function(call, text)?),
        None => None,
    };
    let told = arn(call, &call.scope.describe_secret(&id).await.map_err(fault)?);
    let rotate = Rotate {
        function,
        rules: wanted.rotation_rules,
        immediately: wanted.rotate_immediately.unwrap_or(true),
        version: wanted.client_request_token,
        told,
    };
    let (secret, version) = call.scope.rotate_secret(&id, rotate).await.map_err(fault)?;
    Ok(changed(call, &secret, Some(version)))
}

/// The function that a request names.
fn function(call: &Call, text: &str) -> Result<QualifiedFunction, Fault> {
    let named = NamedFunction::read(call, text)?;
    let qualifier = match &named.qualifier {
        None => Qualifier::Latest,
        Some(_) => named.version()?,
    };
    Ok(QualifiedFunction { name: named.name, qualifier })
}

/// Rules are kept, so that they are small and of the form that they are given back in.
fn check_rules(rules: &Value) -> Result<(), Fault> {
    let fits = rules.as_object().is_some_and(|rules| {
        let of_form = |(name, value): (&String, &Value)| match name.as_str() {
            "AutomaticallyAfterDays" => {
                value.as_i64().is_some_and(|days| (1..=1000).contains(&days))
            }
            _ => value.as_str().is_some_and(|text| text.chars().count() <= RULE_CHARS_MAX),
        };
        rules.keys().all(|name| RULES.contains(&name.as_str())) && rules.iter().all(of_form)
    });
    if !fits {
        return Err(invalid(
            "RotationRules has AutomaticallyAfterDays (1 to 1000), Duration and \
                            ScheduleExpression.",
        ));
    }
    if rules.get(RULES[0]).is_some() && rules.get(RULES[2]).is_some() {
        return Err(invalid(
            "You can specify AutomaticallyAfterDays or ScheduleExpression, but not both.",
        ));
    }
    Ok(())
}

pub(super) async fn cancel(call: &Call, wanted: Named) -> Result<Value, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    let secret = call.scope.cancel_secret_rotation(&id).await.map_err(fault)?;
    Ok(changed(call, &secret, None))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_are_small_and_known() {
        for rules in [
            json!({}),
            json!({ "AutomaticallyAfterDays": 30, "Duration": "3h" }),
            json!({ "ScheduleExpression": "rate(10 days)" }),
        ] {
            assert_eq!(check_rules(&rules), Ok(()), "{rules}");
        }
        for rules in [
            json!([]),
            json!({ "AutomaticallyAfterDays": 0 }),
            json!({ "AutomaticallyAfterDays": "30" }),
            json!({ "ScheduleExpression": "x".repeat(257) }),
            json!({ "Other": 1 }),
            json!({ "AutomaticallyAfterDays": 30, "ScheduleExpression": "rate(10 days)" }),
        ] {
            assert!(check_rules(&rules).is_err(), "{rules}");
        }
    }
}
