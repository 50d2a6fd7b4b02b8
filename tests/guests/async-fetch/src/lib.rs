//! Gets what the event names, over WASI 0.3: its data is a URL, and what is got
//! is the output.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use wasip3::http::client::send;
use wasip3::http::types::ErrorCode;
use wasip3::http_compat::{http_from_wasi_response, http_into_wasi_request};

use crate::bindings::exports::lambent::function_async::handler::{
    Context, Event, Failure, Guest, Output,
};
use crate::bindings::lambent::function::types::Retry;

mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/function", "../../../wit/function-async"],
        world: "lambent:function-async/function",
        generate_all,
    });
}

struct Fetch;

bindings::export!(Fetch with_types_in bindings);

impl Guest for Fetch {
    async fn handle(event: Event, _context: Context) -> Result<Output, Failure> {
        let url = String::from_utf8_lossy(&event.data).into_owned();
        match get(&url).await {
            Ok(data) => Ok(Output { content_type: None, data }),
            Err(code) => Err(Failure {
                kind: "Fetch".into(),
                message: format!("{code:?}"),
                trace: Vec::new(),
                retry: Retry::Policy,
            }),
        }
    }
}

async fn get(url: &str) -> Result<Vec<u8>, ErrorCode> {
    let request = http::Request::get(url).body(Empty::<Bytes>::new());
    let request = request.map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    let response = send(http_into_wasi_request(request)?).await?;
    let body = http_from_wasi_response(response)?.into_body();
    Ok(body.collect().await?.to_bytes().into())
}
