//! Is told of each object that is written to a bucket.

use aws_lambda_events::event::s3::S3Event;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<S3Event>) -> Result<(), Error> {
    for record in event.payload.records {
        let (bucket, object) = (record.s3.bucket.name, record.s3.object);
        // As S3 writes keys in events: + for a blank, and %XX.
        let key = object.key.unwrap_or_default();
        println!("{} has {key}, {} bytes", bucket.unwrap_or_default(), object.size.unwrap_or_default());
    }
    Ok(())
}
