//! Signs the notifications of topics, with a key of the node's own and a certificate of that key.

use std::io::{Error, ErrorKind};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cap_std::fs::Dir;
use lambent_storage_embedded::{layout, write_file};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::rsa_key;

/// What the path of the certificate begins and ends with, as SNS's does.
const PATH: (&str, &str) = ("/SimpleNotificationService-", ".pem");

/// What notifications are signed with.
pub(crate) struct Signing {
    key: RsaKeyPair,
    /// The certificate, in PEM.
    certificate: String,
    path: String,
}

/// Makes the key when it is needed first, and keeps it in the data directory.
pub(crate) struct TopicSigner {
    dir: Dir,
    signing: OnceCell<Arc<Signing>>,
}

fn other(error: impl std::fmt::Display) -> Error {
    Error::other(error.to_string())
}

impl Signing {
    /// Opens the key that is kept, or makes one. This takes its time.
    fn open(dir: &Dir) -> Result<Self, Error> {
        let kept = match dir.read(layout::TOPIC_KEY_FILE) {
            Ok(key) => Some(key),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        // One that is damaged is replaced: subscribers find the certificate of another.
        let kept = kept.and_then(|key| Self::of(&key).ok());
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let key = rsa_key::generate().map_err(other)?;
        write_file(dir, layout::TOPIC_KEY_FILE, &key)?;
        Self::of(&key)
    }

    fn of(pkcs8: &[u8]) -> Result<Self, Error> {
        let key = RsaKeyPair::from_pkcs8(pkcs8).map_err(other)?;
        let der = PrivatePkcs8KeyDer::from(pkcs8.to_vec());
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_RSA_SHA256).map_err(other)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Topics of a Lambent node");
        let certificate = params.self_signed(&pair).map_err(other)?.pem();
        let digest = Sha256::digest(key.public().as_ref());
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { key, certificate, path: format!("{}{name}{}", PATH.0, PATH.1) })
    }

    /// The path that the certificate is at.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Signs a text: the signature in base64.
    fn sign(&self, text: &str) -> Result<String, Error> {
        let mut signature = vec![0; self.key.public().modulus_len()];
        let random = SystemRandom::new();
        let signed = self.key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature);
        signed.map_err(other)?;
        Ok(STANDARD.encode(signature))
    }
}

impl TopicSigner {
    /// Keeps its key in the directory.
    pub(crate) const fn new(dir: Dir) -> Self {
        Self { dir, signing: OnceCell::const_new() }
    }

    async fn signing(&self) -> Result<&Arc<Signing>, Error> {
        self.signing
            .get_or_try_init(|| async {
                let dir = self.dir.try_clone()?;
                let opened = tokio::task::spawn_blocking(move || Signing::open(&dir)).await;
                opened.map_err(other)?.map(Arc::new)
            })
            .await
    }

    /// Signs a text: what was signed with, and the signature in base64. A signature takes a millisecond.
    ///
    /// # Errors
    /// The key cannot be made or kept.
    pub(crate) async fn sign(&self, text: String) -> Result<(Arc<Signing>, String), Error> {
        let signing = self.signing().await?.clone();
        let used = signing.clone();
        let signed = tokio::task::spawn_blocking(move || used.sign(&text)).await;
        Ok((signing, signed.map_err(other)??))
    }

    /// The certificate at a path, in PEM; `None` if there is none.
    pub(crate) async fn certificate(&self, path: &str) -> Option<String> {
        if !is_certificate(path) {
            return None;
        }
        let signing = self.signing().await.ok()?;
        (signing.path == path).then(|| signing.certificate.clone())
    }
}

/// Whether a path may be that of a certificate.
pub(crate) fn is_certificate(path: &str) -> bool {
    let name = path.strip_prefix(PATH.0).and_then(|rest| rest.strip_suffix(PATH.1));
    name.is_some_and(|name| name.len() == 32 && name.bytes().all(|c| c.is_ascii_hexdigit()))
}
