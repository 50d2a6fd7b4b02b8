//! Requests that meet in one instance, over WASI 0.3, one kind to a path.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use wasip3::http::types::{ErrorCode, Request, Response};
use wasip3::http_compat::{http_from_wasi_request, http_into_wasi_response};
use wasip3::wit_bindgen::spawn_local;
use wasip3::wit_future;

/// How many came to this instance.
static SEEN: AtomicU32 = AtomicU32::new(0);

struct Concurrent;

wasip3::http::service::export!(Concurrent);

impl wasip3::exports::http::handler::Guest for Concurrent {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let seen = SEEN.fetch_add(1, Relaxed) + 1;
        let target = request.get_path_with_query().unwrap_or_default();
        if target == "/answer-first" {
            return answer_first(request);
        }
        let request = http_from_wasi_request(request)?;
        let rounds = request.uri().query().and_then(|query| query.parse().ok());
        match (request.uri().path(), rounds) {
            // Ends when the request does.
            ("/echo", _) => http_into_wasi_response(http::Response::new(request.into_body())),
            // Declares five bytes, and writes so many.
            ("/length", Some(written)) => {
                let body = "x".repeat(usize::try_from(written).unwrap_or_default());
                let response = http::Response::builder().header("content-length", 5).body(body);
                http_into_wasi_response(response.map_err(internal)?)
            }
            ("/burn", Some(rounds)) => {
                let burned = (0_u64..rounds).fold(1, |sum, n| black_box(sum ^ n));
                http_into_wasi_response(http::Response::new(burned.to_string()))
            }
            _ => http_into_wasi_response(http::Response::new(seen.to_string())),
        }
    }
}

/// Answers in full, and only then reads the request's body to its end.
fn answer_first(request: Request) -> Result<Response, ErrorCode> {
    let (_read, done) = wit_future::new(|| Ok(()));
    let (body, _trailers) = Request::consume_body(request, done);
    spawn_local(async move {
        println!("read {} bytes", body.collect().await.len());
    });
    http_into_wasi_response(http::Response::new("answered".to_owned()))
}

fn internal(error: http::Error) -> ErrorCode {
    ErrorCode::InternalError(Some(error.to_string()))
}
