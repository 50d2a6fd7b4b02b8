//! The budget that guests draw their memory from together, and what is left of
//! them when they are gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use http_body_util::BodyExt as _;
use lambent_engine::types::{Digest, Limits, Outcome, Provisioned};
use lambent_engine::{
    ArtifactCache, Budget, Component, Engine, Finished, HttpOutcome, InstancePoolOptions,
    Invocation, Options, Refused,
};
use lambent_test_support::guest_bytes;
use tokio::sync::{OnceCell, oneshot};

use crate::support::{limits, request};

const MIB: u64 = 1 << 20;

/// A component in an engine of its own.
struct Node {
    engine: Engine<()>,
    budget: Arc<Budget>,
    hostile: Component<()>,
}

impl Node {
    async fn new(budget: u64, options: Options) -> Self {
        let budget = Budget::new(budget);
        let engine = Engine::builder(options).budget(budget.clone()).build().unwrap();
        let hostile = hostile(&engine).await;
        Self { engine, budget, hostile }
    }

    async fn get(&self, path: &str) -> Result<Outcome, Refused> {
        run(&self.hostile, Invocation::new(()).limits(roomy()), path).await
    }

    /// When everything is given back: what was aborted ends a little later.
    async fn settled(&self) {
        let patience = Instant::now() + Duration::from_secs(30);
        while self.budget.usage().used > 0 {
            assert!(Instant::now() < patience, "{:?}", self.budget.usage());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Compiled once for all engines.
async fn hostile(engine: &Engine<()>) -> Component<()> {
    static CODE: OnceCell<Vec<u8>> = OnceCell::const_new();
    let compile = || async {
        let wasm = tokio::task::spawn_blocking(|| guest_bytes("guest-hostile")).await.unwrap();
        engine.compile(wasm.into(), None).await.unwrap()
    };
    let code = CODE.get_or_init(compile).await;
    let directory = tempfile::tempdir().unwrap();
    let authority = cap_std::ambient_authority();
    let directory = cap_std::fs::Dir::open_ambient_dir(directory.path(), authority).unwrap();
    let cache = ArtifactCache::new(directory, [0; 32], engine.compatibility(), 1);
    engine.load(&cache.put(Digest::of(b"hostile"), code).unwrap()).unwrap()
}

/// How one ended, or that it did not begin.
async fn run(
    component: &Component<()>,
    invocation: Invocation<()>,
    path: &str,
) -> Result<Outcome, Refused> {
    let (told, ended) = oneshot::channel();
    let finished = |end: Finished<()>| drop(told.send(end.outcome));
    match component.http(invocation, request("GET", path), finished).await {
        HttpOutcome::Response(response) => drop(response.into_body().collect().await),
        HttpOutcome::Ended(_) => {}
        HttpOutcome::Refused(refused) => return Err(refused),
    }
    Ok(ended.await.unwrap())
}

/// The budget is what bounds them.
fn roomy() -> Limits {
    Limits { memory_bytes: 4 << 30, ..limits() }
}

fn options() -> Options {
    Options { instances: 60, ..Options::default() }
}

/// Whether it was refused for want of the node's memory, at its beginning or later.
fn is_refused(end: &Result<Outcome, Refused>) -> bool {
    matches!(end, Err(Refused::MemoryExhausted(_)) | Ok(Outcome::OutOfMemory { node: true, .. }))
}

fn is_ok(end: &Result<Outcome, Refused>) -> bool {
    matches!(end, Ok(Outcome::Ok))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_that_grow_at_once_have_no_more_than_there_is() {
    let node = Node::new(100 * MIB, options()).await;
    // At once, in small steps, and such as touch it only later.
    for how in ["", "&kib=64", "&late=1"] {
        let path = format!("/hold?mib=30&ms=2000{how}");
        let ends = join_all((0..10).map(|_| node.get(&path))).await;
        let served = ends.iter().filter(|end| is_ok(end)).count();
        let refused = ends.iter().filter(|end| is_refused(end)).count();
        assert_eq!(served + refused, 10, "{path}: {ends:?}");
        // Three fit; where others gave up half-way there was room for one later.
        assert!((1..=9).contains(&served), "{path}: {served} were served");
        for message in ends.iter().flatten().filter(|end| !end.is_ok()).map(Outcome::message) {
            assert!(message.contains("than the node had left"), "{message}");
        }
        node.settled().await;
    }
    assert!(node.budget.usage().refused > 0);
    // Whoever comes when there is room again has it.
    assert!(is_ok(&node.get("/hold?mib=80").await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_cannot_begin_is_refused_and_nothing_ran() {
    let node = Node::new(20 * MIB, options()).await;
    let others = node.budget.hold(None, None);
    others.grow(19 * MIB).unwrap();
    // What it begins with is a little more than that leaves.
    let refused = node.get("/fuel?n=1").await;
    assert!(matches!(refused, Err(Refused::MemoryExhausted(_))), "{refused:?}");
    drop(others);
    assert!(is_ok(&node.get("/fuel?n=1").await));
    node.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_wait_are_given_up_before_anybody_is_refused() {
    let node = Node::new(64 * MIB, options()).await;
    let options = InstancePoolOptions {
        provisioned: Provisioned::Count(20),
        ..InstancePoolOptions::default()
    };
    let prototype = || Invocation::new(()).limits(roomy());
    let pool = node.hostile.pool(options, prototype);
    pool.fill().await;
    assert_eq!(pool.idle(), 20);
    let before = node.budget.usage();
    assert!(before.used > 20 * MIB, "those that wait are charged: {before:?}");
    let end = node.get("/hold?mib=56").await;
    assert!(is_ok(&end), "{end:?}");
    assert_eq!(node.budget.usage().refused, before.refused);
    assert!(pool.idle() < 10, "{}", pool.idle());
    drop(pool);
    node.settled().await;
}

/// Thousands of invocations, and every way that one can end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_becomes_of_a_guest_its_memory_is_given_back() {
    let node = Node::new(512 * MIB, options()).await;
    let (reuse, provisioned) = (7, Provisioned::Auto);
    let pool_options = InstancePoolOptions { reuse, provisioned, ..InstancePoolOptions::default() };
    let short = Limits {
        timeout: Duration::from_millis(20),
        fuel: 20_000_000,
        memory_bytes: 8 << 20,
        ..limits()
    };
    let prototype = move || Invocation::new(()).limits(short);
    let pooled = Component::from_pool(node.hostile.pool(pool_options, prototype));
    let paths = [
        "/fuel?n=10",
        "/trap",
        "/spin",
        "/panic",
        "/exit?code=1",
        "/recurse",
        "/no-response",
        "/hold?mib=2",
        "/hold?mib=1&ms=100",
        "/memory-soft",
        "/log-flood",
        "/die-mid-body",
        "/handles?kind=fields",
        "/forget-body",
    ];
    for round in 0..200 {
        let some = (0..10).map(|index| {
            let component = if index % 2 == 0 { &pooled } else { &node.hostile };
            let path = paths[(round + index) % paths.len()];
            // Some go away before their guest has ended.
            let patience = Duration::from_millis(if index == 3 { 1 } else { 60_000 });
            tokio::time::timeout(patience, run(component, prototype(), path))
        });
        join_all(some).await;
    }
    let panicked = node.hostile.call(prototype(), |_, _| {
        Box::pin(async { if MIB > 0 { panic!("the host") } else { Ok(()) } })
    });
    assert_eq!(panicked.await.unwrap().outcome, Outcome::Internal);
    drop(pooled);
    node.settled().await;
}

/// The kernel has to tell dirty pages apart: without that nothing is kept at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_give_memory_back_after_a_burst() {
    let bound = 64 * MIB;
    let options = Options { instances: 300, idle_bytes: bound, ..Options::default() };
    let node = Node::new(u64::MAX, options).await;
    let ends = join_all((0..200).map(|_| node.get("/hold?mib=2&ms=100"))).await;
    assert!(ends.iter().all(is_ok));
    let patience = Instant::now() + Duration::from_secs(30);
    while node.engine.idle_bytes() > bound {
        assert!(Instant::now() < patience, "{} MiB are kept", node.engine.idle_bytes() / MIB);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // And the pool is in order.
    let ends = join_all((0..200).map(|_| node.get("/hold?mib=2&ms=10"))).await;
    assert!(ends.iter().all(is_ok));
}
