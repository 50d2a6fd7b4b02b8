//! Uses whatever interface the event says, and tells what came of it:
//! `{"ok": …}`, or `{"error": …}` with the interface's own error.

mod blobs;
mod fetch;
mod keys;
mod messages;
mod settings;

use lambent_sdk::{Failure, Output};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(tag = "use", rename_all = "kebab-case")]
enum Call {
    /// `wasi:keyvalue`, first draft.
    Keyvalue(keys::Call),
    /// `wasi:keyvalue`, second draft.
    Keyvalue2(keys::Call),
    /// `wasi:blobstore`.
    Blobstore(blobs::Call),
    /// `wasi:messaging`.
    Messaging(messages::Call),
    /// `wasi:config` and `wasi:logging`.
    Settings(settings::Call),
    /// Outgoing `wasi:http`.
    Http(fetch::Call),
}

type Answer = Result<Value, String>;

/// An interface's error as text: its own where it has one.
fn text(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

#[lambent_sdk::handler]
fn handle(calls: Vec<Call>) -> Result<Output, Failure> {
    let answers = calls.into_iter().map(|call| match call {
        Call::Keyvalue(call) => keys::draft::call(call),
        Call::Keyvalue2(call) => keys::draft2::call(call),
        Call::Blobstore(call) => blobs::call(call),
        Call::Messaging(call) => messages::call(call),
        Call::Settings(call) => settings::call(call),
        Call::Http(call) => fetch::call(call),
    });
    let told = answers.map(|answer| match answer {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({ "error": error }),
    });
    Output::json(&told.collect::<Vec<_>>())
}
