//! Whatever is sent, the answer is one problem that names what was wrong.

use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use serde_json::json;

use crate::api::{refused, request};
use crate::node::{Node, Reply};
use crate::objects::{put, send};

const JSON: &str = "application/json";
const MESSAGES: &str = "application/vnd.lambent.messages+json";

/// By line: method, what is below `/v1/`, and the problem: status, code and a
/// part of the detail.
const QUERIES: &str = r#"
GET functions?limit=%ff | 400 invalid-request | "limit" is not UTF-8
GET functions?%ff=1 | 400 invalid-request | name is not UTF-8
GET functions?limit=1e3 | 400 invalid-request | "1e3"; give a number from 1 to 1000
GET functions?limit=-1 | 400 invalid-request | "-1"; give a number from 1 to 1000
GET functions?limit=99999999999999999999 | 400 invalid-request | a number from 1 to 1000
GET functions?after= | 400 invalid-name | empty
GET functions?a%00b=1 | 400 invalid-request | unknown query parameter "a\0b"
GET functions/f?qualifier=18446744073709551616 | 400 invalid-request | "qualifier"
GET functions/f?qualifier=18446744073709551615 | 404 version-not-found | 18446744073709551615
GET functions/f/code?qualifier=+1 | 400 invalid-request | "qualifier"
GET functions/f/logs?since=99999999999999h | 400 invalid-request | "since"
GET functions/f/logs?wait=inf | 400 invalid-request | "wait"
GET functions/f/logs?after=18446744073709551616 | 400 invalid-request | "after"
GET functions/f/versions?after=-1 | 400 invalid-request | "after"
GET usage?until=+10000-01-01T00:00:00Z | 400 invalid-request | "until"
GET openapi.json?x=1 | 400 invalid-request | there are none here
GET buckets?limit=1 | 400 invalid-request | there are none here
GET buckets/photos/objects?prefix=%C3 | 400 invalid-request | "prefix" is not UTF-8
GET buckets/photos/objects/k?versionId=1 | 400 invalid-request | "versionId"
POST buckets/photos/uploads?key=%ff | 400 invalid-request | "key" is not UTF-8
POST buckets/photos/uploads?key= | 400 invalid-request | key is empty
GET keyspaces/settings/keys?limit= | 400 invalid-request | "limit" is ""
PUT keyspaces/settings/keys/k?ttl=NaN | 400 invalid-request | "ttl" is "NaN"
PUT keyspaces/settings/keys/k?ttl=-1s | 400 invalid-request | "ttl" is "-1s"
PUT keyspaces/settings/keys/k?ttl=1e-99 | 400 invalid-request | time to live of key "k" is 0
POST keyspaces/settings/increments/n?by=9223372036854775808 | 400 invalid-request | a whole number
POST queues/orders/receive?visibility=1e18 | 400 invalid-request | the most is 43200000 ms
POST queues/orders/receive?wait=1e400 | 400 invalid-request | at most 20s
POST queues/orders/messages?delay=901s | 400 invalid-request | delay is more than 900 s
POST queues/orders/messages?delay=-0.1 | 400 invalid-request | "delay" is "-0.1"
POST queues/turns.fifo/messages | 400 invalid-request | needs the message's group
POST queues/orders/redrive?limit=1001 | 400 invalid-request | a number from 1 to 1000
DELETE triggers/t?force=true | 400 invalid-request | "force"
"#;

/// As [`QUERIES`]; `{long}` is a name of 5,000 bytes, `{emoji}` a key of 1,028.
const NAMES: &str = r#"
GET functions/{long} | 400 invalid-name | 5000 characters
PUT buckets/{long} | 400 invalid-name | 3 to 63
PUT buckets/%2e%2e%2f | 400 invalid-name | 3 to 63
PUT keyspaces/a%00b | 400 invalid-name | '\0' at position 2
PUT queues/%E2%80%AEorders | 400 invalid-name | position 1
PUT queues/.fifo | 400 invalid-name | queue
GET triggers/%ff | 400 invalid-request | the path is not UTF-8
GET schedules/%20 | 400 invalid-name | position 1
POST queues//messages | 400 invalid-name | empty
PUT buckets/photos/objects/ | 404 not-found | nothing is at
PUT keyspaces/settings/keys/ | 404 not-found | nothing is at
PUT buckets/photos/objects/{emoji} | 400 invalid-request | 1028 bytes; the most is 1024
PUT keyspaces/settings/keys/{emoji} | 400 invalid-request | 1028 bytes; the most is 1024
GET buckets/photos/objects/{emoji} | 404 object-not-found | has no object "😀
GET keyspaces/settings/keys/{emoji} | 404 key-not-found | has no key "😀
POST keyspaces/settings/increments/{emoji} | 400 invalid-request | 1028 bytes
POST buckets/photos/uploads?key={emoji} | 400 invalid-request | 1028 bytes
GET buckets/photos/uploads/{long} | 404 upload-not-found | never begun
GET buckets/photos/uploads/..%2F.. | 404 upload-not-found | "../.."
PUT buckets/photos/uploads/x/parts/-1 | 400 invalid-request | a number from 1 to 10000
PUT buckets/photos/uploads/x/parts/{long} | 400 invalid-request | a number from 1 to 10000
DELETE queues/orders/receipts/{long} | 410 receipt-expired | queue "orders"
DELETE queues/orders/receipts/- | 410 receipt-expired | queue "orders"
DELETE functions/f/versions/18446744073709551615 | 404 version-not-found | 18446744073709551615
DELETE functions/f/versions/0 | 400 invalid-name | version "0"
"#;

/// As [`QUERIES`], with the body, which is JSON, after the path.
const BODIES: &str = r#"
PUT triggers/t | null | 400 invalid-request | expected an object
PUT triggers/t | "t" | 400 invalid-request | expected an object
PUT triggers/t | {"name":7} | 400 invalid-request | is named 7
PUT triggers/t | {"function":"f"} | 400 invalid-request | `source`
PUT triggers/t | {"function":"f","source":{"kind":"queue","queue":"orders","batchsize":5}} | 400 invalid-request | batchsize
PUT triggers/t | {"function":"f","source":{"kind":"queue","queue":"orders","batch_size":0}} | 400 invalid-configuration | batch_size is 0
PUT triggers/t | {"function":"f","source":{"kind":"queue","queue":"orders","batch_size":4294967296}} | 400 invalid-request | 4294967296
PUT triggers/t | {"function":"f","source":{"kind":"queue","queue":"orders","concurrency_max":1001}} | 400 invalid-configuration | concurrency_max is 1001
PUT triggers/t | {"function":"f","source":{"kind":"table","queue":"orders"}} | 400 invalid-request | table
PUT triggers/t | {"function":"f","source":{"kind":"object","bucket":"../etc"}} | 400 invalid-request | bucket name
PUT triggers/t | {"function":"f","source":{"kind":"object","bucket":"photos","changes":["moved"]}} | 400 invalid-request | moved
PUT triggers/t | {"function":"a/b","source":{"kind":"queue","queue":"orders"}} | 400 invalid-request | position 2
PUT triggers/t | {"function":"f","function":"g","source":{"kind":"queue","queue":"orders"}} | 400 invalid-request | duplicate field `function`
PUT schedules/s | {"function":"f","expression":"rate(1 hour)","expression":"rate(1 day)"} | 400 invalid-request | duplicate field `expression`
PUT schedules/s | {"function":"f","expression":"rate(1 hour)","cron":1} | 400 invalid-request | `cron`
PUT schedules/s | {"function":"f","expression":"rate(99999999999999999999 days)"} | 400 invalid-configuration | rate
PUT schedules/s | {"function":"f","expression":"0 2 * * *","time_zone":"../../etc/passwd"} | 400 invalid-configuration | etc/passwd
PATCH functions/f | null | 400 invalid-request | null
PATCH functions/f | {"timeout_ms":1e400} | 400 invalid-request | column
PATCH functions/f | {"timeout_ms":18446744073709551615} | 400 invalid-configuration | timeout
PATCH functions/f | {"environment":{"A=B":"1"}} | 400 invalid-configuration | "A=B"
PATCH functions/f | {"environment":{"A":"\u0000"}} | 400 invalid-configuration | NUL
PATCH functions/f | {"fuel":1,"fuel":2} | 400 invalid-request | duplicate field `fuel`
PATCH functions/f | {"grants":{"buckets":{"../x":"read"}}} | 400 invalid-request | bucket name
PATCH functions/f | {"grants":{"queues":{"orders":"all"}}} | 400 invalid-request | `all`
PATCH functions/f | {"grants":{"hosts":["*"]}} | 400 invalid-request | "*" is no host
PATCH functions/f | {"grants":{"hosts":["http://[::1"]}} | 400 invalid-request | is no host
PATCH functions/f | {"grants":{"shelves":{}}} | 400 invalid-request | `shelves`
PATCH functions/f | {"delivery":{"dead_letter":"topic:x"}} | 400 invalid-request | topic:x
PATCH functions/f | {"delivery":{"age_max_ms":18446744073709551615}} | 400 invalid-configuration | age_max_ms
PATCH functions/f | {"tags":{"":"x"}} | 400 invalid-configuration | tag ""
PATCH functions/f | {"description":"\ud800"} | 400 invalid-request | column
POST functions/f/rollback | {"version":18446744073709551615} | 404 version-not-found | 18446744073709551615
POST functions/f/rollback | {"version":-1} | 400 invalid-request | -1
POST functions/f/rollback | {"version":1,"to":1} | 400 invalid-request | `to`
PUT queues/orders | {"delay_ms":18446744073709551615} | 400 invalid-configuration | delay_ms
POST queues/orders/delete | {"receipts":[7]} | 400 invalid-request | column
PATCH queues/orders/receipts/1-1 | {"visibility_ms":18446744073709551615} | 400 invalid-request | 43200000
PATCH queues/orders/receipts/1-1 | {} | 400 invalid-request | `visibility_ms`
POST keyspaces/settings/batch | {} | 400 invalid-request | `changes`
POST keyspaces/settings/batch | {"changes":[{"set":"","text":"1"}]} | 400 invalid-request | empty
POST keyspaces/settings/batch | {"changes":[{"delete":"a","ttl_ms":1}]} | 400 invalid-request | change 1
POST keyspaces/settings/batch | {"changes":[{"set":"a","text":"1","ttl_ms":0}]} | 400 invalid-request | time to live
POST keyspaces/settings/batch | {"changes":[{"delete":"a","revision":18446744073709551615}]} | 412 precondition-failed | "a"
POST {upload} | {"parts":[]} | 400 invalid-request | no part is named
POST {upload} | {"parts":[{"number":4294967296,"etag":""}]} | 400 invalid-request | column
POST {upload} | {"parts":[{"number":1}]} | 400 invalid-request | `etag`
"#;

/// As [`QUERIES`], with one or more header fields after the path; `{text}` is
/// one of 3,000 bytes.
const HEADERS: &str = r#"
PUT buckets/photos/objects/k | lambent-meta-a!b: 1 | 400 invalid-request | "a!b"
PUT buckets/photos/objects/k | lambent-meta-: 1 | 400 invalid-request | metadata name ""
PUT buckets/photos/objects/k | lambent-meta-a: {text} | 400 invalid-request | the most is 2048
PUT buckets/photos/objects/k | lambent-meta-a: 1; lambent-meta-a: 2 | 400 invalid-request | "lambent-meta-a" is given twice
PUT buckets/photos/objects/k | content-type: | 400 invalid-request | the content type has 0 bytes
PUT buckets/photos/objects/k | content-type: a/b; content-type: c/d | 400 invalid-request | "content-type" is given twice
PUT buckets/photos/objects/k | if-match: "a"; if-match: "b" | 412 precondition-failed | no object "k"
PUT buckets/photos/objects/k | if-match: a | 400 invalid-request | in quotes
PUT buckets/photos/objects/k | content-range: bytes 0-0/1 | 400 invalid-request | multipart upload
PUT buckets/photos/objects/k | cache-control: {text} | 400 invalid-request | the most is 2048
PUT buckets/photos/objects/k | expires: 0; expires: 1 | 400 invalid-request | "expires" is given twice
PUT buckets/photos/objects/k | if-match: "a"; if-none-match: * | 412 precondition-failed | no object "k"
DELETE buckets/photos/objects/k | if-match: " | 400 invalid-request | in quotes
PUT keyspaces/settings/keys/k | if-none-match: 1 | 400 invalid-request | in quotes
PUT keyspaces/settings/keys/k | if-match: "18446744073709551616" | 412 precondition-failed | no key "k"
PUT keyspaces/settings/keys/k | if-match: "18446744073709551615" | 412 precondition-failed | no key "k"
POST queues/orders/messages | expect: miracles | 417 expectation-failed | 100-continue
POST queues/orders/messages | content-type: {text} | 400 invalid-request | 1 to 256
POST queues/orders/messages | lambent-attr-a: 1; lambent-attr-a: 2 | 400 invalid-request | is given twice
POST queues/orders/messages | lambent-group: g | 400 invalid-request | only FIFO queues
POST queues/turns.fifo/messages | lambent-group: {text} | 400 invalid-request | 1 to 128
POST functions/f/invocations | ce-id: | 400 invalid-request | "ce-id" is empty
POST functions/f/invocations | ce-time: 0 | 400 invalid-request | "ce-time"
PUT queues/orders | content-type: text/plain; x-body: {} | 415 unsupported-media-type | "text/plain"
PUT buckets/photos/objects/k | content-length: 5368709121 | 413 payload-too-large | larger than 5.0 GiB
PUT buckets/photos/uploads/x/parts/1 | content-length: 5368709121 | 413 payload-too-large | larger than 5.0 GiB
POST buckets/photos/uploads/x | content-type: application/json; content-length: 2097153 | 413 payload-too-large | larger than 2.0 MiB
PUT keyspaces/settings/keys/k | content-length: 1048577 | 413 payload-too-large | larger than 1.0 MiB
POST keyspaces/settings/batch | content-type: application/json; content-length: 25165825 | 413 payload-too-large | larger than 24.0 MiB
POST queues/orders/messages | content-length: 1048577 | 413 payload-too-large | larger than 1.0 MiB
PUT queues/orders | content-length: 16385 | 413 payload-too-large | larger than 16.0 KiB
PUT schedules/s | content-type: application/json; content-length: 65537 | 413 payload-too-large | larger than 64.0 KiB
POST functions/f/invocations | content-length: 6291457 | 413 payload-too-large | larger than 6.0 MiB
PUT functions/f | content-type: multipart/form-data; x-body: x | 400 invalid-request | boundary
PUT functions/f | content-type: application/wasm; if-match: "x"; if-match: "y" | 412 precondition-failed | not x or y
PUT triggers/t | content-type: text/plain; x-body: {} | 415 unsupported-media-type | "text/plain"
POST keyspaces/settings/batch | content-type: text/plain; x-body: {} | 415 unsupported-media-type | "text/plain"
POST buckets/photos/uploads/x | content-type: text/plain; x-body: {} | 415 unsupported-media-type | "text/plain"
"#;

/// A node with one of everything.
async fn node() -> Node {
    let node = Node::start().await;
    node.put("/v1/functions/f", "event").await;
    for path in ["buckets/photos", "keyspaces/settings", "queues/orders", "queues/turns.fifo"] {
        assert_eq!(put(&node, &format!("/v1/{path}"), &[], "").await.status, 201, "{path}");
    }
    node
}

/// What is wrong with the answers to a table of requests: all of it, at once.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn check(&mut self, case: &str, reply: &Reply, problem: &str, phrase: &str) {
        if !reply.status.is_client_error() {
            return self.0.push(format!("{case}\n  {}", reply.status));
        }
        let (status, code, detail) = refused(reply);
        let short = detail.chars().count() <= 4099;
        if format!("{status} {code}") != problem || !detail.contains(phrase) || !short {
            let detail: String = detail.chars().take(300).collect();
            self.0.push(format!("{case}\n  {status} {code}: {detail}"));
        }
    }

    fn report(self) {
        assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
    }
}

/// The lines of a table, by column, with the method apart.
fn cases(table: &str) -> impl Iterator<Item = (Method, &str, Vec<&str>)> {
    table.trim().lines().map(|line| {
        let (method, rest) = line.split_once(' ').unwrap();
        (method.parse().unwrap(), line, rest.split(" | ").collect())
    })
}

#[tokio::test]
async fn queries_that_are_wrong() {
    let mut faults = Faults::default();
    let node = node().await;
    for (method, case, columns) in cases(QUERIES) {
        let [path, problem, phrase] = columns[..] else { panic!("{case}") };
        let reply = send(&node, method, &format!("/v1/{path}"), &[], "").await;
        faults.check(case, &reply, problem, phrase);
    }
    for query in
        ["memory=-1", "memory=NaN", "memory=1e99EiB", "timeout=1e19", "fuel=-1", "fuel=1e9"]
    {
        let reply = node.put(&format!("/v1/functions/f?{query}"), "event").await;
        let problem = format!("400 {}", reply.code());
        faults.check(query, &reply, &problem, &query[..4]);
    }
    // However large, these are numbers.
    for path in ["functions/f/versions", "functions/f/logs"] {
        let reply = node.get(&format!("/v1/{path}?after={}", u64::MAX)).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
    }
    faults.report();
}

#[tokio::test]
async fn names_and_keys_that_are_wrong() {
    let mut faults = Faults::default();
    let node = node().await;
    let (long, emoji) = ("x".repeat(5000), "%F0%9F%98%80".repeat(257));
    for (method, case, columns) in cases(NAMES) {
        let [path, problem, phrase] = columns[..] else { panic!("{case}") };
        let path = path.replace("{long}", &long).replace("{emoji}", &emoji);
        let reply = send(&node, method, &format!("/v1/{path}"), &[], "").await;
        faults.check(case, &reply, problem, phrase);
    }
    faults.report();
}

async fn upload(node: &Node) -> String {
    let begun = send(node, Method::POST, "/v1/buckets/photos/uploads?key=k", &[], "").await;
    format!("buckets/photos/uploads/{}", begun.json()["id"].as_str().unwrap())
}

#[tokio::test]
async fn bodies_that_are_wrong() {
    let mut faults = Faults::default();
    let node = node().await;
    let upload = upload(&node).await;
    for (method, case, columns) in cases(BODIES) {
        let [path, body, problem, phrase] = columns[..] else { panic!("{case}") };
        let path = format!("/v1/{}", path.replace("{upload}", &upload));
        let reply = send(&node, method, &path, &[("content-type", JSON)], body).await;
        faults.check(case, &reply, problem, phrase);
    }
    for path in ["keyspaces/settings/batch", "queues/orders/delete", "functions/f/rollback"] {
        let post = Request::post(format!("/v1/{path}")).header("content-type", JSON);
        let reply = node.send(post.body(Bytes::from_static(b"{\"\xff\":1}")).unwrap()).await;
        faults.check(path, &reply, "400 invalid-request", "column");
    }
    faults.report();
}

#[tokio::test]
async fn bodies_that_are_too_much() {
    let mut faults = Faults::default();
    let node = node().await;
    let long = "x".repeat(60_000);
    let upload = upload(&node).await;
    let text = json!({ "text": "" });
    let typed = |content_type: &str| json!({ "text": "", "content_type": content_type });
    let messages = "queues/orders/messages";
    let batch = "keyspaces/settings/batch";
    for (path, media, body, phrase) in [
        ("functions/f/rollback", JSON, format!("{{\"a\":{}", "[".repeat(9000)), "column"),
        ("functions/f/rollback", JSON, format!("{{\"{long}\":1}}"), "line 1 column"),
        (
            messages,
            MESSAGES,
            json!({ "messages": vec![&text; 1001] }).to_string(),
            "more than 1000",
        ),
        (messages, MESSAGES, json!({ "messages": [] }).to_string(), "0 messages"),
        (
            messages,
            MESSAGES,
            json!({ "messages": [typed("a/b\r\nc: d")] }).to_string(),
            "message 1: the content type",
        ),
        (
            messages,
            MESSAGES,
            json!({ "messages": [text, typed(&long)] }).to_string(),
            "message 2: the content type",
        ),
        (
            messages,
            MESSAGES,
            json!({ "messages": [{ "text": "", "delay_ms": u64::MAX }] }).to_string(),
            "delay",
        ),
        (
            "queues/orders/delete",
            JSON,
            json!({ "receipts": vec![""; 1001] }).to_string(),
            "1000 receipts",
        ),
        (
            batch,
            JSON,
            json!({ "changes": vec![json!({ "delete": "k" }); 1001] }).to_string(),
            "more than 1000",
        ),
        (
            batch,
            JSON,
            json!({ "changes": [{ "set": &long, "text": "" }] }).to_string(),
            "60000 bytes",
        ),
        (
            &upload,
            JSON,
            json!({ "parts": [{ "number": 1, "etag": "x".repeat(1 << 20) }] }).to_string(),
            "no part 1",
        ),
    ] {
        let headers = [("content-type", media)];
        let reply = send(&node, Method::POST, &format!("/v1/{path}"), &headers, &body).await;
        faults.check(&body[..body.len().min(80)], &reply, "400 invalid-request", phrase);
    }
    let deep = format!("{{\"patterns\":{}{}}}", "[".repeat(9000), "]".repeat(9000));
    let reply = put(&node, "/v1/triggers/t", &[("content-type", JSON)], &deep).await;
    faults.check("deep", &reply, "400 invalid-request", "recursion limit");
    faults.report();
}

#[tokio::test]
async fn headers_that_are_wrong() {
    let mut faults = Faults::default();
    let node = node().await;
    let long = "x".repeat(3000);
    for (method, case, columns) in cases(HEADERS) {
        let [path, fields, problem, phrase] = columns[..] else { panic!("{case}") };
        let field = |field: &'static str| {
            let (name, value) = field.split_once(':').unwrap();
            (name, value.trim().replace("{text}", &long))
        };
        let fields: Vec<_> = fields.split("; ").map(field).collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = fields.iter().find(|(name, _)| *name == "x-body").map_or("", |(_, body)| body);
        let reply = send(&node, method, &format!("/v1/{path}"), &fields, body).await;
        faults.check(case, &reply, problem, phrase);
    }
    let object = "/v1/buckets/photos/objects/k";
    let mut odd = request(Method::PUT, object, &[], "");
    odd.headers_mut().insert("lambent-meta-a", HeaderValue::from_bytes(b"\xff").unwrap());
    faults.check(object, &node.send(odd).await, "400 invalid-request", "not UTF-8");
    assert_eq!(node.get(object).await.code(), "object-not-found", "though so much was refused");
    faults.report();
}
