//! Returns every event as JSON, with its attributes and the context of the call.
//!
//! ```sh
//! cargo build --release --target wasm32-wasip2
//! lambent deploy echo target/wasm32-wasip2/release/echo_event.wasm
//! lambent invoke echo --data '{"n": 1}'
//! ```

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use lambent_sdk::{Context, Event, Failure};
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
struct Echo {
    #[serde(flatten)]
    attributes: BTreeMap<String, Value>,
    attempt: u32,
    /// JSON if the data is JSON, text if it is text.
    data: Value,
    invocation: Invocation,
}

#[derive(Serialize)]
struct Invocation {
    id: String,
    namespace: String,
    function: String,
    version: String,
    alias: Option<String>,
    principal: Option<String>,
    trace_parent: Option<String>,
    time_left_ms: u128,
    memory_limit: u64,
    fuel_left: u64,
}

#[lambent_sdk::handler]
fn handle(event: Event, context: Context) -> Result<Echo, Failure> {
    println!("event {} of {} bytes from {}", event.id, event.data.len(), event.source);
    Ok(Echo {
        attempt: event.attempt,
        data: data(&event),
        attributes: attributes(event),
        invocation: invocation(context),
    })
}

/// Returns the CloudEvents attributes under the names of the specification. The time is in
/// nanoseconds since 1970, since std cannot write a date.
fn attributes(event: Event) -> BTreeMap<String, Value> {
    let time_ns = event
        .time
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| u64::try_from(since.as_nanos()).ok());
    let optional = [
        ("subject", event.subject.map(Value::from)),
        ("time_ns", time_ns.map(Value::from)),
        ("datacontenttype", event.content_type.map(Value::from)),
        ("dataschema", event.schema.map(Value::from)),
    ];
    let mut attributes: BTreeMap<String, Value> =
        event.extensions.into_iter().map(|(name, value)| (name, value.into())).collect();
    for (name, value) in optional {
        attributes.extend(value.map(|value| (name.to_owned(), value)));
    }
    attributes.insert("id".into(), event.id.into());
    attributes.insert("source".into(), event.source.into());
    attributes.insert("type".into(), event.kind.into());
    attributes
}

fn data(event: &Event) -> Value {
    event.json().unwrap_or_else(|_| String::from_utf8_lossy(&event.data).into())
}

fn invocation(context: Context) -> Invocation {
    Invocation {
        id: context.invocation_id(),
        namespace: context.namespace(),
        function: context.function(),
        version: context.version(),
        alias: context.alias(),
        principal: context.principal(),
        trace_parent: context.trace_parent(),
        time_left_ms: context.time_left().as_millis(),
        memory_limit: context.memory_limit(),
        fuel_left: context.fuel_left(),
    }
}
