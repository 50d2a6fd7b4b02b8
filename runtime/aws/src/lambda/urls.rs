//! URLs of functions. Every function has one here; what is configured is who may call it.

use http::uri::{Authority, Scheme};
use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_types::{
    ConfigurationPatch, Cors, ErrorCode, Function, FunctionName, Namespace, Precondition, Qualifier,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::{fault, invalid, of_function};
use super::input;
use super::settings::Settings;
use crate::arn::{self, NamedFunction};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

/// The longest label of a host name, by DNS.
const LABEL_CHARS_MAX: usize = 63;

/// What is kept of a URL: whether anyone may call it is the function's own configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Kept {
    creation_time: String,
    last_modified_time: String,
    invoke_mode: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Wanted {
    auth_type: Option<String>,
    invoke_mode: Option<String>,
    cors: Option<UrlCors>,
}

/// Which pages of other origins may call the URL.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct UrlCors(#[serde(with = "LambdaCors")] Cors);

/// The same in Lambda's words.
#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "Cors", rename_all = "PascalCase", default)]
struct LambdaCors {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allow_origins: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allow_methods: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allow_headers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expose_headers: Vec<String>,
    allow_credentials: bool,
    max_age: u32,
}

impl Wanted {
    fn read(call: &Call) -> Result<Self, Fault> {
        let wanted: Self = input::json(call)?;
        let enumerated = |member: &str, value: &Option<String>, all: &[&str]| {
            let Some(value) = value else { return Ok(()) };
            if all.contains(&value.as_str()) {
                return Ok(());
            }
            let shown: String = value.chars().take(64).collect();
            let all = all.join(", ");
            Err(Fault::bad_request(
                "ValidationException",
                format!(
                    "1 validation error detected: Value '{shown}' at '{member}' failed to satisfy \
                     constraint: Member must satisfy enum value set: [{all}]"
                ),
            ))
        };
        enumerated("authType", &wanted.auth_type, &["NONE", "AWS_IAM"])?;
        enumerated("invokeMode", &wanted.invoke_mode, &["BUFFERED", "RESPONSE_STREAM"])?;
        Ok(wanted)
    }
}

fn head(call: &Call) -> Result<NamedFunction, Fault> {
    let named = input::qualified(call)?;
    match named.version()? {
        Qualifier::Latest => Ok(named),
        _ => Err(invalid("a URL is the function's; give it without a qualifier")),
    }
}

fn kept(function: &Function) -> Option<Kept> {
    let settings = Settings::of(&function.latest);
    settings.url.and_then(|url| serde_json::from_value(url).ok())
}

fn view(call: &Call, function: &Function, kept: &Kept) -> Value {
    let name = &function.latest.name;
    let mut view = json!({
        "FunctionUrl": address(call, name),
        "FunctionArn": arn::function(call, name, None),
        "AuthType": if function.latest.configuration.public { "NONE" } else { "AWS_IAM" },
        "InvokeMode": kept.invoke_mode,
        "CreationTime": kept.creation_time,
        "LastModifiedTime": kept.last_modified_time,
    });
    let cors = &function.latest.configuration.cors;
    if !cors.is_none() {
        view["Cors"] = json!(UrlCors(cors.clone()));
    }
    view
}

/// Where the client reaches a function: below the domain by which it has reached the node, or else by
/// path, since of an address and of `localhost` not every client finds what is below.
fn address(call: &Call, name: &FunctionName) -> String {
    let scheme = call.head.extensions.get::<Scheme>().unwrap_or(&Scheme::HTTP);
    let authority = call.head.uri.authority().cloned();
    let host = || call.header("host").and_then(|host| host.parse().ok());
    let authority = authority.or_else(host).unwrap_or(Authority::from_static("localhost"));
    let namespace = call.scope.namespace();
    let default = *namespace == Namespace::default();
    let labels = [Some(name.as_str()), (!default).then_some(namespace.as_str())];
    let labels = labels.into_iter().flatten().collect::<Vec<_>>();
    let fits = labels.iter().all(|label| label.len() <= LABEL_CHARS_MAX);
    if let Some(domain) = call.domain(authority.host()).filter(|_| fits) {
        let port = authority.port().map_or(String::new(), |port| format!(":{port}"));
        return format!("{scheme}://{}.{domain}{port}/", labels.join("."));
    }
    let namespace = if default { String::new() } else { format!("@{namespace}/") };
    format!("{scheme}://{authority}/fn/{namespace}{name}/")
}

fn none() -> Fault {
    let message = "The resource you requested does not exist.";
    Fault::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}

pub(super) async fn get(call: &Call) -> Result<Response<Body>, Fault> {
    let named = head(call)?;
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
    let kept = kept(&function).ok_or_else(none)?;
    Ok(protocol::json(StatusCode::OK, &view(call, &function, &kept)))
}

pub(super) async fn list(call: &Call) -> Result<Response<Body>, Fault> {
    let named = head(call)?;
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
    let all: Vec<_> = kept(&function).iter().map(|kept| view(call, &function, kept)).collect();
    Ok(protocol::json(StatusCode::OK, &json!({ "FunctionUrlConfigs": all })))
}

pub(super) async fn create(call: &Call) -> Result<Response<Body>, Fault> {
    let wanted = Wanted::read(call)?;
    if wanted.auth_type.is_none() {
        return Err(Fault::bad_request("ValidationException", "AuthType is missing"));
    }
    let function = change(call, &wanted, |kept, now| match kept {
        Some(_) => {
            let message = "Failed to create function url config for the function. Error message:  \
                           FunctionUrlConfig exists for this Lambda function";
            Err(Fault::new(StatusCode::CONFLICT, "ResourceConflictException", message))
        }
        None => Ok(Some(Kept {
            creation_time: now.clone(),
            last_modified_time: now,
            invoke_mode: "BUFFERED".into(),
        })),
    });
    let function = function.await?;
    let kept = kept(&function).ok_or_else(none)?;
    Ok(protocol::json(StatusCode::CREATED, &view(call, &function, &kept)))
}

pub(super) async fn update(call: &Call) -> Result<Response<Body>, Fault> {
    let wanted = Wanted::read(call)?;
    let function = change(call, &wanted, |kept, now| match kept {
        Some(kept) => Ok(Some(Kept { last_modified_time: now, ..kept })),
        None => Err(none()),
    });
    let function = function.await?;
    let kept = kept(&function).ok_or_else(none)?;
    Ok(protocol::json(StatusCode::OK, &view(call, &function, &kept)))
}

/// The function can be called all the same, by who has a key.
pub(super) async fn delete(call: &Call) -> Result<Response<Body>, Fault> {
    let (auth_type, cors) = (Some("AWS_IAM".into()), Some(UrlCors::default()));
    let closed = Wanted { auth_type, cors, ..Wanted::default() };
    change(call, &closed, |kept, _| kept.map(|_| None).ok_or_else(none)).await?;
    Ok(protocol::empty(StatusCode::NO_CONTENT))
}

async fn change(
    call: &Call,
    wanted: &Wanted,
    make: impl Fn(Option<Kept>, String) -> Result<Option<Kept>, Fault>,
) -> Result<std::sync::Arc<Function>, Fault> {
    let named = head(call)?;
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    loop {
        let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%fZ").to_string();
        let mut made = make(kept(&function), now)?;
        if let (Some(kept), Some(mode)) = (&mut made, &wanted.invoke_mode) {
            kept.invoke_mode.clone_from(mode);
        }
        let mut settings = Settings::of(&function.latest);
        settings.url = made.and_then(|kept| serde_json::to_value(kept).ok());
        let public = wanted.auth_type.as_deref().map(|kind| kind == "NONE");
        let cors = wanted.cors.clone().map(|cors| cors.0);
        let mut patch = ConfigurationPatch { public, cors, ..ConfigurationPatch::default() };
        settings.keep(&function.latest.configuration.annotations, &mut patch);
        let seen = Precondition::tag(function.revision.0.to_string());
        match handle.configure(patch, &seen).await {
            Ok(function) => return Ok(function),
            Err(error) if error.code() == ErrorCode::PreconditionFailed => {}
            Err(error) => return Err(of_function(error, &arn)),
        }
    }
}
