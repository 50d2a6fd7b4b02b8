//! Instances that wait for an invocation, and what is kept of one for the next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lambent_engine::types::{Limits, Outcome, Provisioned, Start};
use lambent_engine::{
    Component, Engine, HttpOutcome, InstancePool, InstancePoolOptions, Invocation, Options,
};
use lambent_test_support::guest_bytes;

use crate::support::{Exchange, component, get, limits, request, serve};

/// Sends requests to one function version.
struct Function {
    component: Component<()>,
    pool: Arc<InstancePool<()>>,
    limits: Limits,
}

impl Function {
    async fn new(guest: &'static str, options: InstancePoolOptions, limits: Limits) -> Self {
        let prototype = move || Invocation::new(()).limits(limits);
        let pool = component(guest).await.pool(options, prototype);
        Self { component: Component::from_pool(pool.clone()), pool, limits }
    }

    async fn get(&self, path: &str) -> Exchange {
        let invocation = Invocation::new(()).limits(self.limits);
        serve(&self.component, invocation, request("GET", path)).await
    }
}

fn reuse(reuse: u32) -> InstancePoolOptions {
    InstancePoolOptions { reuse, ..InstancePoolOptions::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_serves_as_often_as_was_asked_and_no_more() {
    let function = Function::new("guest-probe", reuse(3), limits()).await;
    let mut seen = Vec::new();
    for _ in 0..7 {
        let end = function.get("/state").await;
        assert_eq!(*end.outcome(), Outcome::Ok);
        seen.push((end.text(), end.finished.meter.start));
    }
    let (new, used) = (Start::Loaded, Start::Reused);
    let wanted =
        [("1", new), ("2", used), ("3", used), ("1", new), ("2", used), ("3", used), ("1", new)];
    assert_eq!(seen, wanted.map(|(text, start)| (text.to_owned(), start)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_invocation_of_a_reused_instance_has_its_own_meter_and_logs() {
    let function = Function::new("guest-probe", reuse(100), limits()).await;
    let first = function.get("/log?bytes=128").await;
    let second = function.get("/log?bytes=128").await;
    let third = function.get("/log?bytes=128").await;
    assert_eq!(second.finished.meter.start, Start::Reused);
    assert_eq!(second.finished.logs, third.finished.logs);
    assert_eq!(second.finished.logs.lines.len(), first.finished.logs.lines.len());
    assert!(!second.finished.logs.lines.is_empty());
    // The first also paid for being instantiated.
    let fuel = |end: &Exchange| end.finished.meter.fuel;
    assert!(fuel(&first) > fuel(&second) && fuel(&third) > 0);
}

/// On one thread, so that nothing runs behind the test's back: a guest that has
/// no more to do than to write a small body is not left for later.
#[tokio::test]
async fn a_guest_that_can_end_with_its_head_does() {
    for guest in ["guest-probe", "guest-concurrent"] {
        let function = Function::new(guest, reuse(10), limits()).await;
        let invocation = Invocation::new(()).limits(function.limits);
        let answer = function.component.http(invocation, request("GET", "/state"), |_| {}).await;
        assert!(matches!(answer, HttpOutcome::Response(_)), "{guest}");
        assert_eq!(function.pool.idle(), 1, "{guest}: it is done");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_badly_is_never_used_again() {
    let limits = Limits { timeout: Duration::from_secs(30), fuel: 1_000_000_000, ..limits() };
    let function = Function::new("guest-hostile", reuse(100), limits).await;
    for path in ["/trap", "/spin", "/memory", "/exit?code=0", "/die-mid-body"] {
        assert_eq!(function.get("/fuel?n=10").await.finished.meter.start, Start::Loaded, "{path}");
        let end = function.get(path).await;
        assert_eq!(end.finished.meter.start, Start::Reused, "{path}");
        assert_eq!(function.pool.idle(), 0, "{path}: {:?}", end.outcome());
    }
    // The limits hold in an instance that has served others too.
    function.get("/fuel?n=10").await;
    let end = function.get("/spin").await;
    assert!(matches!(end.outcome(), Outcome::OutOfFuel { .. }), "{:?}", end.outcome());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_is_cancelled_takes_its_instance_with_it() {
    let function = Function::new("guest-probe", reuse(100), limits()).await;
    assert_eq!(function.get("/state").await.text(), "1");
    let waiting = tokio::time::timeout(Duration::from_millis(200), function.get("/sleep?ms=30000"));
    assert!(waiting.await.is_err());
    assert_eq!(function.pool.idle(), 0);
    assert_eq!(function.get("/state").await.text(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ready_instance_is_as_good_as_a_fresh_one() {
    let options = InstancePoolOptions {
        provisioned: Provisioned::Count(3),
        ..InstancePoolOptions::default()
    };
    let function = Function::new("guest-probe", options, limits()).await;
    function.pool.fill().await;
    assert_eq!(function.pool.idle(), 3);
    let fresh = get("guest-probe", "/state").await;
    for _ in 0..3 {
        let ready = function.get("/state").await;
        assert_eq!(ready.text(), "1");
        assert_eq!(ready.finished.meter.start, Start::Ready);
        assert_eq!(ready.finished.meter.fuel, fresh.finished.meter.fuel);
    }
    // What was taken is made up for, and what is provisioned is not given up.
    let patience = Instant::now() + Duration::from_secs(30);
    while function.pool.idle() < 3 && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(function.pool.evict(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_leaves_half_of_the_engine_to_others() {
    // An engine of its own, with room for ten.
    let engine_options = Options { instances: 10, ..Options::default() };
    let engine = Engine::<()>::builder(engine_options).build().unwrap();
    let wasm = guest_bytes("guest-probe");
    let component = engine.component(wasm.into()).await.unwrap();
    let options = InstancePoolOptions {
        provisioned: Provisioned::Count(100),
        ..InstancePoolOptions::default()
    };
    let greedy = component.pool(options, || Invocation::new(()));
    greedy.fill().await;
    assert_eq!(greedy.idle(), 5);
    let sleeping = (0..5).map(|_| {
        let invocation = Invocation::new(()).limits(limits());
        serve(&component, invocation, request("GET", "/sleep?ms=50"))
    });
    for end in futures::future::join_all(sleeping).await {
        assert_eq!(*end.outcome(), Outcome::Ok);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn automatic_ones_come_with_the_first_request() {
    let options =
        InstancePoolOptions { provisioned: Provisioned::Auto, ..InstancePoolOptions::default() };
    let function = Function::new("guest-probe", options, limits()).await;
    function.pool.fill().await;
    assert_eq!(function.pool.idle(), 0, "nobody has called it");
    assert_eq!(function.get("/state").await.finished.meter.start, Start::Loaded);
    let patience = Instant::now() + Duration::from_secs(30);
    while function.pool.idle() == 0 && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(function.get("/state").await.finished.meter.start, Start::Ready);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_a_reused_guest_forgets_does_not_hang_its_client() {
    let limits = Limits { timeout: Duration::from_millis(500), ..limits() };
    let function = Function::new("guest-hostile", reuse(100), limits).await;
    let end = tokio::time::timeout(Duration::from_secs(30), function.get("/forget-body")).await;
    let end = end.expect("an end");
    let (_, body) = end.response.as_ref().expect("a head");
    assert!(body.as_ref().unwrap_err().contains("in time"), "{body:?}");
}
