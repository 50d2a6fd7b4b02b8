//! HTTP as clients speak it: both versions, with and without TLS.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::client::{Ask, Raw, whole};
use crate::node::{Node, guest_code, lambent, run, shared};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_reaches_the_function_as_it_was_sent() {
    let node = shared().await;
    node.deploy("wire", "guest-probe", "").await;
    node.deploy("wire-path", "guest-peer-wasip2", "").await;
    let target = "/a/..%2F%41//b;c=1/%C3%A9/./../~?q=a%20b+c&q=%2F&empty=&%F0%9F%A6%80";
    for ask in [
        node.call("wire-path", "GET", target),
        node.call("wire-path", "GET", target).http2(),
        node.ask("GET", &format!("/fn/wire-path{target}")),
    ] {
        assert_eq!(ask.send().await.text(), format!("wasip2 says hello to {target}\n"));
    }
    let target = "/headers?q=a%20b+c&q=%2F&empty=";
    for http2 in [false, true] {
        let by_host = node.call("wire", "PURGE", target);
        let by_path = node.ask("PURGE", &format!("/fn/wire{target}"));
        for (ask, host) in [(by_host, true), (by_path, false)] {
            let ask = ask.header("x-twice", "1").header("x-twice", "2").header("x-odd", "a, b;c");
            let ask = ask
                .header("cookie", "a=1")
                .header("cookie", "b=2")
                .header("x-forwarded-for", "203.0.113.9");
            let reply = if http2 { ask.http2() } else { ask }.send().await;
            assert_eq!(reply.status, 200, "{reply:?}");
            let seen = reply.json();
            assert_eq!((&seen["method"], &seen["path"]), (&"PURGE".into(), &target.into()));
            assert_eq!(seen["scheme"], "http");
            let header = |name: &str| -> Vec<&str> {
                let all = seen["headers"].as_array().unwrap().iter();
                all.filter(|h| h[0] == name).map(|h| h[1].as_str().unwrap()).collect()
            };
            assert_eq!(header("x-twice"), ["1", "2"]);
            assert_eq!(header("x-odd"), ["a, b;c"]);
            assert_eq!(header("cookie"), ["a=1; b=2"]);
            assert_eq!(header("x-forwarded-for"), ["127.0.0.1"]);
            assert_eq!(header("x-forwarded-proto"), ["http"]);
            let prefix: &[&str] = if host { &[] } else { &["/fn/wire"] };
            assert_eq!(header("x-forwarded-prefix"), prefix);
            let authority = if host { "wire.localhost".into() } else { node.address.to_string() };
            assert_eq!(seen["authority"], authority);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_serves_many_requests_in_order() {
    let node = shared().await;
    node.deploy("pipeline", "guest-probe", "").await;
    let mut connection = Raw::connect(node.address).await;
    let line = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: pipeline.localhost\r\n\r\n");
    for status in ["201", "404", "503"] {
        connection.send(line(&format!("/status/{status}"))).await;
        let text = connection.until("0\r\n\r\n").await;
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
    }
    let three = ["/status/200", "/status/202", "/status/203"].map(line).concat();
    let last = "GET /state HTTP/1.1\r\nhost: pipeline.localhost\r\nconnection: close\r\n\r\n";
    connection.send(three + last).await;
    let text = connection.end().await;
    let statuses: Vec<_> = text.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect();
    assert_eq!(statuses, ["200", "202", "203", "200"], "{text}");
    let old = "GET /state HTTP/1.0\r\nhost: pipeline.localhost\r\n\r\n";
    let text = crate::client::raw(node.address, old).await;
    assert!(text.starts_with("HTTP/1.0 200") && text.ends_with("\r\n\r\n1"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_and_options_and_bodiless_statuses() {
    let node = shared().await;
    node.deploy("head", "guest-probe", "").await;
    for http2 in [false, true] {
        for (method, target, status) in [
            ("HEAD", "/status/200", 200),
            ("HEAD", "/big?bytes=1000000", 200),
            ("GET", "/status/204", 204),
            ("GET", "/status/304", 304),
        ] {
            let ask = node.call("head", method, target);
            let reply = if http2 { ask.http2() } else { ask }.send().await;
            assert_eq!((reply.status, reply.body.len()), (status, 0), "{method} {target}");
            let record = node.record("head", reply.header("lambent-request-id")).await;
            assert_eq!(record["outcome"]["kind"], "ok", "{method} {target}: {record}");
        }
        // OPTIONS is the function's business, except about the server as a whole.
        let ask = node.call("head", "OPTIONS", "/headers");
        let reply = if http2 { ask.http2() } else { ask }.send().await;
        assert_eq!(reply.json()["method"], "OPTIONS");
    }
    let whole = "OPTIONS * HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert!(crate::client::raw(node.address, whole).await.starts_with("HTTP/1.1 204"));
    for path in ["/healthz", "/readyz"] {
        let reply = node.ask("HEAD", path).send().await;
        assert_eq!((reply.status, reply.body.len()), (200, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_come_whole_in_chunks_and_when_asked_for() {
    let node = shared().await;
    node.deploy("upload", "guest-probe", "").await;
    let mut connection = Raw::connect(node.address).await;
    let head = "POST /sink HTTP/1.1\r\nhost: upload.localhost\r\nexpect: 100-continue\r\n";
    connection.send(format!("{head}content-length: 5\r\n\r\n")).await;
    assert_eq!(connection.until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    connection.send("12345").await;
    assert!(connection.until("0\r\n\r\n").await.contains("\r\n5\r\n"));
    connection.send(format!("{head}transfer-encoding: chunked\r\n\r\n")).await;
    assert_eq!(connection.until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    connection.send("3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nx-trailer: 1\r\n\r\n").await;
    assert!(connection.until("0\r\n\r\n").await.contains("\r\n13\r\n"));
    // A deploy in chunks, of no length known before.
    let code = guest_code("hello-http").await;
    let frames: Vec<_> = code
        .chunks(10_000)
        .map(|chunk| hyper::body::Frame::data(bytes::Bytes::copy_from_slice(chunk)))
        .collect();
    let ask = node.api("PUT", "/uploaded?public=true").header("content-type", "application/wasm");
    let reply = ask.frames(futures::stream::iter(frames)).send().await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(node.get("uploaded", "/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_domains_lead_to_functions_when_configured() {
    let node = Node::start(&["--domain", "fn.example.com"]);
    let view = node.deploy("hello", "hello-http", "").await;
    let port = node.address.port();
    assert_eq!(view["urls"][1], format!("http://hello.fn.example.com:{port}/"));
    for host in ["hello.fn.example.com", "Hello.FN.example.com:4566", "hello.default.localhost."] {
        let reply = node.ask("GET", "/").header("host", host).send().await;
        assert_eq!(reply.status, 200, "{host}: {reply:?}");
    }
    let reply = node.ask("GET", "/").header("host", "hello.example.com").send().await;
    reply.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_development_node_asks_for_no_key_but_where_a_request_comes_from() {
    let node = Node::start(&["--dev"]);
    let ask = node.ask("PUT", "/v1/functions/hello").header("content-type", "application/wasm");
    let reply = ask.body(guest_code("hello-http").await).send().await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(node.get("hello", "/").await.status, 200, "open without being public");
    for (host, status) in [
        ("127.0.0.1:4566", 200),
        ("localhost", 200),
        ("[::1]:80", 200),
        ("rebound.example.com", 403),
        ("localhost.example.com", 403),
        ("192.0.2.1", 403),
    ] {
        let reply = node.ask("GET", "/v1/functions").header("host", host).send().await;
        assert_eq!(reply.status, status, "{host}: {reply:?}");
    }
    let own = format!("http://{}", node.address);
    for (origin, api, function) in [
        (own.as_str(), 200, 200),
        ("http://localhost:3000", 403, 200),
        ("http://hello.localhost:4566", 403, 200),
        ("https://evil.example.com", 403, 403),
        ("http://localhost.example.com", 403, 403),
        ("null", 403, 403),
    ] {
        for (target, status) in [("/v1/functions", api), ("/fn/hello/", function)] {
            let reply = node.ask("GET", target).header("origin", origin).send().await;
            assert_eq!(reply.status, status, "{origin} {target}: {reply:?}");
        }
    }
}

fn certificate() -> (tempfile::TempDir, RootCertStore) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".into(), "hello.localhost".into()]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("cert.pem"), cert.pem()).unwrap();
    std::fs::write(directory.path().join("key.pem"), signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    (directory, roots)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_offers_both_versions() {
    let (files, roots) = certificate();
    let file = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    let node = Node::start(&["--tls-cert", &cert, "--tls-key", &key]);
    let mut deploy = lambent(&["deploy", "hello", "--public", "--json"]);
    deploy.arg(lambent_test_support::guest("guest-probe"));
    deploy.env("LAMBENT_DATA", node.data().path());
    deploy.args([
        "--ca",
        &cert,
        "--endpoint",
        &format!("https://localhost:{}", node.address.port()),
    ]);
    let done = run(deploy);
    assert_eq!(done.code, Some(0), "{done:?}");
    let view: Value = serde_json::from_str(&done.stdout).unwrap();
    assert!(view["urls"][0].as_str().unwrap().starts_with("https://"), "{view}");

    let provider = Arc::new(crypto::ring::default_provider());
    for (offer, http2) in [(&["h2", "http/1.1"][..], true), (&["http/1.1"], false), (&[], false)] {
        let config = ClientConfig::builder_with_provider(provider.clone());
        let config = config.with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots.clone()).with_no_client_auth();
        config.alpn_protocols = offer.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(node.address).await.unwrap();
        let name = ServerName::try_from("hello.localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let agreed = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        assert_eq!(agreed.is_some_and(|name| name == b"h2"), http2);
        let ask = node.call("hello", "GET", "/headers");
        let ask: Ask = if http2 { ask.http2() } else { ask };
        let reply = whole(ask.over(stream).await.unwrap()).await.unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
        if !http2 {
            assert_eq!(reply.json()["scheme"], "https");
        }
        assert!(reply.text().contains(r#"["x-forwarded-proto","https"]"#), "{reply:?}");
    }
    // Cleartext to a port that speaks TLS is no reason to hang or to fall over.
    crate::client::raw(node.address, "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    node.stop().await;
}
