//! Sites: functions and files under one host, by routes, through the real binary.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{at, exits, json, ok, path};
use crate::client::Reply;
use crate::node::{Node, eventually, run};

/// A folder of files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    folder
}

pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const PAGES: &[(&str, &str)] = &[
    ("index.html", "<h1>home</h1>"),
    ("about.html", "<h1>about</h1>"),
    ("docs/index.html", "<h1>docs</h1>"),
    ("assets/app.js", "let answer = 42;"),
    ("assets/a b+c%.txt", "odd"),
    (".well-known/security.txt", "Contact: a@b.example"),
    ("404.html", "<h1>nothing here</h1>"),
];

async fn put(node: &Node, name: &str, site: &Value) -> Reply {
    let put = node.ask("PUT", &format!("/v1/sites/{name}")).key(&node.key);
    put.header("content-type", "application/json").body(site.to_string()).send().await
}

fn header<'r>(reply: &'r Reply, name: &str) -> &'r str {
    reply.headers.get(name).map_or("-", |value| value.to_str().unwrap())
}

pub(crate) fn text(reply: &Reply) -> &str {
    std::str::from_utf8(&reply.body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_found_as_web_servers_find_files() {
    let node = Node::start(&[]);
    let pages = folder(PAGES);
    let made = ok(&node, &["site", "put", "shop", "--files", pages.path().to_str().unwrap()]).await;
    assert!(made.stdout.contains("created site shop\n  http://shop.localhost:"), "{made:?}");

    for (target, body, media_type) in [
        ("/", "<h1>home</h1>", "text/html; charset=utf-8"),
        ("/index.html", "<h1>home</h1>", "text/html; charset=utf-8"),
        ("/about", "<h1>about</h1>", "text/html; charset=utf-8"),
        ("/about?a=1", "<h1>about</h1>", "text/html; charset=utf-8"),
        ("/docs/", "<h1>docs</h1>", "text/html; charset=utf-8"),
        ("/assets/app.js", "let answer = 42;", "text/javascript; charset=utf-8"),
        ("/assets/a%20b+c%25.txt", "odd", "text/plain; charset=utf-8"),
        ("/.well-known/security.txt", "Contact: a@b.example", "text/plain; charset=utf-8"),
    ] {
        let reply = node.get("shop", target).await;
        assert_eq!((reply.status, text(&reply)), (200, body), "{target}");
        assert_eq!(header(&reply, "content-type"), media_type, "{target}");
        assert_eq!(header(&reply, "cache-control"), "no-cache", "{target}");
        assert_eq!(header(&reply, "x-content-type-options"), "nosniff", "{target}");
    }
    let moved = node.get("shop", "/docs?a=1").await;
    assert_eq!((moved.status, header(&moved, "location")), (302, "/docs/?a=1"));

    // Nothing of the bucket but what is below the site's prefix, and nothing of the disk.
    for target in [
        "/nowhere",
        "/../index.html",
        "/%2e%2e/%2e%2e/root-key.json",
        "/docs/..%2findex.html",
        "//index.html",
        "/%00",
        "/%ff",
        "/assets/",
        "/assets",
        &format!("/{}", "a".repeat(2000)),
    ] {
        let reply = node.get("shop", target).await;
        let refused = reply.status == 400 && target == "/%ff";
        assert!(reply.status == 404 || refused, "{target}: {}", reply.status);
        if !refused {
            assert_eq!(text(&reply), "<h1>nothing here</h1>", "{target}");
            assert_eq!(header(&reply, "etag"), "-");
        }
    }

    let whole = node.get("shop", "/assets/app.js").await;
    let tag = header(&whole, "etag").to_owned();
    let get =
        |name: &str, value: &str| node.call("shop", "GET", "/assets/app.js").header(name, value);
    assert_eq!(get("if-none-match", &tag).send().await.status, 304);
    let part = get("range", "bytes=4-9").send().await;
    assert_eq!((part.status, text(&part)), (206, "answer"));
    let beyond = get("range", "bytes=900-").send().await;
    assert_eq!((beyond.status, header(&beyond, "content-range")), (416, "bytes */16"));
    assert!(text(&beyond).contains("range-not-satisfiable"), "{}", text(&beyond));
    let head = node.call("shop", "HEAD", "/assets/app.js").send().await;
    assert_eq!((head.status, header(&head, "content-length"), head.body.len()), (200, "16", 0));
    let post = node.call("shop", "POST", "/assets/app.js").body("x").send().await;
    assert_eq!((post.status, header(&post, "allow")), (405, "GET, HEAD"));

    // What a writer attached is for those who may read the bucket.
    let put = ["object", "put", "media", "a.txt", pages.path().join("404.html").to_str().unwrap()]
        .map(String::from);
    ok(&node, &["bucket", "create", "media"]).await;
    let put: Vec<_> = put.iter().map(String::as_str).chain(["--meta", "by=ada"]).collect();
    ok(&node, &put).await;
    let routes = json!({ "routes": { "/*": { "kind": "files", "bucket": "media" } } });
    assert_eq!(self::put(&node, "media", &routes).await.status, 201);
    let given = node.get("media", "/a.txt").await;
    assert_eq!((given.status, header(&given, "lambent-meta-by")), (200, "-"));

    // A key of the node that comes along is nobody's business, and opens nothing else.
    assert_eq!(node.call("shop", "GET", "/v1/functions").key(&node.key).send().await.status, 404);
    let metrics = node.ask("GET", "/metrics").key(&node.key).send().await;
    assert!(text(&metrics).contains("door=\"site\""), "{}", text(&metrics));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_the_browser_has_its_page_for_every_path() {
    let node = Node::start(&[]);
    let pages = folder(&[("index.html", "app"), ("assets/app.js", "js")]);
    let files = format!("/app/*={}", pages.path().display());
    ok(&node, &["site", "put", "shop", "--files", &files, "--fallback", "index.html"]).await;
    let get = |target: &str, accept: &str| {
        node.call("shop", "GET", target).header("accept", accept).send()
    };
    let page = get("/app/orders/7", "text/html,*/*;q=0.8").await;
    assert_eq!((page.status, text(&page)), (200, "app"));
    assert_eq!(get("/app/assets/gone.js", "*/*").await.status, 404);
    assert_eq!(get("/orders/7", "text/html").await.status, 404, "beside the route");
    let moved = node.get("shop", "/app").await;
    assert_eq!((moved.status, header(&moved, "location")), (302, "/app/"));
    for accept in ["text/html", "*/*"] {
        let reply = get("/app/orders/7", accept).await;
        assert_eq!(
            (header(&reply, "vary"), header(&reply, "cache-control")),
            ("accept", "no-cache")
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routes_lead_to_functions_which_say_themselves_who_may_call_them() {
    let node = Node::start(&[]);
    for (name, more) in [("open", "--public"), ("closed", "--timeout=5s")] {
        ok(&node, &["deploy", name, &path("guest-probe"), more]).await;
    }
    let pages = folder(PAGES);
    let files = pages.path().to_str().unwrap();
    let routes = [
        "site",
        "put",
        "shop",
        "--route",
        "/status/*=open",
        "--route",
        "POST /headers=open",
        "--route",
        "/closed/*=closed",
        "--files",
        files,
    ];
    let made = exits(&node, 0, &routes).await;
    assert!(made.stderr.starts_with("warning: only who shows a key may call closed"), "{made:?}");

    let seen = async |method: &str, target: &str| {
        let reply =
            node.call("shop", method, target).header("x-forwarded-prefix", "/forged").send().await;
        assert_eq!(reply.status, 200, "{method} {target}: {}", text(&reply));
        serde_json::from_slice::<Value>(&reply.body).unwrap()
    };
    let whole = seen("POST", "/headers").await;
    assert_eq!((&whole["method"], &whole["path"]), (&json!("POST"), &json!("/headers")));
    assert!(whole["authority"].as_str().unwrap().starts_with("shop.localhost"), "{whole}");
    assert_eq!(text(&node.get("shop", "/").await), "<h1>home</h1>");
    assert_eq!(node.get("shop", "/headers").await.status, 404, "a page of that name there is not");
    assert_eq!(node.get("shop", "/status/201").await.status, 201);
    assert_eq!(node.get("shop", "/closed/x").await.status, 401);
    let opened = node.call("shop", "GET", "/closed/x").key(&node.key).send().await;
    assert_eq!((opened.status, text(&opened)), (404, "404"), "it is the function's");

    // A slash that is encoded does not lead past a route to the files behind it.
    ok(
        &node,
        &[
            "object",
            "put",
            "site-shop",
            "closed/x",
            pages.path().join("about.html").to_str().unwrap(),
        ],
    )
    .await;
    let whole = json!({ "routes": {
        "/closed/*": { "kind": "function", "function": "closed" },
        "/*": { "kind": "files", "bucket": "site-shop" },
    } });
    self::put(&node, "raw", &whole).await;
    assert_eq!(node.get("raw", "/closed/x").await.status, 401);
    assert_eq!(node.get("raw", "/closed%2Fx").await.status, 404);

    // The same with a prefix that is taken away.
    let stripped = json!({ "routes": { "/api/*": { "kind": "function", "function": "open", "strip_prefix": true } } });
    let replaced = put(&node, "shop", &stripped).await;
    assert_eq!(replaced.status, 200, "{}", text(&replaced));
    let below = seen("GET", "/api/headers?a=%2F").await;
    assert_eq!(below["path"], "/headers?a=%2F");
    let headers = below["headers"].as_array().unwrap();
    let prefix: Vec<_> = headers.iter().filter(|pair| pair[0] == "x-forwarded-prefix").collect();
    assert_eq!(prefix, [&json!(["x-forwarded-prefix", "/api"])], "{below}");
    let nothing = node.get("shop", "/").await;
    assert!(
        nothing.status == 404 && text(&nothing).contains("has no route for \\\"/\\\""),
        "{}",
        text(&nothing)
    );
    let methods = json!({ "routes": { "GET /a": { "kind": "function", "function": "open" } } });
    put(&node, "shop", &methods).await;
    let refused = node.call("shop", "DELETE", "/a").send().await;
    assert_eq!((refused.status, header(&refused, "allow")), (405, "GET, HEAD"));

    // A function of the site's name is behind it, and is there again after it.
    ok(&node, &["deploy", "shop", &path("guest-probe"), "--public"]).await;
    assert_eq!(node.get("shop", "/status/204").await.status, 404);
    ok(&node, &["site", "delete", "shop", "--yes"]).await;
    assert_eq!(node.get("shop", "/status/204").await.status, 204);
    exits(&node, 1, &["site", "describe", "shop"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_origins_may_what_the_site_says() {
    let node = Node::start(&[]);
    ok(&node, &["deploy", "open", &path("guest-probe"), "--public"]).await;
    let put = [
        "site",
        "put",
        "api",
        "--route",
        "/*=open",
        "--allow-origin",
        "https://app.example",
        "--allow-method",
        "PUT",
        "--allow-header",
        "x-trace",
        "--allow-credentials",
    ];
    ok(&node, &put).await;
    let from = |method: &str, target: &str, origin: &str| {
        node.call("api", method, target).header("origin", origin)
    };
    let asked = from("OPTIONS", "/headers", "https://app.example")
        .header("access-control-request-method", "PUT")
        .send()
        .await;
    assert_eq!(asked.status, 204);
    assert_eq!(header(&asked, "access-control-allow-origin"), "https://app.example");
    assert_eq!(header(&asked, "access-control-allow-methods"), "PUT");
    let evil = from("OPTIONS", "/headers", "https://evil.example")
        .header("access-control-request-method", "PUT")
        .send()
        .await;
    assert_eq!(header(&evil, "access-control-allow-origin"), "-");
    for (target, status) in [("/headers", 200), ("/status/503", 503), ("/%zz", 404)] {
        let reply = from("PUT", target, "https://app.example").send().await;
        assert_eq!(reply.status, status, "{target}");
        assert_eq!(
            header(&reply, "access-control-allow-origin"),
            "https://app.example",
            "{target}"
        );
        assert_eq!(header(&reply, "access-control-allow-credentials"), "true", "{target}");
    }
    // What a function says of it itself does not count.
    let echoed = node
        .call("api", "POST", "/echo")
        .header("access-control-allow-origin", "https://evil.example")
        .send()
        .await;
    assert_eq!((echoed.status, header(&echoed, "access-control-allow-origin")), (200, "-"));
    assert!(header(&echoed, "vary").contains("origin"), "{:?}", echoed.headers);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_domain_is_given_by_who_administers_the_node_and_to_one_site() {
    let node = Node::start(&["--domain", "fn.example"]);
    ok(&node, &["namespace", "create", "team"]).await;
    let key = json(&node, &["access-key", "create", "--namespace", "team"]).await;
    let key = key["secret"].as_str().unwrap().to_owned();
    let pages = folder(&[("index.html", "of the team")]);
    let files = pages.path().to_str().unwrap();
    let put = ["site", "put", "shop", "--files", files, "--namespace", "team"];
    let with_domain = [&put[..], &["--domain", "shop.example.com"]].concat();
    let mut command = at(&node, &with_domain);
    command.env("LAMBENT_KEY", &key);
    let refused = tokio::task::block_in_place(|| run(command));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("only who administers the node"), "{refused:?}");

    // Without one, the key may; and once it has one, the key may change the rest.
    let run_with_key = |arguments: &[&str]| {
        let mut command = at(&node, arguments);
        command.env("LAMBENT_KEY", &key);
        tokio::task::block_in_place(|| run(command))
    };
    assert_eq!(run_with_key(&put).code, Some(0));
    let host = |host: &str| node.ask("GET", "/").header("host", host).send();
    assert_eq!(text(&host("shop.team.localhost").await), "of the team");
    assert_eq!(text(&host("shop.team.fn.example").await), "of the team");
    assert_eq!(host("shop.localhost").await.status, 401, "of the default namespace there is none");
    assert_eq!(host("shop.example.com").await.status, 404);
    ok(&node, &with_domain).await;
    assert_eq!(text(&host("Shop.Example.COM.:443").await), "of the team");
    assert_eq!(run_with_key(&with_domain).code, Some(0));
    let url = json(&node, &["site", "describe", "shop", "--namespace", "team"]).await;
    assert!(url["urls"].to_string().contains("http://shop.example.com:"), "{url}");

    // What is at the domain is the site and nothing else; the node's own hosts are nobody's.
    let api = node.ask("GET", "/v1/functions").key(&node.key).header("host", "shop.example.com");
    assert_eq!(api.send().await.status, 404);
    let other = exits(
        &node,
        1,
        &["site", "put", "other", "--files", files, "--domain", "shop.example.com"],
    )
    .await;
    assert!(other.stderr.contains("is that of site \"shop\" in namespace \"team\""), "{other:?}");
    exits(&node, 2, &["site", "put", "other", "--files", files, "--domain", "x.localhost"]).await;
    ok(
        &node,
        &[
            "site",
            "put",
            "other",
            "--files",
            files,
            "--domain",
            "fn.example",
            "--domain",
            "a.fn.example",
        ],
    )
    .await;
    assert_eq!(
        node.ask("GET", "/v1/functions")
            .key(&node.key)
            .header("host", "fn.example")
            .send()
            .await
            .status,
        200
    );
    assert_eq!(host("a.fn.example").await.status, 401, "that is the function's");

    // Sites of one namespace are not shown in another, and go with theirs.
    assert_eq!(json(&node, &["site", "list"]).await["sites"].as_array().unwrap().len(), 1);
    ok(&node, &["namespace", "delete", "team", "--contents", "--yes"]).await;
    assert_eq!(host("shop.example.com").await.status, 404);
    assert_eq!(host("shop.team.localhost").await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_site_is_refused_with_what_is_wrong() {
    let node = Node::start(&[]);
    let function = |name: &str| json!({ "kind": "function", "function": name });
    for (site, status, told) in [
        (
            json!({ "routes": { "/*": function("none") } }),
            404,
            "function \\\"none\\\" does not exist",
        ),
        (
            json!({ "routes": { "/*": { "kind": "files", "bucket": "none" } } }),
            404,
            "bucket \\\"none\\\"",
        ),
        (json!({ "routes": {} }), 400, "1 to 200 routes"),
        (json!({ "routes": { "api": function("f") } }), 400, "begins with a slash"),
        (json!({ "route": {} }), 400, "unknown field `route`"),
        (json!({ "routes": { "/*": { "kind": "proxy" } } }), 400, "unknown variant `proxy`"),
        (json!({ "name": "other", "routes": {} }), 400, "in the path"),
    ] {
        let reply = put(&node, "shop", &site).await;
        assert_eq!(reply.status, status, "{site}: {}", text(&reply));
        assert!(text(&reply).contains(told), "{site}: {}", text(&reply));
    }
    assert_eq!(json(&node, &["site", "list"]).await["sites"], json!([]));

    // A function that goes afterwards takes its route with it, and nothing else.
    ok(&node, &["deploy", "gone", &path("guest-probe"), "--public"]).await;
    let pages = folder(PAGES);
    let files = pages.path().to_str().unwrap();
    ok(&node, &["site", "put", "shop", "--route", "/status/*=gone", "--files", files]).await;
    ok(&node, &["delete", "gone", "--yes"]).await;
    eventually("the route to answer nobody", async || {
        (node.get("shop", "/status/201").await.status == 401).then_some(())
    })
    .await;
    assert_eq!(node.get("shop", "/about").await.status, 200);
}
