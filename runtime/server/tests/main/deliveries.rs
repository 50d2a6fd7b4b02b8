//! Triggers, schedules and asynchronous invocations.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::api::{refused, request};
use crate::node::Node;
use crate::objects::{put, send};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// What is logged of `f` after `cursor`, once there is anything.
async fn logged(node: &Node, after: &Value) -> Value {
    node.get(&format!("/v1/functions/f/logs?after={after}&wait=20s")).await.json()
}

async fn node() -> Node {
    let node = Node::start().await;
    node.put("/v1/functions/f", "event").await;
    put(&node, "/v1/buckets/photos", &[], "").await;
    node
}

fn object_trigger() -> Value {
    json!({
        "function": "f",
        "source": { "kind": "object", "bucket": "photos", "changes": ["created"], "suffix": ".jpg" },
    })
}

#[tokio::test]
async fn an_asynchronous_invocation_runs_once() {
    let node = node().await;
    let headers = [("prefer", "respond-async"), ("content-type", "text/plain")];
    let path = "/v1/functions/f/invocations";
    let accepted = node.send(request(Method::POST, path, &headers, "data")).await;
    assert_eq!((accepted.status.as_u16(), accepted.body.len()), (202, 0));
    let page = logged(&node, &json!(0)).await;
    assert_eq!(page["records"].as_array().unwrap().len(), 1, "{page}");
    assert_eq!(page["records"][0]["outcome"]["kind"], "ok", "{page}");
    let nothing = node.get(&format!("/v1/functions/f/logs?after={}", page["next"])).await.json();
    assert_eq!(nothing["records"], json!([]));

    let large = "x".repeat((1 << 20) + 1);
    let refusal = node.send(request(Method::POST, path, &headers, &large)).await;
    assert_eq!(refusal.code(), "payload-too-large");
    let lost = request(Method::POST, "/v1/functions/lost/invocations", &headers, "");
    assert_eq!(node.send(lost).await.code(), "function-not-found");
}

#[tokio::test]
async fn an_object_runs_the_function_of_its_trigger() {
    let node = node().await;
    let path = "/v1/triggers/new-photo";
    let made = put(&node, path, &JSON, &object_trigger().to_string()).await;
    assert_eq!(made.status, 201, "{made:?}");
    put(&node, "/v1/buckets/photos/objects/note.txt", &[], "no").await;
    put(&node, "/v1/buckets/photos/objects/cat.jpg", &[], "yes").await;
    let page = logged(&node, &json!(0)).await;
    assert_eq!(page["records"].as_array().unwrap().len(), 1, "{page}");

    let shown = node.get(path).await.json();
    assert_eq!((&shown["name"], &shown["function"]), (&json!("new-photo"), &json!("f")));
    assert!(shown["depth"]["ready"].is_u64(), "{shown}");
    assert_eq!(node.get("/v1/triggers").await.json()["triggers"][0]["name"], "new-photo");
    for (resource, phrase) in [
        ("/v1/functions/f", "function \"f\" is named by trigger \"new-photo\""),
        ("/v1/buckets/photos", "bucket \"photos\" is"),
    ] {
        let (status, code, detail) = refused(&send(&node, Method::DELETE, resource, &[], "").await);
        assert_eq!((status, code.as_str()), (409, "conflict"), "{resource}");
        assert!(detail.contains(phrase), "{detail}");
    }
    assert_eq!(send(&node, Method::DELETE, path, &[], "").await.status, 204);
    assert_eq!(send(&node, Method::DELETE, path, &[], "").await.code(), "trigger-not-found");
    assert_eq!(send(&node, Method::DELETE, "/v1/functions/f", &[], "").await.status, 204);
}

#[tokio::test]
async fn a_message_runs_the_function_of_its_trigger_and_is_gone() {
    let node = node().await;
    put(&node, "/v1/queues/orders", &[], "").await;
    let trigger = json!({ "function": "f", "source": { "kind": "queue", "queue": "orders" } });
    assert_eq!(put(&node, "/v1/triggers/t", &JSON, &trigger.to_string()).await.status, 201);
    send(&node, Method::POST, "/v1/queues/orders/messages", &[], "one").await;
    assert_eq!(logged(&node, &json!(0)).await["records"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn triggers_that_cannot_be_are_refused() {
    let node = node().await;
    node.put("/v1/functions/g", "http").await;
    let with = |change: Value| {
        let mut trigger = object_trigger();
        for (name, value) in change.as_object().unwrap() {
            trigger[name] = value.clone();
        }
        trigger.to_string()
    };
    for (body, status, code, phrase) in [
        (with(json!({ "function": "lost" })), 404, "function-not-found", "function \"lost\""),
        (
            with(json!({ "source": { "kind": "object", "bucket": "lost" } })),
            404,
            "bucket-not-found",
            "bucket \"lost\"",
        ),
        (
            with(json!({ "source": { "kind": "queue", "queue": "lost" } })),
            404,
            "queue-not-found",
            "queue \"lost\"",
        ),
        (
            with(json!({ "source": { "kind": "keyvalue", "keyspace": "lost" } })),
            404,
            "keyspace-not-found",
            "keyspace \"lost\"",
        ),
        (
            with(json!({ "delivery": { "dead_letter": "queue:lost" } })),
            404,
            "queue-not-found",
            "dead_letter",
        ),
        (
            with(json!({ "delivery": { "attempts_max": 0 } })),
            400,
            "invalid-configuration",
            "attempts_max",
        ),
        (with(json!({ "name": "other" })), 400, "invalid-request", "in the path"),
        (with(json!({ "patterns": [{ "type": "x" }] })), 400, "invalid-request", "pattern"),
        (with(json!({ "sauce": 1 })), 400, "invalid-request", "sauce"),
        ("{".into(), 400, "invalid-request", "trigger"),
    ] {
        let (found, found_code, detail) =
            refused(&put(&node, "/v1/triggers/t", &JSON, &body).await);
        assert_eq!((found, found_code.as_str()), (status, code), "{body}: {detail}");
        assert!(detail.contains(phrase), "{detail}");
    }
    assert_eq!(node.get("/v1/triggers/t").await.code(), "trigger-not-found");
}

#[tokio::test]
async fn schedules_say_when_they_fire_next() {
    let node = node().await;
    let schedule = |expression: &str, function: &str| {
        json!({ "function": function, "expression": expression, "time_zone": "Europe/Berlin" })
            .to_string()
    };
    let path = "/v1/schedules/nightly";
    let made = put(&node, path, &JSON, &schedule("0 2 * * *", "f")).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = node.get(path).await.json();
    assert!(shown["next"].as_str().unwrap().ends_with(":00:00Z"), "{shown}");
    assert_eq!(node.get("/v1/schedules").await.json()["schedules"], json!([shown]));
    assert_eq!(put(&node, path, &JSON, &schedule("rate(1 hour)", "f")).await.status, 200);
    for (body, status, code, phrase) in [
        (schedule("0 99 * * *", "f"), 400, "invalid-configuration", "hour"),
        (schedule("whenever", "f"), 400, "invalid-configuration", "whenever"),
        (schedule("0 0 * MON *", "f"), 400, "invalid-configuration", "the month field"),
        (schedule("0 0 30 2 *", "f"), 400, "invalid-configuration", "never fires"),
        (schedule("at(2020-01-01T00:00:00)", "f"), 400, "invalid-configuration", "is past"),
        (schedule("0 2 * * *", "lost"), 404, "function-not-found", "lost"),
    ] {
        let (found, found_code, detail) =
            refused(&put(&node, "/v1/schedules/s", &JSON, &body).await);
        assert_eq!((found, found_code.as_str()), (status, code), "{body}: {detail}");
        assert!(detail.contains(phrase), "{detail}");
    }
    let (status, code, detail) =
        refused(&send(&node, Method::DELETE, "/v1/functions/f", &[], "").await);
    assert_eq!((status, code.as_str()), (409, "conflict"));
    assert!(detail.contains("schedule \"nightly\""), "{detail}");
    assert_eq!(send(&node, Method::DELETE, path, &[], "").await.status, 204);
    assert_eq!(node.get(path).await.code(), "schedule-not-found");
}

#[tokio::test]
async fn usage_has_bounds_in_time() {
    let node = node().await;
    assert_eq!(node.get("/v1/usage").await.json()["usage"], json!([]));
    assert_eq!(node.get("/v1/usage?since=yesterday").await.code(), "invalid-request");
}

#[tokio::test]
async fn grants_and_delivery_are_configured_and_shown() {
    let node = node().await;
    let grants = json!({ "buckets": { "photos": "read" }, "hosts": ["api.example.com"] });
    let patch = json!({ "grants": grants, "delivery": { "attempts_max": 5 } }).to_string();
    let reply = node.send(request(Method::PATCH, "/v1/functions/f", &JSON, &patch)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let shown = node.get("/v1/functions/f").await.json();
    assert_eq!(shown["configuration"]["grants"], grants);
    assert_eq!(shown["configuration"]["delivery"]["attempts_max"], 5);
    let bad = r#"{"delivery":{"attempts_max":0}}"#;
    let reply = node.send(request(Method::PATCH, "/v1/functions/f", &JSON, bad)).await;
    assert_eq!(reply.code(), "invalid-configuration");
}

#[tokio::test]
async fn metrics_tell_of_deliveries_and_of_what_queues_hold() {
    let node = node().await;
    put(&node, "/v1/queues/dead", &[], "").await;
    let delivery = json!({ "attempts_max": 2, "backoff_ms": 10, "dead_letter": "queue:dead" });
    let patch = json!({ "delivery": delivery }).to_string();
    let patched = node.send(request(Method::PATCH, "/v1/functions/f", &JSON, &patch)).await;
    assert_eq!(patched.status, 200, "{patched:?}");
    for kind in ["work", "fail"] {
        let headers = [("prefer", "respond-async"), ("ce-type", kind)];
        let event = request(Method::POST, "/v1/functions/f/invocations", &headers, "");
        assert_eq!(node.send(event).await.status, 202);
    }
    let function = "namespace=\"default\",function=\"f\"";
    let queue = "namespace=\"default\",queue=\"dead\"";
    let lines = [
        format!("lambent_deliveries_total{{{function},outcome=\"succeeded\"}} 1"),
        format!("lambent_deliveries_total{{{function},outcome=\"retried\"}} 1"),
        format!("lambent_deliveries_total{{{function},outcome=\"given-up\"}} 1"),
        format!("lambent_delivery_age_seconds_count{{{function}}} 3"),
        format!("lambent_queue_messages{{{queue},state=\"ready\"}} 1"),
        format!("lambent_queue_messages{{{queue},state=\"in-flight\"}} 0"),
    ];
    let mut text = String::new();
    for _ in 0..200 {
        text = node.get("/metrics").await.text();
        if lines.iter().all(|line| text.lines().any(|l| l == line)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for line in &lines {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    assert!(text.contains(&format!("lambent_queue_oldest_age_seconds{{{queue}}} ")), "{text}");
    assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1);

    assert_eq!(send(&node, Method::POST, "/v1/queues/dead/purge", &[], "").await.status, 200);
    let patch = json!({ "delivery": {} }).to_string();
    node.send(request(Method::PATCH, "/v1/functions/f", &JSON, &patch)).await;
    assert_eq!(send(&node, Method::DELETE, "/v1/queues/dead", &[], "").await.status, 204);
    assert!(!node.get("/metrics").await.text().contains("dead"), "of a queue that is gone");
}
