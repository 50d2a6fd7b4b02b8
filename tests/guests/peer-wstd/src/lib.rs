//! An HTTP function in the style of `wstd`, for WASI 0.2.

use wstd::http::{Body, Error, Request, Response};

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    let text = format!("wstd says hello to {}\n", request.uri().path());
    Ok(Response::builder().header("content-type", "text/plain").body(text.into())?)
}
