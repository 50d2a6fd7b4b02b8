//! `wasi:http` guests of both versions, from several toolchains.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use lambent_engine::types::{Outcome, Start};
use lambent_engine::{HttpOutcome, Invocation};
use tokio::sync::oneshot;

use crate::support::{component, exchange, get, limits, request};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_answered_and_metered() {
    let end = get("hello-http", "/").await;
    assert_eq!(end.text(), "Hello from Lambent!\n");
    let meter = end.finished.meter;
    assert_eq!(*end.outcome(), Outcome::Ok);
    assert!(meter.fuel > 0 && meter.memory_bytes > 0 && meter.duration > Duration::ZERO);
    assert_eq!(meter.bytes_out, end.text().len() as u64);
    assert_eq!(meter.start, Start::Loaded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_of_other_ecosystems_run_unmodified() {
    for guest in [
        "guest-peer-wstd",
        "guest-peer-wasip2",
        "guest-peer-wasip3",
        "guest-peer-wasmcloud",
        "guest-peer-spin",
    ] {
        let end = get(guest, "/").await;
        assert_eq!(*end.outcome(), Outcome::Ok, "{guest}");
        assert_eq!(end.response.as_ref().unwrap().0.status, 200, "{guest}");
        assert!(!end.text().is_empty(), "{guest}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_and_headers_go_through_unchanged() {
    let body = Bytes::from((0..3_000_000_u32).map(|n| n as u8).collect::<Vec<_>>());
    let mut echo = request("POST", "/echo").map(|_| Full::new(body.clone()));
    echo.headers_mut().insert("x-probe", "ä".parse().unwrap());
    let end = exchange("guest-probe", limits(), echo).await;
    let (parts, got) = end.response.as_ref().unwrap();
    assert_eq!(parts.headers["x-probe"], "ä");
    assert!(*got.as_ref().unwrap() == body);
    assert_eq!(end.finished.meter.bytes_in, 3_000_000);
    assert_eq!(end.finished.meter.bytes_out, 3_000_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_one_invocation_is_seen_by_the_next() {
    for _ in 0..40 {
        assert_eq!(get("guest-probe", "/state").await.text(), "1");
    }
    let random = get("guest-probe", "/random").await.text();
    assert_ne!(random, get("guest-probe", "/random").await.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_is_streamed_as_it_is_produced() {
    for (guest, path) in
        [("guest-probe", "/slow-stream?chunks=5&ms=100"), ("stream-http", "/?lines=5&delay_ms=100")]
    {
        let component = component(guest).await;
        let (tx, rx) = oneshot::channel();
        let began = Instant::now();
        let invocation = Invocation::new(()).limits(limits());
        let answer =
            component.http(invocation, request("GET", path), |end| drop(tx.send(end))).await;
        let HttpOutcome::Response(response) = answer else { panic!("{guest} gave no response") };
        let mut body = response.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(!first.is_empty());
        let first_after = began.elapsed();
        let rest = body.collect().await.unwrap().to_bytes();
        assert!(!rest.is_empty());
        assert!(began.elapsed() >= Duration::from_millis(350), "{guest}");
        assert!(first_after + Duration::from_millis(200) < began.elapsed(), "{guest}");
        assert_eq!(rx.await.unwrap().outcome, Outcome::Ok, "{guest}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_away_cancels_the_guest() {
    for (guest, path) in [
        ("guest-probe", "/slow-stream?chunks=1000&ms=50"),
        ("stream-http", "/?lines=1000&delay_ms=50"),
    ] {
        let component = component(guest).await;
        let (tx, rx) = oneshot::channel();
        let invocation = Invocation::new(()).limits(limits());
        let answer =
            component.http(invocation, request("GET", path), |end| drop(tx.send(end))).await;
        let HttpOutcome::Response(response) = answer else { panic!("{guest} gave no response") };
        drop(response);
        assert_eq!(rx.await.unwrap().outcome, Outcome::Cancelled, "{guest}");
    }
    // Before there is a head.
    let component = component("guest-probe").await;
    let (tx, rx) = oneshot::channel();
    let invocation = Invocation::new(()).limits(limits());
    let sleep =
        component.http(invocation, request("GET", "/sleep?ms=60000"), |end| drop(tx.send(end)));
    assert!(tokio::time::timeout(Duration::from_millis(50), sleep).await.is_err());
    assert_eq!(rx.await.unwrap().outcome, Outcome::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_to_head_lets_the_guest_finish() {
    let component = component("guest-probe").await;
    let (tx, rx) = oneshot::channel();
    let invocation = Invocation::new(()).limits(limits());
    let answer =
        component.http(invocation, request("HEAD", "/status/204"), |end| drop(tx.send(end))).await;
    assert!(matches!(answer, HttpOutcome::Response(_)));
    drop(answer);
    assert_eq!(rx.await.unwrap().outcome, Outcome::Ok);
}
