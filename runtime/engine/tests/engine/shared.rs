//! One instance that serves several requests at once.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use lambent_engine::types::{Limits, Meter, Outcome, Start};
use lambent_engine::{
    Component, Finished, HttpOutcome, InstancePool, InstancePoolOptions, Invocation, ResponseBody,
};
use tokio::sync::oneshot;

use crate::support::{Exchange, component, limits, request, serve};

const GUEST: &str = "guest-concurrent";

/// A body that ends when it is told to.
struct Held(Option<oneshot::Receiver<Bytes>>);

impl Body for Held {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let Some(told) = self.0.as_mut() else { return Poll::Ready(None) };
        let told = ready!(Pin::new(told).poll(cx));
        self.0 = None;
        let gone = |_| std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        Poll::Ready(Some(told.map(Frame::data).map_err(gone)))
    }
}

/// A request in flight until it is told to end.
struct Open {
    end: oneshot::Sender<Bytes>,
    response: http::Response<ResponseBody>,
    finished: oneshot::Receiver<Finished<()>>,
}

impl Open {
    /// How it ended, and its body if that was whole.
    async fn close(self) -> (Option<Bytes>, Finished<()>) {
        let Self { end, response, finished } = self;
        // The guest may be gone.
        let _ = end.send(Bytes::from_static(b"told"));
        whole(response, finished).await
    }

    /// How it ended without having been told to.
    async fn rest(self) -> (Option<Bytes>, Finished<()>) {
        let Self { end: _end, response, finished } = self;
        whole(response, finished).await
    }
}

async fn whole(
    response: http::Response<ResponseBody>,
    finished: oneshot::Receiver<Finished<()>>,
) -> (Option<Bytes>, Finished<()>) {
    let body = response.into_body().collect().await;
    (body.ok().map(http_body_util::Collected::to_bytes), finished.await.unwrap())
}

struct Function {
    component: Component<()>,
    pool: Arc<InstancePool<()>>,
    limits: Limits,
}

impl Function {
    async fn new(shared: u32, reuse: u32, limits: Limits) -> Self {
        let options = InstancePoolOptions { shared, reuse, ..InstancePoolOptions::default() };
        let prototype = move || Invocation::new(()).limits(limits);
        let pool = component(GUEST).await.pool(options, prototype);
        Self { component: Component::from_pool(pool.clone()), pool, limits }
    }

    fn invocation(&self) -> Invocation<()> {
        Invocation::new(()).limits(self.limits)
    }

    async fn get(&self, path: &str) -> Exchange {
        serve(&self.component, self.invocation(), request("GET", path)).await
    }

    /// Begins one that is answered at once, and has no end yet.
    async fn open(&self) -> Open {
        let ((end, told), (tx, finished)) = (oneshot::channel(), oneshot::channel());
        let request = request("POST", "/echo").map(|_: Full<Bytes>| Held(Some(told)));
        let on_finished = |finished| drop(tx.send(finished));
        match self.component.http(self.invocation(), request, on_finished).await {
            HttpOutcome::Response(response) => Open { end, response, finished },
            _ => panic!("no response"),
        }
    }
}

fn start(exchange: &Exchange) -> Start {
    assert_eq!(*exchange.outcome(), Outcome::Ok);
    exchange.finished.meter.start
}

#[tokio::test]
async fn requests_meet_in_one_instance_up_to_the_number_asked_for() {
    let function = Function::new(2, 100, limits()).await;
    let first = function.open().await;
    let beside = function.get("/").await;
    assert_eq!((start(&beside), beside.text()), (Start::Shared, "2".into()));
    let second = function.open().await;
    // Both places are taken: this one has an instance of its own.
    let alone = function.get("/").await;
    assert_eq!((start(&alone), alone.text()), (Start::Loaded, "1".into()));
    for open in [first, second] {
        let (body, finished) = open.close().await;
        assert_eq!((body.as_deref(), finished.outcome), (Some(&b"told"[..]), Outcome::Ok));
        let Meter { fuel, memory_bytes, bytes_in, bytes_out, start, .. } = finished.meter;
        assert!(fuel > 0 && memory_bytes > 0);
        assert_eq!((bytes_in, bytes_out, start), (4, 4, Start::Shared));
    }
}

#[tokio::test]
async fn one_after_the_other_they_are_metered_as_in_an_instance_of_their_own() {
    let function = Function::new(10, 3, limits()).await;
    let cpu = async || {
        let end = function.get("/burn?100000").await;
        (start(&end), end.finished.meter.fuel)
    };
    let [first, second, third, fourth] = [cpu().await, cpu().await, cpu().await, cpu().await];
    let starts = [first.0, second.0, third.0, fourth.0];
    assert_eq!(starts, [Start::Loaded, Start::Reused, Start::Reused, Start::Loaded]);
    // What a guest does after its answer counts to the next; it is little.
    let near = |fuel: u64| fuel.abs_diff(second.1) < second.1 / 10;
    assert!(near(third.1) && near(first.1), "{first:?} {second:?} {third:?}");
    assert!(second.1 > 100_000);
}

#[tokio::test]
async fn a_limit_that_one_reaches_ends_all_that_share_it() {
    let tight = Limits { fuel: 20_000_000, ..limits() };
    let function = Function::new(10, 100, tight).await;
    let open = function.open().await;
    let greedy = function.get("/burn?1000000000").await;
    let (body, finished) = open.rest().await;
    assert_eq!(body, None, "it must not be taken for whole");
    for finished in [&greedy.finished, &finished] {
        assert!(matches!(finished.outcome, Outcome::OutOfFuel { .. }), "{:?}", finished.outcome);
        assert_eq!(finished.meter.start, Start::Shared);
    }
    // All the fuel there was, theirs and what is kept for what comes after an answer.
    let burned = greedy.finished.meter.fuel + finished.meter.fuel;
    assert!((55_000_000..=60_000_000).contains(&burned), "{burned}");
    assert_eq!(start(&function.get("/").await), Start::Loaded, "never in the same again");
}

#[tokio::test]
async fn a_request_that_takes_too_long_ends_the_instance() {
    let hasty = Limits { timeout: Duration::from_millis(200), ..limits() };
    let function = Function::new(10, 100, hasty).await;
    let open = function.open().await;
    let (body, finished) = open.rest().await;
    assert_eq!((body, &finished.outcome), (None, &Outcome::TimedOut { limit_ms: 200 }));
    assert_eq!(start(&function.get("/").await), Start::Loaded);
    // One that spins is stopped too, although it lets nothing else in it run.
    let spinning = function.get("/burn?1000000000000").await;
    assert_eq!(*spinning.outcome(), Outcome::TimedOut { limit_ms: 200 });
}

#[tokio::test]
async fn a_client_that_goes_away_takes_nobody_with_it() {
    let function = Function::new(10, 100, limits()).await;
    let (gone, stays) = (function.open().await, function.open().await);
    let Open { end, response, finished } = gone;
    drop((end, response));
    assert_eq!(finished.await.unwrap().outcome, Outcome::Cancelled);
    assert_eq!(start(&function.get("/").await), Start::Shared);
    let (body, finished) = stays.close().await;
    assert_eq!((body.as_deref(), finished.outcome), (Some(&b"told"[..]), Outcome::Ok));
}

#[tokio::test]
async fn a_short_request_does_not_wait_behind_one_that_computes() {
    let function = Arc::new(Function::new(10, 100, limits()).await);
    assert_eq!(start(&function.get("/").await), Start::Loaded);
    let busy = function.clone();
    let long = tokio::spawn(async move { busy.get("/burn?300000000").await });
    // Until it computes.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let short = function.get("/").await;
    assert!(!long.is_finished(), "the long one is too short for this test");
    assert_eq!(start(&short), Start::Loaded);
    assert_eq!(start(&long.await.unwrap()), Start::Reused);
}

#[test]
fn an_instance_that_nobody_needs_ends() {
    let (done, ended) = std::sync::mpsc::channel();
    // On a thread of its own, which may be left behind.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let function = Function::new(10, 100, limits()).await;
            assert_eq!(start(&function.get("/").await), Start::Loaded);
            assert!(!function.pool.is_unused());
            while !function.pool.is_unused() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            assert_eq!(start(&function.get("/").await), Start::Loaded);
            done.send(()).unwrap();
        });
    });
    // It is kept for ten seconds.
    ended.recv_timeout(Duration::from_secs(60)).unwrap();
}

#[tokio::test]
async fn whoever_is_in_flight_when_the_executor_ends_is_told() {
    let function = Function::new(10, 100, limits()).await;
    let ended = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let open = runtime.block_on(function.open());
        drop(runtime);
        let Open { end: _end, response, finished } = open;
        drop(response);
        finished.blocking_recv().unwrap().outcome
    });
    assert_eq!(ended.join().unwrap(), Outcome::Cancelled);
}
