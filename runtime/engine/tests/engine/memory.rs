//! The budget that guests draw their memory from together, and what is left of
//! them when they are gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use lambent_engine::types::{Digest, Limits, Outcome, Provisioned};
use lambent_engine::{
    Answer, ArtifactCache, Budget, Component, Engine, Instances, Invocation, Keep, Options, Refused,
};
use lambent_test_support::guest_bytes;
use tokio::sync::OnceCell;

use crate::support::{Exchange, limits, request, serve};

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

    async fn get(&self, path: &str) -> Exchange {
        serve(&self.hostile, invocation(limits()), request("GET", path)).await
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

fn invocation(limits: Limits) -> Invocation<()> {
    Invocation::new(()).limits(Limits { memory_bytes: 4 << 30, ..limits })
}

fn options() -> Options {
    Options { instances: 60, ..Options::default() }
}

fn ended_by_the_node(end: &Exchange) -> bool {
    matches!(end.outcome(), Outcome::OutOfMemory { node: true, .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_that_grow_at_once_have_no_more_than_there_is() {
    let node = Node::new(100 * MIB, options()).await;
    // At once, in small steps, and such as touch it only later.
    for path in ["/hold?mib=30&ms=300", "/hold?mib=30&kib=64&ms=300", "/hold?mib=30&late=1&ms=300"]
    {
        let ends = join_all((0..10).map(|_| node.get(path))).await;
        let served = ends.iter().filter(|end| end.outcome().is_ok()).count();
        let refused = ends.iter().filter(|end| ended_by_the_node(end)).count();
        assert_eq!(served + refused, 10, "{path}");
        // Three fit; where others gave up half-way there was room for one later.
        assert!((1..=9).contains(&served), "{path}: {served} were served");
        let refused = ends.iter().find(|end| ended_by_the_node(end)).unwrap();
        let message = refused.outcome().message();
        assert!(message.contains("than the node had left"), "{message}");
        node.settled().await;
    }
    assert!(node.budget.usage().refused > 0);
    // Whoever comes when there is room again has it.
    assert!(node.get("/hold?mib=90").await.outcome().is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_cannot_begin_is_refused_and_nothing_ran() {
    let node = Node::new(20 * MIB, options()).await;
    let others = node.budget.hold(None, None);
    others.grow(19 * MIB).unwrap();
    // What it begins with is a little more than that leaves.
    let (told, ended) = tokio::sync::oneshot::channel();
    let guest = invocation(limits());
    let answer =
        node.hostile.http(guest, request("GET", "/fuel?n=1"), |end| drop(told.send(end))).await;
    assert!(matches!(answer, Answer::Refused(Refused::MemoryExhausted(_))));
    assert!(ended.await.is_err(), "nothing is reported of what never ran");
    drop(others);
    assert!(node.get("/fuel?n=1").await.outcome().is_ok());
    node.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_wait_are_given_up_before_anybody_is_refused() {
    let node = Node::new(64 * MIB, options()).await;
    let keep = Keep { provisioned: Provisioned::Count(20), ..Keep::default() };
    let waiting = Instances::new(node.hostile.clone(), keep, || invocation(limits()));
    waiting.fill().await;
    assert_eq!(waiting.waiting(), 20);
    let before = node.budget.usage();
    assert!(before.used > 20 * MIB, "those that wait are charged: {before:?}");
    let end = node.get("/hold?mib=60").await;
    assert!(end.outcome().is_ok(), "{:?}", end.outcome());
    assert_eq!(node.budget.usage().refused, before.refused);
    assert!(waiting.waiting() < 5, "{}", waiting.waiting());
    // None is made for later as long as somebody needs it now.
    drop(waiting);
    node.settled().await;
}

/// Thousands of invocations, and every way that one can end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_becomes_of_a_guest_its_memory_is_given_back() {
    let node = Node::new(256 * MIB, options()).await;
    let keep = Keep { reuse: 7, provisioned: Provisioned::Auto, ..Keep::default() };
    let short = Limits { timeout: Duration::from_millis(20), fuel: 20_000_000, ..limits() };
    let instances = Instances::new(node.hostile.clone(), keep, move || invocation(short));
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
            let reused = (index % 2 == 0).then(|| instances.clone());
            let invocation = Invocation { instances: reused, ..invocation(short) };
            let path = paths[(round + index) % paths.len()];
            let ended = serve(&node.hostile, invocation, request("GET", path));
            // Some go away before their guest has ended.
            tokio::time::timeout(Duration::from_millis(if index == 3 { 1 } else { 60_000 }), ended)
        });
        join_all(some).await;
    }
    let panicked = node.hostile.call(invocation(limits()), |_, _| {
        Box::pin(async { if limits().fuel > 0 { panic!("the host") } else { Ok(()) } })
    });
    assert_eq!(panicked.await.unwrap().outcome, Outcome::Internal);
    drop(instances);
    node.settled().await;
}

/// The kernel has to tell dirty pages apart: without that nothing is kept at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_give_memory_back_after_a_burst() {
    let options = Options { instances: 300, idle_bytes: 64 * MIB, ..Options::default() };
    let node = Node::new(u64::MAX, options).await;
    let ends = join_all((0..200).map(|_| node.get("/hold?mib=2&ms=100"))).await;
    assert!(ends.iter().all(|end| end.outcome().is_ok()));
    let patience = Instant::now() + Duration::from_secs(30);
    while node.engine.idle_bytes() > 32 * MIB {
        assert!(Instant::now() < patience, "{} MiB are kept", node.engine.idle_bytes() / MIB);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // And the pool is in order.
    let ends = join_all((0..200).map(|_| node.get("/hold?mib=2&ms=10"))).await;
    assert!(ends.iter().all(|end| end.outcome().is_ok()));
}
