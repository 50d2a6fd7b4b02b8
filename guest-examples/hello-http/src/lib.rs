//! The smallest HTTP function: answers every request with a greeting.
//!
//! ```sh
//! cargo build --release --target wasm32-wasip2
//! lambent deploy hello target/wasm32-wasip2/release/hello_http.wasm
//! curl http://hello.localhost:4566/
//! ```
//!
//! It is written straight against WASI 0.2, so that a fresh instance has as
//! little to set up as there can be; `wstd` makes larger functions pleasanter.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct Hello;

wasip2::http::proxy::export!(Hello);

impl Guest for Hello {
    fn handle(_request: IncomingRequest, outparam: ResponseOutparam) {
        let headers = Fields::new();
        headers.append("content-type", b"text/plain").unwrap();
        let response = OutgoingResponse::new(headers);
        let body = response.body().unwrap();
        ResponseOutparam::set(outparam, Ok(response));

        let stream = body.write().unwrap();
        stream.blocking_write_and_flush(b"Hello from Lambent!\n").unwrap();
        drop(stream);
        OutgoingBody::finish(body, None).unwrap();
    }
}
