//! Secrets that are created and changed.

use lambent_service::{NewSecret, NewVersion, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, invalid};
use super::identifier::{arn, secret_id};
use super::values::GivenValue;
use crate::call::Call;
use crate::fault::Fault;
use crate::tag_list::{self, Tag};
use crate::validation::Violations;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    name: Option<String>,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    #[serde(flatten)]
    value: GivenValue,
    tags: Option<Vec<Tag>>,
    add_replica_regions: Option<Vec<Value>>,
}

pub(super) async fn create(call: &Call, wanted: Create) -> Result<Value, Fault> {
    let mut violations = Violations::default();
    violations.present(wanted.name.is_some(), "name");
    violations.finish()?;
    if wanted.add_replica_regions.is_some_and(|regions| !regions.is_empty()) {
        return Err(invalid("Replication to other regions is not served: there is one."));
    }
    let new = NewSecret {
        name: wanted.name.unwrap_or_default().parse().map_err(fault)?,
        description: wanted.description.unwrap_or_default(),
        kms_key: wanted.kms_key_id,
        tags: tag_list::read(wanted.tags),
        value: wanted.value.read()?,
        version: wanted.client_request_token,
    };
    let (secret, version) = call.scope.create_secret(new).await.map_err(fault)?;
    Ok(changed(call, &secret, version))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Update {
    secret_id: Option<String>,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    #[serde(flatten)]
    value: GivenValue,
}

pub(super) async fn update(call: &Call, wanted: Update) -> Result<Value, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    let token = wanted.client_request_token;
    let version = wanted.value.read()?.map(|value| NewVersion {
        value,
        id: token,
        stages: Default::default(),
    });
    let said = (wanted.description, wanted.kms_key_id);
    let (secret, version) = call.scope.update_secret(&id, said, version).await.map_err(fault)?;
    Ok(changed(call, &secret, version))
}

/// The answer to a change, with the version that it made, if it did.
pub(super) fn changed(call: &Call, secret: &Secret, version: Option<String>) -> Value {
    let mut answer = json!({ "ARN": arn(call, secret), "Name": secret.name });
    if let Some(version) = version {
        answer["VersionId"] = version.into();
    }
    answer
}
