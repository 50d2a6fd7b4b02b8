use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambent_dispatch::{Dispatcher, Finish, HttpOutcome, Options, Unobserved};
use lambent_storage::contract::samples;
use lambent_storage::{OwnQuotas, Quota, Registry as _};
use lambent_types::{
    ConcurrencyChange, Error, ErrorCode, FunctionVersion, Handler, Outcome, ThrottleReason,
};

use crate::fixture::{Fixture, FullLogs, body, caller, event, finished, request, returned};

/// Answers every request at once and leaves every guest running.
fn leave_running(fixture: &Fixture) -> Arc<Mutex<Vec<Finish>>> {
    let running: Arc<Mutex<Vec<Finish>>> = Arc::default();
    let keep = running.clone();
    fixture.on_http(move |_, _, finish| {
        keep.lock().unwrap().push(finish);
        async { HttpOutcome::Response(http::Response::new(body(""))) }
    });
    running
}

async fn ask(fixture: &Fixture, function: &Arc<FunctionVersion>) -> Result<(), Error> {
    let answer = fixture.dispatcher.http(function.clone(), caller(), request()).await;
    answer.map(drop)
}

#[tokio::test]
async fn no_function_gets_more_than_its_share_and_the_node_no_more_than_its_limit() {
    let fixture = Fixture::with_concurrency(10);
    let f = fixture.function("f", &[Handler::Http02]).await;
    let g = fixture.function("g", &[Handler::Http02]).await;
    let running = leave_running(&fixture);
    for _ in 0..9 {
        ask(&fixture, &f).await.unwrap();
    }
    let error = ask(&fixture, &f).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Throttled);
    assert!(error.detail().starts_with("9 invocations of function \"f\""), "{error}");
    assert!(error.code().is_retryable());

    ask(&fixture, &g).await.unwrap();
    let error = ask(&fixture, &g).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Throttled);
    assert!(error.detail().starts_with("10 invocations are running"), "{error}");
    assert_eq!(fixture.counts.throttled.load(Ordering::Relaxed), 2);
    assert_eq!(fixture.dispatcher.in_flight(), 10);

    let finish = running.lock().unwrap().remove(0);
    finish(finished(Outcome::Ok));
    ask(&fixture, &g).await.unwrap();
    // Throttled invocations did not run: they are no records.
    assert_eq!(fixture.records("f").await.len(), 1);
}

#[tokio::test]
async fn versions_of_a_function_share_its_share() {
    let fixture = Fixture::with_concurrency(2);
    let f = fixture.function("f", &[Handler::Http02]).await;
    let version = lambent_types::VersionNumber::Number(1);
    let published = Arc::new(FunctionVersion { version, ..(*f).clone() });
    let _running = leave_running(&fixture);
    ask(&fixture, &f).await.unwrap();
    let error = ask(&fixture, &published).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Throttled);
}

#[tokio::test]
async fn a_node_of_one_still_runs_functions() {
    let fixture = Fixture::with_concurrency(1);
    let f = fixture.function("f", &[Handler::Event]).await;
    fixture.on_event(|_, _| async { Ok(returned("")) });
    for _ in 0..3 {
        fixture.dispatcher.invoke(f.clone(), caller(), event("")).await.unwrap();
    }
}

#[tokio::test]
async fn idle_waits_for_the_last_guest_and_its_record() {
    let fixture = Fixture::new();
    let f = fixture.function("f", &[Handler::Http02]).await;
    fixture.dispatcher.idle().await;
    let running = leave_running(&fixture);
    for _ in 0..3 {
        ask(&fixture, &f).await.unwrap();
    }
    let dispatcher = fixture.dispatcher.clone();
    let waiting = tokio::spawn(async move { dispatcher.idle().await });
    for left in (0..3).rev() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(!waiting.is_finished());
        let finish = running.lock().unwrap().pop().unwrap();
        finish(finished(Outcome::Ok));
        assert_eq!(fixture.dispatcher.in_flight(), left);
    }
    tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
    assert_eq!(fixture.records("f").await.len(), 3);
}

#[tokio::test]
async fn records_that_could_not_be_kept_are_observed() {
    let fixture = Fixture::new();
    let f = fixture.function("f", &[Handler::Event]).await;
    fixture.on_event(|_, _| async { Ok(returned("")) });
    let logs = Arc::new(FullLogs::default());
    let make = |observe| {
        let options = Options::default();
        Dispatcher::new(
            (fixture.registry.clone(), fixture.quotas.clone()),
            fixture.runner.clone(),
            logs.clone(),
            observe,
            options,
        )
    };
    make(fixture.counts.clone()).invoke(f.clone(), caller(), event("")).await.unwrap();
    assert_eq!(fixture.counts.dropped.load(Ordering::Relaxed), 1);
    assert_eq!(fixture.counts.finished.load(Ordering::Relaxed), 1);
    make(Arc::new(Unobserved)).invoke(f, caller(), event("")).await.unwrap();
}

impl Fixture {
    /// Reserves so many invocations at once for a function of `default`, or none in particular.
    async fn reserve(&self, name: &str, count: Option<u32>) {
        let (ns, name) = (samples::namespace("default"), samples::name(name));
        let change = ConcurrencyChange::Reserve(count);
        self.registry.set_concurrency(&ns, &name, change).await.unwrap();
        self.dispatcher.read_reserved_of(&ns, &name).await.unwrap();
    }

    fn allow(&self, count: u64) {
        let own = OwnQuotas([(Quota::Concurrency, Some(count))].into());
        self.quotas.set(&samples::namespace("default"), own);
    }
}

fn why(error: &Error) -> ThrottleReason {
    assert_eq!((error.code(), error.code().status()), (ErrorCode::Throttled, 429));
    error.reason().unwrap()
}

const LIMIT: ThrottleReason = ThrottleReason::ConcurrentInvocationLimitExceeded;
const RESERVED: ThrottleReason = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;

#[tokio::test]
async fn a_partition_holds_against_a_neighbour_who_floods() {
    let fixture = Fixture::with_concurrency(1000);
    fixture.allow(20);
    let f = fixture.function("f", &[Handler::Http02]).await;
    let g = fixture.function("g", &[Handler::Http02]).await;
    let running = leave_running(&fixture);
    fixture.reserve("f", Some(5)).await;
    for _ in 0..15 {
        ask(&fixture, &g).await.unwrap();
    }
    let error = ask(&fixture, &g).await.unwrap_err();
    assert_eq!(why(&error), LIMIT);
    assert!(error.detail().starts_with("15 invocations are running in namespace"), "{error}");
    for _ in 0..5 {
        ask(&fixture, &f).await.unwrap();
    }
    let error = ask(&fixture, &f).await.unwrap_err();
    assert_eq!(why(&error), RESERVED);
    assert!(error.detail().contains("as many as are reserved for it"), "{error}");
    // What is given back is shared again: what began as reserved does not count to that.
    fixture.reserve("f", None).await;
    for _ in 0..5 {
        ask(&fixture, &g).await.unwrap();
    }
    assert_eq!(why(&ask(&fixture, &f).await.unwrap_err()), LIMIT);
    running.lock().unwrap().drain(..).for_each(|finish| finish(finished(Outcome::Ok)));
    assert_eq!(fixture.dispatcher.in_flight(), 0);
    ask(&fixture, &f).await.unwrap();
}

#[tokio::test]
async fn what_is_reserved_is_kept_free_of_the_whole_node() {
    let fixture = Fixture::with_concurrency(10);
    let f = fixture.function("f", &[Handler::Http02]).await;
    let g = fixture.function("g", &[Handler::Http02]).await;
    let _running = leave_running(&fixture);
    fixture.reserve("f", Some(4)).await;
    for _ in 0..6 {
        ask(&fixture, &g).await.unwrap();
    }
    let error = ask(&fixture, &g).await.unwrap_err();
    assert_eq!(why(&error), LIMIT);
    assert!(error.detail().contains("beside what is reserved"), "{error}");
    for _ in 0..4 {
        ask(&fixture, &f).await.unwrap();
    }
}

#[tokio::test]
async fn zero_switches_a_function_off_and_what_others_reserve_is_read_at_the_start() {
    let fixture = Fixture::new();
    let f = fixture.function("f", &[Handler::Event]).await;
    fixture.on_event(|_, _| async { Ok(returned("")) });
    let invoke = async || fixture.dispatcher.invoke(f.clone(), caller(), event("")).await;
    invoke().await.unwrap();
    let (ns, name) = (samples::namespace("default"), samples::name("f"));
    let zero = ConcurrencyChange::Reserve(Some(0));
    fixture.registry.set_concurrency(&ns, &name, zero).await.unwrap();
    fixture.dispatcher.read_reserved().await.unwrap();
    let error = invoke().await.unwrap_err();
    assert_eq!(why(&error), RESERVED);
    assert!(error.detail().contains("switched off"), "{error}");
    // Another node gives it back: the feed tells.
    let drain = tokio_util::sync::CancellationToken::new();
    let (dispatcher, token) = (fixture.dispatcher.clone(), drain.clone());
    let following = tokio::spawn(async move { dispatcher.follow_reserved(&token).await });
    tokio::task::yield_now().await;
    fixture.registry.set_concurrency(&ns, &name, ConcurrencyChange::Reserve(None)).await.unwrap();
    for _ in 0..1000 {
        if invoke().await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    invoke().await.unwrap();
    drain.cancel();
    following.await.unwrap();
}

#[tokio::test]
async fn a_function_grows_no_faster_than_the_rate() {
    let fixture = Fixture::with_options(Options { scaling_rate: 3, ..Options::default() });
    let f = fixture.function("f", &[Handler::Http02]).await;
    let g = fixture.function("g", &[Handler::Http02]).await;
    let running = leave_running(&fixture);
    for _ in 0..3 {
        ask(&fixture, &f).await.unwrap();
    }
    let error = ask(&fixture, &f).await.unwrap_err();
    assert_eq!(why(&error), ThrottleReason::FunctionInvocationRateLimitExceeded);
    assert!(error.detail().contains("more than 3 in ten seconds"), "{error}");
    ask(&fixture, &g).await.unwrap();
    running.lock().unwrap().drain(..).for_each(|finish| finish(finished(Outcome::Ok)));
    for _ in 0..3 {
        ask(&fixture, &f).await.unwrap();
    }
}
