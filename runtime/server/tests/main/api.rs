//! The native API.

use bytes::Bytes;
use http::{Method, Request};
use lambent_service::Operation;
use serde_json::json;

use crate::node::{Node, Reply};

pub(crate) fn request(
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Request<Bytes> {
    let mut builder = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Bytes::from(body.to_owned())).unwrap()
}

const WASM: (&str, &str) = ("content-type", "application/wasm");
const JSON: (&str, &str) = ("content-type", "application/json");

/// The problem's status, code and detail.
pub(crate) fn refused(reply: &Reply) -> (u16, String, String) {
    let code = reply.code();
    (reply.status.as_u16(), code, reply.json()["detail"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn nothing_is_open_without_the_key() {
    let node = Node::start().await;
    for path in ["/v1/functions", "/v1/openapi.json", "/v1/nowhere", "/metrics"] {
        let reply = node.send_as_is(request(Method::GET, path, &[], "")).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (401, "unauthorized".into()), "{path}");
        let reply =
            node.send_as_is(request(Method::GET, path, &[("authorization", "Bearer x")], "")).await;
        assert_eq!(reply.status, 401, "{path}");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(node.send_as_is(request(Method::GET, path, &[], "")).await.status, 200);
    }
    assert!(node.get("/metrics").await.text().ends_with("# EOF\n"));
    assert_eq!(node.get("/v1/openapi.json").await.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn a_function_from_deploy_to_delete() {
    let node = Node::start().await;
    let reply =
        node.put("/v1/functions/hello?memory=64MiB&timeout=1s&description=hi", "http").await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.header("location"), "/v1/functions/hello");
    let view = reply.json();
    assert_eq!(reply.header("etag"), format!("\"{}\"", view["revision"]));
    assert_eq!(view["version"], "$LATEST");
    assert_eq!(view["last_version"], 0);
    assert_eq!(view["code_bytes"], 4);
    assert_eq!(view["handlers"], json!(["wasi:http/incoming-handler@0.2"]));
    assert_eq!(view["configuration"]["memory_bytes"], 64 << 20);
    assert_eq!(view["configuration"]["timeout_ms"], 1000);
    assert_eq!(view["configuration"]["description"], "hi");
    let port = node.address.port();
    let urls =
        [format!("http://hello.localhost:{port}/"), format!("http://127.0.0.1:{port}/fn/hello/")];
    assert_eq!(view["urls"], json!(urls));

    let described = node.get("/v1/functions/HELLO").await;
    assert_eq!(described.json(), view);
    let known = [("if-none-match", reply.header("etag"))];
    let unchanged = node.send(request(Method::GET, "/v1/functions/hello", &known, "")).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.body.len()), (304, 0));
    let code = node.get("/v1/functions/hello/code").await;
    assert_eq!((code.header("content-type"), code.text().as_str()), ("application/wasm", "http"));

    let again = node.put("/v1/functions/hello", "http2").await;
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["configuration"], view["configuration"]);

    let gone = node.send(request(Method::DELETE, "/v1/functions/hello", &[], "")).await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    assert_eq!(refused(&node.get("/v1/functions/hello").await).1, "function-not-found");
    let gone = node.send(request(Method::DELETE, "/v1/functions/hello", &[], "")).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn configuration_is_patched() {
    let node = Node::start().await;
    node.put("/v1/functions/f", "event").await;
    let patch = |media: &'static str, body: &'static str| {
        node.send(request(Method::PATCH, "/v1/functions/f", &[("content-type", media)], body))
    };
    let reply = patch("application/merge-patch+json", r#"{"environment":{"A":"secret"}}"#).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["configuration"]["environment"], json!({"A": "secret"}));
    let reply = patch("application/json; charset=utf-8", r#"{"fuel":20000}"#).await;
    assert_eq!(reply.json()["configuration"]["environment"], json!({"A": "secret"}));

    let (status, code, detail) = refused(&patch("application/json", "{\n \"memroy\": 1}").await);
    assert_eq!((status, code.as_str()), (400, "invalid-request"));
    assert!(detail.contains("memroy") && detail.contains("line 2 column"), "{detail}");
    let (status, code, _) = refused(&patch("application/json", r#"{"fuel":1}"#).await);
    assert_eq!((status, code.as_str()), (400, "invalid-configuration"));
    let (status, code, detail) = refused(&patch("text/plain", "{}").await);
    assert_eq!((status, code.as_str()), (415, "unsupported-media-type"));
    assert!(detail.contains("\"text/plain\"") && detail.contains("application/json"), "{detail}");
    let big = format!("{{\"description\":\"{}\"}}", "x".repeat(70_000));
    let reply = node.send(request(Method::PATCH, "/v1/functions/f", &[JSON], &big)).await;
    assert_eq!(refused(&reply).1, "payload-too-large");
}

#[tokio::test]
async fn conditions_are_kept() {
    let node = Node::start().await;
    let put = |condition: (&'static str, String)| {
        let headers = [WASM, (condition.0, condition.1.as_str())];
        let request = request(Method::PUT, "/v1/functions/f", &headers, "http");
        node.send(request)
    };
    assert_eq!(put(("if-match", "*".into())).await.code(), "precondition-failed");
    let first = put(("if-none-match", "*".into())).await;
    assert_eq!(first.status, 201);
    assert_eq!(put(("if-none-match", "*".into())).await.status, 412);
    let tag = first.header("etag").to_owned();
    let second = put(("if-match", tag.clone())).await;
    assert_eq!(second.status, 200);
    assert_ne!(second.header("etag"), tag);
    let (status, code, _) = refused(&put(("if-match", tag)).await);
    assert_eq!((status, code.as_str()), (412, "precondition-failed"));
    assert_eq!(put(("if-match", "*".into())).await.status, 200);
    assert_eq!(put(("if-match", "7".into())).await.code(), "invalid-request");
    for other in ["W/\"3\"", "\"7\", \"8\""] {
        assert_eq!(put(("if-match", other.into())).await.code(), "precondition-failed");
    }
}

#[tokio::test]
async fn forms_deploy_with_everything() {
    let node = Node::start().await;
    let form = |parts: &[(&str, &str)]| {
        let mut body = String::new();
        for (name, value) in parts {
            body.push_str(&format!(
                "--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str("--x--\r\n");
        let headers = [("content-type", "multipart/form-data; boundary=x")];
        node.send(request(Method::PUT, "/v1/functions/f", &headers, &body))
    };
    let configuration = r#"{"environment":{"A":"1"},"public":true}"#;
    let reply = form(&[("configuration", configuration), ("code", "event")]).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.json()["configuration"]["environment"]["A"], "1");
    assert_eq!(form(&[("code", "event")]).await.status, 200);
    for (parts, expected) in [
        (vec![("configuration", "{}")], "no part \"code\""),
        (vec![("code", "event"), ("code", "event")], "twice"),
        (vec![("code", "event"), ("cod", "1")], "part \"cod\""),
        (vec![("code", "event"), ("configuration", "{")], "line 1 column"),
    ] {
        let (status, _, detail) = refused(&form(&parts).await);
        assert!(status == 400 && detail.contains(expected), "{detail}");
    }
    let headers = [("content-type", "multipart/form-data; boundary=x")];
    let reply = node.send(request(Method::PUT, "/v1/functions/f", &headers, "--y")).await;
    assert_eq!(refused(&reply).1, "invalid-request");
    let reply = node.send(request(Method::PUT, "/v1/functions/f?public=true", &headers, "")).await;
    assert!(refused(&reply).2.contains("there are none here"));
}

#[tokio::test]
async fn what_cannot_be_deployed_says_why() {
    let node = Node::start().await;
    let put = |path: &'static str, headers: &[(&str, &str)], body: &'static str| {
        node.send(request(Method::PUT, path, headers, body))
    };
    for (path, body, status, code, detail) in [
        ("/v1/functions/f", "junk", 422, "invalid-component", "no component"),
        ("/v1/functions/f", "heavy", 400, "invalid-configuration", "raise the memory"),
        ("/v1/functions/f?memory=1MiB", "http", 400, "invalid-configuration", "2.0 MiB"),
        ("/v1/functions/f?memory=lots", "http", 400, "invalid-request", "64MiB"),
        ("/v1/functions/f?memroy=1", "http", 400, "invalid-request", "did you mean \"memory\""),
        ("/v1/functions/f?environment=1", "http", 400, "invalid-request", "there are: memory"),
        ("/v1/functions/f?public=yes", "http", 400, "invalid-request", "true or false"),
        ("/v1/functions/a%20b", "http", 400, "invalid-name", "position 2"),
    ] {
        let (got, with, why) = refused(&put(path, &[WASM], body).await);
        assert_eq!((got, with.as_str()), (status, code), "{path}: {why}");
        assert!(why.contains(detail), "{why}");
    }
    assert_eq!(put("/v1/functions/f", &[], "http").await.status, 415);
    let text = [("content-type", "text/plain")];
    assert_eq!(put("/v1/functions/f", &text, "http").await.status, 415);
    // An image is named in JSON, and fetched only from where whoever runs the node allows it.
    assert_eq!(put("/v1/functions/f", &[JSON], "{}").await.code(), "invalid-request");
    let image = r#"{"image": "registry.example.com/a:1"}"#;
    assert_eq!(put("/v1/functions/f", &[JSON], image).await.code(), "forbidden");
    let claimed = [WASM, ("content-length", "999999999")];
    assert_eq!(put("/v1/functions/f", &claimed, "").await.code(), "payload-too-large");
    assert_eq!(node.get("/v1/functions").await.json()["functions"], json!([]));
}

#[tokio::test]
async fn versions_are_published_listed_deleted_and_returned_to() {
    let node = Node::start().await;
    node.put("/v1/functions/f?description=one", "event").await;
    let first = node.post("/v1/functions/f/versions", "").await;
    assert_eq!((first.status.as_u16(), &first.json()["version"]), (201, &json!("1")));
    assert_eq!(first.header("location"), "/v1/functions/f?qualifier=1");
    assert!(first.json().get("revision").is_none());
    assert_eq!(node.post("/v1/functions/f/versions", "").await.status, 200);
    node.put("/v1/functions/f?description=two", "http").await;
    assert_eq!(node.post("/v1/functions/f/versions", "").await.json()["version"], "2");

    let page = node.get("/v1/functions/f/versions?limit=1").await.json();
    assert_eq!((&page["versions"][0]["version"], &page["next"]), (&json!("1"), &json!(1)));
    let page = node.get("/v1/functions/f/versions?limit=1&after=1").await.json();
    assert_eq!((&page["versions"][0]["version"], &page["next"]), (&json!("2"), &json!(null)));
    let one = node.get("/v1/functions/f?qualifier=1").await.json();
    assert_eq!(one["configuration"]["description"], "one");
    assert_eq!(node.get("/v1/functions/f/code?qualifier=1").await.text(), "event");

    let back = node.post("/v1/functions/f/rollback", r#"{"version":1}"#).await;
    assert_eq!(back.status, 200);
    assert_eq!(back.json()["configuration"]["description"], "one");
    let reply = node.post("/v1/functions/f/rollback", r#"{"version":9}"#).await;
    assert_eq!(reply.code(), "version-not-found");

    let delete = |path: &'static str| node.send(request(Method::DELETE, path, &[], ""));
    assert_eq!(delete("/v1/functions/f/versions/1").await.status, 204);
    assert_eq!(delete("/v1/functions/f/versions/1").await.code(), "version-not-found");
    assert_eq!(delete("/v1/functions/f/versions/x").await.code(), "invalid-name");
    assert_eq!(node.get("/v1/functions/f?qualifier=live").await.code(), "alias-not-found");
}

#[tokio::test]
async fn aliases_are_put_read_listed_and_deleted() {
    let node = Node::start().await;
    node.put("/v1/functions/f?description=one", "event").await;
    node.post("/v1/functions/f/versions", "").await;
    node.put("/v1/functions/f?description=two", "event").await;
    node.post("/v1/functions/f/versions", "").await;
    let json = [("content-type", "application/json")];
    let put =
        async |path: &str, body: &str| node.send(request(Method::PUT, path, &json, body)).await;
    let live = "/v1/functions/f/aliases/live";
    let made = put(live, r#"{"version":1}"#).await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, "\"1\""));
    assert_eq!(made.json()["version"], "1");
    let split = r#"{"version":"1","split":{"version":2,"weight":0.25},"sticky":"header:x-user"}"#;
    let changed = put(live, split).await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""));
    assert_eq!(changed.json()["split"], json!({ "version": 2, "weight": 0.25 }));
    assert_eq!(node.get(live).await.json(), changed.json());
    let one = node.get("/v1/functions/f?qualifier=LIVE").await.json();
    assert_eq!(
        (&one["version"], &one["configuration"]["description"]),
        (&json!("1"), &json!("one"))
    );
    put("/v1/functions/f/aliases/beta", r#"{"version":"$LATEST"}"#).await;
    let page = node.get("/v1/functions/f/aliases?limit=1").await.json();
    assert_eq!((&page["aliases"][0]["name"], &page["next"]), (&json!("beta"), &json!("beta")));
    let page = node.get("/v1/functions/f/aliases?after=beta").await.json();
    assert_eq!((&page["aliases"][0]["name"], &page["next"]), (&json!("live"), &json!(null)));

    for (path, body, code) in [
        (live, r#"{"version":"9"}"#, "version-not-found"),
        (live, r#"{"version":"live"}"#, "invalid-request"),
        (live, r#"{"version":1,"split":{"version":1,"weight":0.5}}"#, "invalid-configuration"),
        (live, r#"{"version":1,"split":{"version":2,"weight":1.5}}"#, "invalid-request"),
        (live, r#"{"version":1,"sticky":"user"}"#, "invalid-request"),
        (live, r#"{"version":1,"weight":0.5}"#, "invalid-request"),
        ("/v1/functions/f/aliases/7", r#"{"version":1}"#, "invalid-name"),
        ("/v1/functions/none/aliases/live", r#"{"version":1}"#, "function-not-found"),
    ] {
        assert_eq!(put(path, body).await.code(), code, "{path} {body}");
    }
    let delete = |path: &'static str| node.send(request(Method::DELETE, path, &[], ""));
    assert_eq!(delete("/v1/functions/f/versions/2").await.code(), "conflict");
    assert_eq!(delete(live).await.status, 204);
    assert_eq!(delete(live).await.code(), "alias-not-found");
    assert_eq!(delete("/v1/functions/f/versions/2").await.status, 204);
}

#[tokio::test]
async fn functions_are_listed_in_pages() {
    let node = Node::start().await;
    for name in ["b", "A", "c"] {
        node.put(&format!("/v1/functions/{name}"), "event").await;
    }
    let page = node.get("/v1/functions?limit=2").await.json();
    let shown = page["functions"].as_array().unwrap();
    let names: Vec<_> = shown.iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!((names, &page["next"]), (vec!["A", "b"], &json!("b")));
    let page = node.get("/v1/functions?limit=2&after=b").await.json();
    assert_eq!((&page["functions"][0]["name"], &page["next"]), (&json!("c"), &json!(null)));
    for bad in ["limit=0", "limit=1001", "limit=x", "after=a%20b", "x=1", "limit=1&limit=2"] {
        assert_eq!(node.get(&format!("/v1/functions?{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn events_are_invoked_and_their_records_kept() {
    let node = Node::start().await;
    node.put("/v1/functions/f", "event").await;
    let path = "/v1/functions/f/invocations";
    let headers = [JSON, ("ce-type", "order.placed"), ("ce-tenant", "a%20b")];
    let reply = node.send(request(Method::POST, path, &headers, "{}")).await;
    assert_eq!(reply.status, 200);
    let expected =
        format!("{path} order.placed application/json [(\"tenant\", \"a b\")] b\"{{}}\"");
    assert_eq!((reply.header("content-type"), reply.text()), ("text/plain", expected));
    for (name, value) in [
        ("lambent-version", "$LATEST"),
        ("lambent-outcome", "ok"),
        ("lambent-start", "loaded"),
        ("lambent-duration-us", "7"),
        ("lambent-fuel", "42"),
        ("lambent-memory-bytes", "65536"),
        ("lambent-function-error", ""),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    let failed = node.send(request(Method::POST, path, &[JSON, ("ce-type", "fail")], "")).await;
    assert_eq!(failed.status, 200);
    assert_eq!(failed.header("lambent-function-error"), "function-error");
    assert_eq!(failed.json(), json!({"errorType": "OrderNotFound", "errorMessage": "no order 7"}));

    let first = reply.header("lambent-request-id");
    let logs = node.get("/v1/functions/f/logs?wait=5s&limit=1").await.json();
    let after = logs["records"][0]["cursor"].as_u64().unwrap() - 1;
    let logs = node.get(&format!("/v1/functions/f/logs?after={after}&wait=5s")).await.json();
    assert_eq!(logs["records"][0]["logs"]["lines"][0]["text"], "a line");
    let one = node.get(&format!("/v1/functions/f/logs?request={first}&wait=5s")).await.json();
    assert_eq!(one["records"].as_array().unwrap().len(), 1);
    assert_eq!(one["records"][0]["id"], first);

    let big = "x".repeat((6 << 20) + 1);
    assert_eq!(node.post(path, big).await.code(), "payload-too-large");
    let keyed = [JSON, ("idempotency-key", "1")];
    for _ in 0..2 {
        let reply = node.send(request(Method::POST, path, &keyed, "")).await;
        assert_eq!(reply.status, 200);
    }
    let reply = node.send(request(Method::POST, path, &keyed, "1")).await;
    assert_eq!(reply.code(), "conflict");
    let reply = node.post("/v1/functions/nobody/invocations", "").await;
    assert_eq!(reply.code(), "function-not-found");
    let reply = node.post("/v1/functions/f/invocations?qualifier=4", "").await;
    assert_eq!(reply.code(), "version-not-found");
}

#[tokio::test]
async fn logs_wait_for_news() {
    let node = Node::start().await;
    node.put("/v1/functions/f", "event").await;
    let begun = std::time::Instant::now();
    let empty = node.get("/v1/functions/f/logs?wait=100ms").await.json();
    assert_eq!(empty["records"], json!([]));
    assert!(begun.elapsed() >= std::time::Duration::from_millis(100));
    let path = format!("/v1/functions/f/logs?after={}&wait=20s", empty["next"]);
    let (news, _) = tokio::join!(node.get(&path), async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        node.post("/v1/functions/f/invocations", "").await
    });
    assert_eq!(news.json()["records"].as_array().unwrap().len(), 1);
    assert!(begun.elapsed() < std::time::Duration::from_secs(10));
    let since = node.get("/v1/functions/f/logs?since=1m").await.json();
    assert_eq!(since["records"].as_array().unwrap().len(), 1);

    assert_eq!(node.get("/v1/functions/nobody/logs").await.code(), "function-not-found");
    for bad in ["since=soon", "wait=51s", "request=7", "after=x", "follow=true"] {
        let reply = node.get(&format!("/v1/functions/f/logs?{bad}")).await;
        assert_eq!(reply.code(), "invalid-request", "{bad}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_problems() {
    let node = Node::start().await;
    for path in ["/v1", "/v1/", "/v1/functions/", "/v1/function"] {
        assert_eq!(node.get(path).await.code(), "not-found", "{path}");
    }
    for (method, path, allow) in [
        (Method::POST, "/v1/functions", "GET,HEAD"),
        (Method::POST, "/v1/functions/f", "GET,HEAD,PUT,PATCH,DELETE"),
        (Method::GET, "/v1/functions/f/invocations", "POST"),
        (Method::POST, "/healthz", "GET, HEAD"),
    ] {
        let reply = node.send(request(method, path, &[], "")).await;
        assert_eq!(reply.code(), "method-not-allowed", "{path}");
        assert_eq!(reply.header("allow"), allow, "{path}");
    }
    let reply = node.send(request(Method::HEAD, "/v1/functions", &[], "")).await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 0));
    let aws = [("x-amz-target", "Lambda.Invoke")];
    let reply = node.send(request(Method::POST, "/", &aws, "")).await;
    assert_eq!(reply.status, 403);
    assert_eq!(reply.header("x-amzn-query-error"), "MissingAuthenticationToken;Sender");
}

#[tokio::test]
async fn every_resource_has_the_methods_that_are_documented() {
    let node = Node::start().await;
    let document = node.get("/v1/openapi.json").await.json();
    for (path, item) in document["paths"].as_object().unwrap() {
        let mut documented: Vec<_> =
            item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        let path = path.replace("{name}", "f").replace("{version}", "1");
        let reply = node.send(request(Method::TRACE, &path, &[], "")).await;
        let allowed = reply.header("allow").split(',').filter(|method| *method != "HEAD");
        let mut allowed: Vec<_> = allowed.map(str::to_owned).collect();
        documented.sort();
        allowed.sort();
        assert_eq!(allowed, documented, "{path}");
    }
}

/// What the service permits, traces and records has the names that the API has.
#[test]
fn operations_have_the_names_that_the_api_describes() {
    let mut described = std::collections::BTreeSet::new();
    for item in lambent_server::api::openapi().paths.paths.into_values() {
        let all = [item.get, item.put, item.post, item.patch, item.delete];
        described.extend(all.into_iter().flatten().filter_map(|operation| operation.operation_id));
    }
    let known: Vec<_> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    let unknown: Vec<_> = described.iter().filter(|id| !known.contains(&id.as_str())).collect();
    // The description itself, one key or message where the operation is of several, and what is
    // given back where the operation is of setting aside.
    let described_only =
        ["delete_concurrency", "delete_key", "delete_message", "describe_api", "set_key"];
    assert_eq!(unknown, described_only);
    let undescribed: Vec<_> = known.iter().filter(|name| !described.contains(**name)).collect();
    // What AWS's tools do through their door alone, and functions through an interface of their own.
    let of_aws = [
        "list_roles",
        "describe_role",
        "put_role",
        "delete_role",
        "list_policies",
        "describe_policy",
        "put_policy",
        "delete_policy",
        "assume_role",
        "list_streams",
    ];
    let expected: Vec<_> = of_aws.into_iter().chain(["read_files", "change_files"]).collect();
    assert_eq!(undescribed.into_iter().copied().collect::<Vec<_>>(), expected);
}
