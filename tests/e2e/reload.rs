//! SIGHUP: a node goes on with a renewed certificate, or with the one it has.

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
use crate::node::Node;

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

/// Whether a new connection is accepted with this certificate.
async fn has(node: &Node, certificate: &CertificateDer<'static>) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(node.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let Ok(stream) = TlsConnector::from(Arc::new(config)).connect(name, stream).await else {
        return false;
    };
    let reply = whole(node.ask("GET", "/healthz").over(stream).await.unwrap()).await.unwrap();
    reply.status == 200
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
    node.logged("reloaded the certificate").await;
    assert!(has(&node, &second).await && !has(&node, &first).await);

    std::fs::write(files.path().join("cert.pem"), "no certificate").unwrap();
    node.signal(Signal::HUP);
    node.logged("did not reload; the certificate in use stays").await;
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
