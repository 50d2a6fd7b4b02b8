//! Streams a long response while it is being made, with WASI 0.3.
//!
//! ```sh
//! cargo build --release --target wasm32-wasip2
//! lambent deploy stream target/wasm32-wasip2/release/stream_http.wasm
//! curl -N 'http://stream.localhost:4566/'
//! curl -N 'http://stream.localhost:4566/?lines=3&delay_ms=1000'
//! curl 'http://stream.localhost:4566/?bytes=100000000' | wc -c
//! ```

use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::wit_bindgen::{StreamWriter, spawn_local};
use wasip3::{wit_future, wit_stream};

const CHUNK: usize = 64 * 1024;

struct Stream;

wasip3::http::service::export!(Stream);

impl Guest for Stream {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let wanted = Wanted::of(&request.get_path_with_query().unwrap_or_default());
        let headers = Fields::new();
        headers
            .append("content-type", b"text/plain; charset=utf-8")
            .map_err(|error| ErrorCode::InternalError(Some(error.to_string())))?;

        let (writer, body) = wit_stream::new();
        let (no_trailers, trailers) = wit_future::new(|| Ok(None));
        let (response, _sent) = Response::new(headers, Some(body), trailers);
        // The head is sent when this function returns; the task goes on.
        spawn_local(async move {
            match wanted {
                Wanted::Lines { count, delay_ms } => write_lines(writer, count, delay_ms).await,
                Wanted::Bytes(count) => write_bytes(writer, count).await,
            }
            drop(no_trailers);
        });
        Ok(response)
    }
}

/// The response that the query asks for.
enum Wanted {
    Lines { count: u64, delay_ms: u64 },
    Bytes(usize),
}

impl Wanted {
    fn of(path_with_query: &str) -> Self {
        let query = path_with_query.split_once('?').map_or("", |(_path, query)| query);
        let number = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(known, _)| *known == name).and_then(|(_, value)| value.parse::<u64>().ok())
        };
        match number("bytes").map(usize::try_from) {
            Some(Ok(count)) => Self::Bytes(count),
            _ => Self::Lines {
                count: number("lines").unwrap_or(10),
                delay_ms: number("delay_ms").unwrap_or(100),
            },
        }
    }
}

/// Writes one line after another, with a pause in between.
async fn write_lines(mut writer: StreamWriter<u8>, count: u64, delay_ms: u64) {
    for n in 1..=count {
        if n > 1 {
            wait_for(delay_ms.saturating_mul(1_000_000)).await;
        }
        let unread = writer.write_all(format!("line {n} of {count}\n").into_bytes()).await;
        if !unread.is_empty() {
            println!("the reader went away before line {n}");
            return;
        }
    }
}

/// Writes bytes as fast as the client reads them.
async fn write_bytes(mut writer: StreamWriter<u8>, mut left: usize) {
    // Every write gives the buffer back, to be used again.
    let mut chunk = Vec::with_capacity(CHUNK);
    while left > 0 {
        chunk.resize(left.min(CHUNK), b'.');
        left -= chunk.len();
        chunk = writer.write_all(chunk).await;
        if !chunk.is_empty() {
            println!("the reader went away with {left} bytes to go");
            return;
        }
    }
}
