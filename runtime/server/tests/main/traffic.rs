//! Requests for functions reach them, and their responses come back.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use lambent_server::{TlsFiles, TlsOptions};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::node::{Node, Reply, read_until};

fn get(path: &str) -> http::request::Builder {
    Request::get(path)
}

fn lines(reply: &Reply) -> Vec<String> {
    reply.text().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn hosts_and_paths_lead_to_functions() {
    let node = Node::dev().await;
    node.deploy_public("hello").await;

    let request = get("/a/b?c=d").header("host", "Hello.LocalHost:99").body(Bytes::new());
    let reply = node.send(request.unwrap()).await;
    assert_eq!(lines(&reply)[0], "GET http://Hello.LocalHost:99/a/b?c=d");

    let reply = node.get("/fn/hello/a//b?c=d%20e").await;
    let text = lines(&reply);
    let base = format!("http://{}", node.address);
    assert_eq!(text[0], format!("GET {base}/a//b?c=d%20e"));
    assert!(text.contains(&"x-forwarded-prefix: /fn/hello".into()), "{text:?}");
    assert!(text.contains(&"x-forwarded-for: 127.0.0.1".into()), "{text:?}");
    assert!(text.contains(&"x-forwarded-proto: http".into()), "{text:?}");
    assert_eq!(reply.header("x-echo"), "1");
    assert_eq!(reply.header("lambent-request-id").len(), 36);

    // The API's own paths are the function's under its host.
    let request = get("/v1/functions").header("host", "hello.localhost").body(Bytes::new());
    assert_eq!(
        lines(&node.send(request.unwrap()).await)[0],
        "GET http://hello.localhost/v1/functions"
    );

    for (path, status, code) in [
        ("/fn/nobody/", 404, "function-not-found"),
        ("/fn/hello:9/", 404, "version-not-found"),
        ("/fn/a%20b/", 400, "invalid-name"),
        ("/nowhere", 404, "not-found"),
    ] {
        let reply = node.get(path).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{path}");
    }
    node.put("/v1/functions/quiet", "event").await;
    assert_eq!(node.get("/fn/quiet/").await.code(), "not-invocable");
}

#[tokio::test]
async fn only_public_functions_are_open_and_no_function_sees_the_key() {
    let node = Node::start().await;
    node.deploy_public("open").await;
    assert_eq!(node.put("/v1/functions/closed", "http").await.status, 201);

    let bare = |path: &str| get(path).body(Bytes::new()).unwrap();
    let with = |path: &str, value: &str| {
        get(path).header("authorization", value.to_owned()).body(Bytes::new()).unwrap()
    };
    let reply = node.send_as_is(bare("/fn/closed/")).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (401, "unauthorized".into()));
    assert!(reply.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(node.send_as_is(with("/fn/closed/", "Bearer wrong")).await.status, 401);
    assert_eq!(node.send_as_is(with("/fn/closed/", "Basic dGVzdA==")).await.status, 401);
    // Nobody else learns whether there is one.
    let answers = ["/fn/closed/", "/fn/closed:7/", "/fn/nobody/", "/fn/open:7/", "/fn/@x/nobody/"];
    let mut told = Vec::new();
    for path in answers {
        let reply = node.send_as_is(bare(path)).await;
        let mut problem = reply.json();
        problem["request_id"] = "".into();
        told.push((reply.status, problem, reply.headers.len()));
    }
    assert!(told.iter().all(|answer| *answer == told[0]), "{told:?}");
    assert_eq!(node.get("/fn/nobody/").await.code(), "function-not-found");

    let reply = node.get("/fn/closed/").await;
    assert_eq!(reply.status, 200);
    assert!(!reply.text().contains("authorization") && !reply.text().contains(&node.key));
    assert!(reply.text().contains("principal=Some(\"root\")"));

    let reply = node.send_as_is(with("/fn/open/", "Bearer of-the-function")).await;
    assert!(reply.text().contains("authorization: Bearer of-the-function"));
    assert!(reply.text().contains("principal=None"));
    // However it is sent, and whatever the function is.
    let key = &node.key;
    for path in ["/fn/open/", "/fn/closed/"] {
        let request = get(path)
            .header("authorization", format!("bearer  {key}"))
            .header("proxy-authorization", format!("Bearer {key}"))
            .header("cookie", format!("a=1; key=\"{key}\""))
            .header("x-api-key", key.clone())
            .header("x-amz-security-token", key.clone())
            .header("x-kept", "1");
        let reply = node.send_as_is(request.body(Bytes::new()).unwrap()).await;
        let text = reply.text();
        assert!(text.contains("x-kept: 1") && text.contains("principal=Some(\"root\")"), "{text}");
        assert!(!text.contains(key.as_str()), "{path}: {text}");
    }
    let request = get("/fn/open/")
        .header("authorization", "Basic dGVzdA==")
        .header("authorization", format!("Bearer\t{key}"));
    let text = node.send_as_is(request.body(Bytes::new()).unwrap()).await.text();
    assert!(!text.contains(key.as_str()) && text.contains("principal="), "{text}");
    for path in [format!("/fn/open/?key={key}"), format!("/fn/open/{key}/x")] {
        let reply = node.send_as_is(bare(&path)).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (400, "invalid-request".into()));
        assert!(!reply.text().contains(key.as_str()), "{}", reply.text());
    }

    // A version that was public is closed with the function.
    assert_eq!(node.post("/v1/functions/open/versions", "").await.status, 201);
    assert_eq!(node.send_as_is(bare("/fn/open:1/")).await.status, 200);
    let close = Request::patch("/v1/functions/open").header("content-type", "application/json");
    assert_eq!(node.send(close.body(r#"{"public":false}"#.into()).unwrap()).await.status, 200);
    assert_eq!(node.send_as_is(bare("/fn/open/")).await.status, 401);
    assert_eq!(node.send_as_is(bare("/fn/open:1/")).await.status, 401);
}

#[tokio::test]
async fn what_belongs_to_the_connection_stays_on_it() {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = get("/fn/f/")
        .header("connection", "x-mine, close")
        .header("x-mine", "1")
        .header("te", "trailers")
        .header("keep-alive", "5")
        .header("proxy-authorization", "secret")
        .header("traceparent", trace)
        .header("x-forwarded-for", "1.2.3.4")
        .body(Bytes::new());
    let text = node.send(request.unwrap()).await.text();
    for gone in ["x-mine", "connection:", "keep-alive", "proxy-authorization"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    assert!(text.contains("te: trailers") && text.contains("x-forwarded-for: 127.0.0.1\n"));
    assert!(text.contains(&format!("trace=Some(\"{trace}\")")));

    let reply = node.get("/fn/f/hop").await;
    assert_eq!(reply.text(), "hop");
    assert_eq!(reply.header("x-kept"), "1");
    for gone in ["x-secret", "connection", "transfer-encoding"] {
        assert!(!reply.headers.contains_key(gone), "{gone}");
    }
}

#[tokio::test]
async fn a_function_that_gives_no_response_is_a_problem() {
    let node = Node::start().await;
    node.deploy_public("f").await;
    let anyone = |path: &str| node.send_as_is(get(path).body(Bytes::new()).unwrap());
    for (path, status, code) in [
        ("/fn/f/trap", 502, "function-trapped"),
        ("/fn/f/timeout", 504, "function-timed-out"),
        ("/fn/f/switch", 502, "function-bad-response"),
        ("/fn/f/beyond", 502, "function-bad-response"),
        ("/fn/f/refuse", 503, "overloaded"),
    ] {
        let reply = anyone(path).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{path}");
        assert!(!reply.text().contains("unreachable"), "told to anyone: {}", reply.text());
        assert_eq!(reply.header("retry-after"), if status == 503 { "1" } else { "" });
    }
}

#[tokio::test]
async fn too_many_at_once_are_throttled() {
    let node = Node::start_with(|options| {
        options.dev = true;
        options.concurrency_max = 1;
    })
    .await;
    node.deploy_public("f").await;
    let (slow, fast) = tokio::join!(node.get("/fn/f/slow"), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        node.get("/fn/f/").await
    });
    assert_eq!(slow.status, 200);
    assert_eq!((fast.status.as_u16(), fast.code()), (429, "throttled".into()));
    assert_eq!(fast.header("retry-after"), "1");
    let metrics = node.get("/metrics").await.text();
    let line = "lambent_throttles_total{namespace=\"default\",function=\"f\",\
                reason=\"ConcurrentInvocationLimitExceeded\"} 1";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn the_length_of_a_response_is_the_length_of_its_body() {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    let reply = node.get("/fn/f/lying").await;
    assert_eq!((reply.header("content-length"), reply.text().as_str()), ("5", "short"));
    let reply = node.get("/fn/f/lengths").await;
    assert_eq!((reply.header("content-length"), reply.text().as_str()), ("", "abc"));
    let reply = node.get("/fn/f/empty").await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (204, 0));
    let reply = node.send(Request::head("/fn/f/x").body(Bytes::new()).unwrap()).await;
    assert_eq!(reply.body.len(), 0);
    assert!(reply.header("content-length").parse::<usize>().unwrap() > 0);
}

#[tokio::test]
async fn bodies_and_trailers_stream_both_ways() {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    let body = Bytes::from(vec![b'x'; 3 << 20]);
    let uri = format!("http://{}/fn/f/", node.address);
    let reply = node.send_h2(Request::post(&uri).body(body.clone()).unwrap()).await;
    assert!(reply.body.ends_with(&body));
    assert!(reply.text().contains(&format!("host: {}", node.address)));
    let reply = node.send(Request::post("/fn/f/").body(body.clone()).unwrap()).await;
    assert!(reply.body.ends_with(&body));

    let uri = format!("http://{}/fn/f/trailers", node.address);
    let reply = node.send_h2(get(&uri).body(Bytes::new()).unwrap()).await;
    assert_eq!(reply.trailers.unwrap()["x-sum"], "6");
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_function() {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    for (count, path) in ["hang", "endless"].into_iter().enumerate() {
        let mut stream = node.connect().await;
        let head = format!("GET /fn/f/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        if path == "endless" {
            read_until(&mut stream, "x\r\n").await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        drop(stream);
        node.wait_for_cancelled(count + 1).await;
    }
}

#[tokio::test]
async fn continue_is_said_when_the_body_is_wanted() {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    let mut stream = node.connect().await;
    let head = "POST /fn/f/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\
                Expect: 100-continue\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut stream, "100 Continue\r\n\r\n").await;
    stream.write_all(b"abc").await.unwrap();
    let reply = read_until(&mut stream, "\n\nabc").await;
    assert!(!reply.contains("expect"), "{reply}");

    let mut stream = node.connect().await;
    let head = "PUT /v1/functions/f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\
                Content-Type: application/wasm\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let reply = read_until(&mut stream, "payload-too-large").await;
    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
}

#[tokio::test]
async fn a_trusted_proxy_is_believed() {
    let node = Node::start_with(|options| {
        options.dev = true;
        options.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    node.deploy_public("f").await;
    let request = get("/fn/f/")
        .header("x-forwarded-for", "6.6.6.6, 192.0.2.7")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "shop.example");
    let text = node.send(request.body(Bytes::new()).unwrap()).await.text();
    for line in [
        "x-forwarded-for: 192.0.2.7, 127.0.0.1\n",
        "x-forwarded-proto: https\n",
        "x-forwarded-host: shop.example\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[tokio::test]
async fn cookies_that_come_in_several_fields_are_one() {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    let uri = format!("http://{}/fn/f/", node.address);
    let request = get(&uri).header("cookie", "a=1").header("cookie", "b=2");
    let text = node.send_h2(request.body(Bytes::new()).unwrap()).await.text();
    assert!(text.contains("cookie: a=1; b=2\n") && text.matches("cookie:").count() == 1, "{text}");
}

#[tokio::test]
async fn other_sites_cannot_use_a_development_server() {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    let with = |path: &str, name: &'static str, value: &str| {
        get(path).header(name, value).body(Bytes::new()).unwrap()
    };
    let (api, own) = ("/v1/functions", format!("http://{}", node.address));
    for (path, name, value) in [
        (api, "host", "rebound.example"),
        ("/fn/f/", "host", "rebound.example"),
        (api, "origin", "https://evil.example"),
        (api, "origin", "null"),
        (api, "origin", "http://localhost:3000"),
        (api, "origin", "http://f.localhost:4566"),
        (api, "sec-fetch-site", "same-site"),
        ("/metrics", "sec-fetch-site", "cross-site"),
        ("/fn/f/", "origin", "https://evil.example"),
    ] {
        let reply = node.send_as_is(with(path, name, value)).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (403, "forbidden".into()), "{value}");
    }
    for (path, name, value) in [
        (api, "origin", own.as_str()),
        (api, "sec-fetch-site", "same-origin"),
        ("/metrics", "sec-fetch-site", "none"),
        ("/fn/f/", "origin", "http://localhost:3000"),
        ("/fn/f/", "sec-fetch-site", "cross-site"),
    ] {
        assert_eq!(node.send_as_is(with(path, name, value)).await.status, 200, "{value}");
    }
    // Its page must not act as the node's own.
    let by_path = node.get("/fn/f/").await;
    assert!(by_path.header("content-security-policy").starts_with("sandbox "), "{by_path:?}");
    assert!(!by_path.header("content-security-policy").contains("allow-same-origin"));
    let by_host = node.send_as_is(with("/", "host", "f.localhost")).await;
    assert_eq!((by_host.status.as_u16(), by_host.header("content-security-policy")), (200, ""));
    assert_eq!(node.get("/healthz").await.header("content-security-policy"), "");
}

#[tokio::test]
async fn tls_offers_both_versions() {
    let names = vec!["localhost".to_owned(), "f.localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let files = tempfile::tempdir().unwrap();
    let (cert, key) = (files.path().join("cert.pem"), files.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let node = Node::start_with(|options| {
        options.dev = true;
        options.tls = TlsOptions { pair: Some(TlsFiles { cert, key }), directory: None };
    })
    .await;

    for (alpn, status_line) in [("h2", ""), ("http/1.1", "HTTP/1.1 200")] {
        let mut stream = connect_tls(&node, made.cert.der().clone(), alpn).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(alpn.as_bytes()));
        if alpn == "http/1.1" {
            let head = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            stream.write_all(head).await.unwrap();
            let mut text = String::new();
            let _ = tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut text).await;
            assert!(text.starts_with(status_line) && text.contains("\r\n\r\nready"), "{text}");
            continue;
        }
        let io = hyper_util::rt::TokioIo::new(stream);
        let executor = hyper_util::rt::TokioExecutor::new();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(executor, io).await.unwrap();
        tokio::spawn(connection);
        let body = http_body_util::Full::new(Bytes::new());
        let request = get("https://localhost/readyz").body(body).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
    }
}

async fn connect_tls(
    node: &Node,
    trusted: tokio_rustls::rustls::pki_types::CertificateDer<'static>,
    alpn: &str,
) -> tokio_rustls::client::TlsStream<TcpStream> {
    use tokio_rustls::rustls;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    connector.connect("localhost".try_into().unwrap(), node.connect().await).await.unwrap()
}

#[tokio::test]
async fn the_server_as_a_whole_is_asked_about_by_options_alone() {
    let node = Node::dev().await;
    let status = async |method: &str| {
        let host = node.address;
        let request = format!("{method} * HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        node.raw(request).await[9..12].to_owned()
    };
    assert_eq!(status("OPTIONS").await, "204");
    for method in ["GET", "POST", "DELETE"] {
        assert_eq!(status(method).await, "400", "{method}");
    }
}
