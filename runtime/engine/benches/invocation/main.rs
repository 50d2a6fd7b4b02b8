//! What an invocation costs beside bare wasmtime, and what a cold start costs.
//!
//! `cargo bench -p lambent-engine` prints one table. Contenders take turns, so
//! that whatever else the machine does meets them all alike; figures are
//! medians over the rounds, with the least and the most.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

mod baseline;
mod cold;
mod measure;
mod tax;
mod warm;

use lambent_engine::{Engine, Options};
use lambent_test_support::guest_bytes;

use crate::measure::Table;

fn main() {
    // Runs under `cargo test --benches` too, where a build is all that is asked.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(run());
}

async fn run() {
    let options = Options { instances: 100, ..Options::default() };
    let engine = Engine::<()>::builder(options.clone()).build().expect("an engine");
    for advice in engine.advice() {
        println!("note: {advice}");
    }
    let wasm = guest_bytes("hello-http");
    let mut table = Table::default();
    let bare = baseline::Baseline::new(&options, &wasm, baseline::Meter::None);
    warm::run(&mut table, &engine, &bare, &wasm).await;
    tax::run(&mut table, &options).await;
    cold::run(&mut table, &engine, &wasm).await;
    cold::compile(&mut table, &["hello-http", "thumbnail-http"]);
    table.print();
}
