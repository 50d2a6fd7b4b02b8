//! Event handlers and commands.

use std::time::Duration;

use bytes::Bytes;
use lambent_engine::types::{Event, Limits, Outcome, Output, Retry};
use lambent_engine::{Finished, Invocation};

use crate::support::{self, component, limits};

fn event(data: impl Into<Bytes>) -> Event {
    Event {
        content_type: Some("application/json".into()),
        extensions: vec![("tenant".into(), "a".into())],
        ..support::event(data)
    }
}

async fn send(guest: &'static str, limits: Limits, data: &str) -> Finished<Output> {
    let component = component(guest).await;
    let invocation = Invocation::new(()).limits(limits);
    component.event(invocation, event(data.to_owned())).await.unwrap()
}

async fn hostile(data: &str) -> Finished<Output> {
    send("guest-hostile-event", limits(), data).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_gets_the_event_and_its_output_comes_back() {
    let end = send("echo-event", limits(), r#"{"order":7}"#).await;
    assert_eq!(end.outcome, Outcome::Ok);
    let output = end.value.unwrap();
    let text = String::from_utf8_lossy(&output.data).into_owned();
    assert!(text.contains("\"order\"") && text.contains("tenant"), "{text}");
    assert_eq!(end.meter.bytes_in, 11);
    assert_eq!(end.meter.bytes_out, output.data.len() as u64);
    assert!(!end.logs.lines.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_asynchronous_handler_may_wait_on_wasi_0_3() {
    let end = send("guest-async-event", limits(), "{}").await;
    assert_eq!(end.outcome, Outcome::Ok);
    assert_eq!(end.value.unwrap().data, "{}");
    assert!(end.meter.duration >= Duration::from_millis(20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_keep_their_type_message_and_wish() {
    let end = hostile(
        r#"{"do":"fail","kind":"OrderNotFound","message":"no order 7","retry-never":true}"#,
    )
    .await;
    let Outcome::FunctionError(failure) = end.outcome else { panic!("{:?}", end.outcome) };
    assert_eq!((failure.kind.as_str(), failure.message.as_str()), ("OrderNotFound", "no order 7"));
    assert_eq!(failure.retry, Retry::Never);
    let end = hostile(r#"{"do":"no such thing"}"#).await;
    let Outcome::FunctionError(failure) = end.outcome else { panic!("{:?}", end.outcome) };
    assert_eq!(failure.kind, "InvalidInput");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_a_typed_failure_and_a_bare_trap_is_not() {
    let end = hostile(r#"{"do":"panic","message":"on purpose"}"#).await;
    let Outcome::FunctionError(failure) = end.outcome else { panic!("{:?}", end.outcome) };
    assert_eq!(failure.kind, "Panic");
    assert!(failure.message.contains("on purpose"));
    assert!(!failure.trace.is_empty());
    assert!(matches!(hostile(r#"{"do":"trap"}"#).await.outcome, Outcome::Trapped { .. }));
    let exited = hostile(r#"{"do":"exit","code":4}"#).await.outcome;
    // WASI 0.2 knows success and failure, not which.
    assert_eq!(exited, Outcome::Exited { code: 1 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_beyond_its_limit_is_not_given_out() {
    let tight = Limits { response_bytes: Some(1000), ..limits() };
    let end = send("guest-hostile-event", tight, r#"{"do":"big-output","bytes":1001}"#).await;
    assert_eq!(end.outcome, Outcome::ResponseTooLarge { limit: 1000 });
    assert!(end.value.is_none());
    let end = send("guest-hostile-event", tight, r#"{"do":"big-output","bytes":1000}"#).await;
    assert_eq!(end.outcome, Outcome::Ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_reads_stdin_and_writes_stdout() {
    let end = send("guest-cli", limits(), "hello").await;
    assert_eq!(end.outcome, Outcome::Ok);
    assert_eq!(end.value.unwrap().data, "HELLO");
    assert_eq!(send("guest-cli", limits(), "exit 3").await.outcome, Outcome::Exited { code: 1 });
    let end = send("guest-cli", limits(), "panic").await;
    assert!(!end.outcome.is_ok());
    assert!(end.logs.lines.iter().any(|line| line.text.contains("the input said so")));
    let tight = Limits { response_bytes: Some(3), ..limits() };
    let end = send("guest-cli", tight, "hello").await;
    assert_eq!(end.outcome, Outcome::ResponseTooLarge { limit: 3 });
}
