//! Ends in every way in which a program can.

use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    act(&std::env::var("AT_START").unwrap_or_default()).await?;
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    act(event.payload["do"].as_str().unwrap_or_default()).await?;
    Ok(json!({ "did": event.payload["do"] }))
}

async fn act(what: &str) -> Result<(), Error> {
    println!("about to {what}");
    match what {
        "fail" => Err("as it was told".into()),
        "panic" => panic!("as it was told"),
        "exit" => std::process::exit(3),
        "sleep" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        }
        "spin" => loop {
            std::hint::black_box(());
        },
        "allocate" => {
            let mut all: Vec<Vec<u8>> = Vec::new();
            loop {
                all.push(vec![1; 1 << 20]);
            }
        }
        "block" => {
            Ok(tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(5))).await?)
        }
        "file" => {
            tokio::fs::write("/tmp/file", "written").await?;
            let read = tokio::fs::read_to_string("/tmp/file").await?;
            if read == "written" { Ok(()) } else { Err(read.into()) }
        }
        _ => Ok(()),
    }
}
