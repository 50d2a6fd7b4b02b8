//! Namespaces and access keys: who may enter which, and what nobody sees of another.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::node::{Node, Reply};

/// A request with `key`, in `namespace` if one is named.
fn request(method: &str, path: &str, key: &str, namespace: Option<&str>) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(path);
    request = request.header("authorization", format!("Bearer {key}"));
    if let Some(namespace) = namespace {
        request = request.header("lambent-namespace", namespace);
    }
    let (media_type, body) = body(method, path);
    if !media_type.is_empty() {
        request = request.header("content-type", media_type);
    }
    request.body(body.into()).unwrap()
}

/// A body that the operation takes, so that what it answers is about its name.
fn body(method: &str, path: &str) -> (&'static str, String) {
    const JSON: &str = "application/json";
    let parts: Vec<&str> = path.split(['/', '?']).collect();
    let value = match (method, parts.get(2).copied().unwrap_or_default(), parts.get(4).copied()) {
        ("PUT", "functions", None) => return ("application/wasm", "http".into()),
        ("PATCH", "functions", _) => json!({"description": "mine"}),
        ("POST", "functions", Some("rollback")) => json!({"version": 1}),
        ("POST", "functions", Some("invocations")) => json!({}),
        ("PUT", "triggers", _) => json!({
            "function": "shopfun", "source": {"kind": "object", "bucket": "shopbucket"},
        }),
        ("PUT", "schedules", _) => json!({"function": "shopfun", "expression": "@daily"}),
        ("PUT", "queues" | "namespaces", _)
        | ("PUT", "buckets", None)
        | ("POST", "access-keys", _) => json!({}),
        ("PATCH", "queues", _) => json!({"visibility_ms": 0}),
        ("POST", "queues", Some("delete")) => json!({"receipts": [parts.last()]}),
        ("POST", "buckets", Some("uploads")) if parts.len() > 5 => json!({"parts": []}),
        ("POST", "keyspaces", Some("batch")) => json!({"changes": [{"delete": "secret"}]}),
        ("PUT", ..) | ("POST", "queues", Some("messages")) => {
            return ("application/octet-stream", "stolen".into());
        }
        _ => return ("", String::new()),
    };
    (JSON, value.to_string())
}

struct Shop {
    node: Node,
    /// Of the namespace `other`.
    stranger: String,
    receipt: String,
    upload: String,
}

impl Shop {
    /// A node with one of everything in the namespace `shop`.
    async fn open() -> Self {
        let node = Node::start().await;
        let root = node.key.clone();
        let shop = async |method: &str, path: &str| {
            let reply = node.send_as_is(request(method, path, &root, Some("shop"))).await;
            assert!(reply.status.is_success(), "{method} {path}: {reply:?}");
            reply
        };
        for namespace in ["shop", "other"] {
            let path = format!("/v1/namespaces/{namespace}");
            assert_eq!(node.send(request("PUT", &path, &root, None)).await.status, 201);
        }
        for path in [
            "functions/shopfun",
            "buckets/shopbucket",
            "keyspaces/shopkeys",
            "queues/shopqueue",
            "buckets/shopbucket/objects/secret",
            "keyspaces/shopkeys/keys/secret",
            "triggers/shoptrigger",
            "schedules/shopschedule",
        ] {
            shop("PUT", &format!("/v1/{path}")).await;
        }
        shop("POST", "/v1/functions/shopfun/versions").await;
        shop("POST", "/v1/queues/shopqueue/messages").await;
        let received = shop("POST", "/v1/queues/shopqueue/receive?visibility=1h").await.json();
        let receipt = received["messages"][0]["receipt"].as_str().unwrap().to_owned();
        let begun = shop("POST", "/v1/buckets/shopbucket/uploads?key=new").await.json();
        let upload = begun["id"].as_str().unwrap().to_owned();
        let stranger = key(&node, "other").await;
        Self { node, stranger, receipt, upload }
    }

    /// All that there is to see in the namespace, for who may.
    async fn state(&self) -> Vec<Value> {
        let mut seen = Vec::new();
        for path in [
            "functions/shopfun",
            "functions/shopfun/versions",
            "buckets/shopbucket/objects",
            "buckets/shopbucket/uploads",
            "keyspaces/shopkeys/keys",
            "queues/shopqueue",
            "triggers",
            "schedules",
        ] {
            let request = request("GET", &format!("/v1/{path}"), &self.node.key, Some("shop"));
            let reply = self.node.send_as_is(request).await;
            assert_eq!(reply.status, 200, "{path}: {reply:?}");
            let mut seen_now = reply.json();
            if let Some(depth) = seen_now.get_mut("depth") {
                depth["oldest"] = Value::Null;
            }
            seen.push(seen_now);
        }
        seen
    }

    /// The operation's path: with names that are in `shop`, or with names of the same
    /// length that are nowhere.
    fn path(&self, template: &str, known: bool) -> String {
        let kind = template.split('/').nth(2).unwrap_or_default();
        let name = match kind {
            "functions" => "shopfun",
            "buckets" => "shopbucket",
            "keyspaces" => "shopkeys",
            "queues" => "shopqueue",
            "triggers" => "shoptrigger",
            "schedules" => "shopschedule",
            "namespaces" => "shop",
            _ => "LKIAAAAAAAAAAAAAAAAA",
        };
        let name = if known { name.to_owned() } else { name.replacen("shop", "none", 1) };
        template
            .replace("{name}", &name)
            .replace("{key}", if known { "secret" } else { "nosuch" })
            .replace("{upload}", if known { &self.upload } else { "nosuch" })
            .replace("{receipt}", if known { &self.receipt } else { "nosuch" })
            .replace("{number}", "1")
            .replace("{version}", "1")
    }
}

/// Makes an access key of a namespace.
async fn key(node: &Node, namespace: &str) -> String {
    let request = request("POST", "/v1/access-keys", &node.key, Some(namespace));
    let reply = node.send_as_is(request).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.header("cache-control"), "no-store");
    reply.json()["secret"].as_str().unwrap().to_owned()
}

/// Every operation of the API: its method and the template of its path.
fn operations() -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for (path, item) in lambent_server::api::openapi().paths.paths {
        for (method, operation) in [
            ("GET", item.get),
            ("PUT", item.put),
            ("POST", item.post),
            ("PATCH", item.patch),
            ("DELETE", item.delete),
        ] {
            if operation.is_some() {
                all.push((method, path.clone()));
            }
        }
    }
    assert!(all.len() > 60, "only {} operations", all.len());
    all
}

/// What tells one answer from another.
fn told(reply: &Reply) -> (u16, Value) {
    let problem = reply.header("content-type") == "application/problem+json";
    let code = if problem { reply.json()["code"].clone() } else { Value::Null };
    (reply.status.as_u16(), code)
}

#[tokio::test]
async fn no_operation_tells_a_stranger_anything_of_a_namespace() {
    let shop = Shop::open().await;
    let before = shop.state().await;
    let ask = async |method: &str, template: &str, known: bool, namespace: Option<&str>| {
        let path = shop.path(template, known);
        shop.node.send_as_is(request(method, &path, &shop.stranger, namespace)).await
    };
    for (method, template) in operations() {
        let known = ask(method, &template, true, None).await;
        let nowhere = ask(method, &template, false, None).await;
        assert_eq!(told(&known), told(&nowhere), "{method} {template}: {known:?}");
        for part in ["shopfun", "shopbucket"] {
            let path = shop.path(&template, true);
            let echoed = path.contains(part) || body(method, &path).1.contains(part);
            assert!(echoed || !known.text().contains(part), "{method} {template}: {known:?}");
        }
        // In a namespace that is not its own nothing is done, whether or not there is one.
        for namespace in ["shop", "default", "nowhere", "_lambent"] {
            let reply = ask(method, &template, true, Some(namespace)).await;
            assert_eq!(reply.status, 403, "{method} {template} in {namespace}: {reply:?}");
        }
    }
    assert_eq!(shop.state().await, before);
}

#[tokio::test]
async fn functions_are_called_with_a_key_of_their_namespace() {
    let shop = Shop::open().await;
    let own = key(&shop.node, "shop").await;
    let call = async |path: &str, key: &str| {
        shop.node.send_as_is(request("GET", path, key, None)).await.status.as_u16()
    };
    for path in ["/fn/@shop/shopfun/", "/fn/@Shop/shopfun/"] {
        assert_eq!(call(path, &own).await, 200, "{path}");
        assert_eq!(call(path, &shop.node.key).await, 200, "{path}");
        assert_eq!(call(path, &shop.stranger).await, 401, "{path}");
        // As if there were none of that name.
        assert_eq!(call("/fn/@shop/nothere/", &shop.stranger).await, 401);
        assert_eq!(call(path, "lsk_0123456789012345678901234567890123456789012").await, 401);
    }
    assert_eq!(call("/fn/shopfun/", &own).await, 401);
}

#[tokio::test]
async fn a_key_in_a_namespace_does_what_the_root_key_does_there() {
    let shop = Shop::open().await;
    let own = key(&shop.node, "shop").await;
    let get = async |path: &str, namespace| {
        shop.node.send_as_is(request("GET", path, &own, namespace)).await
    };
    assert_eq!(get("/v1/keyspaces/shopkeys/keys/secret", None).await.text(), "stolen");
    assert_eq!(get("/v1/buckets/shopbucket/objects/secret", Some("SHOP")).await.status, 200);
    let view = get("/v1/functions/shopfun", None).await.json();
    assert_eq!(view["namespace"], "shop");
    assert!(view["urls"][0].as_str().unwrap().contains("shopfun.shop.localhost"), "{view}");
    // The node as a whole is not its own.
    assert_eq!(get("/metrics", None).await.status, 403);
    assert_eq!(get("/v1/access-keys", None).await.status, 403);
    let namespaces = get("/v1/namespaces", None).await.json();
    assert_eq!(namespaces["namespaces"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_namespace_is_said() {
    let node = Node::start().await;
    let in_namespace = async |namespace: &str| {
        let path = "/v1/buckets";
        let reply = node.send_as_is(request("GET", path, &node.key, Some(namespace))).await;
        (reply.status.as_u16(), reply.code())
    };
    assert_eq!(in_namespace("nowhere").await, (404, "namespace-not-found".into()));
    assert_eq!(in_namespace("a b").await, (400, "invalid-name".into()));
    let twice = Request::get("/v1/buckets").header("lambent-namespace", "default");
    let twice = twice.header("lambent-namespace", "default").body(Bytes::new()).unwrap();
    assert_eq!(node.send(twice).await.status, 400);
    let path = "/v1/namespaces/shop?contents=keep";
    let reply = node.send(request("DELETE", path, &node.key, None)).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (400, "invalid-request".into()));
    let unknown = Request::builder().method(Method::GET).uri("/v1/access-keys/LKIANONE");
    let reply = node.send(unknown.body(Bytes::new()).unwrap()).await;
    assert_eq!(reply.code(), "access-key-not-found");
}

#[tokio::test]
async fn a_namespace_has_quotas_of_its_own_which_the_root_key_sets() {
    let shop = Shop::open().await;
    let own = key(&shop.node, "shop").await;
    let path = "/v1/namespaces/shop";
    let put = async |secret: &str, body: &str| {
        let mut put = request("PUT", path, secret, None);
        let json = http::HeaderValue::from_static("application/json");
        put.headers_mut().insert("content-type", json);
        *put.body_mut() = Bytes::from(body.to_owned());
        shop.node.send_as_is(put).await
    };
    let root = &shop.node.key;
    assert_eq!(put(&own, r#"{"quotas":{"keys":9}}"#).await.status, 403);
    let view = put(root, r#"{"quotas":{"keys":2,"queues":null}}"#).await.json();
    assert_eq!(view["quotas"], json!({"keys": 2, "queues": null}));
    let set = async |name: &str| {
        let target = format!("/v1/keyspaces/shopkeys/keys/{name}");
        shop.node.send_as_is(request("PUT", &target, &own, None)).await
    };
    let replies = [set("secret").await, set("two").await, set("three").await];
    assert_eq!(replies.each_ref().map(|reply| reply.status.as_u16()), [204, 204, 507]);
    assert_eq!(replies[2].code(), "quota-exceeded");
    let described = shop.node.send_as_is(request("GET", path, &own, None)).await.json();
    let held = described["holdings"].as_array().unwrap();
    let of = |quota: &str| held.iter().find(|one| one["quota"] == quota).unwrap();
    assert_eq!(of("keys"), &json!({"quota": "keys", "used": 2, "limit": 2}));
    assert_eq!(of("queues").get("limit"), None);
    for (body, part) in [
        (r#"{"quotas":{"key":1}}"#, "unknown variant `key`"),
        (r#"{"quotas":{"keys":-1}}"#, "integer `-1`"),
        (r#"{"quota":{}}"#, "unknown field `quota`"),
        ("[", "namespace"),
    ] {
        let refused = put(root, body).await;
        assert_eq!(refused.status, 400, "{body}");
        assert!(refused.text().contains(part), "{body}: {}", refused.text());
    }
    assert_eq!(set("three").await.status, 507, "what was refused changed something");
    // Without a body it is left as it is; with none of its own it has the node's.
    assert_eq!(put(root, "").await.json()["quotas"], described["quotas"]);
    assert_eq!(put(root, r#"{"quotas":{}}"#).await.status, 200);
    assert_eq!(set("three").await.status, 204);
}

#[tokio::test]
async fn no_function_sees_an_access_key() {
    let node = Node::start().await;
    node.deploy_public("f").await;
    let secret = key(&node, "default").await;
    let headers = async |name: &str, value: String| {
        let request = Request::get("/fn/f/headers").header(name, value);
        node.send_as_is(request.body(Bytes::new()).unwrap()).await.text()
    };
    for (name, value) in [
        ("authorization", format!("Bearer {secret}")),
        ("authorization", secret.clone()),
        ("cookie", format!("a=b; key={secret}")),
        ("x-api-key", secret.clone()),
    ] {
        let seen = headers(name, value.clone()).await;
        assert!(!seen.contains(&secret), "{name}: {value} is seen: {seen}");
    }
    let in_target = Request::get(format!("/fn/f/?key={secret}")).body(Bytes::new()).unwrap();
    assert_eq!(node.send_as_is(in_target).await.status, 400);
}

#[tokio::test]
async fn what_was_of_a_deleted_namespace_is_not_of_the_next_of_its_name() {
    let shop = Shop::open().await;
    let node = &shop.node;
    let ask = async |method: &str, path: &str| {
        let namespace = (!path.starts_with("/v1/namespaces")).then_some("shop");
        node.send_as_is(request(method, path, &node.key, namespace)).await
    };
    ask("POST", "/v1/functions/shopfun/invocations").await;
    let logs = ask("GET", "/v1/functions/shopfun/logs?wait=5s").await.json();
    assert_eq!(logs["records"].as_array().unwrap().len(), 1, "{logs}");
    assert_eq!(ask("DELETE", "/v1/namespaces/shop?contents=delete").await.status, 204);
    assert_eq!(ask("PUT", "/v1/namespaces/shop").await.status, 201);
    assert_eq!(ask("PUT", "/v1/functions/shopfun").await.status, 201);
    for query in ["", "?after=0", "?since=1h"] {
        let logs = ask("GET", &format!("/v1/functions/shopfun/logs{query}")).await.json();
        assert_eq!(logs["records"], json!([]), "{query}: {logs}");
    }
    assert_eq!(ask("GET", "/v1/buckets").await.json(), json!({ "buckets": [] }));
}
