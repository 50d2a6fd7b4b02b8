//! Functions: create, read, list, delete.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_types::{
    Annotations, Configuration, ErrorCode, Function, FunctionName, FunctionVersion, Image,
    Precondition, Qualifier, Revision, VersionNumber,
};
use serde::Deserialize;
use serde_json::json;

use super::code::{self, CodeSource, Given};
use super::configuration::{FunctionConfiguration, Wanted};
use super::error::{fault, invalid, of_function};
use super::settings::Settings;
use super::{downloads, input, versions};
use crate::arn::{self, NamedFunction};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

/// Most functions of a page; Lambda's.
const PAGE_MAX: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateFunction {
    function_name: Option<String>,
    role: Option<String>,
    #[serde(default)]
    code: CodeSource,
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

pub(super) async fn create(call: &Call) -> Result<Response<Body>, Fault> {
    let asked: CreateFunction = input::large_json(call).await?;
    let wanted: Wanted = input::large_json(call).await?;
    let named = asked.function_name.as_deref().ok_or_else(|| required("functionName"))?;
    let NamedFunction { name, qualifier: None } = NamedFunction::read(call, named)? else {
        return Err(invalid("a function is created without a qualifier"));
    };
    if asked.role.is_none() {
        return Err(required("role"));
    }
    wanted.check()?;
    let handle = call.scope.handle::<FunctionName>(name.as_str()).map_err(fault)?;
    let exists = || {
        let message = format!("Function already exist: {name}");
        Fault::new(StatusCode::CONFLICT, "ResourceConflictException", message)
    };
    // Told before the code is looked at.
    match handle.describe().await {
        Ok(_) => return Err(exists()),
        Err(error) if error.code() == ErrorCode::FunctionNotFound => {}
        Err(error) => return Err(fault(error)),
    }
    let given = asked.code.read(call).await?;
    wanted.check_package(matches!(given, Given::Image(_)))?;
    let runtime = given.runtime(wanted.runtime()?, wanted.handler().as_deref()).await?;
    let mut settings = Settings::default();
    if runtime.is_none() {
        settings.runtime = wanted.runtime.clone();
    }
    let mut patch = wanted.patch(call, &Configuration::default(), &mut settings)?;
    patch.runtime = Some(runtime);
    patch.tags = (!asked.tags.is_empty()).then_some(asked.tags);
    settings.keep(&Annotations::default(), &mut patch);
    let is_code = given.is_code();
    let deployed = given.deploy(&handle, patch, &Precondition::absent()).await;
    let deployed = deployed.map_err(|error| match error.code() {
        ErrorCode::PreconditionFailed => exists(),
        _ => code::refused(error, is_code),
    })?;
    let function = &deployed.function;
    let mut view =
        FunctionConfiguration::of(call, &function.latest, Some(function.revision), false);
    if asked.publish {
        view = versions::publish_as_seen(call, &handle, function).await?;
    }
    Ok(protocol::json(StatusCode::CREATED, &view))
}

fn required(member: &str) -> Fault {
    Fault::bad_request(
        "ValidationException",
        format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: \
             Member must not be null"
        ),
    )
}

/// A version as it is named, and the revision of its function if it is the head.
pub(super) async fn version(
    call: &Call,
    named: &NamedFunction,
) -> Result<(Arc<FunctionVersion>, Option<Revision>), Fault> {
    let arn = arn::function(call, &named.name, named.qualifier.as_deref());
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
    match named.version()? {
        Qualifier::Latest => Ok((function.latest.clone(), Some(function.revision))),
        Qualifier::Version(number) => {
            let version = handle.version(number).await;
            Ok((version.map_err(|error| of_function(error, &arn))?, None))
        }
        Qualifier::Alias(name) => {
            let alias = handle.alias(&name).await.map_err(|error| of_function(error, &arn))?;
            match alias.settings.version {
                VersionNumber::Latest => Ok((function.latest.clone(), Some(function.revision))),
                VersionNumber::Number(number) => {
                    let version = handle.version(number).await;
                    Ok((version.map_err(|error| of_function(error, &arn))?, None))
                }
            }
        }
    }
}

pub(super) async fn configuration(call: &Call) -> Result<Response<Body>, Fault> {
    let named = input::qualified(call)?;
    let (version, revision) = version(call, &named).await?;
    let view = FunctionConfiguration::of(call, &version, revision, named.qualifier.is_some());
    Ok(protocol::json(StatusCode::OK, &view))
}

pub(super) async fn get(call: &Call) -> Result<Response<Body>, Fault> {
    let named = input::qualified(call)?;
    let (version, revision) = version(call, &named).await?;
    let view = FunctionConfiguration::of(call, &version, revision, named.qualifier.is_some());
    let number = match version.version {
        VersionNumber::Latest => None,
        VersionNumber::Number(number) => Some(number),
    };
    let code = match &version.code.image {
        Some(Image { uri, resolved }) => json!({
            "RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": resolved,
        }),
        None => {
            let location = downloads::of_function_code(call, &version.name, number).await?;
            json!({ "RepositoryType": "S3", "Location": location })
        }
    };
    let mut reply = json!({ "Configuration": view, "Code": code });
    let tags = &version.configuration.tags;
    if !tags.is_empty() {
        reply["Tags"] = json!(tags);
    }
    Ok(protocol::json(StatusCode::OK, &reply))
}

pub(super) async fn list(call: &Call) -> Result<Response<Body>, Fault> {
    let input::Page { limit, marker } = input::page(call, PAGE_MAX)?;
    let query: Vec<(String, String)> = call.query()?;
    if query.iter().any(|(name, value)| name == "FunctionVersion" && value == "ALL") {
        return list_all(call, limit, marker).await;
    }
    // One more than asked for tells whether there is a next page.
    let mut found = functions(call, marker.as_deref(), limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let view = |function: &Arc<Function>| {
        FunctionConfiguration::of(call, &function.latest, Some(function.revision), false)
    };
    let mut reply = json!({ "Functions": found.iter().map(view).collect::<Vec<_>>() });
    if let Some(last) = found.last().filter(|_| more) {
        reply["NextMarker"] = last.latest.name.to_string().into();
    }
    Ok(protocol::json(StatusCode::OK, &reply))
}

async fn functions(
    call: &Call,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Arc<Function>>, Fault> {
    let found = call.scope.functions(after, limit).await;
    found.map_err(|error| match error.code() {
        ErrorCode::InvalidName => invalid("Marker is not one that a list was continued with"),
        _ => fault(error),
    })
}

/// Every version of every function, each function's head first. A marker is a function and the number
/// of its last version that was listed, 0 for its head.
async fn list_all(
    call: &Call,
    limit: usize,
    marker: Option<String>,
) -> Result<Response<Body>, Fault> {
    let odd = || invalid("Marker is not one that a list was continued with");
    let marker = marker.as_deref().map(|marker| {
        let (name, number) = marker.split_once(':').ok_or_else(odd)?;
        Ok::<_, Fault>((name.to_owned(), number.parse::<u64>().map_err(|_| odd())?))
    });
    let (mut after, mut views) = (marker.transpose()?, Vec::new());
    loop {
        if let Some((name, number)) = &after {
            let handle = call.scope.handle::<FunctionName>(name).map_err(fault)?;
            let room = limit - views.len();
            let versions = match handle.versions(*number, room + 1).await {
                // It was deleted meanwhile.
                Err(error) if error.code() == ErrorCode::FunctionNotFound => Vec::new(),
                versions => versions.map_err(fault)?,
            };
            let shown = versions.iter().take(room);
            views.extend(shown.map(|version| FunctionConfiguration::of(call, version, None, true)));
            if versions.len() > room {
                let last = room.checked_sub(1).and_then(|last| versions.get(last));
                let last = last.map_or(*number, |last| match last.version {
                    VersionNumber::Number(number) => number,
                    VersionNumber::Latest => 0,
                });
                let reply = json!({ "Functions": views, "NextMarker": format!("{name}:{last}") });
                return Ok(protocol::json(StatusCode::OK, &reply));
            }
        }
        let next = functions(call, after.as_ref().map(|(name, _)| name.as_str()), 1).await?;
        let Some(function) = next.first() else {
            return Ok(protocol::json(StatusCode::OK, &json!({ "Functions": views })));
        };
        if views.len() == limit {
            let (name, number) = after.unwrap_or_default();
            let reply = json!({ "Functions": views, "NextMarker": format!("{name}:{}", number.max(u64::MAX >> 1)) });
            return Ok(protocol::json(StatusCode::OK, &reply));
        }
        let latest = &function.latest;
        views.push(FunctionConfiguration::of(call, latest, Some(function.revision), true));
        after = Some((latest.name.to_string(), 0));
    }
}

pub(super) async fn delete(call: &Call) -> Result<Response<Body>, Fault> {
    let named = input::qualified(call)?;
    let arn = arn::function(call, &named.name, named.qualifier.as_deref());
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let deleted = match (named.qualifier.is_some(), named.version()?) {
        (false, _) => handle.delete(&Precondition::NONE).await,
        (true, Qualifier::Version(number)) => handle.delete_version(number).await,
        (true, Qualifier::Alias(_)) => {
            return Err(invalid(
                "Deletion of aliases is not currently supported: DeleteAlias deletes one.",
            ));
        }
        (true, Qualifier::Latest) => {
            return Err(invalid(
                "$LATEST version cannot be deleted without deleting the function.",
            ));
        }
    };
    deleted.map_err(|error| of_function(error, &arn))?;
    Ok(protocol::empty(StatusCode::NO_CONTENT))
}
