//! Programs that take their events by Lambda's Runtime API.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lambent_engine::types::{
    Environment, Failure, Limits, LogLine, Outcome, Output, Provisioned, RequestId, Start,
};
use lambent_engine::{
    Budget, Component, Context, Engine, Finished, InstancePool, InstancePoolOptions, Invocation,
    Options, RUNTIME_API,
};
use lambent_test_support::guest_bytes;

use crate::support::{component, event, limits};

const GUEST: &str = "guest-runtime-api";

/// A function that is a program.
struct Function {
    component: Component<()>,
    pool: Arc<InstancePool<()>>,
    limits: Limits,
    begin: &'static str,
}

fn invocation(limits: Limits, begin: &str) -> Invocation<()> {
    let variables = [("AWS_LAMBDA_RUNTIME_API", RUNTIME_API.to_string()), ("BEGIN", begin.into())];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let environment = Environment(Arc::new(BTreeMap::from(variables)));
    let context = Context { id: Some(RequestId::new()), ..Context::default() };
    Invocation { environment, context, program: true, ..Invocation::new(()).limits(limits) }
}

impl Function {
    async fn new(begin: &'static str, options: InstancePoolOptions, limits: Limits) -> Self {
        Self::of(&component(GUEST).await, begin, options, limits)
    }

    fn of(
        component: &Component<()>,
        begin: &'static str,
        options: InstancePoolOptions,
        limits: Limits,
    ) -> Self {
        let pool = component.pool(options, move || invocation(limits, begin));
        Self { component: Component::from_pool(pool.clone()), pool, limits, begin }
    }

    async fn reused(begin: &'static str) -> Self {
        Self::new(begin, reuse(100), limits()).await
    }

    async fn ask(&self, text: &str) -> Finished<Output> {
        let invocation = invocation(self.limits, self.begin);
        self.component.event(invocation, event(text.to_owned())).await.unwrap()
    }

    async fn text(&self, text: &str) -> String {
        let end = self.ask(text).await;
        assert_eq!(end.outcome, Outcome::Ok, "{text}: {:?}", end.logs);
        String::from_utf8(end.value.unwrap().data.to_vec()).unwrap()
    }
}

fn reuse(reuse: u32) -> InstancePoolOptions {
    InstancePoolOptions { reuse, ..InstancePoolOptions::default() }
}

fn lines(end: &Finished<Output>) -> Vec<&str> {
    end.logs.lines.iter().map(|LogLine { text, .. }| text.as_str()).collect()
}

fn failed(end: &Finished<Output>) -> (&str, &str) {
    match &end.outcome {
        Outcome::FunctionError(Failure { kind, message, .. }) => (kind, message),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_serves_one_event_after_the_other() {
    let function = Function::new("", reuse(3), limits()).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let end = function.ask("count").await;
        assert_eq!(end.outcome, Outcome::Ok);
        assert_eq!(lines(&end), ["event count"], "its own lines and no others");
        assert!(end.meter.fuel > 0 && end.meter.memory_bytes > 0);
        assert_eq!((end.meter.bytes_in, end.meter.bytes_out), (5, 1));
        seen.push((end.value.unwrap().data, end.meter.start, end.meter.fuel));
    }
    let starts: Vec<_> = seen.iter().map(|(_, start, _)| *start).collect();
    assert_eq!(starts, [Start::Loaded, Start::Reused, Start::Reused, Start::Loaded]);
    let counts: Vec<_> = seen.iter().map(|(count, ..)| &count[..]).collect();
    assert_eq!(counts, [b"1", b"2", b"3", b"1"]);
    assert!(seen[0].2 > seen[1].2, "INIT counts to the first: {seen:?}");
    assert_eq!(seen[1].2, seen[2].2, "the same takes the same fuel");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_protocol_is_lambdas() {
    let function = Function::reused("").await;
    let state = "State transition from Running to InitError failed for runtime. Error: State \
                 transition is not allowed";
    let expected = [
        "GET /2018-06-01/ping: 200 pong".to_owned(),
        "POST /2018-06-01/runtime/invocation/next: 405 GET".to_owned(),
        "HEAD /2018-06-01/ping: 405 GET".to_owned(),
        "GET /2018-06-01/runtime/restore/next: 404 404 page not found".to_owned(),
        "GET /nowhere: 404 404 page not found".to_owned(),
        "POST /2018-06-01/runtime/invocation/abc/response: 400 \
         {\"errorMessage\":\"Invalid request ID\",\"errorType\":\"InvalidRequestID\"}"
            .to_owned(),
        format!(
            "POST /2018-06-01/runtime/init/error: 403 \
             {{\"errorMessage\":\"{state}\",\"errorType\":\"InvalidStateTransition\"}}"
        ),
        "POST /2020-01-01/extension/register: 403 {\"errorMessage\":\"Extension registration \
         closed already\",\"errorType\":\"Extension.RegistrationClosed\"}"
            .to_owned(),
        "GET /2020-01-01/extension/event/next: 403 {\"errorMessage\":\"Missing \
         Lambda-Extension-Identifier header\",\"errorType\":\
         \"Extension.MissingExtensionIdentifier\"}"
            .to_owned(),
        "PUT /2022-07-01/telemetry: 202 {\"errorMessage\":\"Telemetry API is not supported\",\
         \"errorType\":\"Telemetry.NotSupported\"}"
            .to_owned(),
        "again: 200 conform true".to_owned(),
    ];
    let said = function.text("conform").await;
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    assert_eq!(function.text("headers").await, "[]", "none is empty");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_protocol_forbids_disturbs_nothing_that_follows() {
    let function = Function::reused("").await;
    let end = function.ask("twice").await;
    assert_eq!(end.value.as_ref().unwrap().data, "first");
    assert!(lines(&end)[1].starts_with("403 "), "{:?}", end.logs);
    assert!(lines(&end)[2].contains("to InvocationErrorResponse failed"), "{:?}", end.logs);
    // The node's own limit of a response is smaller than what the protocol takes.
    let end = function.ask("big 0").await;
    assert_eq!(end.outcome, Outcome::Ok);
    assert_eq!(end.meter.bytes_out, 6_291_556);
    assert_eq!(lines(&end)[1], "202 {\"status\":\"OK\"}");
    let end = function.ask("big 1").await;
    assert_eq!(end.outcome, Outcome::ResponseTooLarge { limit: 6_291_556 });
    assert_eq!(
        lines(&end)[1],
        "413 {\"errorMessage\":\"Exceeded maximum allowed payload size (6291556 bytes).\",\
         \"errorType\":\"RequestEntityTooLarge\"}"
    );
    let end = function.ask("mode Streaming").await;
    assert_eq!(failed(&end).0, "Runtime.InvalidResponseModeHeader");
    assert!(lines(&end)[1].starts_with("400 "), "{:?}", end.logs);
    let end = function.ask("mode streaming").await;
    assert_eq!(end.value.unwrap().data, "streamed");
    let end = function.ask("late").await;
    assert_eq!(failed(&end), ("Runtime.Unknown", "broke"));
    assert_eq!(function.text("count").await, "7", "it is the same instance");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_that_a_program_reports_is_the_outcome() {
    let function = Function::reused("").await;
    let report = r#"error unhandled {"errorType":"wrapError","errorMessage":"no"}"#;
    assert_eq!(failed(&function.ask(report).await), ("wrapError", "no"));
    assert_eq!(failed(&function.ask("error Function.Xy oops").await), ("Function.Xy", "oops"));
    assert_eq!(function.text("count").await, "3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_ends_takes_its_instance_with_it_and_no_other() {
    let tight = Limits { timeout: Duration::from_secs(2), fuel: 2_000_000_000, ..limits() };
    let function = Function::new("", reuse(100), tight).await;
    let neighbour = Function::reused("").await;
    neighbour.ask("count").await;
    for (text, outcome) in [
        // WASI 0.2 tells no more of a code than whether it is 0.
        ("exit 5", "Runtime exited with error: exit status 1"),
        ("exit 0", "Runtime exited without providing a reason"),
        ("exit-after 1", "Runtime exited with error: exit status 1"),
        ("panic", ""),
        ("spin", "fuel"),
        ("sleep 30000", "timed out"),
    ] {
        assert_eq!(function.text("count").await, "1", "{text}");
        let end = function.ask(text).await;
        assert_eq!(end.meter.start, Start::Reused, "{text}");
        assert!(end.outcome.message().contains(outcome), "{text}: {:?}", end.outcome);
        assert!(!end.outcome.is_ok() && function.pool.idle() == 0, "{text}");
    }
    assert_eq!(neighbour.text("count").await, "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_before_the_first_event_is_told() {
    let of = async |begin| Function::reused(begin).await.ask("count").await;
    assert_eq!(failed(&of("error").await), ("Broken", "no database"));
    let ended = ("Runtime.ExitError", "Runtime exited with error: exit status 1");
    assert_eq!(failed(&of("exit").await), ended);
    let function = Function::new("spin", reuse(100), Limits { fuel: 1_000_000_000, ..limits() });
    assert!(matches!(function.await.ask("count").await.outcome, Outcome::OutOfFuel { .. }));
    let began = Instant::now();
    let end = of("hang").await;
    assert_eq!(failed(&end).0, "Runtime.InitTimeout");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_and_fuel_are_those_of_each_invocation() {
    let short = Limits { timeout: Duration::from_millis(1500), ..limits() };
    let function = Function::new("", reuse(100), short).await;
    for _ in 0..3 {
        assert_eq!(function.text("sleep 700").await, "slept");
        // Frozen in between, for which it does not pay.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let deadline: u128 = function.text("deadline").await.parse().unwrap();
    assert!((now..now + 2000).contains(&deadline), "{deadline} {now}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_are_made_ready_and_given_up() {
    let budget = Budget::new(1 << 30);
    let options = Options { instances: 20, ..Options::default() };
    let engine = Engine::<()>::builder(options).budget(budget.clone()).build().unwrap();
    let component = engine.component(guest_bytes(GUEST).into()).await.unwrap();
    let provisioned = Provisioned::Count(2);
    let options = InstancePoolOptions { provisioned, reuse: 10, shared: 1 };
    let function = Function::of(&component, "extension", options, limits());
    function.pool.fill().await;
    assert_eq!(function.pool.idle(), 2);
    let end = function.ask("found").await;
    assert_eq!((&end.outcome, end.meter.start), (&Outcome::Ok, Start::Ready));
    let found = String::from_utf8(end.value.unwrap().data.to_vec()).unwrap();
    assert!(found.starts_with("200 {\"functionName\":\"function\""), "{found}");
    assert!(found.contains("Extension with this name already registered"), "{found}");
    assert!(budget.usage().used > 0);
    drop(function);
    let given_back = async {
        while budget.usage().used > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), given_back).await.expect("they ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_program_reaches_nothing_but_its_own_api() {
    let function = Function::reused("hostile").await;
    let found = function.text("found").await;
    let expected = [
        "127.0.0.1:9002 permission denied",
        "127.0.0.2:9001 permission denied",
        "10.0.0.1:80 permission denied",
        "[::1]:9001 permission denied",
        "listen permission denied",
        "udp permission denied",
        "connections 15",
        "garbage 400",
        "garbage 400",
        "garbage 400",
        "headers ended",
    ];
    assert_eq!(found.lines().collect::<Vec<_>>(), expected);
    assert_eq!(function.text("echo it goes on").await, "it goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_ends_the_program() {
    let function = Function::reused("").await;
    function.ask("count").await;
    let waiting = tokio::time::timeout(Duration::from_millis(200), function.ask("sleep 30000"));
    assert!(waiting.await.is_err());
    assert_eq!(function.pool.idle(), 0);
    assert_eq!(function.text("count").await, "1");
}
