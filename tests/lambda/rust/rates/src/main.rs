//! Asks another service for two rates at once, over `wasi:http`.

use std::env;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};
use tokio::time::{Duration, timeout};
use wstd::http::{Body, Client, Request};

#[tokio::main]
async fn main() -> Result<(), Error> {
    // A task of wstd's that never ends holds up nothing.
    wstd::runtime::spawn(async {
        loop {
            wstd::task::sleep(wstd::time::Duration::from_millis(1)).await;
        }
    })
    .detach();
    run(service_fn(convert)).await
}

async fn convert(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let [from, to] = ["from", "to"].map(|name| rate(&event.payload[name]));
    let (from, to) = tokio::try_join!(from, to)?;
    // What does not answer is given up by the clock of tokio.
    let silent = timeout(Duration::from_millis(100), rate(&event.payload["silent"])).await;
    Ok(json!({ "rate": to / from, "gaveUp": silent.is_err() }))
}

async fn rate(currency: &Value) -> Result<f64, Error> {
    let url = format!("{}/rates/{}", env::var("RATES_URL")?, currency.as_str().unwrap_or("none"));
    let request = Request::get(url).body(Body::empty())?;
    let mut response = Client::new().send(request).await.map_err(|error| error.to_string())?;
    let rate: Value = response.body_mut().json().await.map_err(|error| error.to_string())?;
    rate["rate"].as_f64().ok_or_else(|| "no rate".into())
}
