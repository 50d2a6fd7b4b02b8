//! Fresh, ready and used instances of code that is in memory.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use lambent_engine::types::Provisioned;
use lambent_engine::{Component, Engine, HttpOutcome, InstancePoolOptions, Invocation};

use crate::baseline::Baseline;
use crate::measure::{Samples, Table};

const ROUNDS: usize = 40;
const PER_ROUND: u32 = 1000;

pub(crate) async fn run(table: &mut Table, engine: &Engine<()>, baseline: &Baseline, wasm: &[u8]) {
    let component = engine.component(wasm.to_vec().into()).await.expect("it compiles");
    let uri: http::Uri = "http://hello.localhost/".parse().expect("a uri");
    assert_eq!(baseline.invoke(&uri).await, invoke(&component, &uri).await);

    let kept = |options| component.pool(options, || Invocation::new(()));
    let ready = kept(InstancePoolOptions {
        provisioned: Provisioned::Count(1),
        ..InstancePoolOptions::default()
    });
    let reused = kept(InstancePoolOptions { reuse: u32::MAX, ..InstancePoolOptions::default() });
    let [mut bare, mut ours, mut bare_instance, mut our_instance, mut was_ready, mut was_reused]:
        [Samples; 6] = Default::default();
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
        let mut ready_invoked = Duration::ZERO;
        for _ in 0..PER_ROUND {
            // Made ahead, so its making does not count.
            ready.fill().await;
            let began = Instant::now();
            invoke(&Component::from_pool(ready.clone()), &uri).await;
            ready_invoked += began.elapsed() / PER_ROUND;
        }
        let began = Instant::now();
        for _ in 0..PER_ROUND {
            invoke(&Component::from_pool(reused.clone()), &uri).await;
        }
        let reused_invoked = began.elapsed() / PER_ROUND;
        if round > 0 {
            was_ready.push(ready_invoked);
            was_reused.push(reused_invoked);
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
    table.row("the same, in a ready instance", &was_ready, Some(was_ready.over(&bare)));
    table.row("the same, in a used instance", &was_reused, Some(was_reused.over(&bare)));
}

pub(crate) async fn invoke(component: &Component<()>, uri: &http::Uri) -> Bytes {
    let mut request = http::Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = uri.clone();
    let finished = |end: lambent_engine::Finished<()>| assert!(end.outcome.is_ok());
    match component.http(Invocation::new(()), request, finished).await {
        HttpOutcome::Response(response) => {
            response.into_body().collect().await.expect("a body").to_bytes()
        }
        _ => panic!("no response"),
    }
}

async fn instantiate(component: &Component<()>) {
    let end = component.call(Invocation::new(()), |_, _| Box::pin(async { Ok(()) }));
    assert!(end.await.expect("an instance").outcome.is_ok());
}
