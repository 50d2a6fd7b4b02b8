//! Aliases of functions, with a second version that handles a part of what comes.

use std::collections::BTreeMap;

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_service::FunctionHandle;
use lambent_types::{
    Alias, AliasName, AliasSettings, Error, ErrorCode, FunctionName, Precondition, Split,
    VersionNumber, Weight,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, invalid, of_function};
use super::{input, revision};
use crate::arn::{self, NamedFunction};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

/// Most aliases of a page; Lambda's.
const PAGE_MAX: usize = 50;

/// What a request says of an alias. Absent members stay as they are.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Wanted {
    name: Option<String>,
    function_version: Option<String>,
    description: Option<String>,
    routing_config: Option<RoutingConfig>,
    revision_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RoutingConfig {
    additional_version_weights: BTreeMap<String, f64>,
}

impl Wanted {
    /// `settings` with what is said.
    fn apply(&self, settings: AliasSettings) -> Result<AliasSettings, Fault> {
        let version = self.function_version.as_deref().map(version).transpose()?;
        let split = match &self.routing_config {
            None => settings.split,
            Some(config) => config.split()?,
        };
        let description = self.description.clone().unwrap_or(settings.description);
        let version = version.unwrap_or(settings.version);
        if split.is_some() && version == VersionNumber::Latest {
            return Err(invalid(
                "$LATEST is not supported for an alias pointing to more than 1 version",
            ));
        }
        Ok(AliasSettings { version, split, description, sticky: settings.sticky })
    }
}

impl RoutingConfig {
    fn split(&self) -> Result<Option<Split>, Fault> {
        let mut weights = self.additional_version_weights.iter();
        let (Some((number, weight)), None) = (weights.next(), weights.next()) else {
            return match self.additional_version_weights.is_empty() {
                true => Ok(None),
                false => Err(invalid(
                    "Number of items in AdditionalVersionWeights cannot be greater than 1",
                )),
            };
        };
        let VersionNumber::Number(number) = version(number)? else {
            return Err(invalid(
                "$LATEST is not supported for an alias pointing to more than 1 version",
            ));
        };
        if !(0.0..=1.0).contains(weight) {
            return Err(invalid(format!("Invalid weight {weight}: a weight is between 0 and 1")));
        }
        // A part of nothing is no second version.
        if *weight == 0.0 {
            return Ok(None);
        }
        let weight = Weight::new(*weight).map_err(|error| invalid(error.to_string()))?;
        Ok(Some(Split { version: number, weight }))
    }
}

fn version(text: &str) -> Result<VersionNumber, Fault> {
    text.to_owned().try_into().map_err(|_| {
        let shown: String = text.chars().take(64).collect();
        Fault::bad_request(
            "ValidationException",
            format!(
                "1 validation error detected: Value '{shown}' at 'functionVersion' failed to satisfy \
                 constraint: Member must satisfy regular expression pattern: (\\$LATEST|[0-9]+)"
            ),
        )
    })
}

fn view(call: &Call, function: &FunctionName, alias: &Alias) -> Value {
    let AliasSettings { version, split, description, .. } = &alias.settings;
    let mut view = json!({
        "AliasArn": arn::function(call, function, Some(alias.name.as_str())),
        "Name": alias.name.to_string(),
        "FunctionVersion": version.to_string(),
        "Description": description,
        "RevisionId": revision::text(alias.revision),
    });
    if let Some(Split { version, weight }) = split {
        let weights = BTreeMap::from([(version.to_string(), weight.part())]);
        view["RoutingConfig"] = json!({ "AdditionalVersionWeights": weights });
    }
    view
}

fn handle(call: &Call) -> Result<(FunctionHandle<'_>, NamedFunction), Fault> {
    let named = input::function(call)?;
    Ok((call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?, named))
}

fn alias_name(text: &str) -> Result<AliasName, Fault> {
    text.parse().map_err(|error: lambent_types::InvalidName| {
        Fault::bad_request(
            "ValidationException",
            format!(
                "1 validation error detected: Value at 'name' failed to satisfy constraint: {error}"
            ),
        )
    })
}

/// What is told of an alias that is not there, or of a version that it is to lead to.
fn not_found(call: &Call, named: &NamedFunction, alias: &AliasName, error: Error) -> Fault {
    match error.code() {
        ErrorCode::AliasNotFound => {
            let message = format!(
                "Cannot find alias arn: {}",
                arn::function(call, &named.name, Some(alias.as_str()))
            );
            Fault::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        }
        ErrorCode::PreconditionFailed => revision::changed(),
        ErrorCode::VersionNotFound => {
            let message = format!(
                "Function not found: {}: {}",
                arn::function(call, &named.name, None),
                error.detail()
            );
            Fault::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        }
        _ => of_function(error, &arn::function(call, &named.name, None)),
    }
}

pub(super) async fn create(call: &Call) -> Result<Response<Body>, Fault> {
    let wanted: Wanted = input::json(call)?;
    let (handle, named) = handle(call)?;
    let name = alias_name(wanted.name.as_deref().unwrap_or_default())?;
    let settings = wanted.apply(AliasSettings::of(version(
        wanted.function_version.as_deref().unwrap_or_default(),
    )?))?;
    let put = handle.put_alias(&name, settings, &Precondition::absent()).await;
    let put = put.map_err(|error| match error.code() {
        ErrorCode::PreconditionFailed => {
            let arn = arn::function(call, &named.name, Some(name.as_str()));
            Fault::new(
                StatusCode::CONFLICT,
                "ResourceConflictException",
                format!("Alias already exists: {arn}"),
            )
        }
        _ => not_found(call, &named, &name, error),
    })?;
    Ok(protocol::json(StatusCode::CREATED, &view(call, &named.name, &put.value)))
}

pub(super) async fn get(call: &Call) -> Result<Response<Body>, Fault> {
    let (handle, named) = handle(call)?;
    let name = alias_name(call.parameter("Name"))?;
    let alias = handle.alias(&name).await.map_err(|error| not_found(call, &named, &name, error))?;
    Ok(protocol::json(StatusCode::OK, &view(call, &named.name, &alias)))
}

pub(super) async fn list(call: &Call) -> Result<Response<Body>, Fault> {
    let (handle, named) = handle(call)?;
    let input::Page { limit, marker } = input::page(call, PAGE_MAX)?;
    let query: Vec<(String, String)> = call.query()?;
    let wanted =
        query.iter().find(|(name, _)| name == "FunctionVersion").map(|(_, value)| value.as_str());
    let after = marker.as_deref().map(alias_name).transpose()?;
    let arn = arn::function(call, &named.name, None);
    let all = handle
        .aliases(after.as_ref(), usize::MAX)
        .await
        .map_err(|error| of_function(error, &arn))?;
    let leads = |alias: &Alias| {
        wanted.is_none_or(|wanted| {
            let numbers = alias.settings.numbers().map(|number| number.to_string());
            alias.settings.version.to_string() == wanted
                || numbers.into_iter().any(|number| number == wanted)
        })
    };
    let found: Vec<&Alias> = all.iter().filter(|alias| leads(alias)).take(limit + 1).collect();
    let shown = found.iter().take(limit).map(|alias| view(call, &named.name, alias));
    let mut reply = json!({ "Aliases": shown.collect::<Vec<_>>() });
    if found.len() > limit {
        reply["NextMarker"] = found[limit - 1].name.to_string().into();
    }
    Ok(protocol::json(StatusCode::OK, &reply))
}

pub(super) async fn update(call: &Call) -> Result<Response<Body>, Fault> {
    let wanted: Wanted = input::json(call)?;
    let (handle, named) = handle(call)?;
    let name = alias_name(call.parameter("Name"))?;
    let expected = revision::expected(wanted.revision_id.as_deref())?;
    loop {
        let alias =
            handle.alias(&name).await.map_err(|error| not_found(call, &named, &name, error))?;
        let seen = Precondition::tag(alias.revision.0.to_string());
        if !expected.is_empty() && expected != seen {
            return Err(revision::changed());
        }
        let settings = wanted.apply(alias.settings)?;
        match handle.put_alias(&name, settings, &seen).await {
            Ok(put) => {
                return Ok(protocol::json(StatusCode::OK, &view(call, &named.name, &put.value)));
            }
            // Another change was first: look again.
            Err(error) if error.code() == ErrorCode::PreconditionFailed => {}
            Err(error) => return Err(not_found(call, &named, &name, error)),
        }
    }
}

/// Deletes an alias; one that is not there is as if it was deleted.
pub(super) async fn delete(call: &Call) -> Result<Response<Body>, Fault> {
    let (handle, named) = handle(call)?;
    let name = alias_name(call.parameter("Name"))?;
    match handle.delete_alias(&name, &Precondition::NONE).await {
        Ok(()) => {}
        Err(error) if error.code() == ErrorCode::AliasNotFound => {}
        Err(error) => return Err(not_found(call, &named, &name, error)),
    }
    Ok(protocol::empty(StatusCode::NO_CONTENT))
}
