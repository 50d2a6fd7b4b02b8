//! What the extensions of a program ask.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;
use lambent_types::account_number;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::failure;
use super::body::{Body, read};
use super::extensions::{Subscription, Told, is_identifier};
use super::fault::Fault;
use super::headers::text;
use super::reply::{self, Reply};
use super::runtime_routes::ended;
use super::session::Session;

const NAME: &str = "lambda-extension-name";
const IDENTIFIER: HeaderName = HeaderName::from_static("lambda-extension-identifier");
const EVENT_IDENTIFIER: HeaderName = HeaderName::from_static("lambda-extension-event-identifier");
const ERROR_TYPE: &str = "lambda-extension-function-error-type";
const FEATURES: &str = "lambda-extension-accept-feature";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    #[serde(default)]
    events: Option<Vec<String>>,
    #[serde(default)]
    configuration_keys: Option<Vec<Value>>,
}

pub(super) async fn handle(session: &Session, path: &str, request: Request<Incoming>) -> Reply {
    let allowed = match path {
        "event/next" => Method::GET,
        "register" | "init/error" | "exit/error" => Method::POST,
        _ => return reply::not_found(),
    };
    if request.method() != allowed {
        return reply::not_allowed(if allowed == Method::GET { "GET" } else { "POST" });
    }
    let handled = match path {
        "register" => register(session, request).await,
        "event/next" => next(session, request.headers()).await,
        "init/error" => failed(session, request.headers(), true),
        _ => failed(session, request.headers(), false),
    };
    handled.unwrap_or_else(Reply::from)
}

async fn register(session: &Session, request: Request<Incoming>) -> Result<Reply, Fault> {
    let (head, body) = request.into_parts();
    let name = text(&head.headers, NAME);
    if name.is_empty() {
        let message = "Empty extension name";
        return Err(Fault::forbidden("Extension.InvalidExtensionName", message));
    }
    let odd = |message: String| Fault::forbidden("InvalidRequestFormat", message);
    let Body::Whole { data, .. } = read(body).await else {
        return Err(odd("the body could not be read".into()));
    };
    let registration: Registration =
        serde_json::from_slice(&data).map_err(|error| odd(error.to_string()))?;
    if registration.configuration_keys.is_some_and(|keys| !keys.is_empty()) {
        let message = "configurationKeys are deprecated; use environment variables instead";
        return Err(odd(message.into()));
    }
    let mut wants = Subscription::default();
    for event in registration.events.iter().flatten() {
        wants.add(event)?;
    }
    let id = session.lifecycle().extensions.register(name, wants)?;
    let features = text(&head.headers, FEATURES).split(',');
    let has_account = features.map(str::trim).any(|feature| feature == "accountId");
    let mut reply = reply::json(StatusCode::OK, &described(session, has_account));
    if let Ok(id) = HeaderValue::from_str(&id) {
        reply.headers_mut().insert(IDENTIFIER, id);
    }
    Ok(reply)
}

fn described(session: &Session, has_account: bool) -> Value {
    let function = session.function.as_deref();
    let mut described = json!({
        "functionName": function.map_or("function", |function| function.name.as_str()),
        "functionVersion": function.map(|function| function.version.to_string()),
        "handler": function.map(|function| function.configuration.handler.as_str()),
    });
    if has_account {
        let namespace = function.map(|function| function.namespace.clone()).unwrap_or_default();
        described["accountId"] = account_number(&namespace).into();
    }
    described
}

/// The identifier that a request names.
fn identifier(headers: &HeaderMap) -> Result<&str, Fault> {
    if !headers.contains_key(IDENTIFIER) {
        let message = "Missing Lambda-Extension-Identifier header";
        return Err(Fault::forbidden("Extension.MissingExtensionIdentifier", message));
    }
    let id = text(headers, IDENTIFIER.as_str());
    if !is_identifier(id) {
        let message = "Invalid Lambda-Extension-Identifier";
        return Err(Fault::forbidden("Extension.InvalidExtensionIdentifier", message));
    }
    Ok(id)
}

async fn next(session: &Session, headers: &HeaderMap) -> Result<Reply, Fault> {
    let id = identifier(headers)?;
    let told = session.lifecycle().extensions.next(id)?;
    match told.await.map_err(|_| ended())? {
        Told::Invoke(event) => {
            let mut reply = reply::event(None, event);
            // An extension gets one event at a time, so its own identifier names that.
            if let Ok(id) = HeaderValue::from_str(id) {
                reply.headers_mut().insert(EVENT_IDENTIFIER, id);
            }
            Ok(reply)
        }
        Told::ShutDown(event) => Ok(reply::event(None, event)),
    }
}

/// An extension cannot be initialized, or ends: the instance is of no more use.
fn failed(session: &Session, headers: &HeaderMap, in_init: bool) -> Result<Reply, Fault> {
    let id = identifier(headers)?;
    let kind = text(headers, ERROR_TYPE);
    if !headers.contains_key(ERROR_TYPE) {
        let message = "Lambda-Extension-Function-Error-Type not found";
        return Err(Fault::forbidden("Extension.MissingHeader", message));
    }
    let mut lifecycle = session.lifecycle();
    let message = if in_init {
        lifecycle.extensions.init_error(id)?;
        "an extension could not be initialized"
    } else {
        lifecycle.extensions.exit_error(id)?;
        "an extension ended"
    };
    lifecycle.fail(failure(kind, message));
    Ok(reply::accepted())
}

/// The event that tells of the end.
pub(crate) fn shutdown_event(deadline_ms: u64) -> Bytes {
    let event = json!({
        "eventType": "SHUTDOWN",
        "deadlineMs": deadline_ms,
        "shutdownReason": "spindown",
    });
    event.to_string().into()
}
