//! Writes down every event it gets in the keyspace `seen`, under its id and
//! attempt, and gives its data back. Fails the first attempts, as many as the
//! variable `FAIL` says, after it wrote them down.

use std::env;

use lambent_sdk::keyspace::Keyspace;
use lambent_sdk::{Event, Failure};
use serde_json::json;

#[lambent_sdk::handler]
fn handle(event: Event) -> Result<Vec<u8>, Failure> {
    let record = json!({
        "type": event.kind,
        "source": event.source,
        "subject": event.subject,
        "attempt": event.attempt,
        "extensions": event.extensions,
        "data": String::from_utf8_lossy(&event.data),
    });
    let key = format!("{}/{}", event.id, event.attempt);
    Keyspace::open("seen")?.set(&key, record.to_string())?;
    let fail: u32 = env::var("FAIL").ok().and_then(|text| text.parse().ok()).unwrap_or_default();
    if event.attempt <= fail {
        return Err(Failure::new("Refused", format!("attempt {} of {fail}", event.attempt)));
    }
    Ok(event.data)
}
