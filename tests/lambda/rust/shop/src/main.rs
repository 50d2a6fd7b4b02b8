//! Keeps orders in a table and tells a queue of them, by AWS's SDK for Rust with its client for `wasi:http`: nothing
//! else is configured.

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_wasm::wasi::{WasiHttpClientBuilder, WasiSleep};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let settings = aws_config::defaults(BehaviorVersion::latest())
        .http_client(WasiHttpClientBuilder::new().build())
        .sleep_impl(WasiSleep)
        .load()
        .await;
    let tables = aws_sdk_dynamodb::Client::new(&settings);
    let queues = aws_sdk_sqs::Client::new(&settings);
    run(service_fn(|event| keep(&tables, &queues, event))).await
}

async fn keep(
    tables: &aws_sdk_dynamodb::Client,
    queues: &aws_sdk_sqs::Client,
    event: LambdaEvent<Value>,
) -> Result<Value, Error> {
    let text = |name: &str| event.payload[name].as_str().unwrap_or_default().to_owned();
    let id = AttributeValue::S(text("id"));
    let item = tables.put_item().table_name("orders").item("id", id.clone());
    item.item("total", AttributeValue::N(text("total"))).send().await?;
    let found = tables.get_item().table_name("orders").key("id", id).send().await?;
    let total = found.item().and_then(|item| item.get("total")?.as_n().ok());
    let queue = queues.get_queue_url().queue_name("kept").send().await?;
    let url = queue.queue_url().unwrap_or_default();
    let sent = queues.send_message().queue_url(url).message_body(text("id")).send().await?;
    Ok(json!({ "total": total, "message": sent.message_id().map(str::len) }))
}
