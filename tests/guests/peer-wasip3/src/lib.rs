//! An HTTP function in the style of the crate `wasip3`.

use wasip3::http::types::{self, ErrorCode};
use wasip3::http_compat::{http_from_wasi_request, http_into_wasi_response};

wasip3::http::service::export!(Peer);

struct Peer;

impl wasip3::exports::http::handler::Guest for Peer {
    async fn handle(request: types::Request) -> Result<types::Response, ErrorCode> {
        let request = http_from_wasi_request(request)?;
        let text = format!("wasip3 says hello to {}\n", request.uri().path());
        http_into_wasi_response(http::Response::new(text))
    }
}
