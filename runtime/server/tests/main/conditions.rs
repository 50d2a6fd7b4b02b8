//! Conditional and partial requests: every method of every route with every
//! header field of RFC 9110 §13 and §14, and `Expect`. Each is honoured, refused,
//! or ignored as HTTP says and named as ignored.

use http::Method;
use serde_json::{Value, json};

use crate::api::refused;
use crate::node::{Node, Reply};
use crate::objects::{put, send};

const JSON: (&str, &str) = ("content-type", "application/json");
const WASM: (&str, &str) = ("content-type", "application/wasm");
const PAST: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const FUTURE: &str = "Fri, 06 Nov 2099 08:49:37 GMT";

/// What a method does with conditions.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// A read of what has an entity tag, with or without a date; in parts or not.
    Read { tag: bool, date: bool, parts: bool },
    /// A change that is for one tag, and perhaps one date.
    Change { date: bool },
    /// Conditions are kept until something is completed.
    Kept,
    /// A change that can have no conditions.
    Unconditional,
}

fn kind(method: &Method, path: &str) -> Kind {
    let object = path == "/v1/buckets/{name}/objects/{key}";
    let key = path == "/v1/keyspaces/{name}/keys/{key}";
    let function = path == "/v1/functions/{name}" || path == "/v1/functions/{name}/aliases/{alias}";
    match method.as_str() {
        "GET" | "HEAD" => Kind::Read {
            tag: object || key || function,
            date: object,
            parts: object && method == Method::GET,
        },
        "PUT" | "DELETE" | "PATCH" if object || key || function => Kind::Change { date: object },
        "POST" => match path {
            "/v1/functions/{name}/versions" | "/v1/functions/{name}/rollback" => {
                Kind::Change { date: false }
            }
            "/v1/buckets/{name}/uploads/{upload}" => Kind::Change { date: true },
            "/v1/buckets/{name}/uploads" => Kind::Kept,
            _ => Kind::Unconditional,
        },
        _ => Kind::Unconditional,
    }
}

/// A node with one of everything, made again where a request took it away.
struct World {
    node: Node,
    upload: String,
    part: String,
}

impl World {
    async fn new() -> Self {
        let node = Node::start().await;
        let mut world = Self { node, upload: String::new(), part: String::new() };
        world.restore().await;
        world
    }

    async fn restore(&mut self) {
        let node = &self.node;
        let source = json!({ "kind": "queue", "queue": "jobs" });
        let trigger = json!({ "source": source, "function": "f" });
        let schedule = json!({ "expression": "0 2 * * *", "function": "f" });
        for (path, headers, body) in [
            ("/v1/functions/f", WASM, "http".to_owned()),
            ("/v1/functions/f/aliases/live", JSON, r#"{"version":"$LATEST"}"#.into()),
            ("/v1/buckets/photos", JSON, String::new()),
            ("/v1/buckets/photos/objects/k", JSON, "0123456789".into()),
            ("/v1/keyspaces/settings", JSON, String::new()),
            ("/v1/keyspaces/settings/keys/k", JSON, "value".into()),
            ("/v1/queues/jobs", JSON, "{}".into()),
            ("/v1/triggers/t", JSON, trigger.to_string()),
            ("/v1/schedules/s", JSON, schedule.to_string()),
        ] {
            let made = put(node, path, &[headers], &body).await;
            assert!(made.status.is_success(), "{path}: {made:?}");
        }
        let begun = send(node, Method::POST, "/v1/buckets/photos/uploads?key=k", &[], "").await;
        self.upload = begun.json()["id"].as_str().unwrap().to_owned();
        let part = format!("/v1/buckets/photos/uploads/{}/parts/1", self.upload);
        self.part = put(node, &part, &[], "part").await.json()["etag"].as_str().unwrap().to_owned();
    }

    fn path(&self, template: &str) -> String {
        let collection = template.split('/').nth(2).unwrap_or_default();
        let name = match collection {
            "functions" => "f",
            "buckets" => "photos",
            "keyspaces" => "settings",
            "queues" => "jobs",
            "triggers" => "t",
            _ => "s",
        };
        let path = template.replace("{name}", name).replace("{key}", "k");
        let path = path.replace("{upload}", &self.upload).replace("{number}", "1");
        let path = path.replace("{receipt}", "none").replace("{version}", "7");
        let path = path.replace("{alias}", "live");
        if template.ends_with("/uploads") { format!("{path}?key=k") } else { path }
    }

    /// A request that does what it is for, but for these header fields.
    async fn ask(&self, method: &Method, template: &str, given: &[(&str, &str)]) -> Reply {
        let parts = json!({ "parts": [{ "number": 1, "etag": self.part }] });
        let (media, body) = match (method.as_str(), template) {
            ("PUT", "/v1/functions/{name}") => (WASM, "http".into()),
            ("PATCH", "/v1/functions/{name}") => (JSON, "{}".into()),
            ("PUT", "/v1/functions/{name}/aliases/{alias}") => {
                (JSON, r#"{"version":"$LATEST"}"#.into())
            }
            ("POST", "/v1/functions/{name}/rollback") => (JSON, r#"{"version":1}"#.into()),
            ("POST", "/v1/buckets/{name}/uploads/{upload}") => (JSON, parts.to_string()),
            ("GET" | "HEAD" | "DELETE", _) => (JSON, String::new()),
            _ => (JSON, "{}".to_owned()),
        };
        let mut headers = vec![media];
        headers.extend(given);
        send(&self.node, method.clone(), &self.path(template), &headers, &body).await
    }
}

/// The operations of the API's own document, and HEAD of each that can be read.
async fn operations(node: &Node) -> Vec<(Method, String)> {
    let document = node.get("/v1/openapi.json").await.json();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            if method == Method::GET {
                operations.push((Method::HEAD, path.clone()));
            }
            operations.push((method, path.clone()));
        }
    }
    operations
}

fn ignored(reply: &Reply) -> &str {
    reply.header("lambent-ignored")
}

#[tokio::test]
async fn no_condition_is_ignored_in_silence() {
    let mut world = World::new().await;
    let operations = operations(&world.node).await;
    assert!(operations.len() > 70, "{}", operations.len());
    for (method, path) in &operations {
        match kind(method, path) {
            Kind::Read { tag, date, parts } => {
                reads(&world, (method, path), (tag, date, parts)).await;
            }
            kind => changes(&mut world, (method, path), kind).await,
        }
        nobody_serves(&world, (method, path)).await;
        world.restore().await;
    }
}

/// What no route serves.
async fn nobody_serves(world: &World, (method, path): (&Method, &str)) {
    for (field, status) in [
        (("content-range", "bytes 6-9/10"), 400),
        (("content-range", "nonsense"), 400),
        (("expect", "200-ok"), 417),
        (("if-match", "unquoted"), 400),
        (("if-none-match", "\"a\" \"b\""), 400),
    ] {
        let reply = world.ask(method, path, &[field]).await;
        let refused = match kind(method, path) {
            // Not honoured at all, whatever it says.
            Kind::Unconditional if field.0.starts_with("if-") => 501,
            _ => status,
        };
        assert_eq!(reply.status, refused, "{method} {path} {field:?}");
    }
}

async fn reads(
    world: &World,
    (method, path): (&Method, &str),
    (tag, date, parts): (bool, bool, bool),
) {
    let plain = world.ask(method, path, &[]).await;
    // What is not there is not there, whatever is expected of it (§13.2.1).
    let found = plain.status == 200;
    let or = |status: u16| if found { status } else { plain.status.as_u16() };
    assert_eq!(plain.headers.contains_key("etag"), tag, "{path}");
    assert_eq!(plain.headers.contains_key("last-modified"), date, "{path}");
    let etag = plain.header("etag").to_owned();
    let weak = format!("W/{etag}");
    let list = format!("\"other\", {etag}");
    let ok = plain.status.as_u16();
    let mut table = vec![
        (("if-match", "*"), ok, ""),
        (("if-match", "\"other\", \"more\""), or(412), ""),
        (("if-none-match", "*"), or(304), ""),
        (("if-none-match", "\"other\""), ok, ""),
        (("if-range", "\"other\""), ok, "if-range"),
        (("if-modified-since", "yesterday"), ok, "if-modified-since"),
        (("if-unmodified-since", "yesterday"), ok, "if-unmodified-since"),
        (("range", "bytes=6-"), if parts { 206 } else { ok }, if parts { "" } else { "range" }),
        (("range", "bytes=4-2"), ok, "range"),
    ];
    if tag {
        table.extend([
            (("if-match", etag.as_str()), ok, ""),
            (("if-match", &list), ok, ""),
            (("if-match", &weak), or(412), ""),
            (("if-none-match", &etag), or(304), ""),
            (("if-none-match", &weak), or(304), ""),
        ]);
    }
    let dates = [
        (("if-modified-since", FUTURE), 304),
        (("if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT"), 200),
        (("if-unmodified-since", "Sun Nov  6 08:49:37 1994"), 412),
        (("if-modified-since", PAST), 200),
        (("if-unmodified-since", PAST), 412),
        (("if-unmodified-since", FUTURE), 200),
    ];
    for (field, status) in dates {
        // A resource without a date cannot be asked for one (§13.1.3, §13.1.4).
        let (status, said) = if date { (status, "") } else { (ok, field.0) };
        table.push((field, status, if found { said } else { "" }));
    }
    for (field, status, said) in table {
        let reply = world.ask(method, path, &[field]).await;
        assert_eq!(reply.status, status, "{method} {path} {field:?} {reply:?}");
        assert_eq!(ignored(&reply), said, "{method} {path} {field:?}");
        if status == 304 {
            assert_eq!((reply.body.len(), reply.header("etag")), (0, etag.as_str()), "{path}");
        }
    }
}

async fn changes(world: &mut World, (method, path): (&Method, &str), kind: Kind) {
    let stale = ("if-match", "\"other\", \"more\"");
    let (tags, dates) = match kind {
        Kind::Change { date } => (412, if date { 412 } else { 501 }),
        Kind::Kept => (201, 201),
        _ => (501, 501),
    };
    for (field, status) in [
        (stale, tags),
        (("if-match", "W/\"other\""), tags),
        (("if-none-match", "*"), tags),
        (("if-unmodified-since", PAST), dates),
    ] {
        let reply = world.ask(method, path, &[field]).await;
        assert_eq!(reply.status, status, "{method} {path} {field:?} {reply:?}");
        if status == 501 {
            let (_, code, detail) = refused(&reply);
            assert_eq!(code, "not-implemented");
            assert!(detail.contains(field.0), "{detail}");
        }
    }
    world.restore().await;
    let plain = world.ask(method, path, &[]).await.status;
    assert_ne!(plain, 501, "{method} {path}");
    world.restore().await;
    let reads = [("if-modified-since", FUTURE), ("range", "bytes=0-3"), ("if-range", "\"other\"")];
    let reply = world.ask(method, path, &reads).await;
    assert_eq!(reply.status.is_success(), plain.is_success(), "{method} {path} {reply:?}");
    assert_eq!(ignored(&reply), "if-modified-since, range, if-range", "{method} {path}");
}

#[tokio::test]
async fn conditions_that_hold_let_changes_through() {
    let mut world = World::new().await;
    for (path, operations) in [
        ("/v1/buckets/{name}/objects/{key}", vec![Method::PUT, Method::DELETE]),
        ("/v1/keyspaces/{name}/keys/{key}", vec![Method::PUT, Method::DELETE]),
        ("/v1/functions/{name}", vec![Method::PUT, Method::PATCH]),
        ("/v1/functions/{name}/versions", vec![Method::POST]),
        ("/v1/functions/{name}/aliases/{alias}", vec![Method::PUT, Method::DELETE]),
        ("/v1/buckets/{name}/uploads/{upload}", vec![Method::POST]),
    ] {
        let of = match path {
            "/v1/functions/{name}/versions" => "/v1/functions/{name}",
            "/v1/buckets/{name}/uploads/{upload}" => "/v1/buckets/{name}/objects/{key}",
            path => path,
        };
        for method in operations {
            for form in ["*", "TAG", "\"other\", TAG", "\"other\",,TAG"] {
                world.restore().await;
                let tag = world.ask(&Method::GET, of, &[]).await.header("etag").to_owned();
                let form = form.replace("TAG", &tag);
                let reply = world.ask(&method, path, &[("if-match", &form)]).await;
                assert!(reply.status.is_success(), "{method} {path} {form}: {reply:?}");
            }
        }
    }
}

/// RFC 9110 §13.2.2.
#[tokio::test]
async fn conditions_are_decided_in_their_order() {
    let world = World::new().await;
    let object = "/v1/buckets/{name}/objects/{key}";
    let plain = world.ask(&Method::GET, object, &[]).await;
    let (tag, date) = (plain.header("etag"), plain.header("last-modified"));
    for (fields, status) in [
        // A tag makes the date beside it void.
        (vec![("if-match", tag), ("if-unmodified-since", PAST)], 200),
        (vec![("if-none-match", "\"other\""), ("if-modified-since", FUTURE)], 200),
        (vec![("if-none-match", tag), ("if-modified-since", PAST)], 304),
        (vec![("if-match", "\"other\""), ("if-none-match", tag)], 412),
        (vec![("if-unmodified-since", PAST), ("if-none-match", tag)], 412),
        (vec![("if-match", tag), ("if-none-match", tag)], 304),
        // Ranges come last.
        (vec![("if-none-match", tag), ("range", "bytes=0-3")], 304),
        (vec![("if-match", "\"other\""), ("range", "bytes=99-")], 412),
        (vec![("if-range", tag), ("range", "bytes=99-")], 416),
        (vec![("if-range", "\"other\""), ("range", "bytes=99-")], 200),
        (vec![("if-range", date), ("range", "bytes=0-3")], 206),
        (vec![("if-range", PAST), ("range", "bytes=0-3")], 200),
        (vec![("if-modified-since", date)], 304),
        (vec![("if-unmodified-since", date)], 200),
    ] {
        let reply = world.ask(&Method::GET, object, &fields).await;
        assert_eq!(reply.status, status, "{fields:?}");
    }
}

#[tokio::test]
async fn a_part_is_not_written_over_the_whole() {
    let world = World::new().await;
    let object = "/v1/buckets/photos/objects/k";
    let reply = put(&world.node, object, &[("content-range", "bytes 6-9/10")], "6789").await;
    let (status, code, detail) = refused(&reply);
    assert_eq!((status, code.as_str()), (400, "invalid-request"));
    assert!(detail.contains("multipart upload"), "{detail}");
    assert_eq!(world.node.get(object).await.text(), "0123456789");
}

/// What was said when it was begun and when it is completed: of the object that
/// the upload becomes.
#[tokio::test]
async fn an_upload_keeps_the_conditions_of_its_object() {
    let world = World::new().await;
    let uploads = "/v1/buckets/photos/uploads";
    let begin = format!("{uploads}?key=k");
    let begun = async |field| send(&world.node, Method::POST, &begin, &[field], "").await;
    for field in [("if-none-match", "*"), ("if-match", "\"x\""), ("if-unmodified-since", PAST)] {
        let id = begun(field).await.json()["id"].as_str().unwrap().to_owned();
        let part = put(&world.node, &format!("{uploads}/{id}/parts/1"), &[], "new").await.json();
        let parts: Value = json!({ "parts": [{ "number": 1, "etag": part["etag"] }] });
        let reply = world.node.post(&format!("{uploads}/{id}"), parts.to_string()).await;
        let (status, code, detail) = refused(&reply);
        assert_eq!((status, code.as_str()), (412, "precondition-failed"), "{field:?}");
        assert!(detail.contains("object \"k\" of bucket") && !detail.contains(&id), "{detail}");
    }
    let complete = "/v1/buckets/{name}/uploads/{upload}";
    let refused = world.ask(&Method::POST, complete, &[("if-none-match", "*")]).await;
    assert_eq!(refused.code(), "precondition-failed");
    assert_eq!(world.node.get("/v1/buckets/photos/objects/k").await.text(), "0123456789");
    // The upload goes on.
    assert_eq!(world.ask(&Method::POST, complete, &[]).await.status, 200);
}

#[tokio::test]
async fn of_writers_with_one_condition_one_wins() {
    let world = World::new().await;
    for path in ["/v1/buckets/photos/objects/race", "/v1/keyspaces/settings/keys/race"] {
        let absent = [("if-none-match", "*")];
        let writes = (0..8).map(|_| put(&world.node, path, &absent, "x"));
        let won = futures::future::join_all(writes).await;
        let won = won.iter().filter(|reply| reply.status.is_success()).count();
        assert_eq!(won, 1, "{path}");
        let star = [("if-match", "*")];
        let deletes = (0..8).map(|_| send(&world.node, Method::DELETE, path, &star, ""));
        let won = futures::future::join_all(deletes).await;
        assert_eq!(won.iter().filter(|reply| reply.status == 204).count(), 1, "{path}");
    }
}

#[tokio::test]
async fn header_fields_of_an_object_are_given_out_again() {
    let world = World::new().await;
    let object = "/v1/buckets/photos/objects/page.html";
    let fields = [
        ("cache-control", "public, max-age=60"),
        ("content-disposition", "attachment; filename=\"päge.html\""),
        ("content-encoding", "gzip"),
        ("content-language", "de"),
        ("expires", FUTURE),
    ];
    let same = |reply: &Reply| {
        for (name, value) in fields {
            assert_eq!(reply.headers[name].as_bytes(), value.as_bytes(), "{name}");
        }
    };
    let made = put(&world.node, object, &fields, "x").await;
    assert_eq!(made.json()["headers"]["content-encoding"], "gzip");
    same(&world.node.get(object).await);
    same(&send(&world.node, Method::HEAD, object, &[], "").await);
    let known = [("if-none-match", made.header("etag"))];
    let known = send(&world.node, Method::GET, object, &known, "").await;
    assert_eq!(known.header("cache-control"), "public, max-age=60");
    assert_eq!((known.header("expires"), known.header("content-encoding")), (FUTURE, ""));

    let begin = "/v1/buckets/photos/uploads?key=parts";
    let id = send(&world.node, Method::POST, begin, &fields, "").await.json()["id"].clone();
    let upload = format!("/v1/buckets/photos/uploads/{}", id.as_str().unwrap());
    let part = put(&world.node, &format!("{upload}/parts/1"), &[], "x").await.json();
    let parts = json!({ "parts": [{ "number": 1, "etag": part["etag"] }] });
    assert_eq!(world.node.post(&upload, parts.to_string()).await.status, 200);
    same(&world.node.get("/v1/buckets/photos/objects/parts").await);

    let long = "x".repeat(2040);
    let reply = put(&world.node, object, &[("cache-control", &long)], "y").await;
    let (status, _, detail) = refused(&reply);
    assert_eq!(status, 400);
    assert!(detail.contains("headers has 2053 bytes; the most is 2048"), "{detail}");
    assert_eq!(world.node.get(object).await.text(), "x");
}
