//! Every limit, reached by a hostile guest, and the outcome it gives.

use std::time::{Duration, Instant};

use lambent_engine::types::{Limits, Outcome};

use crate::support::{exchange, get, limits, request};

const HOSTILE: &str = "guest-hostile";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spinning_ends_when_the_fuel_is_used_up() {
    let limits = Limits { fuel: 50_000_000, ..limits() };
    let end = exchange(HOSTILE, limits, request("GET", "/spin")).await;
    let Outcome::OutOfFuel { limit, backtrace } = end.outcome() else {
        panic!("{:?}", end.outcome())
    };
    assert_eq!(*limit, 50_000_000);
    assert!(backtrace.iter().any(|frame| frame.contains("spin")), "{backtrace:?}");
    assert!(end.response.is_none());
    assert!(end.finished.meter.fuel >= 50_000_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spinning_ends_when_the_time_is_up() {
    let limits = Limits { timeout: Duration::from_millis(100), ..limits() };
    let began = Instant::now();
    let end = exchange(HOSTILE, limits, request("GET", "/spin")).await;
    assert_eq!(*end.outcome(), Outcome::TimedOut { limit_ms: 100 });
    // Compiling the guest comes before the clock starts.
    assert!(end.finished.meter.duration < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_in_the_host_counts_as_time() {
    let limits = Limits { timeout: Duration::from_millis(50), ..limits() };
    let end = exchange("guest-probe", limits, request("GET", "/sleep?ms=60000")).await;
    assert_eq!(*end.outcome(), Outcome::TimedOut { limit_ms: 50 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fuel_is_deterministic() {
    let first = get(HOSTILE, "/fuel?n=100000").await.finished.meter.fuel;
    let again = get(HOSTILE, "/fuel?n=100000").await.finished.meter.fuel;
    let more = get(HOSTILE, "/fuel?n=200000").await.finished.meter.fuel;
    assert_eq!(first, again);
    assert!(more > first + 100_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_ends_a_guest_that_cannot_do_without_more() {
    let limits = Limits { memory_bytes: 32 << 20, ..limits() };
    let end = exchange(HOSTILE, limits, request("GET", "/memory")).await;
    assert!(matches!(end.outcome(), Outcome::OutOfMemory { limit, .. } if *limit == 32 << 20));
    let peak = end.finished.meter.memory_bytes;
    assert!(peak <= 32 << 20 && peak > 24 << 20, "{peak}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_may_take_a_refusal_of_memory_well() {
    let limits = Limits { memory_bytes: 32 << 20, ..limits() };
    let end = exchange(HOSTILE, limits, request("GET", "/memory-soft")).await;
    assert_eq!(*end.outcome(), Outcome::Ok);
    let mib: u32 = end.text().parse().unwrap();
    assert!((24..32).contains(&mib), "{mib}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn less_memory_than_it_starts_with_is_out_of_memory() {
    let limits = Limits { memory_bytes: 64 << 10, ..limits() };
    let end = exchange(HOSTILE, limits, request("GET", "/memory-soft")).await;
    assert!(matches!(end.outcome(), Outcome::OutOfMemory { .. }), "{:?}", end.outcome());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_resources_are_capped() {
    let paths =
        ["/handles?kind=fields", "/handles?kind=pollables", "/headers-flood", "/timers?n=100000"];
    for path in paths {
        let end = get(HOSTILE, path).await;
        assert!(matches!(end.outcome(), Outcome::Trapped { .. }), "{path}: {:?}", end.outcome());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_flood_is_cut_and_counted() {
    let limits = Limits { fuel: 500_000_000, log_bytes: 10_000, ..limits() };
    let end = exchange(HOSTILE, limits, request("GET", "/log-flood")).await;
    assert!(matches!(end.outcome(), Outcome::OutOfFuel { .. }), "{:?}", end.outcome());
    let kept: usize = end.finished.logs.lines.iter().map(|line| line.text.len() + 1).sum();
    assert!((9_000..=10_001).contains(&kept), "{kept}");
    assert!(end.finished.logs.dropped_bytes > 100_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_may_have_a_limit() {
    let limits = Limits { response_bytes: Some(1 << 20), ..limits() };
    let end = exchange("guest-probe", limits, request("GET", "/big?bytes=50000000")).await;
    assert!(end.response.unwrap().1.is_err());
    assert_eq!(end.finished.outcome, Outcome::ResponseTooLarge { limit: 1 << 20 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_has_a_backtrace_with_names() {
    let end = get(HOSTILE, "/trap").await;
    let Outcome::Trapped { message, backtrace } = end.outcome() else {
        panic!("{:?}", end.outcome())
    };
    assert!(message.contains("unreachable"), "{message}");
    let position = |name: &str| backtrace.iter().position(|frame| frame.contains(name));
    assert!(position("inner") < position("outer") && position("inner").is_some(), "{backtrace:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_ends_are_told_apart() {
    let end = get(HOSTILE, "/panic").await;
    assert!(matches!(end.outcome(), Outcome::Trapped { .. }), "{:?}", end.outcome());
    assert!(end.finished.logs.lines.iter().any(|line| line.text.contains("the path said so")));
    // WASI 0.2 knows success and failure, not which.
    let end = get(HOSTILE, "/exit?code=3").await;
    assert_eq!(*end.outcome(), Outcome::Exited { code: 1 });
    let end = get(HOSTILE, "/recurse").await;
    let Outcome::Trapped { message, .. } = end.outcome() else { panic!("{:?}", end.outcome()) };
    // The guest's own stack, in its memory, may overflow before the engine's.
    assert!(message.contains("stack") || message.contains("out of bounds"), "{message}");
    let end = get(HOSTILE, "/no-response").await;
    assert!(matches!(end.outcome(), Outcome::BadResponse { .. }), "{:?}", end.outcome());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_response_never_passes_for_a_whole_one() {
    // Dead before any of it was sent: there is no response at all.
    let end = get(HOSTILE, "/die-mid-body").await;
    assert!(matches!(end.outcome(), Outcome::Trapped { .. }), "{:?}", end.outcome());
    assert!(end.response.is_none());
    // Dead while it is being sent: it ends in an error.
    let limits = Limits { timeout: Duration::from_millis(300), ..limits() };
    let path = "/slow-stream?chunks=100&ms=50";
    for (guest, path) in [("guest-probe", path), ("stream-http", "/?lines=100&delay_ms=50")] {
        let end = exchange(guest, limits, request("GET", path)).await;
        assert_eq!(*end.outcome(), Outcome::TimedOut { limit_ms: 300 }, "{guest}");
        let (_, body) = end.response.unwrap();
        assert!(body.is_err(), "{guest}: {body:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_outside_is_within_reach() {
    assert!(get(HOSTILE, "/outgoing").await.text().contains("HttpRequestDenied"));
    let files = get(HOSTILE, "/fs").await.text();
    assert!(files.contains("preopens: []") && !files.contains("Ok("), "{files}");
    let sockets = get(HOSTILE, "/socket").await.text();
    assert!(!sockets.contains("Ok("), "{sockets}");
}
