//! Fresh instances of code that is in memory.

use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use lambent_engine::{Answer, Component, Engine, Invocation};

use crate::baseline::Baseline;
use crate::measure::{Samples, Table};

const ROUNDS: usize = 40;
const PER_ROUND: u32 = 1000;

pub(crate) async fn run(table: &mut Table, engine: &Engine<()>, baseline: &Baseline, wasm: &[u8]) {
    let component = engine.component(wasm.to_vec().into()).await.expect("it compiles");
    let uri: http::Uri = "http://hello.localhost/".parse().expect("a uri");
    assert_eq!(baseline.invoke(&uri).await, invoke(&component, &uri).await);

    let [mut bare, mut ours, mut bare_instance, mut our_instance]: [Samples; 4] =
        Default::default();
    // The first round warms both up and is not counted.
    for round in 0..=ROUNDS {
        let began = Instant::now();
        for _ in 0..PER_ROUND {
            baseline.invoke(&uri).await;
        }
        let bare_invoked = began.elapsed() / PER_ROUND;
        let began = Instant::now();
        for _ in 0..PER_ROUND {
            invoke(&component, &uri).await;
        }
        let ours_invoked = began.elapsed() / PER_ROUND;
        let began = Instant::now();
        for _ in 0..PER_ROUND {
            baseline.instantiate().await;
        }
        let bare_instantiated = began.elapsed() / PER_ROUND;
        let began = Instant::now();
        for _ in 0..PER_ROUND {
            instantiate(&component).await;
        }
        let ours_instantiated = began.elapsed() / PER_ROUND;
        if round > 0 {
            bare.push(bare_invoked);
            ours.push(ours_invoked);
            bare_instance.push(bare_instantiated);
            our_instance.push(ours_instantiated);
        }
    }
    table.row("store + instantiate, bare wasmtime", &bare_instance, None);
    let ratio = our_instance.over(&bare_instance);
    table.row("store + instantiate, limits set", &our_instance, Some(ratio));
    table.row("whole fresh hello-http, bare wasmtime", &bare, None);
    let ratio = ours.over(&bare);
    table.row("whole fresh hello-http, limits, logs and meter on", &ours, Some(ratio));
}

pub(crate) async fn invoke(component: &Component<()>, uri: &http::Uri) -> Bytes {
    let mut request = http::Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = uri.clone();
    let finished = |end: lambent_engine::Finished<()>| assert!(end.outcome.is_ok());
    match component.http(Invocation::new(()), request, finished).await {
        Answer::Response(response) => {
            response.into_body().collect().await.expect("a body").to_bytes()
        }
        _ => panic!("no response"),
    }
}

async fn instantiate(component: &Component<()>) {
    let end = component.call(Invocation::new(()), |_, _| Box::pin(async { Ok(()) }));
    assert!(end.await.expect("an instance").outcome.is_ok());
}
