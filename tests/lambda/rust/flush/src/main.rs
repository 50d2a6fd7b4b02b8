//! An extension in the function itself, which sends off what was collected once an event is done.

use std::sync::Arc;

use lambda_extension::{Extension, NextEvent};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Done = Arc<Mutex<UnboundedReceiver<u64>>>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (sender, receiver) = unbounded_channel();
    let done = Done::new(Mutex::new(receiver));
    let extension = Extension::new()
        .with_extension_name("flush")
        .with_events(&["INVOKE"])
        .with_events_processor(lambda_extension::service_fn(|event| flush(done.clone(), event)))
        .register()
        .await?;
    let function = run(service_fn(|event| handle(sender.clone(), event)));
    tokio::try_join!(function, extension.run())?;
    Ok(())
}

async fn flush(done: Done, event: lambda_extension::LambdaEvent) -> Result<(), Error> {
    if let NextEvent::Invoke(invoke) = event.next {
        let number = done.lock().await.recv().await.ok_or("the function is gone")?;
        println!("flushed {number} of {}", invoke.request_id);
    }
    Ok(())
}

async fn handle(done: UnboundedSender<u64>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let number = event.payload["number"].as_u64().unwrap_or_default();
    done.send(number)?;
    Ok(json!({ "request": event.context.request_id, "number": number }))
}
