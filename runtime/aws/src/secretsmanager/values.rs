//! Values of secrets, and the labels of the versions that have them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambent_service::{FoundSecret, NewVersion, SecretValue};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, invalid, not_now};
use super::filter::{Filter, matching, page};
use super::identifier::{arn, secret_id};
use crate::call::Call;
use crate::fault::Fault;
use crate::json_1_1::time;
use crate::page_request::{PageRequest, continued};
use crate::validation::Violations;

/// Most secrets of one batch; Secrets Manager's.
const BATCH_MAX: usize = 20;

/// A value as a request gives it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct GivenValue {
    secret_string: Option<String>,
    secret_binary: Option<String>,
}

impl GivenValue {
    /// The value, if there is one.
    pub(super) fn read(self) -> Result<Option<SecretValue>, Fault> {
        match (self.secret_string, self.secret_binary) {
            (Some(_), Some(_)) => Err(invalid(
                "You can't specify both a binary secret value and a string secret value.",
            )),
            (Some(text), None) => Ok(Some(SecretValue::Text(text))),
            (None, Some(binary)) => match STANDARD.decode(binary) {
                Ok(bytes) => Ok(Some(SecretValue::Binary(bytes.into()))),
                Err(_) => {
                    Err(Fault::bad_request("SerializationException", "SecretBinary is not base64"))
                }
            },
            (None, None) => Ok(None),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Get {
    secret_id: Option<String>,
    version_id: Option<String>,
    version_stage: Option<String>,
}

/// A value as it is answered.
fn entry(call: &Call, found: &FoundSecret) -> Value {
    let mut entry = json!({
        "ARN": arn(call, &found.secret),
        "Name": found.secret.name,
        "VersionId": found.id,
        "VersionStages": found.version.stages,
        "CreatedDate": time(found.version.created),
    });
    match &found.value {
        SecretValue::Text(text) => entry["SecretString"] = text.as_str().into(),
        SecretValue::Binary(bytes) => entry["SecretBinary"] = STANDARD.encode(bytes).into(),
    }
    entry
}

pub(super) async fn get(call: &Call, wanted: Get) -> Result<Value, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    let (version, stage) = (wanted.version_id.as_deref(), wanted.version_stage.as_deref());
    let found = call.scope.secret_value(&id, version, stage).await.map_err(fault)?;
    Ok(entry(call, &found))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    secret_id: Option<String>,
    client_request_token: Option<String>,
    #[serde(flatten)]
    value: GivenValue,
    version_stages: Option<Vec<String>>,
}

pub(super) async fn put(call: &Call, wanted: Put) -> Result<Value, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    let stages = wanted.version_stages.unwrap_or_default();
    let mut violations = Violations::default();
    violations.count("versionStages", stages.len(), 20);
    violations.finish()?;
    let value = wanted
        .value
        .read()?
        .ok_or_else(|| not_now("You must provide either SecretString or SecretBinary."))?;
    let new =
        NewVersion { value, id: wanted.client_request_token, stages: stages.into_iter().collect() };
    let put = call.scope.update_secret(&id, (None, None), Some(new)).await;
    let (secret, version) = put.map_err(fault)?;
    let stages = version.as_deref().and_then(|id| secret.versions.get(id)).map(|it| &it.stages);
    Ok(json!({
        "ARN": arn(call, &secret),
        "Name": secret.name,
        "VersionId": version,
        "VersionStages": stages,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MoveStage {
    secret_id: Option<String>,
    version_stage: Option<String>,
    remove_from_version_id: Option<String>,
    move_to_version_id: Option<String>,
}

pub(super) async fn move_stage(call: &Call, wanted: MoveStage) -> Result<Value, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    let mut violations = Violations::default();
    violations.present(wanted.version_stage.is_some(), "versionStage");
    violations.finish()?;
    let stage = wanted.version_stage.unwrap_or_default();
    let (from, to) = (wanted.remove_from_version_id, wanted.move_to_version_id);
    let moved = call.scope.move_secret_stage(&id, &stage, from.as_deref(), to.as_deref()).await;
    let secret = moved.map_err(fault)?;
    Ok(json!({ "ARN": arn(call, &secret), "Name": secret.name }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch {
    secret_id_list: Option<Vec<String>>,
    filters: Option<Vec<Filter>>,
    #[serde(flatten)]
    paging: PageRequest,
}

pub(super) async fn batch(call: &Call, wanted: Batch) -> Result<Value, Fault> {
    let Batch { secret_id_list, filters, paging } = wanted;
    match (secret_id_list, filters) {
        (Some(_), Some(_)) => {
            Err(invalid("Either 'SecretIdList' or 'Filters' must be provided, but not both."))
        }
        (None, None) => Err(invalid("You must provide either 'SecretIdList' or 'Filters'.")),
        (Some(_), None) if paging.is_limited() => Err(invalid(
            "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
        )),
        (Some(ids), None) => {
            let mut violations = Violations::default();
            violations.count("secretIdList", ids.len(), BATCH_MAX);
            violations.finish()?;
            Ok(read(call, ids, None).await)
        }
        (None, Some(filters)) => {
            let all = call.scope.secrets(false).await.map_err(fault)?;
            let (page, next) = page(matching(all, &filters)?, &paging, BATCH_MAX)?;
            let ids = page.iter().map(|secret| secret.name.to_string()).collect();
            Ok(read(call, ids, next).await)
        }
    }
}

/// The values of secrets; what is wrong with one is told in its place.
async fn read(call: &Call, ids: Vec<String>, next: Option<String>) -> Value {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        let wanted = Get { secret_id: Some(id.clone()), version_id: None, version_stage: None };
        match get(call, wanted).await {
            Ok(value) => values.push(value),
            Err(fault) => {
                let (code, message) = (fault.code, fault.message);
                errors.push(json!({ "SecretId": id, "ErrorCode": code, "Message": message }));
            }
        }
    }
    let mut answer = json!({ "SecretValues": values, "Errors": errors });
    continued(&mut answer, next.as_deref());
    answer
}
