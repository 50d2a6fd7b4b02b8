//! A Lambda function with the library of AWS.

use std::sync::atomic::{AtomicU32, Ordering};

use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    // What is made once, before the first event.
    let calls = AtomicU32::new(0);
    run(service_fn(|event: LambdaEvent<Value>| {
        let calls = calls.fetch_add(1, Ordering::Relaxed) + 1;
        handle(calls, event)
    }))
    .await
}

async fn handle(calls: u32, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    if let Some(path) = payload["rawPath"].as_str() {
        return Ok(json!({ "statusCode": 201, "body": format!("you are at {path}") }));
    }
    if let Some(reason) = payload["fail"].as_str() {
        return Err(reason.into());
    }
    assert!(payload["panic"].is_null(), "as it was told");
    tracing::info!(calls, "called");
    Ok(json!({
        "calls": calls,
        "event": payload,
        "arn": context.invoked_function_arn,
        "name": context.env_config.function_name,
    }))
}
