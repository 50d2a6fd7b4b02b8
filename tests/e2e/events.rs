//! Events: handlers, commands and HTTP functions are invoked through one API,
//! and their failures are told in one form.

use serde_json::{Value, json};

use crate::client::Reply;
use crate::node::shared;

const PAYLOAD_MAX: usize = 6 << 20;

/// What every answer to an invocation says about it.
fn check_meter(reply: &Reply, outcome: &str) {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("lambent-outcome"), outcome, "{reply:?}");
    let failed = if outcome == "ok" { "" } else { outcome };
    assert_eq!(reply.header("lambent-function-error"), failed, "{reply:?}");
    assert_eq!(reply.header("lambent-version"), "$LATEST");
    assert_eq!(reply.header("lambent-request-id").len(), 36);
    assert!(["mapped", "loaded"].contains(&reply.header("lambent-start")), "{reply:?}");
    for name in ["lambent-duration-us", "lambent-fuel", "lambent-memory-bytes"] {
        let number: u64 = reply.header(name).parse().unwrap();
        assert!(number > 0, "{name}: {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_gets_the_event_with_its_attributes_and_context() {
    let node = shared().await;
    node.deploy("event-echo", "echo-event", "memory=64MiB").await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let ask = node.api("POST", "/event-echo/invocations");
    let ask = ask.header("content-type", "application/json").header("traceparent", trace);
    let ask = ask.header("ce-specversion", "1.0").header("ce-id", "order-7");
    let ask = ask.header("ce-source", "/shop").header("ce-type", "shop.order.v1");
    let ask = ask.header("ce-subject", "caf%C3%A9").header("ce-time", "2026-01-31T12:00:00Z");
    let ask = ask.header("ce-dataschema", "urn:schema").header("ce-tenant", "t1");
    let reply = ask.body(r#"{"n": 1}"#).send().await;
    check_meter(&reply, "ok");
    assert_eq!(reply.header("content-type"), "application/json");
    let seen = reply.json();
    let expected = json!({
        "id": "order-7", "source": "/shop", "type": "shop.order.v1", "subject": "café",
        "time_ns": 1_769_860_800_000_000_000_u64, "datacontenttype": "application/json",
        "dataschema": "urn:schema", "tenant": "t1", "attempt": 1, "data": { "n": 1 },
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&seen[name], value, "{name}");
    }
    let invocation = &seen["invocation"];
    assert_eq!(invocation["id"], reply.header("lambent-request-id"));
    assert_eq!(invocation["function"], "event-echo");
    assert_eq!(invocation["memory_limit"], 64 << 20);
    assert_eq!(
        (&invocation["principal"], &invocation["trace_parent"]),
        (&json!("root"), &json!(trace))
    );

    let reply = node.api("POST", "/event-echo/invocations").send().await;
    let seen = reply.json();
    assert_eq!(seen["id"], reply.header("lambent-request-id"), "the defaults");
    assert_eq!(seen["source"], "/v1/functions/event-echo/invocations");
    assert_eq!(seen["type"], "lambent.invocation.v1");

    node.deploy("event-async", "guest-async-event", "").await;
    let reply = node.invoke("event-async", r#"{"later": true}"#).await;
    check_meter(&reply, "ok");
    assert_eq!(reply.json(), json!({ "later": true }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_events_are_refused_and_nothing_runs() {
    let node = shared().await;
    node.deploy("event-bad", "echo-event", "").await;
    for (name, value, phrase) in [
        ("ce-specversion", "0.3", "is not 1.0"),
        ("ce-time", "yesterday", "is not a time"),
        ("ce-id", "", "is empty"),
        ("ce-some_thing", "1", "no attribute name"),
    ] {
        let ask = node.api("POST", "/event-bad/invocations").header(name, value);
        let detail = ask.send().await.problem(400, "invalid-request");
        assert!(detail.contains(name) && detail.contains(phrase), "{detail}");
    }
    let ask = node.api("POST", "/event-bad/invocations");
    let ask = ask.header("content-type", "application/cloudevents+json");
    ask.send().await.problem(415, "unsupported-media-type");
    assert!(node.records("event-bad").await.is_empty());
    // It has nothing that takes a request.
    node.get("event-bad", "/").await.problem(422, "not-invocable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failure_of_a_handler_has_its_kind_and_says_why() {
    let node = shared().await;
    let query = "memory=32MiB&timeout=60s&fuel=1000000000";
    node.deploy("event-fail", "guest-hostile-event", query).await;
    node.deploy("event-late", "guest-hostile-event", "timeout=150ms&fuel=1000000000000").await;
    let cases = [
        (
            "event-fail",
            json!({ "do": "fail", "kind": "OrderNotFound", "message": "no order 7" }),
            "function-error",
            "OrderNotFound",
            "no order 7",
        ),
        ("event-fail", json!({ "do": "error" }), "function-error", "", "the event said so"),
        ("event-fail", json!({ "do": "panic", "message": "oh no" }), "function-error", "", "oh no"),
        ("event-fail", json!({ "do": "trap" }), "trapped", "Lambent.Trapped", "unreachable"),
        ("event-fail", json!({ "do": "exit", "code": 3 }), "exited", "Lambent.Exited", "exited"),
        ("event-fail", json!({ "do": "spin" }), "out-of-fuel", "Lambent.OutOfFuel", "1000000000"),
        (
            "event-fail",
            json!({ "do": "memory" }),
            "out-of-memory",
            "Lambent.OutOfMemory",
            "32.0 MiB",
        ),
        ("event-late", json!({ "do": "spin" }), "timed-out", "Lambent.TimedOut", "150 ms"),
        (
            "event-late",
            json!({ "do": "sleep", "ms": 60_000 }),
            "timed-out",
            "Lambent.TimedOut",
            "150",
        ),
        ("event-fail", json!({ "do": "no such deed" }), "function-error", "", "no such deed"),
    ];
    for (function, deed, outcome, kind, message) in cases {
        let reply = node.invoke(function, &deed.to_string()).await;
        check_meter(&reply, outcome);
        assert_eq!(reply.header("content-type"), "application/json");
        let failure = reply.json();
        let said = failure["errorMessage"].as_str().unwrap();
        assert!(said.contains(message), "{deed}: {failure}");
        let got = failure["errorType"].as_str().unwrap();
        assert!(got == kind || (kind.is_empty() && !got.is_empty()), "{deed}: {failure}");
        let record = node.record(function, reply.header("lambent-request-id")).await;
        assert_eq!(record["outcome"]["kind"], outcome, "{record}");
    }
    let reply = node.invoke("event-fail", r#"{"do": "echo", "text": "still here"}"#).await;
    assert_eq!(reply.text(), "still here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payloads_have_a_limit_in_both_directions() {
    let node = shared().await;
    node.deploy("event-size", "guest-hostile-event", "timeout=60s").await;
    node.deploy("event-cli", "guest-cli", "timeout=60s").await;
    node.deploy("event-http", "guest-probe", "timeout=60s").await;
    let deed = |bytes: usize| json!({ "do": "big-output", "bytes": bytes }).to_string();
    let reply = node.invoke("event-size", &deed(PAYLOAD_MAX)).await;
    check_meter(&reply, "ok");
    assert_eq!(reply.body.len(), PAYLOAD_MAX);
    let reply = node.invoke("event-size", &deed(PAYLOAD_MAX + 1)).await;
    check_meter(&reply, "response-too-large");
    assert!(reply.text().contains("6.0 MiB"), "{reply:?}");
    for function in ["event-cli", "event-size", "event-http"] {
        let reply = node.invoke(function, &"x".repeat(PAYLOAD_MAX + 1)).await;
        let detail = reply.problem(413, "payload-too-large");
        assert!(detail.contains("6.0 MiB"), "{detail}");
    }
    let reply = node.invoke("event-cli", &"x".repeat(PAYLOAD_MAX)).await;
    check_meter(&reply, "ok");
    assert!(reply.body.len() == PAYLOAD_MAX && reply.body.iter().all(|byte| *byte == b'X'));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_has_the_data_on_stdin_and_its_output_on_stdout() {
    let node = shared().await;
    node.deploy("command", "guest-cli", "").await;
    let reply = node.invoke("command", "hello there").await;
    check_meter(&reply, "ok");
    assert_eq!(reply.text(), "HELLO THERE");
    check_meter(&node.invoke("command", "exit 3").await, "exited");
    let reply = node.invoke("command", "panic").await;
    check_meter(&reply, "trapped");
    let record = node.record("command", reply.header("lambent-request-id")).await;
    assert!(record["logs"]["lines"].to_string().contains("the input said so"), "{record}");
    node.get("command", "/").await.problem(422, "not-invocable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_http_function_gets_the_event_as_a_cloud_event_by_post() {
    let node = shared().await;
    node.deploy("event-post", "guest-peer-wasip2", "").await;
    let reply = node.invoke("event-post", "{}").await;
    check_meter(&reply, "ok");
    assert_eq!(reply.text(), "wasip2 says hello to /\n");
    // The probe has nothing at `/`: a status that is not 2xx is a failure.
    node.deploy("event-404", "guest-probe", "").await;
    let reply = node.invoke("event-404", "{}").await;
    check_meter(&reply, "function-error");
    let failure: Value = reply.json();
    assert_eq!(failure["errorType"], "HttpStatus");
    assert_eq!(failure["errorMessage"], "status 404: 404");
}
