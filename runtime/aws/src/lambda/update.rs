//! Changes of a function's code and of its configuration.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_types::{
    ConfigurationPatch, Error, ErrorCode, FunctionName, FunctionVersion, Precondition,
};
use serde::Deserialize;

use super::code::{self, CodeSource, Given};
use super::configuration::{FunctionConfiguration, Wanted};
use super::error::{fault, invalid, of_function};
use super::settings::Settings;
use super::{input, revision, versions};
use crate::arn;
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct UpdateFunctionCode {
    publish: bool,
    dry_run: bool,
    revision_id: Option<String>,
    architectures: Option<Vec<String>>,
}

pub(super) async fn code(call: &Call) -> Result<Response<Body>, Fault> {
    let asked: UpdateFunctionCode = input::large_json(call).await?;
    let source: CodeSource = input::large_json(call).await?;
    let named = input::function(call)?;
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let expected = revision::expected(asked.revision_id.as_deref())?;
    let given = source.read(call).await?;
    let is_code = given.is_code();
    let deployed = loop {
        let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
        same_package(&function.latest, &given)?;
        if asked.dry_run {
            let view =
                FunctionConfiguration::of(call, &function.latest, Some(function.revision), false);
            return Ok(protocol::json(StatusCode::OK, &view));
        }
        let patch = asked.patch(&function.latest, &given).await?;
        // What is kept beside the code was read before: nobody may have changed it since.
        let guarded = expected.is_empty();
        let seen = Precondition::tag(function.revision.0.to_string());
        let expected = if guarded { &seen } else { &expected };
        match given.deploy(&handle, patch, expected).await {
            Ok(deployed) => break deployed,
            Err(error) if guarded && error.code() == ErrorCode::PreconditionFailed => {}
            Err(error) => return Err(changed(error, |error| code::refused(error, is_code))),
        }
    };
    let function = &deployed.function;
    let mut view =
        FunctionConfiguration::of(call, &function.latest, Some(function.revision), false);
    if asked.publish {
        view = versions::publish_as_seen(call, &handle, function).await?;
    }
    Ok(protocol::json(StatusCode::OK, &view))
}

impl UpdateFunctionCode {
    /// The change that it is to a function with this head.
    async fn patch(
        &self,
        latest: &FunctionVersion,
        given: &Given,
    ) -> Result<ConfigurationPatch, Fault> {
        let mut patch = ConfigurationPatch::default();
        let mut settings = Settings::of(latest);
        // A function that was created with a runtime goes on with it; what brings its own may be a
        // component now, or a program.
        let named = latest.configuration.runtime.clone();
        let named = named.or_else(|| settings.runtime.as_ref().and_then(|name| name.parse().ok()));
        let handler = Some(latest.configuration.handler.as_str());
        let runtime = given.runtime(named.clone(), handler).await?;
        if runtime.is_none() {
            settings.runtime = named.map(|name| name.as_str().to_owned());
        }
        patch.runtime = Some(runtime);
        settings.architectures = self.architectures.clone().or(settings.architectures);
        settings.keep(&latest.configuration.annotations, &mut patch);
        Ok(patch)
    }
}

/// A function stays what it was created as: of an image, or not.
fn same_package(latest: &FunctionVersion, given: &Given) -> Result<(), Fault> {
    match (latest.code.image.is_some(), given) {
        (true, Given::Upload(_)) => Err(invalid(
            "Please don't provide ZipFile, S3Bucket or S3Key when updating a function with packageType Image.",
        )),
        (false, Given::Image(_)) => Err(invalid(
            "Please don't provide ImageUri when updating a function with packageType Zip.",
        )),
        _ => Ok(()),
    }
}

/// What is told of a change that was not made.
fn changed(error: Error, otherwise: impl FnOnce(Error) -> Fault) -> Fault {
    match error.code() {
        ErrorCode::PreconditionFailed => revision::changed(),
        _ => otherwise(error),
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct UpdateFunctionConfiguration {
    revision_id: Option<String>,
}

pub(super) async fn configuration(call: &Call) -> Result<Response<Body>, Fault> {
    let asked: UpdateFunctionConfiguration = input::json(call)?;
    let wanted: Wanted = input::json(call)?;
    wanted.check()?;
    let named = input::function(call)?;
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
    let latest = &function.latest;
    let expected = revision::expected(asked.revision_id.as_deref())?;
    let mut settings = Settings::of(latest);
    let runtime = wanted.runtime()?;
    let given = wanted.runtime.clone();
    let mut patch = wanted.patch(call, &latest.configuration, &mut settings)?;
    match &latest.configuration.runtime {
        // A component has none, whatever it is called.
        None => settings.runtime = given.or(settings.runtime),
        Some(_) => patch.runtime = runtime.map(Some),
    }
    settings.keep(&latest.configuration.annotations, &mut patch);
    // What is kept beside the configuration was read before: nobody may have changed it since.
    let expected = match expected.is_empty() {
        true => Precondition::tag(function.revision.0.to_string()),
        false => expected,
    };
    let function = match handle.configure(patch, &expected).await {
        Ok(function) => function,
        Err(error)
            if error.code() == ErrorCode::PreconditionFailed && asked.revision_id.is_none() =>
        {
            let message = format!(
                "The operation cannot be performed at this time. An update is in progress for resource: {arn}"
            );
            return Err(Fault::new(StatusCode::CONFLICT, "ResourceConflictException", message));
        }
        Err(error) => return Err(changed(error, fault)),
    };
    let view = FunctionConfiguration::of(call, &function.latest, Some(function.revision), false);
    Ok(protocol::json(StatusCode::OK, &view))
}
