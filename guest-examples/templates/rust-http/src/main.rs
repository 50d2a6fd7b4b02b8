//! Answers HTTP requests.

use wstd::http::{Body, Error, Request, Response};

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    let name = request.uri().query().and_then(|query| query.strip_prefix("name="));
    let message = format!("Hello, {}!\n", name.unwrap_or("world"));
    Ok(Response::builder().header("content-type", "text/plain").body(message.into())?)
}
