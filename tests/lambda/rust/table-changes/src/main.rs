//! Changes of the items of a table.

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Event>) -> Result<Value, Error> {
    event.payload.records.into_iter().map(changed).collect()
}

fn changed(record: EventRecord) -> Result<Value, Error> {
    let keys: Value = record.change.keys.into_inner().into_iter().map(|(name, _)| name).collect();
    Ok(json!({
        "event": record.event_name,
        "at": record.change.approximate_creation_date_time.to_rfc3339(),
        "keys": keys,
    }))
}
