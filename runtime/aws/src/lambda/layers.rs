//! Layers and their versions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_service::LayerHandle;
use lambent_types::{Annotations, ErrorCode, Layer, LayerName, LayerVersion};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::code::{self, CodeSource};
use super::error::{fault, invalid, of_layer};
use super::{downloads, input};
use crate::arn;
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

/// Most layers, or versions of one, of a page; Lambda's.
const PAGE_MAX: usize = 50;
/// The annotation that [`Described`] is kept in.
const ANNOTATION: &str = "aws.lambda";

/// What is said of a version of a layer, and kept with it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Described {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compatible_runtimes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compatible_architectures: Option<Vec<String>>,
}

fn handle(call: &Call) -> Result<LayerHandle<'_>, Fault> {
    let text = call.parameter("LayerName");
    let own = format!("arn:aws:lambda:{}:{}:layer:", call.region, call.account());
    let name = text.strip_prefix(&own).unwrap_or(text);
    call.scope.handle::<LayerName>(name).map_err(fault)
}

fn view(call: &Call, name: &LayerName, version: &LayerVersion) -> Value {
    let described = version.annotations.get(ANNOTATION);
    let described = described.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut view = described.unwrap_or_else(|| json!({}));
    view["LayerVersionArn"] = arn::lambda(call, &format!("layer:{name}:{}", version.number)).into();
    view["Version"] = version.number.into();
    view["CreatedDate"] = version.created.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string().into();
    view
}

async fn whole(call: &Call, name: &LayerName, version: &LayerVersion) -> Result<Value, Fault> {
    let mut view = view(call, name, version);
    view["LayerArn"] = arn::lambda(call, &format!("layer:{name}")).into();
    view["Content"] = json!({
        "CodeSha256": STANDARD.encode(version.digest.as_bytes()),
        "CodeSize": version.bytes,
        "Location": downloads::of_layer_files(call, name, version.number).await?,
    });
    Ok(view)
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct PublishLayerVersion {
    content: CodeSource,
}

pub(super) async fn publish(call: &Call) -> Result<Response<Body>, Fault> {
    let asked: PublishLayerVersion = input::large_json(call).await?;
    let described: Described = input::large_json(call).await?;
    let handle = handle(call)?;
    let upload = asked.content.upload(call).await?;
    let mut annotations = Annotations::default();
    let text = serde_json::to_string(&described).unwrap_or_default();
    annotations.0.insert(ANNOTATION.into(), text);
    let is_code = code::is_code(&upload);
    let put = handle.publish(upload, annotations).await;
    let put = put.map_err(|error| code::refused(error, is_code))?;
    let newest =
        put.value.version(None).ok_or_else(|| invalid("the layer was deleted meanwhile"))?;
    Ok(protocol::json(StatusCode::CREATED, &whole(call, &put.value.name, newest).await?))
}

/// The version of a layer that a request names.
async fn version(
    call: &Call,
    name: &LayerName,
    number: u64,
) -> Result<(Layer, LayerVersion), Fault> {
    let handle = call.scope.handle::<LayerName>(name.as_str()).map_err(fault)?;
    let layer = handle.describe().await.map_err(of_layer)?.specification;
    let version = layer.version(Some(number)).cloned();
    let missing = || of_layer(lambent_types::Error::new(ErrorCode::LayerNotFound, ""));
    Ok((layer, version.ok_or_else(missing)?))
}

fn number(call: &Call) -> Result<u64, Fault> {
    let text = call.parameter("VersionNumber");
    text.parse().map_err(|_| invalid("VersionNumber is not a number"))
}

pub(super) async fn get(call: &Call) -> Result<Response<Body>, Fault> {
    let (layer, version) = version(call, handle(call)?.name(), number(call)?).await?;
    Ok(protocol::json(StatusCode::OK, &whole(call, &layer.name, &version).await?))
}

pub(super) async fn get_by_arn(call: &Call) -> Result<Response<Body>, Fault> {
    let query: Vec<(String, String)> = call.query()?;
    let arn = query.iter().find(|(name, _)| name == "Arn").map(|(_, arn)| arn.as_str());
    let (name, number) = arn::layer_version(call, arn.unwrap_or_default())?;
    let (layer, version) = version(call, &name, number).await?;
    Ok(protocol::json(StatusCode::OK, &whole(call, &layer.name, &version).await?))
}

/// Deletes a version; one that is not there is as if it was deleted.
pub(super) async fn delete(call: &Call) -> Result<Response<Body>, Fault> {
    match handle(call)?.delete_version(number(call)?).await {
        Ok(_) => {}
        Err(error) if error.code() == ErrorCode::LayerNotFound => {}
        Err(error) => return Err(fault(error)),
    }
    Ok(protocol::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn list(call: &Call) -> Result<Response<Body>, Fault> {
    let input::Page { limit, marker } = input::page(call, PAGE_MAX)?;
    let all = call.scope.all::<LayerName>().await.map_err(fault)?;
    let mut layers: Vec<Layer> = all.into_iter().map(|stored| stored.specification).collect();
    layers.retain(|layer| layer.version(None).is_some());
    layers.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
    layers.retain(|layer| marker.as_deref().is_none_or(|marker| layer.name.as_str() > marker));
    let more = layers.len() > limit;
    layers.truncate(limit);
    let shown = layers.iter().map(|layer| {
        json!({
            "LayerName": layer.name.to_string(),
            "LayerArn": arn::lambda(call, &format!("layer:{}", layer.name)),
            "LatestMatchingVersion": layer.version(None).map(|version| view(call, &layer.name, version)),
        })
    });
    let mut reply = json!({ "Layers": shown.collect::<Vec<_>>() });
    if let Some(last) = layers.last().filter(|_| more) {
        reply["NextMarker"] = last.name.to_string().into();
    }
    Ok(protocol::json(StatusCode::OK, &reply))
}

/// The versions of a layer, the newest first; none of one that is not there.
pub(super) async fn list_versions(call: &Call) -> Result<Response<Body>, Fault> {
    let input::Page { limit, marker } = input::page(call, PAGE_MAX)?;
    let before: Option<u64> = marker.and_then(|marker| marker.parse().ok());
    let handle = handle(call)?;
    let versions = match handle.describe().await {
        Ok(layer) => layer.specification.versions,
        Err(error) if error.code() == ErrorCode::LayerNotFound => Vec::new(),
        Err(error) => return Err(fault(error)),
    };
    let newest =
        versions.iter().rev().filter(|version| before.is_none_or(|before| version.number < before));
    let page: Vec<_> = newest.take(limit + 1).collect();
    let shown = page.iter().take(limit).map(|version| view(call, handle.name(), version));
    let mut reply = json!({ "LayerVersions": shown.collect::<Vec<_>>() });
    if page.len() > limit {
        reply["NextMarker"] = page[limit - 1].number.to_string().into();
    }
    Ok(protocol::json(StatusCode::OK, &reply))
}
