//! A response that is sent piece by piece.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use lambda_runtime::streaming::{Body, Response, channel};
use lambda_runtime::{Error, LambdaEvent, MetadataPrelude, run, service_fn};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(respond)).await
}

async fn respond(event: LambdaEvent<Value>) -> Result<Response<Body>, Error> {
    let fails = event.payload["rawPath"] == "/fails";
    let pause = Duration::from_millis(event.payload["pauseMs"].as_u64().unwrap_or(5));
    let (mut sender, stream) = channel();
    tokio::spawn(async move {
        for piece in ["one ", "two ", "three"] {
            if sender.send_data(piece.into()).await.is_err() {
                return;
            }
            tokio::time::sleep(pause).await;
        }
        if fails {
            sender.abort();
        }
    });
    let headers = HeaderMap::from_iter([(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain"),
    )]);
    let metadata_prelude =
        MetadataPrelude { status_code: StatusCode::ACCEPTED, headers, cookies: vec!["a=b".into()] };
    Ok(Response { metadata_prelude, stream })
}
