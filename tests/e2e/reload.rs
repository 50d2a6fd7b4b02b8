//! Certificates: a node goes on with a renewed one or with those it has, and has one for each domain.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustix::process::Signal;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::client::{Raw, whole};
use crate::node::{Node, lambent, run};

/// Puts a certificate and its key into a directory.
fn renew(directory: &Path) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".into()]).unwrap();
    std::fs::write(directory.join("cert.pem"), cert.pem()).unwrap();
    let key = directory.join("key.pem");
    std::fs::write(&key, signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
    cert.der().clone()
}

/// Puts a certificate for these names and its key into a directory of such pairs.
fn pair(directory: &Path, file: &str, names: &[&str]) -> CertificateDer<'static> {
    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    std::fs::write(directory.join(format!("{file}.crt")), cert.pem()).unwrap();
    std::fs::write(directory.join(format!("{file}.key")), signing_key.serialize_pem()).unwrap();
    cert.der().clone()
}

/// Whether a new connection is accepted with this certificate.
async fn has(node: &Node, certificate: &CertificateDer<'static>) -> bool {
    shows(node, "localhost", certificate).await.is_ok()
}

/// Has a client that trusts this certificate alone ask for a name, and then for the node's health.
async fn shows(
    node: &Node,
    name: &str,
    certificate: &CertificateDer<'static>,
) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(node.address).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let stream = stream.map_err(|error| error.to_string())?;
    let reply = whole(node.ask("GET", "/healthz").over(stream).await.unwrap()).await.unwrap();
    assert_eq!(reply.status, 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    let first = renew(files.path());
    let flags = ["--tls-cert", &file("cert.pem"), "--tls-key", &file("key.pem")];
    let node = Node::start(&flags);
    assert!(has(&node, &first).await);
    // As this test wrote it.
    node.logged("every user of this machine may read the TLS key").await;

    let second = renew(files.path());
    node.signal(Signal::HUP);
    node.logged("reloaded the certificates").await;
    assert!(has(&node, &second).await && !has(&node, &first).await);

    std::fs::write(files.path().join("cert.pem"), "no certificate").unwrap();
    node.signal(Signal::HUP);
    node.logged("did not reload; the certificates in use stay").await;
    assert!(node.log().contains("cert.pem"), "{}", node.log());
    assert!(has(&node, &second).await);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_a_certificate_survives_as_well() {
    let node = Node::start(&[]);
    let mut open = Raw::connect(node.address).await;
    node.signal(Signal::HUP);
    node.logged("nothing to reload").await;
    open.send("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(open.until("ok").await.starts_with("HTTP/1.1 200"));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_domain_has_a_certificate_of_its_own_and_new_ones_need_no_restart() {
    let files = tempfile::tempdir().unwrap();
    let shop = pair(files.path(), "shop", &["shop.example", "*.shop.example"]);
    let blog = pair(files.path(), "blog", &["blog.example"]);
    let node = Node::start(&["--tls-dir", files.path().to_str().unwrap()]);
    for (name, certificate) in
        [("shop.example", &shop), ("fn.shop.example", &shop), ("blog.example", &blog)]
    {
        assert_eq!(shows(&node, name, certificate).await, Ok(()), "{name}");
    }
    assert!(shows(&node, "blog.example", &shop).await.is_err());
    // Names that no certificate is for, and an address, for which clients send no name.
    for name in ["new.example", "a.fn.shop.example", "127.0.0.1"] {
        let refused = shows(&node, name, &shop).await.unwrap_err();
        assert!(refused.contains("UnrecognisedName"), "{name}: {refused}");
    }
    node.logged("a client asked for a name that has no certificate").await;
    assert_eq!(node.log().matches("asked for a name").count(), 1, "{}", node.log());

    let new = pair(files.path(), "new", &["new.example"]);
    node.signal(Signal::HUP);
    node.logged("reloaded the certificates").await;
    assert_eq!(shows(&node, "new.example", &new).await, Ok(()));

    // One that is renewed and one that is broken: nothing of both is taken up.
    let renewed = pair(files.path(), "blog", &["blog.example"]);
    std::fs::remove_file(files.path().join("shop.key")).unwrap();
    node.signal(Signal::HUP);
    node.logged("did not reload; the certificates in use stay").await;
    let log = node.log();
    assert!(log.contains("shop.crt is without") && log.contains("shop.key"), "{log}");
    assert_eq!(shows(&node, "shop.example", &shop).await, Ok(()));
    assert_eq!(shows(&node, "blog.example", &blog).await, Ok(()));
    assert!(shows(&node, "blog.example", &renewed).await.is_err());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_for_all_is_for_whoever_asks_for_no_domain_of_the_directory() {
    let (all, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let default = renew(all.path());
    let blog = pair(files.path(), "blog", &["blog.example"]);
    let file = |name: &str| all.path().join(name).to_str().unwrap().to_owned();
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    let directory = files.path().to_str().unwrap();
    let node = Node::start(&["--tls-cert", &cert, "--tls-key", &key, "--tls-dir", directory]);
    assert!(has(&node, &default).await);
    assert_eq!(shows(&node, "blog.example", &blog).await, Ok(()));
    // The certificate is shown, and it is the client that finds that it is for another name.
    let other = shows(&node, "other.example", &default).await.unwrap_err();
    assert!(other.contains("not valid for name"), "{other}");
    node.stop().await;
}

#[test]
fn a_node_does_not_start_with_a_directory_that_it_cannot_use() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let refused = |told: &str| {
        let mut command = lambent(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data.path()).arg("--tls-dir").arg(files.path());
        let done = run(command);
        assert!(done.code == Some(1) && done.stderr.contains(told), "{told}: {done:?}");
    };
    refused("holds no pair of NAME.crt and NAME.key");
    pair(files.path(), "a", &["a.example"]);
    pair(files.path(), "b", &["a.example"]);
    refused("are both for a.example; take one of them and its key away");
}
