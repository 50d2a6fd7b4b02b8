//! Runtimes that are not a file on this machine: from web servers, by digest, and from registries.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use lambent_test_support::javascript::javascript_runtime;
use lambent_test_support::python::python_runtime;
use lambent_test_support::root;
use lambent_test_support::toolchains::go_program;
use lambent_types::Digest;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto, pki_types::PrivateKeyDer};

use crate::cli::at;
use crate::node::{Done, Node, guest_code, run};

/// What a request is answered with.
fn answer(request: &str, component: &[u8]) -> Vec<u8> {
    let target = request.split(' ').nth(1).unwrap();
    let path = target.split('?').next().unwrap();
    let with = |head: &str, body: &[u8]| {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    };
    match path {
        "/script1.wasm" => with("200 OK", component),
        "/moved/script1.wasm" => with("302 Found\r\nlocation: ../script1.wasm", b""),
        "/plain/script1.wasm" => {
            with(&format!("302 Found\r\nlocation: http://example.com{path}"), b"")
        }
        "/loop.wasm" => with("302 Found\r\nlocation: /loop.wasm", b""),
        "/private.wasm" => with("401 Unauthorized", b"who are you?"),
        "/page.wasm" => with("200 OK", b"<html>Welcome</html>"),
        // 300 MiB are announced, and none of them have to come.
        "/large.wasm" => b"HTTP/1.1 200 OK\r\ncontent-length: 314572800\r\n\r\n\0asm".to_vec(),
        "/cut.wasm" => [&with("200 OK", component)[..component.len() / 2]].concat(),
        _ if path.starts_with("/v2/") || path.starts_with("/token") => {
            private(request, target, component)
        }
        _ => with("404 Not Found", b"<h1>Not Found</h1>"),
    }
}

/// A registry that is for whom its own service of tokens knows.
fn private(request: &str, path: &str, component: &[u8]) -> Vec<u8> {
    let with = |head: &str, body: &[u8]| {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    };
    let header = |name: &str| {
        let lines = request.lines().filter_map(|line| line.split_once(": "));
        let mut lines = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        lines.next().map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    if path.starts_with("/token") {
        // me:secret
        let knows = header("authorization") == "Basic bWU6c2VjcmV0";
        return match knows && path.contains("scope=repository%3Amine%2Fscript1%3Apull") {
            true => with("200 OK", br#"{"token":"TOKEN"}"#),
            false => with("401 Unauthorized", b"incorrect username or password"),
        };
    }
    if header("authorization") != "Bearer TOKEN" {
        let realm = format!("http://{}/token", header("host"));
        let asked = format!("www-authenticate: Bearer realm=\"{realm}\",service=\"test\"");
        return with(&format!("401 Unauthorized\r\n{asked}"), b"{}");
    }
    let digest = Digest::of(component);
    if path == format!("/v2/mine/script1/blobs/sha256:{digest}") {
        return with("200 OK", component);
    }
    if path == format!("/v2/mine/script1/blobs/sha256:{}", Digest::of(b"other")) {
        return with("200 OK", b"another");
    }
    if path.ends_with("/index") {
        let layer = serde_json::json!({
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": format!("sha256:{digest}"),
        });
        return with("200 OK", serde_json::json!({ "layers": [layer] }).to_string().as_bytes());
    }
    if !path.starts_with("/v2/mine/script1/manifests/") {
        return with("404 Not Found", b"{}");
    }
    let named = if path.ends_with("/tampered") { Digest::of(b"other") } else { digest };
    let layer = serde_json::json!({
        "mediaType": "application/wasm", "digest": format!("sha256:{named}"), "size": 7,
    });
    with("200 OK", serde_json::json!({ "layers": [layer] }).to_string().as_bytes())
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, component: Arc<Vec<u8>>) {
    let mut stream = tokio::io::BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    // Whoever refuses what comes goes away early.
    let _ = stream.write_all(&answer(&head, &component)).await;
    let _ = stream.shutdown().await;
}

/// A web server, with TLS if it has an acceptor.
pub(crate) async fn web(component: &[u8], tls: Option<TlsAcceptor>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let component = Arc::new(component.to_vec());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (component, tls) = (component.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, component).await;
                        }
                    }
                    None => serve(stream, component).await,
                }
            });
        }
    });
    address
}

/// TLS with a certificate that is written to a file, and that nobody else trusts.
pub(crate) fn tls(certificate: &Path) -> TlsAcceptor {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".into()]).unwrap();
    std::fs::write(certificate, cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![cert.der().clone()], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn lambent(node: &Node, line: &[&str]) -> Done {
    let command = at(node, line);
    tokio::task::block_in_place(|| run(command))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runtime_is_installed_from_a_web_server_by_its_digest() {
    let component = guest_code("guest-script-runtime").await;
    let digest = Digest::of(&component);
    let node = Node::start(&[]);
    let address = web(&component, None).await;
    let url = format!("http://{address}/script1.wasm");
    let done = lambent(&node, &["runtime", "install", &format!("{url}?a=b#sha256={digest}")]).await;
    assert!(done.stdout.starts_with("installed runtime script1 (version 1"), "{done:?}");
    let shown = lambent(&node, &["runtime", "describe", "script1"]).await;
    assert!(
        shown.stdout.contains(&format!("from {url}")) && !shown.stdout.contains("?a"),
        "{shown:?}"
    );
    let view = lambent(&node, &["runtime", "list", "--json"]).await;
    assert!(view.stdout.contains(&format!("\"source\":\"{url}\"")), "{view:?}");
    // By another name and another form of the digest; and after a redirect.
    let (given, moved) =
        (format!("sha256:{digest}"), format!("http://{address}/moved/script1.wasm"));
    let done = lambent(&node, &["runtime", "install", "two", &moved, "--digest", &given]).await;
    assert!(done.stdout.starts_with("installed runtime two"), "{done:?}");

    for (path, told) in [
        ("missing.wasm", "404 Not Found"),
        ("private.wasm", "401 Unauthorized: who are you?"),
        ("loop.wasm", "redirects more than 5 times"),
        ("large.wasm", "larger than 250"),
        ("cut.wasm", "after"),
        ("page.wasm", "what came from http://"),
    ] {
        let source = format!("http://{address}/{path}#sha256={digest}");
        let done = lambent(&node, &["runtime", "install", "three", &source]).await;
        assert_eq!(done.code, Some(1), "{path}: {done:?}");
        assert!(done.stderr.contains(told), "{path}: {done:?}");
    }
    let page = Digest::of(b"<html>Welcome</html>");
    let source = format!("http://{address}/page.wasm#sha256={page}");
    let done = lambent(&node, &["runtime", "install", "three", &source]).await;
    assert!(done.code == Some(1) && done.stderr.contains("is not WebAssembly"), "{done:?}");
    let all = lambent(&node, &["runtime", "list"]).await;
    assert!(!all.stdout.contains("three"), "{all:?}");
}

/// What users have the digests from.
#[test]
fn a_release_has_the_binary_and_the_runtimes_with_their_digests() {
    if python_runtime().is_none() || javascript_runtime().is_none() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let release = directory.path().join("release");
    let mut command = Command::new(root().join(".ci/release"));
    command.env("DEB_COMPRESSION", "none").env("SOURCE_DATE_EPOCH", "1700000000");
    // The binary of the tests is hundreds of megabytes of what a debugger reads.
    let binary = directory.path().join("binary");
    std::fs::write(&binary, "#!/bin/sh\necho packed\n").unwrap();
    let done = command.arg(&release).arg(&binary).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let sums = std::fs::read_to_string(release.join("SHA256SUMS")).unwrap();
    let mut names = Vec::new();
    for line in sums.lines() {
        let (digest, name) = line.split_once("  ").unwrap();
        let file = std::fs::read(release.join(name)).unwrap();
        assert_eq!(Digest::of(&file).to_string(), digest, "{name}");
        names.push(name.to_owned());
    }
    for wanted in ["python3.14.wasm", "js.wasm", "lambent.cdx.json"] {
        assert!(names.iter().any(|name| name == wanted), "{names:?}");
    }
    for beginning in ["lambent-linux-", "lambent-image-linux-"] {
        assert!(names.iter().any(|name| name.starts_with(beginning)), "{names:?}");
    }
    let again = command.output().unwrap();
    assert_eq!(again.status.code(), Some(2), "a release is not written over: {again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_checked_and_not_left() {
    let component = guest_code("guest-script-runtime").await;
    let digest = Digest::of(&component);
    let node = Node::start(&[]);
    let files = tempfile::tempdir().unwrap();
    let certificate = files.path().join("ca.pem");
    let port = web(&component, Some(tls(&certificate))).await.port();
    let source = format!("https://localhost:{port}/script1.wasm#sha256={digest}");
    let done = lambent(&node, &["runtime", "install", &source]).await;
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("certificate") && done.stderr.contains("--ca FILE"), "{done:?}");
    let ca = ["--ca", certificate.to_str().unwrap()];
    let done = lambent(&node, &[&["runtime", "install", &source][..], &ca].concat()).await;
    assert!(done.stdout.starts_with("installed runtime script1"), "{done:?}");
    for (url, told) in [
        (format!("https://127.0.0.1:{port}/script1.wasm"), "certificate"),
        (format!("https://localhost:{port}/plain/script1.wasm"), "which is not encrypted"),
    ] {
        let source = format!("{url}#sha256={digest}");
        let done = lambent(&node, &[&["runtime", "install", &source][..], &ca].concat()).await;
        assert!(done.code == Some(1) && done.stderr.contains(told), "{url}: {done:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_registry_lets_in_whom_docker_login_stored() {
    let component = guest_code("guest-script-runtime").await;
    let node = Node::start(&[]);
    let registry = web(&component, None).await;
    let home = tempfile::tempdir().unwrap();
    let source = |tag: &str| format!("oci://{registry}/mine/script1:{tag}");
    let install = async |tag: &str| {
        let mut command = at(&node, &["runtime", "install", &source(tag)]);
        command.env("DOCKER_CONFIG", home.path());
        tokio::task::block_in_place(|| run(command))
    };
    let login = |auth: &str| {
        let config = serde_json::json!({ "auths": { registry.to_string(): { "auth": auth } } });
        std::fs::write(home.path().join("config.json"), config.to_string()).unwrap();
    };
    let refused = async |told: &str| {
        let done = install("1.0").await;
        assert!(done.code == Some(1) && done.stderr.contains(told), "{told}: {done:?}");
        assert!(!done.stderr.contains("secret") && !done.stderr.contains("c2Vj"), "{done:?}");
    };
    refused("log in: docker login").await;
    // me:secrex
    login("bWU6c2VjcmV4");
    refused("does not let in whom docker login stored").await;
    login("?");
    refused("cannot be read").await;
    login("bWU6c2VjcmV0");
    let done = install("1.0").await;
    assert!(done.stdout.starts_with("installed runtime script1"), "{done:?}");
    let done = install("tampered").await;
    assert!(
        done.code == Some(1) && done.stderr.contains("is not what its manifest names"),
        "{done:?}"
    );
}

/// A registry in memory, which is Google's.
struct Registry(Child, String);

impl Registry {
    fn start(program: &Path) -> Self {
        let mut command = Command::new(program);
        command.args(["-port", "0"]).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        log.read_line(&mut line).unwrap();
        let port = line.trim().rsplit(' ').next().unwrap().to_owned();
        // It ends where nobody reads what it writes.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self(child, format!("localhost:{port}"))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runtime_is_installed_from_a_registry_as_oras_pushed_it() {
    let programs = tokio::task::spawn_blocking(|| {
        let registry =
            go_program("github.com/google/go-containerregistry/cmd/registry", "v0.22.1")?;
        Some((registry, go_program("oras.land/oras/cmd/oras", "v1.3.6")?))
    });
    let Some((registry, oras)) = programs.await.unwrap() else { return };
    let component = guest_code("guest-script-runtime").await;
    let registry = Registry::start(&registry);
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("script1.wasm"), &component).unwrap();
    std::fs::write(files.path().join("wasm.json"), "{}").unwrap();
    let push = |line: &[&str]| {
        let mut command = Command::new(&oras);
        command.current_dir(files.path()).args(["push", "--plain-http", "--no-tty"]).args(line);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    let repository = format!("{}/runtimes/script1", registry.1);
    let config = "--config=wasm.json:application/vnd.wasm.config.v0+json";
    push(&[config, &format!("{repository}:1.0"), "script1.wasm:application/wasm"]);
    push(&[&format!("{repository}:files"), "script1.wasm"]);

    let node = Node::start(&[]);
    let tagged = format!("oci://{repository}:1.0");
    let done = lambent(&node, &["runtime", "install", &tagged, "--json"]).await;
    let view: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(view["versions"][0]["digest"], Digest::of(&component).to_string(), "{done:?}");
    let pinned = view["versions"][0]["source"].as_str().unwrap();
    assert!(pinned.starts_with(&format!("{tagged}@sha256:")), "{pinned}");
    // What it says that it came from is something that it can be had from.
    let done = lambent(&node, &["runtime", "install", "two", pinned]).await;
    assert!(done.stdout.starts_with("installed runtime two"), "{done:?}");
    let by_digest = pinned.replace(":1.0@", "@");
    let done = lambent(&node, &["runtime", "install", "three", &by_digest]).await;
    assert!(done.stdout.starts_with("installed runtime three"), "{done:?}");

    let other = Digest::of(b"other");
    for (source, told) in [
        (format!("oci://{repository}:none"), "there is no such repository, tag or digest"),
        (
            format!("oci://{repository}@sha256:{other}"),
            "there is no such repository, tag or digest",
        ),
        (format!("oci://{repository}:files"), "component.wasm:application/wasm"),
        (format!("{tagged}#sha256={other}"), "is not what was asked for"),
    ] {
        let done = lambent(&node, &["runtime", "install", "four", &source]).await;
        assert_eq!(done.code, Some(1), "{source}: {done:?}");
        assert!(done.stderr.contains(told), "{source}: {done:?}");
    }
}
