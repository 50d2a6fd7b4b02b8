//! Outgoing HTTP: who may send where, and how it ends when it goes wrong.

use std::net::SocketAddr;
use std::sync::Arc;

use lambent_storage::Quotas;
use lambent_types::{Handler, Origin, Outcome};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::support::{Names, World, event, function, limits};

fn fetch(scheme: &str, authority: &str) -> Value {
    json!({ "use": "http", "scheme": scheme, "authority": authority, "path": "/x?y=1" })
}

/// Answers every connection with `answer`, and tells what came first.
async fn upstream(answer: &'static [u8]) -> (SocketAddr, tokio::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tx, rx) = tokio::sync::mpsc::channel(100);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tx = tx.clone();
            tokio::spawn(async move {
                let mut head = vec![0; 16 << 10];
                let read = stream.read(&mut head).await.unwrap_or(0);
                let _ = tx.send(String::from_utf8_lossy(&head[..read]).into_owned()).await;
                let _ = stream.write_all(answer).await;
                if answer.is_empty() {
                    // Says nothing for as long as the other side waits.
                    let _ = stream.read(&mut head).await;
                }
            });
        }
    });
    (address, rx)
}

const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_a_grant_names_is_reached() {
    let (address, mut heads) = upstream(HELLO).await;
    let world = World::new();
    let grants = json!({ "hosts": [format!("http://{address}")] });
    let run = world.run(grants, json!([fetch("http", &address.to_string())])).await;
    assert_eq!(*run.ok(0), json!({ "status": 200, "data": "hello" }));
    let head = heads.recv().await.unwrap();
    assert!(head.starts_with("GET /x?y=1 HTTP/1.1\r\n"), "{head}");
    assert_eq!(head.matches(&format!("host: {address}\r\n")).count(), 1, "{head}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_grant_nothing_is_connected_to() {
    let (address, mut heads) = upstream(HELLO).await;
    let port = address.port();
    let world = World::with(
        Quotas::default(),
        Names(&[("internal.test", &["127.0.0.1"]), ("metadata.test", &["169.254.169.254"])]),
        RootCertStore::empty(),
    );
    let direct = fetch("http", &address.to_string());
    let run = world.run(json!({}), json!([direct])).await;
    assert!(run.error(0).contains("HttpRequestDenied"), "{}", run.error(0));
    let grant = format!("list hosts of [functions.f.grants]: \"http://127.0.0.1:{port}\"");
    assert!(run.logged(&grant), "{:?}", run.log);

    // Another port, another scheme, another host.
    let grants = json!({ "hosts": [
        "http://127.0.0.1:1", format!("https://127.0.0.1:{port}"), format!("http://127.0.0.2:{port}")
    ] });
    let direct = fetch("http", &address.to_string());
    let run = world.run(grants, json!([direct])).await;
    assert!(run.error(0).contains("HttpRequestDenied"), "{}", run.error(0));

    // A name that is granted and leads inside.
    let names = ["internal.test", "metadata.test"].map(|name| format!("http://{name}:{port}"));
    let calls = json!([
        fetch("http", &format!("internal.test:{port}")),
        fetch("http", &format!("metadata.test:{port}")),
        fetch("http", &format!("unknown.test:{port}")),
    ]);
    let mut hosts = names.to_vec();
    hosts.push(format!("http://unknown.test:{port}"));
    let run = world.run(json!({ "hosts": hosts }), calls.clone()).await;
    assert!(run.error(0).contains("DestinationIpProhibited"), "{}", run.error(0));
    assert!(run.error(1).contains("DestinationIpProhibited"), "{}", run.error(1));
    assert!(run.error(2).contains("DnsError"), "{}", run.error(2));
    assert!(run.logged(&grant), "{:?}", run.log);
    let grant = format!("[functions.f.grants]: \"http://169.254.169.254:{port}\"");
    assert!(run.logged(&grant), "{:?}", run.log);
    assert!(heads.try_recv().is_err(), "something was connected to");

    // The name and the address it leads to.
    hosts.push(format!("http://127.0.0.1:{port}"));
    let run = world.run(json!({ "hosts": hosts }), calls).await;
    assert_eq!(run.ok(0)["data"], "hello");
    let head = heads.recv().await.unwrap();
    assert!(head.contains(&format!("host: internal.test:{port}\r\n")), "{head}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_called_at_aws_needs_no_grant_of_its_host() {
    let names = Names(&[("bedrock-runtime.us-east-1.amazonaws.com", &["127.0.0.1"])]);
    let world = World::with(Quotas::default(), names, RootCertStore::empty());
    let mut function = function("default", json!({}));
    function.configuration.aws = "bedrock-runtime=egress".parse().unwrap();
    let host = "bedrock-runtime.us-east-1.amazonaws.com";
    let calls = json!([
        fetch("https", host),
        fetch("http", host),
        fetch("https", &format!("{host}:8443")),
        fetch("https", "monitoring.us-east-1.amazonaws.com"),
        fetch("https", "bedrock-runtime.s3.us-east-1.amazonaws.com"),
    ]);
    let (call, bounds) = (("guest-capabilities", Handler::Event), (Origin::default(), limits()));
    let data = serde_json::to_vec(&calls).unwrap();
    let end = world.event(call, function, bounds, event("test", data)).await;
    let answers: Vec<Value> = serde_json::from_slice(&end.value.unwrap().data).unwrap();
    let error = |at: usize| answers[at]["error"].as_str().unwrap();
    // The name is looked up, and its address looked at as any other's.
    assert!(error(0).contains("DestinationIpProhibited"), "{answers:?}");
    for denied in 1..answers.len() {
        assert!(error(denied).contains("HttpRequestDenied"), "{denied}: {answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_in_disguise_reach_nothing() {
    let (address, mut heads) = upstream(HELLO).await;
    let port = address.port();
    // Everything that could be granted by name, and not the address.
    let hosts = json!({ "hosts": [format!("http://localhost:{port}"), "http://*.test:80"] });
    let disguises = [
        format!("2130706433:{port}"),
        format!("0x7f000001:{port}"),
        format!("0x7f.0.0.1:{port}"),
        format!("0177.0.0.1:{port}"),
        format!("127.1:{port}"),
        format!("127.0.0.1.:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("[::1]:{port}"),
        format!("localhost:{port}"),
        format!("localhost.:{port}"),
        format!("LOCALHOST:{port}"),
        format!("a.test@127.0.0.1:{port}"),
    ];
    let names = Names(&[("localhost", &["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"])]);
    let world = World::with(Quotas::default(), names, RootCertStore::empty());
    let calls: Vec<_> = disguises.iter().map(|authority| fetch("http", authority)).collect();
    let run = world.run(hosts, json!(calls)).await;
    for (index, authority) in disguises.iter().enumerate() {
        let known = ["HttpRequestUriInvalid", "HttpRequestDenied", "DestinationIpProhibited"];
        let told = run.error(index);
        let refused = known.iter().any(|code| told.contains(code)) || told.contains("authority");
        assert!(refused, "{authority}: {told}");
    }
    assert!(heads.try_recv().is_err(), "something was connected to");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_upstream_has_a_code() {
    let (silent, _silent) = upstream(b"").await;
    let (garbage, _garbage) = upstream(b"what?\r\n\r\n").await;
    let (short, _short) = upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello").await;
    let (switching, _switching) =
        upstream(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")
            .await;
    let (redirect, mut redirected) = upstream(
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let all = [silent, garbage, short, switching, redirect, closed];
    let grants = json!({ "hosts": all.map(|address| format!("http://{address}")) });
    let mut calls: Vec<_> = all.iter().map(|to| fetch("http", &to.to_string())).collect();
    calls[0]["timeout_ms"] = 100.into();
    let run = World::new().run(grants, json!(calls)).await;
    assert!(run.error(0).contains("HttpResponseTimeout"), "{}", run.error(0));
    assert!(run.error(1).contains("HttpProtocolError"), "{}", run.error(1));
    assert!(!run.error(2).is_empty());
    assert!(run.error(3).contains("HttpUpgradeFailed"), "{}", run.error(3));
    assert_eq!(run.ok(4)["status"], 302);
    assert!(run.error(5).contains("ConnectionRefused"), "{}", run.error(5));
    redirected.recv().await.unwrap();
    assert!(redirected.try_recv().is_err(), "a redirect was followed");
}

/// Answers every connection after `end` was seen, and tells all that came.
async fn listening(end: &'static str) -> (SocketAddr, tokio::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tx, rx) = tokio::sync::mpsc::channel(100);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut came = Vec::new();
            while !String::from_utf8_lossy(&came).contains(end) {
                if stream.read_buf(&mut came).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let _ = tx.send(String::from_utf8_lossy(&came).into_owned()).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer).await;
            // Closed with something unread, the answer would be lost.
            let _ = stream.shutdown().await;
            while stream.read_buf(&mut came).await.unwrap_or(0) > 0 {}
        }
    });
    (address, rx)
}

const CHUNKED: &str = "\r\ntransfer-encoding: chunked\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_goes_out_with_every_method() {
    let (address, mut came) = listening("0\r\n\r\n").await;
    let grants = json!({ "hosts": [format!("http://{address}")] });
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"];
    let world = World::new();
    for method in methods {
        for write_after_ms in [0, 100] {
            let mut call = fetch("http", &address.to_string());
            call["method"] = method.into();
            call["data"] = r#"{"query":1}"#.into();
            call["write_after_ms"] = write_after_ms.into();
            let run = world.run(grants.clone(), json!([call])).await;
            assert_eq!(run.ok(0)["status"], 200, "{method}");
            let wire = came.recv().await.unwrap();
            assert!(wire.starts_with(&format!("{method} /x?y=1 HTTP/1.1\r\n")), "{wire}");
            assert!(wire.contains(CHUNKED) && !wire.contains("content-length"), "{wire}");
            assert!(wire.ends_with("\r\n\r\nB\r\n{\"query\":1}\r\n0\r\n\r\n"), "{method}: {wire}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_declared_length_goes_out_as_it_is() {
    let (address, mut came) = listening("{\"query\":1}").await;
    let grants = json!({ "hosts": [format!("http://{address}")] });
    for method in ["GET", "HEAD", "POST", "DELETE", "OPTIONS"] {
        let mut call = fetch("http", &address.to_string());
        call["method"] = method.into();
        call["data"] = r#"{"query":1}"#.into();
        call["declares_length"] = true.into();
        let run = World::new().run(grants.clone(), json!([call])).await;
        assert_eq!(run.ok(0)["status"], 200, "{method}");
        let wire = came.recv().await.unwrap();
        assert!(wire.contains("\r\ncontent-length: 11\r\n"), "{wire}");
        assert!(!wire.contains("transfer-encoding"), "{wire}");
        assert!(wire.ends_with("\r\n\r\n{\"query\":1}"), "{method}: {wire}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_body_none_is_spoken_of() {
    let (address, mut came) = listening("\r\n\r\n").await;
    let grants = json!({ "hosts": [format!("http://{address}")] });
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "QUERY"] {
        let mut call = fetch("http", &address.to_string());
        call["method"] = method.into();
        let run = World::new().run(grants.clone(), json!([call])).await;
        assert_eq!(run.ok(0)["status"], 200, "{method}");
        let wire = came.recv().await.unwrap();
        assert!(!wire.contains("content-length") && !wire.contains("transfer-"), "{wire}");
        assert!(wire.ends_with("\r\n\r\n"), "{wire}");
    }
    // A guest that says only afterwards that it sends nothing is not kept waiting.
    let mut late = fetch("http", &address.to_string());
    late["finishes_late"] = true.into();
    let run = World::new().run(grants.clone(), json!([late])).await;
    assert_eq!(run.ok(0)["status"], 200);
    came.recv().await.unwrap();
    // What must not have a body, or would be a tunnel, is not sent.
    let mut calls = [fetch("http", &address.to_string()), fetch("http", &address.to_string())];
    calls[0]["method"] = "TRACE".into();
    calls[0]["data"] = "x".into();
    calls[1]["method"] = "CONNECT".into();
    let run = World::new().run(grants, json!(calls)).await;
    assert!(run.error(0).contains("HttpRequestBodySize"), "{}", run.error(0));
    assert!(run.error(1).contains("HttpRequestMethodInvalid"), "{}", run.error(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_one_invocation_are_bounded() {
    let (address, _heads) = upstream(b"").await;
    let grants = json!({ "hosts": [format!("http://{address}")] });
    let mut call = fetch("http", &address.to_string());
    call["times"] = 33.into();
    call["timeout_ms"] = 500.into();
    let mut within = call.clone();
    within["times"] = 32.into();
    let run = World::new().run(grants, json!([within, call])).await;
    assert!(run.error(0).contains("HttpResponseTimeout"), "{}", run.error(0));
    assert!(run.logged("more than 32 connections at a time"), "{:?}", run.log);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_checked_against_the_name() {
    let signed = rcgen::generate_simple_self_signed(["secure.test".to_owned()]).unwrap();
    let certificate = signed.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = vec![0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(HELLO).await;
            let _ = stream.shutdown().await;
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let names = Names(&[("secure.test", &["127.0.0.1"]), ("liar.test", &["127.0.0.1"])]);
    let world = World::with(Quotas::default(), names, roots);
    let hosts = ["secure.test", "liar.test", "127.0.0.1"].map(|host| format!("{host}:{port}"));
    let calls = json!([fetch("https", &hosts[0]), fetch("https", &hosts[1])]);
    let run = world.run(json!({ "hosts": hosts }), calls).await;
    assert_eq!(run.ok(0)["data"], "hello");
    assert!(run.error(1).contains("TlsCertificateError"), "{}", run.error(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wasi_0_3_goes_the_same_way() {
    let (address, _heads) = upstream(HELLO).await;
    let world = World::new();
    let get = |hosts: Value| {
        let function = function("default", json!({ "hosts": hosts }));
        let url = event("test", format!("http://{address}/x"));
        let guest = ("guest-async-fetch", Handler::EventAsync);
        world.event(guest, function, (Origin::default(), limits()), url)
    };
    let end = get(json!([format!("http://{address}")])).await;
    assert_eq!(end.outcome, Outcome::Ok, "{:?}", end.logs.lines);
    assert_eq!(end.value.unwrap().data, "hello");
    let end = get(json!([])).await;
    let Outcome::FunctionError(failure) = end.outcome else { panic!("{:?}", end.outcome) };
    assert!(failure.message.contains("HttpRequestDenied"), "{}", failure.message);
    let log: Vec<_> = end.logs.lines.iter().map(|line| line.text.as_str()).collect();
    assert!(log[0].ends_with(&format!("lambent grant add f host:http://{address}")), "{log:?}");
    assert!(log[1].contains("in the list hosts of [functions.f.grants]"), "{log:?}");
}
