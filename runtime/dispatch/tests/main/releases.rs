//! Releases over a registry in memory. Time is tokio's, and stands still until all wait for it.

use std::sync::Arc;
use std::time::Duration;

use lambent_dispatch::{DecidedBy, Dispatcher, HttpOutcome, Options};
use lambent_storage::Registry as _;
use lambent_storage::contract::samples;
use lambent_types::{
    Alias, AliasName, AliasSettings, Clock, Handler, ManualClock, Outcome, Qualifier, Release,
    ReleasePlan, ReleaseState, Transition, VersionNumber,
};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, body, caller, event, finished, request};

const SECOND: Duration = Duration::from_secs(1);

fn live() -> AliasName {
    "live".parse().unwrap()
}

/// A release of version 2 by steps of so many seconds each.
fn plan(steps: &[(f64, u64)], bounds: serde_json::Value) -> ReleasePlan {
    let step =
        |(weight, seconds): &(f64, u64)| json!({ "weight": weight, "duration_ms": seconds * 1000 });
    let steps: Vec<_> = steps.iter().map(step).collect();
    serde_json::from_value(json!({ "version": 2, "steps": steps, "bounds": bounds })).unwrap()
}

/// What moves releases on, until it is dropped without a warning.
struct Driver {
    task: JoinHandle<()>,
    drain: CancellationToken,
}

impl Driver {
    fn start(dispatcher: &Dispatcher, clock: Arc<dyn Clock>) -> Self {
        let (dispatcher, drain) = (dispatcher.clone(), CancellationToken::new());
        let ends = drain.clone();
        let task = tokio::spawn(async move { dispatcher.drive_releases(&*clock, &ends).await });
        Self { task, drain }
    }

    async fn stop(mut self) {
        self.drain.cancel();
        (&mut self.task).await.unwrap();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH))
}

impl Fixture {
    /// `f`, whose alias `live` goes over from version 1 to version 2.
    async fn released(handler: Handler, plan: ReleasePlan) -> Self {
        let fixture = Self::new();
        fixture.function("f", &[handler]).await;
        let (ns, f) = (samples::namespace("default"), samples::name("f"));
        for _ in 0..2 {
            fixture.registry.publish(&ns, &f, None).await.unwrap();
        }
        let now = jiff::Timestamp::UNIX_EPOCH;
        let alias = Alias::new(live(), AliasSettings::of(VersionNumber::Number(1)), now);
        fixture.put(alias.released(plan, now).unwrap()).await;
        fixture
    }

    async fn put(&self, alias: Alias) {
        let (ns, f) = (samples::namespace("default"), samples::name("f"));
        self.registry.put_alias(&ns, &f, alias, None).await.unwrap();
    }

    async fn alias(&self) -> Alias {
        let (ns, f) = (samples::namespace("default"), samples::name("f"));
        let function = self.registry.function(&ns, &f).await.unwrap().unwrap();
        function.aliases.get(&live()).unwrap().clone()
    }

    async fn release(&self) -> Release {
        Release::clone(self.alias().await.release.as_ref().unwrap())
    }

    /// How many of a hundred events version 2 handles; 100 if it handles all.
    async fn percent(&self) -> u32 {
        let settings = self.alias().await.settings;
        match settings.split {
            Some(split) => split.weight.get() / 10_000,
            None if settings.version == VersionNumber::Number(2) => 100,
            None => 0,
        }
    }

    /// The same node again, or another one over the same store.
    fn another(&self) -> Dispatcher {
        Dispatcher::new(
            (self.registry.clone(), self.quotas.clone()),
            self.runner.clone(),
            self.logs.clone(),
            self.counts.clone(),
            Options::default(),
        )
    }

    /// Has `live` handle so many events.
    async fn invoke(&self, count: u32) {
        let (ns, f) = (samples::namespace("default"), samples::name("f"));
        for _ in 0..count {
            let found = self.dispatcher.resolve(&ns, &f, &Qualifier::Alias(live())).await.unwrap();
            let event = event("");
            let callee = found.choose(DecidedBy::Event(&event));
            self.dispatcher.invoke(callee, caller(), event).await.unwrap();
        }
        sleep(SECOND).await;
    }

    /// Has version 2 end so, and version 1 well.
    fn second_ends(&self, outcome: Outcome) {
        self.on_event(move |call, _| {
            let is_second = call.function.version == VersionNumber::Number(2);
            let outcome = if is_second { outcome.clone() } else { Outcome::Ok };
            async move { Ok(finished(outcome)) }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_goes_from_step_to_step_by_a_clock_that_nobody_sets() {
    let steps = plan(&[(0.1, 60), (0.5, 120)], json!({}));
    let fixture = Fixture::released(Handler::Event, steps).await;
    let clock = clock();
    let _driver = Driver::start(&fixture.dispatcher, clock.clone());
    sleep(59 * SECOND).await;
    assert_eq!(fixture.percent().await, 10);
    clock.advance(366 * 86_400 * SECOND);
    sleep(SECOND / 2).await;
    assert_eq!(fixture.percent().await, 10, "however the clock of the day is set");
    sleep(SECOND).await;
    assert_eq!(fixture.percent().await, 50);
    sleep(118 * SECOND).await;
    assert_eq!(fixture.percent().await, 50);
    sleep(2 * SECOND).await;
    assert_eq!(fixture.percent().await, 100);
    let release = fixture.release().await;
    assert_eq!((release.state, release.changed), (ReleaseState::Promoted, clock.now()));
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_step_outlives_the_process() {
    let fixture = Fixture::released(Handler::Event, plan(&[(0.1, 60)], json!({}))).await;
    let driver = Driver::start(&fixture.dispatcher, clock());
    sleep(31 * SECOND).await;
    drop(driver);
    // While no node runs, nothing of the step passes.
    sleep(3600 * SECOND).await;
    let driver = Driver::start(&fixture.another(), clock());
    sleep(28 * SECOND).await;
    assert_eq!(fixture.percent().await, 10);
    // A process that is stopped in order stores it to the moment.
    driver.stop().await;
    let left = fixture.release().await.progress.left_ms;
    assert!((1..=7000).contains(&left), "{left}");
    let _driver = Driver::start(&fixture.another(), clock());
    sleep(Duration::from_millis(left) - SECOND / 2).await;
    assert_eq!(fixture.percent().await, 10);
    sleep(SECOND).await;
    assert_eq!(fixture.percent().await, 100);
}

#[tokio::test(start_paused = true)]
async fn of_two_nodes_one_moves_a_release_on() {
    let steps = plan(&[(0.1, 60), (0.2, 60), (0.3, 60)], json!({}));
    let fixture = Fixture::released(Handler::Event, steps).await;
    let _one = Driver::start(&fixture.dispatcher, clock());
    let _two = Driver::start(&fixture.another(), clock());
    for percent in [10, 20, 30, 100] {
        assert_eq!(fixture.percent().await, percent);
        sleep(61 * SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_paused_stays_where_it_is() {
    let fixture = Fixture::released(Handler::Event, plan(&[(0.1, 60)], json!({}))).await;
    let _driver = Driver::start(&fixture.dispatcher, clock());
    sleep(20 * SECOND).await;
    let now = jiff::Timestamp::UNIX_EPOCH;
    fixture.put(fixture.alias().await.after(Transition::Pause, now).unwrap()).await;
    sleep(3600 * SECOND).await;
    assert_eq!(
        (fixture.percent().await, fixture.release().await.state),
        (10, ReleaseState::Paused)
    );
    fixture.put(fixture.alias().await.after(Transition::Resume, now).unwrap()).await;
    sleep(30 * SECOND).await;
    assert_eq!(fixture.percent().await, 10);
    sleep(20 * SECOND).await;
    assert_eq!(fixture.percent().await, 100);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_fails_is_taken_back_by_itself() {
    let steps = plan(&[(0.5, 3600)], json!({ "error_rate": "+50%" }));
    let fixture = Fixture::released(Handler::Event, steps).await;
    let _driver = Driver::start(&fixture.dispatcher, clock());
    sleep(SECOND).await;
    fixture.second_ends(Outcome::Exited { code: 1 });
    // Ten of each prove nothing.
    fixture.invoke(20).await;
    assert_eq!(fixture.percent().await, 50);
    fixture.invoke(400).await;
    let release = fixture.release().await;
    assert_eq!((fixture.percent().await, release.state), (0, ReleaseState::RolledBack));
    let reason = release.reason.unwrap();
    assert!(reason.contains("(100.000%) invocations of version 2 failed"), "{reason}");
    assert!(reason.contains("(0.000%) of version 1; the bound is +50%"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn what_callers_do_takes_nothing_back_and_a_pause_keeps_nothing_from_it() {
    let steps = plan(&[(0.5, 3600)], json!({ "error_rate": "+0%" }));
    let fixture = Fixture::released(Handler::Event, steps).await;
    let _driver = Driver::start(&fixture.dispatcher, clock());
    sleep(SECOND).await;
    fixture.second_ends(Outcome::Cancelled);
    fixture.invoke(400).await;
    assert_eq!(fixture.percent().await, 50);
    let (ns, f) = (samples::namespace("default"), samples::name("f"));
    let (_, seen) = fixture.dispatcher.release_status(&ns, &f, &live()).unwrap();
    assert_eq!((seen.to.invocations, seen.from.failures), (0, 0));
    assert!(seen.from.invocations > 100);
    let now = jiff::Timestamp::UNIX_EPOCH;
    fixture.put(fixture.alias().await.after(Transition::Pause, now).unwrap()).await;
    fixture.second_ends(Outcome::TimedOut { limit_ms: 1 });
    fixture.invoke(400).await;
    assert_eq!(fixture.release().await.state, ReleaseState::RolledBack);
    assert!(fixture.dispatcher.release_status(&ns, &f, &live()).is_none());
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_500_is_a_failure_though_the_invocation_ends_well() {
    let steps = plan(&[(0.5, 3600)], json!({ "error_rate": "5%" }));
    let fixture = Fixture::released(Handler::Http02, steps).await;
    let _driver = Driver::start(&fixture.dispatcher, clock());
    sleep(SECOND).await;
    fixture.on_http(|call, _, finish| async move {
        let is_second = call.function.version == VersionNumber::Number(2);
        let response = http::Response::builder().status(if is_second { 500 } else { 404 });
        finish(finished(Outcome::Ok));
        HttpOutcome::Response(response.body(body("")).unwrap())
    });
    let (ns, f) = (samples::namespace("default"), samples::name("f"));
    for _ in 0..300 {
        let found = fixture.dispatcher.resolve(&ns, &f, &Qualifier::Alias(live())).await.unwrap();
        let callee = found.choose(DecidedBy::Request(&http::HeaderMap::new()));
        drop(fixture.dispatcher.http(callee, caller(), request()).await.unwrap());
    }
    sleep(SECOND).await;
    let reason = fixture.release().await.reason.unwrap();
    assert!(reason.contains("invocations of version 2 failed"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_release_of_a_function_that_is_deleted_is_over() {
    let fixture = Fixture::released(Handler::Event, plan(&[(0.5, 60)], json!({}))).await;
    let _driver = Driver::start(&fixture.dispatcher, clock());
    sleep(SECOND).await;
    let (ns, f) = (samples::namespace("default"), samples::name("f"));
    assert!(fixture.dispatcher.release_status(&ns, &f, &live()).is_some());
    fixture.registry.delete(&ns, &f, None).await.unwrap();
    sleep(SECOND).await;
    assert!(fixture.dispatcher.release_status(&ns, &f, &live()).is_none());
    sleep(120 * SECOND).await;
}
