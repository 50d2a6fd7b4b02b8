//! The workloads of the HTTP figures, over WASI 0.3, one to a path.

// The same calls, over the one draft that both peers serve.
#[path = "../../bench-http/src/keys.rs"]
mod keys;

use bytes::Bytes;
use guest_bench_work as work;
use http_body_util::{BodyExt as _, Empty};
use wasip3::exports::http::handler::Guest;
use wasip3::http::client::send;
use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::http_compat::{
    http_from_wasi_request, http_from_wasi_response, http_into_wasi_request,
    http_into_wasi_response,
};
use wasip3::wit_bindgen::spawn_local;
use wasip3::{wit_future, wit_stream};

struct Bench;

wasip3::http::service::export!(Bench);

impl Guest for Bench {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let target = request.get_path_with_query().unwrap_or_default();
        let path = target.split_once('?').map_or(target.as_str(), |(path, _)| path);
        match path {
            "/" => Ok(respond(work::HELLO.into())),
            "/echo" => {
                let body = http_from_wasi_request(request)?.into_body();
                http_into_wasi_response(http::Response::new(body))
            }
            "/json" => {
                let body = http_from_wasi_request(request)?.into_body().collect().await?;
                Ok(respond(work::json(&body.to_bytes()).map_err(internal)?))
            }
            "/cpu" => Ok(respond(work::cpu(&target).into())),
            "/wait" => {
                let upstream = work::parameter(&target, "upstream").unwrap_or_default();
                Ok(respond(fetch(upstream).await?))
            }
            "/keyvalue" => {
                let store = work::parameter(&target, "store").unwrap_or_default();
                Ok(respond(keys::get(store).map_err(internal)?))
            }
            _ => Err(internal(format!("nothing is at {path}"))),
        }
    }
}

fn internal(error: impl std::fmt::Display) -> ErrorCode {
    ErrorCode::InternalError(Some(error.to_string()))
}

/// A response whose body is written while its head is sent.
fn respond(body: Vec<u8>) -> Response {
    let (mut writer, stream) = wit_stream::new();
    let (no_trailers, trailers) = wit_future::new(|| Ok(None));
    let (response, _sent) = Response::new(Fields::new(), Some(stream), trailers);
    spawn_local(async move {
        // What the client no longer wants comes back, and is not needed.
        let _ = writer.write_all(body).await;
        drop(no_trailers);
    });
    response
}

/// Gets `/slow` of an upstream.
async fn fetch(authority: &str) -> Result<Vec<u8>, ErrorCode> {
    let request =
        http::Request::get(format!("http://{authority}/slow")).body(Empty::<Bytes>::new());
    let request = request.map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    let response = http_from_wasi_response(send(http_into_wasi_request(request)?).await?)?;
    if response.status() != 200 {
        return Err(internal(format!("the upstream answered {}", response.status())));
    }
    Ok(response.into_body().collect().await?.to_bytes().into())
}
