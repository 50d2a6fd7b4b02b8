//! The ceiling: the same workloads from a native server; and the upstream that
//! they wait for.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use guest_bench_work as work;
use http::{StatusCode, Uri};

use super::workload::{SLOW, VALUE};
use crate::{Failed, client};

/// How long the upstream takes.
const SLOWNESS: Duration = Duration::from_millis(20);

type Keys = Arc<HashMap<&'static str, &'static str>>;

/// Serves until the process is ended.
pub(crate) async fn serve(address: SocketAddr) -> Result<(), Failed> {
    let keys: Keys = Arc::new(HashMap::from([(work::KEY, VALUE)]));
    let read = move || {
        let keys = keys.clone();
        async move { keys.get(work::KEY).copied().ok_or(StatusCode::NOT_FOUND) }
    };
    let app = Router::new()
        .route("/", get(|| async { work::HELLO }))
        .route("/json", post(json))
        .route("/echo", post(|body: Body| async { body }))
        .route("/cpu", get(|uri: Uri| async move { work::cpu(&uri.to_string()) }))
        .route("/wait", get(wait))
        .route("/keyvalue", get(read))
        .route("/slow", get(slow))
        .layer(DefaultBodyLimit::disable());
    let listener = tokio::net::TcpListener::bind(address).await?;
    // As the others do; without it large answers wait for acknowledgements.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, app).await?)
}

async fn json(body: Bytes) -> Result<Vec<u8>, StatusCode> {
    work::json(&body).map_err(|_| StatusCode::BAD_REQUEST)
}

/// Over a connection of its own for each request, as Lambent and wasmtime do.
async fn wait(uri: Uri) -> Result<Vec<u8>, StatusCode> {
    let target = uri.to_string();
    let upstream = work::parameter(&target, "upstream").and_then(|text| text.parse().ok());
    let upstream: SocketAddr = upstream.ok_or(StatusCode::BAD_REQUEST)?;
    let request = client::request(upstream, "GET", "/slow", None);
    let answer = client::once(upstream, &request).await;
    answer.map(|answer| answer.body).map_err(|_| StatusCode::BAD_GATEWAY)
}

async fn slow() -> &'static str {
    tokio::time::sleep(SLOWNESS).await;
    SLOW
}
