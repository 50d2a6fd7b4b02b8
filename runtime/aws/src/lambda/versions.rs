//! Versions: publish, list.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_types::{FunctionName, VersionNumber};
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
    let published = handle.publish(&expected).await.map_err(|error| match error.code() {
        lambent_types::ErrorCode::PreconditionFailed => revision::changed(),
        _ => of_function(error, &arn),
    })?;
    let view = FunctionConfiguration::of(call, &published.version, None, true);
    Ok(protocol::json(StatusCode::CREATED, &view))
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
