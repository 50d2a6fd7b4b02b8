//! Runs each minute.

use aws_lambda_events::event::cloudwatch_events::CloudWatchEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(tick)).await
}

async fn tick(event: LambdaEvent<CloudWatchEvent>) -> Result<(), Error> {
    println!("it is {}", event.payload.time);
    Ok(())
}
