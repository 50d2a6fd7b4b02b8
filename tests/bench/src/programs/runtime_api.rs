//! The least that serves HTTP by native programs which speak Lambda's Runtime API: what another
//! server of that contract costs can only be more.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{self, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::Failed;

/// Events that may wait for a program.
const WAITING_MAX: usize = 1024;

/// An event, and who waits for its response.
struct Event {
    data: String,
    answer: oneshot::Sender<Bytes>,
}

struct Front {
    send: mpsc::Sender<Event>,
    events: Mutex<mpsc::Receiver<Event>>,
    running: Mutex<(u64, HashMap<String, oneshot::Sender<Bytes>>)>,
}

/// Serves until the process is ended; the programs end when nobody answers them any more.
pub(crate) async fn serve(
    address: SocketAddr,
    program: &Path,
    instances: u32,
) -> Result<(), Failed> {
    let (send, events) = mpsc::channel(WAITING_MAX);
    let front = Arc::new(Front { send, events: Mutex::new(events), running: Mutex::default() });
    let invocation = "/2018-06-01/runtime/invocation";
    let api = Router::new()
        .route(&format!("{invocation}/next"), get(next))
        .route(&format!("{invocation}/{{id}}/response"), post(respond))
        .with_state(front.clone());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    for _ in 0..instances {
        let mut program = Command::new(program);
        program.env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string());
        program.env("AWS_LAMBDA_FUNCTION_NAME", "native").env("AWS_LAMBDA_FUNCTION_VERSION", "1");
        program.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128");
        program.env("AWS_LAMBDA_LOG_GROUP_NAME", "-").env("AWS_LAMBDA_LOG_STREAM_NAME", "-");
        program.spawn()?;
    }
    let clients = Router::new().fallback(answer).with_state(front);
    let clients = axum::serve(TcpListener::bind(address).await?, clients);
    let (clients, api) = tokio::join!(clients, axum::serve(listener, api));
    clients.and(api).map_err(Into::into)
}

/// Gives a program its next event.
async fn next(State(front): State<Arc<Front>>) -> Result<impl IntoResponse, StatusCode> {
    let event = front.events.lock().await.recv().await.ok_or(StatusCode::GONE)?;
    let mut running = front.running.lock().await;
    running.0 += 1;
    let id = format!("{:032x}", running.0);
    running.1.insert(id.clone(), event.answer);
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", id),
        ("Lambda-Runtime-Deadline-Ms", u32::MAX.to_string() + "000"),
        ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:local:0:function:native".into()),
        ("Content-Type", "application/json".to_owned()),
    ];
    Ok((headers, event.data))
}

/// Takes the response of a program.
async fn respond(
    State(front): State<Arc<Front>>,
    extract::Path(id): extract::Path<String>,
    response: Bytes,
) -> StatusCode {
    match front.running.lock().await.1.remove(&id).map(|answer| answer.send(response)) {
        Some(_) => StatusCode::ACCEPTED,
        None => StatusCode::BAD_REQUEST,
    }
}

/// Has a program answer a request.
async fn answer(
    State(front): State<Arc<Front>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, StatusCode> {
    let (answer, answered) = oneshot::channel();
    let event = Event { data: event(&method, &uri, &headers).to_string(), answer };
    front.send.send(event).await.map_err(|_| StatusCode::GONE)?;
    let response = answered.await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let response: Value = serde_json::from_slice(&response).map_err(|_| StatusCode::BAD_GATEWAY)?;
    let status = response["statusCode"].as_u64().and_then(|code| u16::try_from(code).ok());
    let status = status.and_then(|code| StatusCode::from_u16(code).ok());
    let mut built = Response::builder().status(status.ok_or(StatusCode::BAD_GATEWAY)?);
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        built = built.header(name, value.as_str().unwrap_or_default());
    }
    let body = response["body"].as_str().unwrap_or_default().to_owned();
    built.body(body.into()).map_err(|_| StatusCode::BAD_GATEWAY)
}

/// The event of a request, in version 2.0 of API Gateway's format.
fn event(method: &Method, uri: &Uri, headers: &HeaderMap) -> Value {
    let headers: serde_json::Map<_, _> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().into()))
        .collect();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": uri.path(),
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous", "apiId": "native", "domainName": "native",
            "domainPrefix": "native", "requestId": "1", "routeKey": "$default",
            "stage": "$default", "time": "30/Nov/2026:00:00:00 +0000", "timeEpoch": 0,
            "http": {
                "method": method.as_str(), "path": uri.path(), "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1", "userAgent": "",
            },
        },
        "isBase64Encoded": false,
    })
}
