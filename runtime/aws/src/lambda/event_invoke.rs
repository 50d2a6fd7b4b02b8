//! How events of asynchronous invocations are tried, and where they go in the end.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_types::{
    ConfigurationPatch, DeliveryPolicy, Destination, ErrorCode, Function, FunctionName,
    Precondition, Qualifier,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, invalid, of_function};
use super::settings::Settings;
use super::{input, queue_arn};
use crate::arn::{self, NamedFunction};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;
use crate::validation::Violations;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Wanted {
    maximum_retry_attempts: Option<i64>,
    maximum_event_age_in_seconds: Option<i64>,
    destination_config: Option<DestinationConfig>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DestinationConfig {
    on_success: Option<Named>,
    on_failure: Option<Named>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Named {
    destination: Option<String>,
}

impl Wanted {
    /// `policy` with what is said. What is not said stays as it is in there.
    fn apply(self, call: &Call, policy: DeliveryPolicy) -> Result<DeliveryPolicy, Fault> {
        let mut violations = Violations::default();
        violations.within("maximumRetryAttempts", self.maximum_retry_attempts, 0, 2);
        let age = self.maximum_event_age_in_seconds;
        violations.within("maximumEventAgeInSeconds", age, 60, 21_600);
        violations.finish()?;
        let attempts =
            self.maximum_retry_attempts.and_then(|retries| u32::try_from(retries + 1).ok());
        let age = age.map(|seconds| seconds.unsigned_abs() * 1000);
        let mut policy = DeliveryPolicy {
            attempts_max: attempts.unwrap_or(policy.attempts_max),
            age_max_ms: age.unwrap_or(policy.age_max_ms),
            ..policy
        };
        if let Some(DestinationConfig { on_success, on_failure }) = self.destination_config {
            policy.on_success = destination(call, on_success)?;
            policy.on_failure = destination(call, on_failure)?;
        }
        Ok(policy)
    }
}

fn destination(call: &Call, named: Option<Named>) -> Result<Option<Destination>, Fault> {
    let text = named.and_then(|named| named.destination).filter(|text| !text.is_empty());
    text.map(|text| queue_arn::destination(call, &text)).transpose()
}

/// The function's head alone has one: what versions have is what it had when they were published.
fn head(call: &Call) -> Result<NamedFunction, Fault> {
    let named = input::qualified(call)?;
    match named.version()? {
        Qualifier::Latest => Ok(named),
        _ => Err(invalid(
            "the configuration of a version is that of the function when it was published; give the \
             function without a qualifier, and publish it",
        )),
    }
}

fn view(call: &Call, function: &Function) -> Value {
    let latest = &function.latest;
    let DeliveryPolicy { attempts_max, age_max_ms, on_success, on_failure, .. } =
        &latest.configuration.delivery;
    let to = |destination: &Option<Destination>| match destination {
        Some(destination) => json!({ "Destination": queue_arn::of(call, destination) }),
        None => json!({}),
    };
    json!({
        "LastModified": latest.created.as_second(),
        "FunctionArn": arn::function(call, &latest.name, Some("$LATEST")),
        "MaximumRetryAttempts": attempts_max - 1,
        "MaximumEventAgeInSeconds": age_max_ms / 1000,
        "DestinationConfig": { "OnSuccess": to(on_success), "OnFailure": to(on_failure) },
    })
}

/// Whether anything is configured, here or by the native API.
fn is_configured(function: &Function) -> bool {
    if Settings::of(&function.latest).event_invoke {
        return true;
    }
    let policy = &function.latest.configuration.delivery;
    !DeliveryPolicy { dead_letter: None, ..policy.clone() }.is_default()
}

fn none(arn: &str) -> Fault {
    let message = format!("The function {arn} doesn't have an EventInvokeConfig");
    Fault::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}

pub(super) async fn get(call: &Call) -> Result<Response<Body>, Fault> {
    let named = head(call)?;
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
    if !is_configured(&function) {
        return Err(none(&arn));
    }
    Ok(protocol::json(StatusCode::OK, &view(call, &function)))
}

pub(super) async fn list(call: &Call) -> Result<Response<Body>, Fault> {
    let named = head(call)?;
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
    let all: Vec<_> = is_configured(&function).then(|| view(call, &function)).into_iter().collect();
    Ok(protocol::json(StatusCode::OK, &json!({ "FunctionEventInvokeConfigs": all })))
}

/// In place of what was configured.
pub(super) async fn put(call: &Call) -> Result<Response<Body>, Fault> {
    change(call, false).await
}

/// On top of what was configured.
pub(super) async fn update(call: &Call) -> Result<Response<Body>, Fault> {
    change(call, true).await
}

async fn change(call: &Call, keeps: bool) -> Result<Response<Body>, Fault> {
    let named = head(call)?;
    let function = set(call, &named, true, |function| {
        let former = function.latest.configuration.delivery.clone();
        let own =
            DeliveryPolicy { dead_letter: former.dead_letter.clone(), ..DeliveryPolicy::default() };
        let wanted: Wanted = input::json(call)?;
        wanted.apply(call, if keeps { former } else { own })
    });
    let function = function.await?;
    Ok(protocol::json(StatusCode::OK, &view(call, &function)))
}

pub(super) async fn delete(call: &Call) -> Result<Response<Body>, Fault> {
    let named = head(call)?;
    let arn = arn::function(call, &named.name, None);
    set(call, &named, false, |function| {
        if !is_configured(function) {
            return Err(none(&arn));
        }
        let dead_letter = function.latest.configuration.delivery.dead_letter.clone();
        Ok(DeliveryPolicy { dead_letter, ..DeliveryPolicy::default() })
    })
    .await?;
    Ok(protocol::empty(StatusCode::NO_CONTENT))
}

/// Sets the policy to what `make` makes of the function as it is, and whether that is configured.
async fn set(
    call: &Call,
    named: &NamedFunction,
    is_configured: bool,
    make: impl Fn(&Function) -> Result<DeliveryPolicy, Fault>,
) -> Result<std::sync::Arc<Function>, Fault> {
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    loop {
        let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
        let delivery = Some(make(&function)?);
        let mut patch = ConfigurationPatch { delivery, ..ConfigurationPatch::default() };
        let settings = Settings { event_invoke: is_configured, ..Settings::of(&function.latest) };
        settings.keep(&function.latest.configuration.annotations, &mut patch);
        let seen = Precondition::tag(function.revision.0.to_string());
        match handle.configure(patch, &seen).await {
            Ok(function) => return Ok(function),
            Err(error) if error.code() == ErrorCode::PreconditionFailed => {}
            Err(error) => return Err(of_function(error, &arn)),
        }
    }
}
