//! Functions: create, read, list, delete.

use std::collections::BTreeMap;

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_types::{
    Annotations, Configuration, ErrorCode, FunctionName, FunctionVersion, Precondition, Qualifier,
    Revision, VersionNumber,
};
use serde::Deserialize;
use serde_json::json;

use super::code::{self, CodeSource};
use super::configuration::{FunctionConfiguration, Wanted};
use super::error::{fault, invalid, of_function};
use super::input;
use super::settings::Settings;
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
    let asked: CreateFunction = input::json(call)?;
    let wanted: Wanted = input::json(call)?;
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
    let upload = asked.code.read(call).await?;
    let runtime = code::runtime(wanted.runtime()?, wanted.handler.as_deref(), &upload);
    let mut settings = Settings::default();
    if runtime.is_none() {
        settings.runtime = wanted.runtime.clone();
    }
    let mut patch = wanted.patch(call, &Configuration::default(), &mut settings)?;
    patch.runtime = Some(runtime);
    patch.tags = (!asked.tags.is_empty()).then_some(asked.tags);
    settings.keep(&Annotations::default(), &mut patch);
    let is_code = code::is_code(&upload);
    let deployed = handle.deploy(upload, patch, &Precondition::absent()).await;
    let deployed = deployed.map_err(|error| match error.code() {
        ErrorCode::PreconditionFailed => exists(),
        _ => code::refused(error, is_code),
    })?;
    let function = &deployed.function;
    let mut view =
        FunctionConfiguration::of(call, &function.latest, Some(function.revision), false);
    if asked.publish {
        let published = handle.publish(&Precondition::NONE).await.map_err(fault)?;
        view = FunctionConfiguration::of(call, &published.version, None, true);
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
) -> Result<(std::sync::Arc<FunctionVersion>, Option<Revision>), Fault> {
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
    let path = format!("/v1/functions/{}/code", named.name);
    let host = call.header("host").unwrap_or("localhost");
    let location = match version.version {
        VersionNumber::Latest => format!("http://{host}{path}"),
        VersionNumber::Number(number) => format!("http://{host}{path}?qualifier={number}"),
    };
    let mut reply = json!({
        "Configuration": view,
        "Code": { "RepositoryType": "S3", "Location": location },
    });
    let tags = &version.configuration.tags;
    if !tags.is_empty() {
        reply["Tags"] = json!(tags);
    }
    Ok(protocol::json(StatusCode::OK, &reply))
}

pub(super) async fn list(call: &Call) -> Result<Response<Body>, Fault> {
    let input::Page { limit, marker } = input::page(call, PAGE_MAX)?;
    let query: Vec<(String, String)> = call.query()?;
    let all = query.iter().any(|(name, value)| name == "FunctionVersion" && value == "ALL");
    // One more than asked for tells whether there is a next page.
    let found = call.scope.functions(marker.as_deref(), limit + 1).await;
    let mut found = found.map_err(|error| match error.code() {
        ErrorCode::InvalidName => invalid("Marker is not one that a list was continued with"),
        _ => fault(error),
    })?;
    let more = found.len() > limit;
    found.truncate(limit);
    let mut functions = Vec::new();
    for function in &found {
        let latest = &function.latest;
        functions.push(FunctionConfiguration::of(call, latest, Some(function.revision), all));
        if all {
            let handle = call.scope.handle::<FunctionName>(latest.name.as_str()).map_err(fault)?;
            let versions = handle.versions(0, usize::MAX).await.map_err(fault)?;
            let view = |version| FunctionConfiguration::of(call, version, None, true);
            functions.extend(versions.iter().map(|version| view(version)));
        }
    }
    let next = found.last().filter(|_| more).map(|last| last.latest.name.to_string());
    let mut reply = json!({ "Functions": functions });
    if let Some(next) = next {
        reply["NextMarker"] = next.into();
    }
    Ok(protocol::json(StatusCode::OK, &reply))
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
