//! A pool that is used up refuses; it does not queue, and it comes back.

use std::time::Duration;

use lambent_engine::{Engine, HttpOutcome, Invocation, Options, Refused};
use lambent_test_support::guest_bytes;

use crate::support::{limits, request};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_pool_refuses_and_recovers() {
    let options = Options { instances: 2, ..Options::default() };
    let engine = Engine::<()>::builder(options).build().unwrap();
    let component = engine.component(guest_bytes("guest-probe").into()).await.unwrap();
    let invoke = |path: &'static str| {
        let component = component.clone();
        async move {
            let invocation = Invocation::new(()).limits(limits());
            component.http(invocation, request("GET", path), |_| {}).await
        }
    };
    let busy = [tokio::spawn(invoke("/sleep?ms=1000")), tokio::spawn(invoke("/sleep?ms=1000"))];
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(matches!(invoke("/state").await, HttpOutcome::Refused(Refused::PoolExhausted)));
    for task in busy {
        assert!(matches!(task.await.unwrap(), HttpOutcome::Response(_)));
    }
    assert!(matches!(invoke("/state").await, HttpOutcome::Response(_)));
}
