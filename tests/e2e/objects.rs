//! Objects: any key, kept exactly; any size, streamed; and bytes that never
//! leave the store's own directory.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use lambent_api::kinds::Bucket;
use serde_json::{Value, json};

use crate::client::{Ask, Reply};
use crate::node::{Node, files, shared};

const MIB: usize = 1 << 20;

fn ask(node: &Node, method: &str, path: &str) -> Ask {
    node.ask(method, path).key(&node.key)
}

async fn bucket(node: &Node, name: &str) {
    node.create::<Bucket>(name, Default::default()).await;
}

/// The path of a key, every byte of it percent-encoded.
fn path(bucket: &str, key: &str) -> String {
    let key: String = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/v1/buckets/{bucket}/objects/{key}")
}

async fn put(node: &Node, bucket: &str, key: &str, bytes: Vec<u8>) -> Reply {
    ask(node, "PUT", &path(bucket, key)).body(bytes).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_kept_exactly_and_touch_nothing_outside_the_store() {
    let node = Node::start(&[]);
    bucket(&node, "odd-keys").await;
    let outside = node.path("../outside");
    let long = "k".repeat(1024);
    let keys = [
        "..",
        ".",
        "../../outside",
        "/etc/passwd",
        "//",
        "a//b",
        "a/../b",
        "a/./b",
        "trailing/",
        "with space",
        "new\nline",
        "nul\0byte",
        "bell\u{7}",
        "%2F",
        "%252e%252e",
        "?query=1&x#y",
        "+plus+",
        "ü",
        "u\u{308}",
        "\u{202e}right to left",
        "👩‍👩‍👧",
        "\u{feff}bom",
        "\u{10ffff}",
        "C:\\Windows\\..",
        "control.db",
        &long,
    ];
    for key in keys {
        let reply = put(&node, "odd-keys", key, key.as_bytes().to_vec()).await;
        assert!(matches!(reply.status, 200 | 201), "{key:?}: {reply:?}");
        assert_eq!(reply.json()["key"], key);
    }
    for key in keys {
        let reply = ask(&node, "GET", &path("odd-keys", key)).send().await;
        assert_eq!(reply.status, 200, "{key:?}: {reply:?}");
        assert_eq!(&reply.body[..], key.as_bytes(), "{key:?}");
    }
    let mut listed = Vec::new();
    let mut after = String::new();
    loop {
        let page = format!("/v1/buckets/odd-keys/objects?limit=7{after}");
        let page = ask(&node, "GET", &page).send().await.json();
        let objects = page["objects"].as_array().unwrap();
        listed.extend(objects.iter().map(|object| object["key"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        let next: String = next.bytes().map(|byte| format!("%{byte:02X}")).collect();
        after = format!("&after={next}");
    }
    assert!(listed.is_sorted_by(|a, b| a.as_bytes() < b.as_bytes()), "{listed:?}");
    let expected: BTreeSet<_> = keys.iter().map(|key| (*key).to_owned()).collect();
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), expected);
    assert!(!outside.exists());
    for (file, ..) in files(&node.path("objects")) {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_a_key_is_refused() {
    let node = Node::start(&[]);
    bucket(&node, "odd-keys").await;
    for (key, phrase) in [("", "key"), (&*"k".repeat(1025), "1024")] {
        let reply = put(&node, "odd-keys", key, Vec::new()).await;
        if key.is_empty() {
            assert!(matches!(reply.status, 400 | 404 | 405), "{reply:?}");
        } else {
            let detail = reply.problem(400, "invalid-request");
            assert!(detail.contains(phrase), "{detail}");
        }
    }
    let reply = ask(&node, "PUT", "/v1/buckets/odd-keys/objects/%ff%fe").send().await;
    assert!(reply.problem(400, "invalid-request").contains("UTF-8"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_goes_only_when_it_is_empty() {
    let node = shared().await;
    bucket(node, "to-delete").await;
    put(node, "to-delete", "a", b"1".to_vec()).await;
    let detail = ask(node, "DELETE", "/v1/buckets/to-delete").send().await.problem(409, "conflict");
    assert!(detail.contains("not empty"), "{detail}");
    assert_eq!(ask(node, "DELETE", &path("to-delete", "a")).send().await.status, 204);
    assert_eq!(ask(node, "DELETE", "/v1/buckets/to-delete").send().await.status, 204);
    let reply = put(node, "to-delete", "a", b"1".to_vec()).await;
    reply.problem(404, "bucket-not-found");
    for (name, phrase) in [("UPPER", "a-z"), ("ab", "3 to 63"), ("a..b", "two dots")] {
        let reply = ask(node, "PUT", &format!("/v1/buckets/{name}")).send().await;
        let detail = reply.problem(400, "invalid-name");
        assert!(detail.contains(phrase), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditions_and_ranges_are_those_of_s3() {
    let node = shared().await;
    bucket(node, "conditions").await;
    let put = |name: &'static str, value: String, body: &'static str| async move {
        let ask = ask(node, "PUT", &path("conditions", "o")).header(name, &value);
        ask.header("content-type", "text/x-test")
            .header("lambent-meta-colour", "blue")
            .body(body)
            .send()
            .await
    };
    let first = put("if-none-match", "*".into(), "0123456789").await;
    assert_eq!(first.status, 201, "{first:?}");
    let etag = first.header("etag").to_owned();
    assert_eq!(etag, "\"781e5e245d69b566979b86e28d23f2c7\"", "the MD5 of the bytes");
    put("if-none-match", "*".into(), "x").await.problem(412, "precondition-failed");
    put("if-match", "\"00\"".into(), "x").await.problem(412, "precondition-failed");

    let get = |name: &'static str, value: String| async move {
        ask(node, "GET", &path("conditions", "o")).header(name, &value).send().await
    };
    let whole = get("accept", "*/*".into()).await;
    assert_eq!((whole.status, whole.text().as_str()), (200, "0123456789"));
    assert_eq!(whole.header("content-type"), "text/x-test");
    assert_eq!(whole.header("lambent-meta-colour"), "blue");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    for (range, status, body, content) in [
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=5-500", 206, "56789", "bytes 5-9/10"),
    ] {
        let reply = get("range", range.into()).await;
        assert_eq!((reply.status, reply.text().as_str()), (status, body), "{range}: {reply:?}");
        assert_eq!(reply.header("content-range"), content);
    }
    get("range", "bytes=10-".into()).await.problem(416, "range-not-satisfiable");
    assert_eq!(get("if-none-match", etag.clone()).await.status, 304);
    assert_eq!(put("if-match", etag, "new").await.status, 200);
    assert_eq!(get("accept", "*/*".into()).await.text(), "new");
    let head = ask(node, "HEAD", &path("conditions", "o")).send().await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "3", 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_object_streams_both_ways_with_flat_memory() {
    let node = Node::start(&[]);
    bucket(&node, "large").await;
    // Warm: the first upload makes the buffers that stay.
    put(&node, "large", "warm", vec![1; MIB]).await;
    let before = node.rss();
    let pieces = 512;
    let body = futures::stream::iter(0..pieces)
        .map(|number: usize| Frame::data(vec![u8::try_from(number % 251).unwrap(); MIB].into()));
    let reply = ask(&node, "PUT", &path("large", "big")).frames(body).send().await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.json()["size"], pieces * MIB);
    let mut answer = ask(&node, "GET", &path("large", "big")).open().await.into_body();
    let (mut seen, mut most) = (0, 0);
    while let Some(frame) = answer.frame().await {
        for byte in frame.unwrap().into_data().unwrap_or_default() {
            assert_eq!(usize::from(byte), seen / MIB % 251, "at {seen}");
            seen += 1;
        }
        most = most.max(node.rss());
    }
    assert_eq!(seen, pieces * MIB);
    let grown = most.saturating_sub(before) / MIB as u64;
    assert!(grown < 64, "{grown} MiB more for {pieces} MiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_become_one_object() {
    let node = shared().await;
    bucket(node, "parts").await;
    let begun = ask(node, "POST", "/v1/buckets/parts/uploads?key=whole").send().await;
    assert_eq!(begun.status, 201, "{begun:?}");
    let upload = format!("/v1/buckets/parts/uploads/{}", begun.json()["id"].as_str().unwrap());
    let mut parts: Vec<Value> = Vec::new();
    for (number, bytes) in [(1, vec![b'a'; 5 * MIB]), (2, vec![b'b'; 5 * MIB]), (3, vec![b'c'; 3])]
    {
        let reply = ask(node, "PUT", &format!("{upload}/parts/{number}")).body(bytes).send().await;
        assert_eq!(reply.status, 200, "{reply:?}");
        parts.push(json!({ "number": number, "etag": reply.json()["etag"] }));
    }
    let complete = |parts: Vec<Value>| {
        let ask = ask(node, "POST", &upload).header("content-type", "application/json");
        ask.body(json!({ "parts": parts }).to_string())
    };
    let mut wrong = parts.clone();
    wrong[1]["etag"] = json!("0123");
    let detail = complete(wrong).send().await.problem(400, "invalid-request");
    assert!(detail.contains('2'), "{detail}");
    ask(node, "GET", &path("parts", "whole")).send().await.problem(404, "object-not-found");
    let reply = complete(parts).send().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let object = reply.json();
    assert_eq!(object["size"], 10 * MIB + 3);
    assert!(object["etag"].as_str().unwrap().ends_with("-3"), "{object}");
    let across = ask(node, "GET", &path("parts", "whole"));
    let range = format!("bytes={}-{}", 5 * MIB - 2, 5 * MIB + 1);
    assert_eq!(across.header("range", &range).send().await.text(), "aabb");
    ask(node, "GET", &upload).send().await.problem(404, "upload-not-found");
}
