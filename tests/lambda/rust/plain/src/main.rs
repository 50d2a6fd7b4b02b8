//! JSON in, JSON out.

use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    first_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    request_id: String,
    message: String,
    function: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(service_fn(greet)).await
}

async fn greet(event: LambdaEvent<Request>) -> Result<Response, Error> {
    let (Request { first_name }, context) = event.into_parts();
    tracing::info!(first_name, "greeting");
    Ok(Response {
        request_id: context.request_id,
        message: format!("Hello, {first_name}!"),
        function: context.env_config.function_name.clone(),
    })
}
