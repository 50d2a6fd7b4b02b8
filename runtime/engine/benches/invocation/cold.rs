//! Code that is on disk only, and code that is not yet compiled.

use std::time::{Duration, Instant};

use cap_std::fs::Dir;
use lambent_engine::types::Digest;
use lambent_engine::{ArtifactCache, Engine, InProcess, Options};
use lambent_test_support::guest_bytes;

use crate::measure::{Samples, Table};
use crate::warm::invoke;

const ROUNDS: usize = 200;

/// The first invocation of a component whose artifact is on disk.
pub(crate) async fn run(table: &mut Table, engine: &Engine<()>, wasm: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let source = Digest::of(wasm);
    let cache = || {
        let dir = Dir::open_ambient_dir(folder.path(), cap_std::ambient_authority());
        ArtifactCache::new(dir.expect("a folder"), [7; 32], engine.compatibility(), 1)
    };
    let code = engine.compile(wasm.to_vec().into(), None).await.expect("it compiles");
    cache().put(source, &code).expect("it is written");
    let uri: http::Uri = "http://hello.localhost/".parse().expect("a uri");

    let [mut verify, mut load, mut first, mut total]: [Samples; 4] = Default::default();
    for round in 0..=ROUNDS {
        let cache = cache();
        let began = Instant::now();
        let artifact = cache.get(source).expect("it is genuine").expect("it is there");
        let verified = began.elapsed();
        let began = Instant::now();
        let component = engine.load(&artifact).expect("it loads");
        let loaded = began.elapsed();
        invoke(&component, &uri).await;
        let answered = began.elapsed();
        if round > 0 {
            verify.push(verified);
            load.push(loaded);
            first.push(answered - loaded);
            total.push(answered);
        }
    }
    table.row("artifact authenticated, once per process", &verify, None);
    table.row("cold from disk: map, link, prepare the heap image", &load, None);
    table.row("cold from disk: first invocation", &first, None);
    table.row("cold from disk: in all", &total, None);
    assert!(total.median() < Duration::from_secs(1), "a cold start is not a compilation");
}

/// Compiling, on one thread, as the server's child process does.
pub(crate) fn compile(table: &mut Table, guests: &[&str]) {
    let compiler = InProcess::new(Options { parallel_compilation: false, ..Options::default() });
    for guest in guests {
        let wasm = guest_bytes(guest);
        let mut samples = Samples::default();
        for _ in 0..5 {
            let began = Instant::now();
            compiler.compile_blocking(&wasm).expect("it compiles");
            samples.push(began.elapsed());
        }
        let what = format!("compile {guest} ({} KB), one thread", wasm.len() / 1000);
        table.row(&what, &samples, None);
    }
}
