//! Messages of a queue, of which some fail and come again.

use std::collections::HashMap;
use std::sync::Mutex;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEventObj};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let seen = Mutex::new(HashMap::new());
    run(service_fn(|event| handle(&seen, event))).await
}

async fn handle(
    seen: &Mutex<HashMap<u64, u32>>,
    event: LambdaEvent<SqsEventObj<u64>>,
) -> Result<SqsBatchResponse, Error> {
    let mut response = SqsBatchResponse::default();
    for record in event.payload.records {
        let times =
            *seen.lock().unwrap().entry(record.body).and_modify(|times| *times += 1).or_insert(1);
        println!("message {} {times}", record.body);
        if record.body == 2 && times == 1 {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = record.message_id.unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
    }
    Ok(response)
}
