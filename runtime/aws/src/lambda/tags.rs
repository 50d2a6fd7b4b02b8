//! Tags of functions.

use std::collections::BTreeMap;

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_types::{ConfigurationPatch, ErrorCode, FunctionName, Precondition};
use serde::Deserialize;
use serde_json::json;

use super::error::{fault, invalid, of_function};
use super::input;
use crate::arn::{self, NamedFunction};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

fn resource(call: &Call) -> Result<NamedFunction, Fault> {
    let arn = call.parameter("Resource");
    if !arn.starts_with("arn:") {
        return Err(invalid("tags are of a function, which is given by its ARN"));
    }
    NamedFunction::read(call, arn)
}

pub(super) async fn list(call: &Call) -> Result<Response<Body>, Fault> {
    let named = resource(call)?;
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let function = handle.describe().await;
    let function = function.map_err(|error| of_function(error, call.parameter("Resource")))?;
    Ok(protocol::json(StatusCode::OK, &json!({ "Tags": function.latest.configuration.tags })))
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct TagResource {
    tags: BTreeMap<String, String>,
}

pub(super) async fn tag(call: &Call) -> Result<Response<Body>, Fault> {
    let TagResource { tags: given } = input::json(call)?;
    change(call, |tags| tags.extend(given.clone())).await
}

pub(super) async fn untag(call: &Call) -> Result<Response<Body>, Fault> {
    let query: Vec<(String, String)> = call.query()?;
    let keys: Vec<_> =
        query.into_iter().filter(|(name, _)| name == "tagKeys").map(|(_, key)| key).collect();
    change(call, |tags| tags.retain(|key, _| !keys.contains(key))).await
}

/// Changes the tags of the function, whatever else is changed of it meanwhile.
async fn change(
    call: &Call,
    change: impl Fn(&mut BTreeMap<String, String>),
) -> Result<Response<Body>, Fault> {
    let named = resource(call)?;
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    loop {
        let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
        let mut tags = function.latest.configuration.tags.clone();
        change(&mut tags);
        let patch = ConfigurationPatch { tags: Some(tags), ..ConfigurationPatch::default() };
        let seen = Precondition::tag(function.revision.0.to_string());
        match handle.configure(patch, &seen).await {
            Ok(_) => return Ok(protocol::empty(StatusCode::NO_CONTENT)),
            Err(error) if error.code() == ErrorCode::PreconditionFailed => {}
            Err(error) => return Err(of_function(error, &arn)),
        }
    }
}
