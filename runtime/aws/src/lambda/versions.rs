//! Versions: publish, list.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_service::FunctionHandle;
use lambent_types::{
    ConfigurationPatch, Error, ErrorCode, Function, FunctionName, Precondition, VersionNumber,
};
use serde::Deserialize;
use serde_json::json;

use super::configuration::FunctionConfiguration;
use super::error::{fault, invalid, of_function};
use super::{input, revision};
use crate::arn;
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

/// Most versions of a page; Lambda's.
const PAGE_MAX: usize = 50;
const LATEST: &str = "$LATEST";

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct PublishVersion {
    code_sha256: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
}

pub(super) async fn publish(call: &Call) -> Result<Response<Body>, Fault> {
    let asked: PublishVersion = input::json(call)?;
    let named = input::function(call)?;
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
    let head = FunctionConfiguration::of(call, &function.latest, Some(function.revision), false);
    if asked.code_sha256.is_some_and(|expected| expected != head.code_sha256()) {
        return Err(invalid("CodeSHA256 is different from current CodeSHA256 in $LATEST."));
    }
    let expected = revision::expected(asked.revision_id.as_deref())?;
    let seen = Precondition::tag(function.revision.0.to_string());
    if !expected.is_empty() && expected != seen {
        return Err(revision::changed());
    }
    let former = function.latest.configuration.description.clone();
    let view = match asked.description.filter(|description| *description != former) {
        None => publish_as_seen(call, &handle, &function).await?,
        Some(description) => {
            // A version is a copy of the head, which has the description for as long as that takes.
            let described = |description| ConfigurationPatch {
                description: Some(description),
                ..ConfigurationPatch::default()
            };
            let function =
                handle.configure(described(description), &seen).await.map_err(changed)?;
            let view = publish_as_seen(call, &handle, &function).await;
            handle.configure(described(former), &Precondition::NONE).await.map_err(fault)?;
            view?
        }
    };
    Ok(protocol::json(StatusCode::CREATED, &view))
}

/// Publishes a function as it was seen, and not what somebody else has made of it since.
pub(super) async fn publish_as_seen(
    call: &Call,
    handle: &FunctionHandle<'_>,
    function: &Function,
) -> Result<FunctionConfiguration, Fault> {
    let seen = Precondition::tag(function.revision.0.to_string());
    let published = handle.publish(&seen).await.map_err(changed)?;
    Ok(FunctionConfiguration::of(call, &published.version, None, true))
}

fn changed(error: Error) -> Fault {
    match error.code() {
        ErrorCode::PreconditionFailed => revision::changed(),
        _ => fault(error),
    }
}

pub(super) async fn list(call: &Call) -> Result<Response<Body>, Fault> {
    let named = input::function(call)?;
    let arn = arn::function(call, &named.name, None);
    let input::Page { limit, marker } = input::page(call, PAGE_MAX)?;
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
    // The head comes first.
    let (after, mut views) = match marker.as_deref() {
        None => {
            let head =
                FunctionConfiguration::of(call, &function.latest, Some(function.revision), true);
            (0, vec![head])
        }
        Some(LATEST) => (0, Vec::new()),
        Some(text) => {
            let number = text.parse();
            (
                number.map_err(|_| invalid("Marker is not one that a list was continued with"))?,
                Vec::new(),
            )
        }
    };
    let room = limit - views.len();
    let mut versions = handle.versions(after, room + 1).await.map_err(fault)?;
    let more = versions.len() > room;
    versions.truncate(room);
    let next = match versions.last().map(|last| last.version) {
        Some(VersionNumber::Number(number)) => number.to_string(),
        _ => marker.unwrap_or_else(|| LATEST.into()),
    };
    views.extend(
        versions.iter().map(|version| FunctionConfiguration::of(call, version, None, true)),
    );
    let mut reply = json!({ "Versions": views });
    if more {
        reply["NextMarker"] = next.into();
    }
    Ok(protocol::json(StatusCode::OK, &reply))
}
