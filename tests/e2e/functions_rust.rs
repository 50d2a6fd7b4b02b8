//! Lambda functions in Rust as their owners write them, with the crates of AWS: built by
//! `lambent build`, and run by events of each kind.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use lambent_api::kinds::{Bucket, Queue, Table};
use lambent_test_support::canned::answer;
use lambent_test_support::lambda_rust::lambda_rust;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::node::{Node, shared};
use crate::typed::read;

/// Builds one of `tests/lambda/rust` and deploys it under its name.
async fn deploy(node: &Node, function: &'static str, change: Value) {
    let code = tokio::task::spawn_blocking(move || lambda_rust(function)).await.unwrap();
    let mut configuration = json!({ "runtime": "provided.al2023", "timeout_ms": 10_000 });
    configuration.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    node.deploy_package(function, code, configuration).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_in_and_json_out() {
    let node = shared().await;
    deploy(node, "plain", json!({})).await;
    for name in ["Ada", "Grace"] {
        let answer = node.answer("plain", &json!({ "firstName": name })).await;
        assert_eq!(answer["message"], format!("Hello, {name}!"), "{answer}");
        assert_eq!(answer["function"], "plain", "{answer}");
        let id = answer["requestId"].as_str().unwrap();
        let record = node.record("plain", id).await;
        assert_eq!(record["outcome"]["kind"], "ok", "{record}");
        assert!(record["logs"]["lines"].to_string().contains("greeting"), "{record}");
    }
    // What is no event of its type is the error of the library, and not the end of the instance.
    let failed = node.answer("plain", &json!({})).await;
    assert!(failed["errorType"].as_str().unwrap().ends_with("DeserializeError"), "{failed}");
    assert!(failed["errorMessage"].as_str().unwrap().contains("missing field `firstName`"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_of_several_routes() {
    // Its own, so that nobody else takes the room of its instance.
    let node = &Node::start(&[]);
    deploy(node, "orders-api", json!({ "reuse": 1000 })).await;
    let ask = |method: &str, path: &str| node.ask(method, &format!("/fn/orders-api{path}"));
    let post = async |body: &str| -> Reply {
        let ask = ask("POST", "/orders").header("content-type", "application/json");
        ask.body(body.to_owned()).send().await
    };
    let created = post(r#"{"item":"lamp","count":2}"#).await;
    assert_eq!((created.status, created.text()), (201, r#"{"id":1}"#.into()));
    assert_eq!(created.header("location"), "/orders/1");
    assert_eq!(post(r#"{"item":"lamp","count":0}"#).await.status, 422);
    assert_eq!(post(r#"{"item""#).await.status, 400);
    let listed = ask("GET", "/orders?item=lamp").send().await;
    assert_eq!((listed.status, listed.json()), (200, json!([{ "item": "lamp", "count": 2 }])));
    assert_eq!(ask("GET", "/orders?item=desk").send().await.json(), json!([]));
    assert_eq!(ask("GET", "/orders/7").send().await.status, 404);
    assert_eq!(ask("DELETE", "/orders/1").send().await.status, 204);
    let moved = ask("GET", "/old").send().await;
    assert_eq!((moved.status, moved.header("location")), (308, "/orders"));
    let image = ask("GET", "/image").send().await;
    assert_eq!((&image.body[..], image.header("content-type")), (&b"\x89PNG\xff"[..], "image/png"));
    let none = ask("GET", "/none").send().await;
    assert_eq!((none.status, none.json()), (404, json!({ "error": "no such page" })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_batch_of_messages_one_fails_and_comes_again() {
    let node = Node::start(&[]);
    deploy(&node, "sqs-batch", json!({})).await;
    node.one_message_fails("sqs-batch").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_is_written_is_an_event_of_s3() {
    let node = Node::start(&[]);
    deploy(&node, "s3-objects", json!({})).await;
    node.create::<Bucket>("photos", Default::default()).await;
    node.create::<Queue>("done", read(json!({}))).await;
    let source = json!({ "kind": "object", "bucket": "photos" });
    node.trigger("s3-objects", source, json!({ "on_success": "queue:done" })).await;
    node.put_object("photos", "a b.jpg", b"jpeg".to_vec()).await;
    let done = node.messages("done", 1).await.remove(0);
    let record: Value = serde_json::from_str(done["text"].as_str().unwrap()).unwrap();
    let object = &record["responsePayload"][0];
    assert_eq!(
        (&object["event"], &object["bucket"]),
        (&json!("ObjectCreated:Put"), &json!("photos"))
    );
    // As S3 writes keys in its events.
    assert_eq!((&object["key"], &object["size"]), (&json!("a+b.jpg"), &json!(4)), "{record}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_tables_and_of_authorizers_have_their_types() {
    let node = shared().await;
    deploy(node, "table-changes", json!({})).await;
    let change = json!({
        "awsRegion": "eu-west-1", "eventID": "1", "eventName": "MODIFY", "eventSource": "aws:dynamodb",
        "eventVersion": "1.1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_700_000_000,
            "Keys": { "Id": { "N": "101" } },
            "NewImage": { "Id": { "N": "101" }, "Message": { "S": "New item!" } },
            "SequenceNumber": "111", "SizeBytes": 26, "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    });
    let answer = node.answer("table-changes", &json!({ "Records": [change] })).await;
    let expected = json!({ "event": "MODIFY", "at": "2023-11-14T22:13:20+00:00", "keys": ["Id"] });
    assert_eq!(answer, json!([expected]));

    deploy(node, "authorizer", json!({})).await;
    for (token, user) in [("Bearer user-7", json!("7")), ("Basic abc", Value::Null)] {
        let http = json!({
            "method": "GET", "path": "/orders", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
            "userAgent": "test",
        });
        let context = json!({
            "accountId": "1", "apiId": "api", "domainName": "api.example", "domainPrefix": "api",
            "http": http, "requestId": "id", "routeKey": "GET /orders", "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1_583_348_638_390_i64,
        });
        let request = json!({
            "version": "2.0", "type": "REQUEST",
            "routeArn": "arn:aws:execute-api:us-east-1:123456789012:api/$default/GET/orders",
            "identitySource": [token], "routeKey": "GET /orders", "rawPath": "/orders",
            "rawQueryString": "", "headers": { "authorization": token },
            "requestContext": context,
        });
        let answer = node.answer("authorizer", &request).await;
        assert_eq!(answer["isAuthorized"], user.is_string(), "{answer}");
        assert_eq!(answer["context"], json!({ "user": user, "path": "/orders" }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_is_sent_piece_by_piece() {
    let node = shared().await;
    deploy(node, "stream", json!({})).await;
    for _ in 0..2 {
        let reply = node.ask("GET", "/fn/stream").send().await;
        assert_eq!((reply.status, reply.text()), (202, "one two three".into()));
        assert_eq!(
            (reply.header("content-type"), reply.header("set-cookie")),
            ("text/plain", "a=b")
        );
    }
    // AWS's library writes what went wrong later into the body.
    let reply = node.ask("GET", "/fn/stream/fails").send().await.text();
    assert!(reply.starts_with("one two three") && reply.contains("Runtime.StreamError"), "{reply}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aws_clients_get_a_response_piece_by_piece_and_how_it_ended() {
    let node = &Node::start(&["--dev"]);
    deploy(node, "stream", json!({})).await;
    let invoke = async |event: Value| {
        let path = "/2021-11-15/functions/stream/response-streaming-invocations";
        let ask = node.ask("POST", path).header("x-amz-log-type", "Tail");
        let reply = ask.body(event.to_string()).send().await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.header("content-type"), "application/vnd.amazon.eventstream");
        String::from_utf8_lossy(&reply.body).into_owned()
    };
    let frames = invoke(json!({ "pauseMs": 100 })).await;
    assert!(frames.contains("statusCode") && frames.contains("three"), "{frames}");
    assert!(frames.matches("PayloadChunk").count() >= 3, "each piece as it came: {frames}");
    assert!(frames.contains("InvokeComplete") && frames.contains("LogResult"), "{frames}");
    assert!(!frames.contains("ErrorCode"), "{frames}");
    // A program that ends without having streamed anything, and fails.
    deploy(node, "faults", json!({})).await;
    let path = "/2021-11-15/functions/faults/response-streaming-invocations";
    let reply = node.ask("POST", path).body(r#"{"do":"exit"}"#).send().await;
    let frames = String::from_utf8_lossy(&reply.body);
    assert!(frames.contains("ErrorCode") && frames.contains("Runtime.ExitError"), "{frames}");
    // One that is not admitted is refused, and does not begin.
    let reserve = node.ask("PUT", "/v1/functions/faults/concurrency");
    let reserve = reserve.header("content-type", "application/json").body(r#"{"reserved":0}"#);
    assert_eq!(reserve.send().await.status, 200);
    let reply = node.ask("POST", path).body("{}").send().await;
    assert_eq!(reply.status, 429, "{reply:?}");
    assert_eq!(reply.json()["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn state_is_made_once_and_errors_have_their_types() {
    // Its own, so that nobody else takes the room of its instance.
    let node = &Node::start(&[]);
    let change = json!({ "environment": { "STOCK": r#"{"lamp":3}"# }, "reuse": 1000 });
    deploy(node, "stock", change).await;
    let take = async |item: &str, count: u32| {
        node.answer("stock", &json!({ "item": item, "count": count })).await
    };
    assert_eq!(take("lamp", 2).await, json!({ "left": 1 }));
    let error = take("lamp", 2).await;
    let told = json!({ "errorType": "TooFewLeft", "errorMessage": "1 of lamp are left, not 2" });
    assert_eq!(error, told);
    let error = take("desk", 1).await;
    assert_eq!(error["errorType"], "UnknownItem", "{error}");
    assert_eq!(take("lamp", 1).await, json!({ "left": 0 }), "the instance goes on");
    // What fails before the first event is the end of the program.
    node.configure("stock", json!({ "environment": {} })).await;
    let error = take("lamp", 1).await;
    assert_eq!(error["errorType"], "Runtime.ExitError", "{error}");
    node.has_logged("stock", "No such file or directory").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extension_runs_in_the_function() {
    let node = shared().await;
    deploy(node, "flush", json!({})).await;
    for number in 1..=3 {
        let answer = node.answer("flush", &json!({ "number": number })).await;
        let id = answer["request"].as_str().unwrap();
        assert_eq!(answer["number"], number, "{answer}");
        let lines = node.record("flush", id).await["logs"]["lines"].to_string();
        assert!(lines.contains(&format!("flushed {number} of {id}")), "{lines}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_a_function_ends_it_is_told_and_others_go_on() {
    let node = Node::start(&[]);
    deploy(&node, "plain", json!({})).await;
    let limits = json!({ "timeout_ms": 1000, "fuel": 10_000_000_000_u64 });
    deploy(&node, "faults", limits).await;
    // What a thread would do elsewhere is done at once.
    for what in ["nothing", "block", "file"] {
        let answer = node.answer("faults", &json!({ "do": what })).await;
        assert_eq!(answer, json!({ "did": what }));
    }
    for (what, kind, told) in [
        ("fail", "function-error", "as it was told"),
        ("panic", "trapped", "unreachable"),
        ("exit", "function-error", "exit status 1"),
        ("sleep", "timed-out", "1000 ms"),
        ("allocate", "out-of-memory", "128.0 MiB"),
    ] {
        ends(&node, json!({ "do": what }), what, kind, told).await;
    }
    node.configure("faults", json!({ "timeout_ms": 60_000, "fuel": 1_000_000_000 })).await;
    ends(&node, json!({ "do": "spin" }), "spin", "out-of-fuel", "1000000000").await;
    // The same before the first event.
    for (what, kind, told) in [
        ("fail", "function-error", "exit status 1"),
        ("panic", "trapped", "unreachable"),
        ("exit", "function-error", "exit status 1"),
        ("sleep", "function-error", "did not ask for its first event within 10 s"),
        ("spin", "out-of-fuel", "1000000000"),
    ] {
        node.configure("faults", json!({ "environment": { "AT_START": what } })).await;
        ends(&node, json!({}), what, kind, told).await;
    }
    node.configure("faults", json!({ "environment": {} })).await;
    assert_eq!(node.answer("faults", &json!({ "do": "file" })).await, json!({ "did": "file" }));
    survives(node).await;
}

/// An event ends like this, which the caller and the log are told, while another function answers.
async fn ends(node: &Node, event: Value, what: &str, kind: &str, told: &str) {
    let event = event.to_string();
    let neighbour = json!({ "firstName": "Ada" });
    let (reply, beside) =
        futures::future::join(node.invoke("faults", &event), node.answer("plain", &neighbour))
            .await;
    assert_eq!(beside["message"], "Hello, Ada!", "{what}: {beside}");
    assert!(reply.text().contains(told), "{what}: {}", reply.text());
    let record = node.record("faults", reply.header("lambent-request-id")).await;
    assert_eq!(record["outcome"]["kind"], kind, "{what}: {record}");
    assert!(record["logs"]["lines"].to_string().contains(&format!("about to {what}")), "{record}");
}

/// The node ends in the middle of an event, and the next one has the functions.
async fn survives(node: Node) {
    let ask = node.api("POST", "/faults/invocations").body(r#"{"do":"sleep"}"#);
    let asked = tokio::spawn(ask.try_send());
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let data = node.data();
    node.kill();
    assert!(asked.await.unwrap().is_err(), "the connection ends with the node");
    let node = Node::start_in(&data, &[]);
    assert_eq!(node.answer("faults", &json!({ "do": "file" })).await, json!({ "did": "file" }));
    assert_eq!(
        node.answer("plain", &json!({ "firstName": "Ada" })).await["message"],
        "Hello, Ada!"
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "compiles AWS's SDK for Rust, which takes minutes"]
async fn the_sdk_for_rust_reaches_the_node_without_configuration() {
    let node = shared().await;
    let change = json!({ "grants": {
        "tables": { "orders": "read-write" }, "queues": { "kept": "read-write" },
    } });
    deploy(node, "shop", change).await;
    node.create::<Queue>("kept", read(json!({}))).await;
    node.create::<Table>(
        "orders",
        read(json!({ "key": { "hash": { "name": "id", "type": "S" } } })),
    )
    .await;
    let kept = node.answer("shop", &json!({ "id": "o1", "total": "30.5" })).await;
    assert_eq!(kept, json!({ "total": "30.5", "message": 36 }), "{kept}");
    let messages = node.messages("kept", 1).await;
    assert_eq!(messages[0]["text"], "o1", "{messages:?}");
}

/// A service that answers when two have asked, and then no more.
fn rates(listener: &TcpListener) {
    let mut asked = [(); 2].map(|()| listener.accept().unwrap().0);
    for stream in &mut asked {
        let mut line = String::new();
        BufReader::new(&*stream).read_line(&mut line).unwrap();
        let rate = if line.contains("/rates/EUR ") { 2 } else { 5 };
        let answered = answer("200 OK", &json!({ "rate": rate }).to_string());
        stream.write_all(answered.as_bytes()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_on_their_way_at_once_and_the_clock_of_tokio_goes_on() {
    let node = shared().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let service = format!("http://{}", listener.local_addr().unwrap());
    let change = json!({
        "environment": { "RATES_URL": &service },
        "grants": { "hosts": [service] },
    });
    deploy(node, "rates", change).await;
    // It is kept, so that a third waits for an answer.
    let served = tokio::task::spawn_blocking(move || {
        rates(&listener);
        listener
    });
    let event = json!({ "from": "EUR", "to": "USD", "silent": "XAU" });
    let converted = node.answer("rates", &event).await;
    assert_eq!(converted, json!({ "rate": 2.5, "gaveUp": true }));
    drop(served.await);
}
