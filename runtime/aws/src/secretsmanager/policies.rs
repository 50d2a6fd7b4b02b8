//! Policies of secrets, which are kept and decide nothing.

use lambent_service::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::description::Named;
use super::error::fault;
use super::identifier::{arn, secret_id};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    secret_id: Option<String>,
    resource_policy: Option<String>,
}

fn of(call: &Call, secret: &Secret) -> Value {
    json!({ "ARN": arn(call, secret), "Name": secret.name })
}

pub(super) async fn put(call: &Call, wanted: Put) -> Result<Value, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    let mut violations = Violations::default();
    violations.present(wanted.resource_policy.is_some(), "resourcePolicy");
    violations.finish()?;
    let policy = wanted.resource_policy.unwrap_or_default();
    let kept = call.scope.set_secret_policy(&id, Some(&policy)).await.map_err(fault)?;
    Ok(of(call, &kept))
}

pub(super) async fn get(call: &Call, wanted: Named) -> Result<Value, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    let secret = call.scope.describe_secret(&id).await.map_err(fault)?;
    let mut answer = of(call, &secret);
    if let Some(policy) = secret.policy {
        answer["ResourcePolicy"] = policy.into();
    }
    Ok(answer)
}

pub(super) async fn delete(call: &Call, wanted: Named) -> Result<Value, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    let secret = call.scope.set_secret_policy(&id, None).await.map_err(fault)?;
    Ok(of(call, &secret))
}
