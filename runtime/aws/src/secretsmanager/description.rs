//! What is known of secrets and of their versions.

use std::collections::BTreeMap;

use lambent_service::{Rotation, Secret};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::{fault, next_token};
use super::identifier::{arn, secret_id};
use crate::arn;
use crate::call::Call;
use crate::fault::Fault;
use crate::json_1_1::time;
use crate::page_request::{PageRequest, continued};
use crate::tag_list;

/// Most versions of a page; Secrets Manager's.
const PAGE_MAX: usize = 100;

/// A request that names a secret and says nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    pub(super) secret_id: Option<String>,
}

pub(super) async fn describe(call: &Call, wanted: Named) -> Result<Value, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    let secret = call.scope.describe_secret(&id).await.map_err(fault)?;
    Ok(entry(call, &secret, "VersionIdsToStages"))
}

/// What is known of a secret. Each operation has a name of its own for the labels of its versions.
pub(super) fn entry(call: &Call, secret: &Secret, stages: &'static str) -> Value {
    let labelled = secret.versions.iter().filter(|(_, version)| !version.stages.is_empty());
    let labelled: BTreeMap<_, _> = labelled.map(|(id, version)| (id, &version.stages)).collect();
    let mut entry = json!({
        "ARN": arn(call, secret),
        "Name": secret.name,
        "CreatedDate": time(secret.created),
        "LastChangedDate": time(secret.changed),
        "Tags": tag_list::list(&secret.tags),
    });
    let known = [
        ("Description", secret.description.as_deref().map(Value::from)),
        ("KmsKeyId", secret.kms_key.as_deref().map(Value::from)),
        ("DeletedDate", secret.deleted.map(|(deleted, _)| time(deleted).into())),
        (stages, (!labelled.is_empty()).then(|| json!(labelled))),
    ];
    let rotation = secret.rotation.as_ref().map(|rotation| rotated(call, rotation));
    let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    if let Some(members) = entry.as_object_mut() {
        members.extend(known);
        members.extend(rotation.unwrap_or_default());
    }
    entry
}

fn rotated(call: &Call, rotation: &Rotation) -> Map<String, Value> {
    let function = arn::qualified(call, &rotation.function);
    let mut members = Map::from_iter([
        ("RotationEnabled".to_owned(), rotation.enabled.into()),
        ("RotationLambdaARN".to_owned(), function.into()),
    ]);
    members.extend(rotation.rules.clone().map(|rules| ("RotationRules".to_owned(), rules)));
    let next = rotation.dates.next.filter(|_| rotation.enabled).map(|next| time(next).into());
    members.extend(next.map(|next| ("NextRotationDate".to_owned(), next)));
    let rotated = rotation.rotated.map(|rotated| time(rotated).into());
    members.extend(rotated.map(|rotated| ("LastRotatedDate".to_owned(), rotated)));
    members
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Versions {
    secret_id: Option<String>,
    include_deprecated: Option<bool>,
    #[serde(flatten)]
    paging: PageRequest,
}

pub(super) async fn versions(call: &Call, wanted: Versions) -> Result<Value, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    let secret = call.scope.describe_secret(&id).await.map_err(fault)?;
    let (limit, after) = wanted.paging.read(PAGE_MAX, next_token)?;
    let with_deprecated = wanted.include_deprecated.unwrap_or(false);
    let mut all = secret.versions.iter().filter(|(id, version)| {
        (with_deprecated || !version.stages.is_empty())
            && after.as_deref().is_none_or(|after| *id > after)
    });
    let page: Vec<_> = all.by_ref().take(limit).collect();
    let last = page.last().map(|(id, _)| *id);
    let entries = page.iter().map(|(id, version)| {
        json!({
            "VersionId": id,
            "VersionStages": version.stages,
            "CreatedDate": time(version.created),
        })
    });
    let mut answer = json!({
        "ARN": arn(call, &secret),
        "Name": secret.name,
        "Versions": entries.collect::<Vec<_>>(),
    });
    continued(&mut answer, last.filter(|_| all.next().is_some()));
    Ok(answer)
}
