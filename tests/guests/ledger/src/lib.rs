//! Writes down every event it handles, and notes what is out of order or
//! happened twice: what the crash harness reads at the end.

use lambent_sdk::keyspace::Keyspace;
use lambent_sdk::{Context, Event, Failure};
use serde_json::Value;

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new("Ledger", error.to_string())
}

/// What ends in this digit is never handled.
const POISON: char = '7';

#[lambent_sdk::handler]
fn handle(event: Event, _: Context) -> Result<(), Failure> {
    let seen = Keyspace::open("seen").map_err(failed)?;
    match event.kind.as_str() {
        "lambent.object.created.v1" => write(&seen, &format!("object/{}", subject(&event))),
        "lambent.key.set.v1" => key(&seen, &event),
        "lambent.queue.message.v1" => message(&seen, &event),
        _ if event.id.ends_with(POISON) => Err(Failure::new("Poison", "told never to")),
        _ if event.id.ends_with('3') && event.attempt == 1 => {
            Err(Failure::new("Once", "fails the first time"))
        }
        _ => write(&seen, &format!("invocation/{}", event.id)),
    }
}

fn subject(event: &Event) -> &str {
    event.subject.as_deref().unwrap_or_default()
}

fn write(seen: &Keyspace, key: &str) -> Result<(), Failure> {
    seen.increment(key, 1).map(drop).map_err(failed)
}

fn violation(seen: &Keyspace, what: &str) -> Result<(), Failure> {
    println!("violation: {what}");
    seen.set("violations", what).map_err(failed)
}

/// The values of a key only grow, and so must the events of its changes.
fn key(seen: &Keyspace, event: &Event) -> Result<(), Failure> {
    let data: Value = event.json()?;
    let value = data["new"]["text"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    let key = subject(event);
    let mark = format!("key/{key}/{value}");
    in_order(seen, key, value, &mark)?;
    write(seen, &mark)
}

/// What has its mark was handled before, and may come again at any time: after a
/// kill, with all that was taken together with it. What has none must not come
/// after what was made later.
fn in_order(seen: &Keyspace, of: &str, value: u64, mark: &str) -> Result<u64, Failure> {
    let place = format!("order/{of}");
    let last = seen.get(&place).map_err(failed)?;
    let last = last.and_then(|last| String::from_utf8(last).ok()?.parse().ok()).unwrap_or(0);
    if value < last && seen.get(mark).map_err(failed)?.is_none() {
        violation(seen, &format!("{of}: {value} first handled after {last}"))?;
    }
    seen.set(&place, value.max(last).to_string()).map_err(failed)?;
    Ok(last)
}

fn message(seen: &Keyspace, event: &Event) -> Result<(), Failure> {
    let body = String::from_utf8_lossy(&event.data).into_owned();
    if event.source != "/queues/jobs.fifo" {
        if body.ends_with(POISON) {
            return Err(Failure::new("Poison", "told never to"));
        }
        return write(seen, &format!("message/{body}"));
    }
    let group = subject(event);
    let place = format!("fifo/{group}/{body}");
    let number = body.parse().unwrap_or(0);
    let last = in_order(seen, group, number, &place)?;
    if number > last + 1 {
        violation(seen, &format!("{group}: {number} handled before {}", last + 1))?;
    }
    // However often it was sent under one deduplication id, it is one message.
    let known = seen.get(&place).map_err(failed)?;
    if known.is_some_and(|known| known != event.id.as_bytes()) {
        violation(seen, &format!("{place} is there twice"))?;
    }
    seen.set(&place, &event.id).map_err(failed)
}
