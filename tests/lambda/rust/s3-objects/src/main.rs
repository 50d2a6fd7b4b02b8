//! Changes of objects.

use aws_lambda_events::event::s3::S3Event;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<S3Event>) -> Result<Value, Error> {
    let object = |record: &aws_lambda_events::event::s3::S3EventRecord| {
        let object = &record.s3.object;
        json!({
            "event": record.event_name,
            "bucket": record.s3.bucket.name,
            "key": object.key,
            "url_decoded_key": object.url_decoded_key,
            "size": object.size,
        })
    };
    Ok(event.payload.records.iter().map(object).collect())
}
