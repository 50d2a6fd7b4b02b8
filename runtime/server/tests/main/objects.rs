//! Buckets, objects and uploads.

use http::Method;
use serde_json::{Value, json};

use crate::api::{refused, request};
use crate::node::{Node, Reply};

/// What a key that is anything may look like.
pub(crate) const KEYS: [(&str, &str); 12] = [
    ("plain.txt", "plain.txt"),
    ("a/b/c", "a/b/c"),
    ("%2Fabsolute", "/absolute"),
    ("/slash", "/slash"),
    ("a//b", "a//b"),
    ("../../etc/passwd", "../../etc/passwd"),
    ("a/./b/..", "a/./b/.."),
    ("%00", "\0"),
    ("100%25", "100%"),
    ("%252F", "%2F"),
    ("a+b%20c%3Fd%23e", "a+b c?d#e"),
    ("%E2%82%AC%F0%9F%98%80", "€😀"),
];

pub(crate) async fn send(
    node: &Node,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    node.send(request(method, path, headers, body)).await
}

pub(crate) async fn put(node: &Node, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    send(node, Method::PUT, path, headers, body).await
}

async fn node() -> Node {
    let node = Node::start().await;
    assert_eq!(put(&node, "/v1/buckets/photos", &[], "").await.status, 201);
    node
}

const CAT: &str = "/v1/buckets/photos/objects/cat.jpg";

#[tokio::test]
async fn a_bucket_from_put_to_delete() {
    let node = node().await;
    let again = put(&node, "/v1/buckets/photos", &[], "").await;
    assert_eq!((again.status.as_u16(), &again.json()["name"]), (200, &json!("photos")));
    let all = node.get("/v1/buckets").await.json();
    assert_eq!(all, json!({ "buckets": [again.json()] }));
    assert_eq!(node.get("/v1/buckets/photos").await.json(), again.json());
    put(&node, CAT, &[], "meow").await;
    let (status, code, detail) =
        refused(&send(&node, Method::DELETE, "/v1/buckets/photos", &[], "").await);
    assert_eq!((status, code.as_str()), (409, "conflict"));
    assert!(detail.contains("not empty; delete its objects"), "{detail}");
    assert_eq!(send(&node, Method::DELETE, CAT, &[], "").await.status, 204);
    assert_eq!(send(&node, Method::DELETE, "/v1/buckets/photos", &[], "").await.status, 204);
    assert_eq!(refused(&node.get("/v1/buckets/photos").await).1, "bucket-not-found");
    assert_eq!(refused(&node.get(CAT).await).1, "bucket-not-found");
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_written() {
    let node = node().await;
    let headers = [("content-type", "image/jpeg"), ("lambent-meta-author", "Zoë")];
    let first = put(&node, CAT, &headers, "meow").await;
    assert_eq!(first.status, 201, "{first:?}");
    let view = first.json();
    // MD5 of "meow", as S3 has it.
    assert_eq!(view["etag"], "4a4be40c96ac6314e91d93f38043a634");
    assert_eq!(first.header("etag"), "\"4a4be40c96ac6314e91d93f38043a634\"");
    assert_eq!((&view["key"], &view["size"]), (&json!("cat.jpg"), &json!(4)));
    assert_eq!(view["metadata"], json!({ "author": "Zoë" }));

    let read = node.get(CAT).await;
    assert_eq!((read.status.as_u16(), read.text().as_str()), (200, "meow"));
    assert_eq!(read.header("content-type"), "image/jpeg");
    assert_eq!(read.headers["lambent-meta-author"].as_bytes(), "Zoë".as_bytes());
    assert_eq!(read.header("accept-ranges"), "bytes");
    assert!(read.header("last-modified").ends_with(" GMT"), "{read:?}");
    let head = send(&node, Method::HEAD, CAT, &[], "").await;
    assert_eq!((head.header("content-length"), head.body.len()), ("4", 0));
    assert_eq!(head.header("etag"), first.header("etag"));

    assert_eq!(put(&node, CAT, &[], "purr").await.status, 200);
    assert_eq!(node.get(CAT).await.header("content-type"), "application/octet-stream");
    let missing = node.get("/v1/buckets/photos/objects/dog.jpg").await;
    let (status, code, detail) = refused(&missing);
    assert_eq!((status, code.as_str()), (404, "object-not-found"));
    assert_eq!(detail, "bucket \"photos\" has no object \"dog.jpg\"");
}

#[tokio::test]
async fn keys_are_kept_exactly() {
    let node = node().await;
    for (path, key) in KEYS {
        let path = format!("/v1/buckets/photos/objects/{path}");
        let written = put(&node, &path, &[], key).await;
        assert_eq!(written.status, 201, "{path}: {written:?}");
        assert_eq!(written.json()["key"], *key, "{path}");
        assert_eq!(node.get(&path).await.text(), *key, "{path}");
    }
    let listed = node.get("/v1/buckets/photos/objects").await.json();
    let listed: Vec<_> =
        listed["objects"].as_array().unwrap().iter().map(|o| o["key"].clone()).collect();
    let mut expected: Vec<_> = KEYS.iter().map(|(_, key)| *key).collect();
    expected.sort_unstable();
    assert_eq!(json!(listed), json!(expected));
    for (path, _) in KEYS {
        let path = format!("/v1/buckets/photos/objects/{path}");
        assert_eq!(send(&node, Method::DELETE, &path, &[], "").await.status, 204, "{path}");
        assert_eq!(node.get(&path).await.code(), "object-not-found", "{path}");
    }
    let long = format!("/v1/buckets/photos/objects/{}", "x".repeat(1025));
    let (status, code, detail) = refused(&put(&node, &long, &[], "").await);
    assert_eq!((status, code.as_str()), (400, "invalid-request"));
    assert!(detail.contains("1025 bytes; the most is 1024"), "{detail}");
    let odd = put(&node, "/v1/buckets/photos/objects/%ff", &[], "").await;
    assert_eq!(odd.code(), "invalid-request");
}

#[tokio::test]
async fn parts_of_an_object_are_read_by_range() {
    let node = node().await;
    put(&node, CAT, &[], "0123456789").await;
    for (range, status, text, content_range) in [
        ("bytes=0-3", 206, "0123", "bytes 0-3/10"),
        ("bytes=4-", 206, "456789", "bytes 4-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=8-100", 206, "89", "bytes 8-9/10"),
        ("bytes=0-18446744073709551615", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=0-1,3-4", 200, "0123456789", ""),
        ("bytes=3-1", 200, "0123456789", ""),
    ] {
        let reply = send(&node, Method::GET, CAT, &[("range", range)], "").await;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (status, text), "{range}");
        assert_eq!(reply.header("content-range"), content_range, "{range}");
    }
    for range in ["bytes=10-", "bytes=-0", "bytes=18446744073709551615-"] {
        let reply = send(&node, Method::GET, CAT, &[("range", range)], "").await;
        assert_eq!(refused(&reply).1, "range-not-satisfiable", "{range}");
        assert_eq!(reply.header("content-range"), "bytes */10", "{range}");
    }
    let stale = [("range", "bytes=0-3"), ("if-range", "\"other\"")];
    assert_eq!(send(&node, Method::GET, CAT, &stale, "").await.text(), "0123456789");
}

#[tokio::test]
async fn conditions_of_objects_are_kept() {
    let node = node().await;
    let absent = [("if-match", "\"abc\"")];
    assert_eq!(put(&node, CAT, &absent, "x").await.code(), "precondition-failed");
    let new = [("if-none-match", "*")];
    let first = put(&node, CAT, &new, "one").await;
    assert_eq!(first.status, 201);
    let (status, code, detail) = refused(&put(&node, CAT, &new, "two").await);
    assert_eq!((status, code.as_str()), (412, "precondition-failed"));
    assert!(detail.contains(first.json()["etag"].as_str().unwrap()), "{detail}");
    let tag = first.header("etag");
    let known = send(&node, Method::GET, CAT, &[("if-none-match", tag)], "").await;
    assert_eq!((known.status.as_u16(), known.body.len(), known.header("etag")), (304, 0, tag));
    let other = send(&node, Method::GET, CAT, &[("if-match", "\"abc\"")], "").await;
    assert_eq!(other.code(), "precondition-failed");
    assert_eq!(put(&node, CAT, &[("if-match", tag)], "two").await.status, 200);
    let stale = send(&node, Method::DELETE, CAT, &[("if-match", tag)], "").await;
    assert_eq!(stale.code(), "precondition-failed");
    assert_eq!(node.get(CAT).await.text(), "two");
    assert_eq!(put(&node, CAT, &[("if-match", "abc")], "x").await.code(), "invalid-request");
    let weak = format!("W/{}", node.get(CAT).await.header("etag"));
    assert_eq!(put(&node, CAT, &[("if-match", &weak)], "x").await.code(), "precondition-failed");
    assert_eq!(put(&node, CAT, &[("if-match", "*")], "x").await.status, 200);
}

#[tokio::test]
async fn listings_have_prefixes_and_pages() {
    let node = node().await;
    for key in ["a/1", "a/2", "b", "c/1"] {
        put(&node, &format!("/v1/buckets/photos/objects/{key}"), &[], "").await;
    }
    let list = async |query: &str| -> Value {
        let page = node.get(&format!("/v1/buckets/photos/objects?{query}")).await.json();
        let keys = page["objects"].as_array().unwrap().iter();
        let keys: Vec<_> = keys.map(|object| object["key"].clone()).collect();
        json!([keys, page["common_prefixes"], page["next"]])
    };
    assert_eq!(list("prefix=a%2F").await, json!([["a/1", "a/2"], [], null]));
    assert_eq!(list("delimiter=/").await, json!([["b"], ["a/", "c/"], null]));
    assert_eq!(list("limit=3").await, json!([["a/1", "a/2", "b"], [], "b"]));
    assert_eq!(list("limit=3&after=b").await, json!([["c/1"], [], null]));
    for bad in ["limit=0", "limit=1001", "prefx=a", "limit=1&limit=2"] {
        let reply = node.get(&format!("/v1/buckets/photos/objects?{bad}")).await;
        assert_eq!(reply.code(), "invalid-request", "{bad}");
    }
}

#[tokio::test]
async fn an_upload_of_parts_becomes_one_object() {
    let node = node().await;
    let uploads = "/v1/buckets/photos/uploads";
    let begun = send(&node, Method::POST, &format!("{uploads}?key=a%2Fb"), &[], "").await;
    assert_eq!(begun.status, 201, "{begun:?}");
    let begun = begun.json();
    assert_eq!(begun["key"], "a/b");
    let upload = format!("{uploads}/{}", begun["id"].as_str().unwrap());
    assert_eq!(node.get(uploads).await.json(), json!({ "uploads": [begun] }));
    let large = "x".repeat(5 << 20);
    let one = put(&node, &format!("{upload}/parts/1"), &[], &large).await.json();
    let two = put(&node, &format!("{upload}/parts/2"), &[], "end").await.json();
    assert_eq!(node.get(&upload).await.json(), json!({ "parts": [one, two] }));
    assert_eq!(node.get("/v1/buckets/photos/objects/a/b").await.code(), "object-not-found");

    let part = |view: &Value| json!({ "number": view["number"], "etag": view["etag"] });
    let swapped = json!({ "parts": [part(&two), part(&one)] }).to_string();
    assert_eq!(node.post(&upload, swapped).await.code(), "invalid-request");
    let chosen = json!({ "parts": [part(&one), part(&two)] }).to_string();
    let made = node.post(&upload, chosen.clone()).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert!(made.json()["etag"].as_str().unwrap().ends_with("-2"));
    let read = node.get("/v1/buckets/photos/objects/a/b").await;
    assert_eq!(read.body.len(), (5 << 20) + 3);
    assert_eq!(node.post(&upload, chosen).await.code(), "upload-not-found");

    let begun = send(&node, Method::POST, &format!("{uploads}?key=k"), &[], "").await.json();
    let upload = format!("{uploads}/{}", begun["id"].as_str().unwrap());
    assert_eq!(put(&node, &format!("{upload}/parts/0"), &[], "x").await.code(), "invalid-request");
    assert_eq!(put(&node, &format!("{upload}/parts/x"), &[], "x").await.code(), "invalid-request");
    assert_eq!(send(&node, Method::DELETE, &upload, &[], "").await.status, 204);
    assert_eq!(send(&node, Method::DELETE, &upload, &[], "").await.code(), "upload-not-found");
    assert_eq!(send(&node, Method::POST, uploads, &[], "").await.code(), "invalid-request");
}

#[tokio::test]
async fn the_list_of_ten_thousand_parts_is_read() {
    let node = node().await;
    let uploads = "/v1/buckets/photos/uploads";
    let begun = send(&node, Method::POST, &format!("{uploads}?key=k"), &[], "").await.json();
    let parts: Vec<_> =
        (1..=10_000).map(|number| json!({ "number": number, "etag": "0".repeat(32) })).collect();
    let path = format!("{uploads}/{}", begun["id"].as_str().unwrap());
    let (_, code, detail) = refused(&node.post(&path, json!({ "parts": parts }).to_string()).await);
    // Read to the end, and found to name parts that are not there.
    assert_eq!(code, "invalid-request");
    assert!(detail.contains("part 1"), "{detail}");
}

#[tokio::test]
async fn names_of_buckets_are_those_of_s3() {
    let node = Node::start().await;
    for name in ["ab", "A-Bucket", "a..b", "-abc", &"x".repeat(64)] {
        let reply = put(&node, &format!("/v1/buckets/{name}"), &[], "").await;
        assert_eq!((reply.status.as_u16(), reply.code()), (400, "invalid-name".into()), "{name}");
    }
    let lost = put(&node, "/v1/buckets/nowhere/objects/k", &[], "x").await;
    let (status, code, detail) = refused(&lost);
    assert_eq!((status, code.as_str()), (404, "bucket-not-found"));
    assert!(detail.contains("create it first"), "{detail}");
}
