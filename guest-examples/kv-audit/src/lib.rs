//! Writes every change of a keyspace down in another keyspace. It is a watcher as
//! `wasi:keyvalue` describes it, so it needs nothing of Lambent and runs on any other
//! host that serves the interface.
//!
//! Entries are numbered. A change is delivered at least once, and a watcher is not told
//! which attempt it is, so after a crash an entry may be there twice. A function that
//! has to tell attempts apart takes a `lambent_sdk::KeyEvent`, which has an id.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::bindings::exports::wasi::keyvalue::watcher::{Bucket, Guest};
use crate::bindings::wasi::keyvalue::{atomics, store};

mod bindings {
    wit_bindgen::generate!({
        path: "wit/keyvalue-draft2",
        world: "watch-service",
        generate_all,
    });
}

/// The keyspace of the entries.
const AUDIT: &str = "audit";

#[derive(Serialize)]
struct Entry<'a> {
    key: &'a str,
    change: &'static str,
    /// The size of the new value.
    bytes: Option<usize>,
    /// Milliseconds since 1970.
    time_ms: u128,
}

struct Audit;

bindings::export!(Audit with_types_in bindings);

impl Guest for Audit {
    fn on_set(_keyspace: Bucket, key: String, value: Vec<u8>) {
        write(&key, "set", Some(value.len()));
    }

    fn on_delete(_keyspace: Bucket, key: String) {
        write(&key, "delete", None);
    }
}

/// Writes an entry. A watcher returns nothing, so a failure is a panic, and the change
/// is delivered again.
fn write(key: &str, change: &'static str, bytes: Option<usize>) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let entry = Entry { key, change, bytes, time_ms: since.as_millis() };
    let entry = serde_json::to_vec(&entry).unwrap();
    let audit = store::open(AUDIT).unwrap();
    let number = atomics::increment(&audit, "entries", 1).unwrap();
    audit.set(&format!("entry/{number:012}"), &entry).unwrap();
    println!("entry {number}: {change} {key}");
}
