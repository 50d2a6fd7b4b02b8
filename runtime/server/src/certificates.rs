//! Certificates and their keys: that of every client, and those of domains, pairs of files in a
//! directory of which one is chosen by the name that a client asks for.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, CertificateError};
use webpki::{EndEntityCert, KeyUsage};

use crate::options::{TlsFiles, TlsOptions};

/// How the file of a certificate in the directory ends.
const CERTIFICATE: &str = "crt";
/// How that of its key ends.
const KEY: &str = "key";

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds something else.
    #[error("cannot read a {what} in PEM form from {}", path.display())]
    File {
        /// What should be in the file.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: pem::Error,
    },
    /// Certificate and key cannot be used, or not together.
    #[error("cannot use the certificate in {} with the key in {}", cert.display(), key.display())]
    Unusable {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why not.
        #[source]
        source: rustls::Error,
    },
    /// This build speaks no version of TLS.
    #[error("no version of TLS can be spoken")]
    Versions(#[source] rustls::Error),
    /// The directory cannot be read.
    #[error("cannot read the certificates of domains in {}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// There is no certificate at all.
    #[error(
        "{} holds no pair of NAME.crt and NAME.key; put one there, or give a certificate for \
         every name with --tls-cert and --tls-key",
        path.display()
    )]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// One file of a pair is missing.
    #[error(
        "{} is without {}; put that beside it, or take it away",
        file.display(), missing.display()
    )]
    Half {
        /// The file that is there.
        file: PathBuf,
        /// The file that is not.
        missing: PathBuf,
    },
    /// A certificate is of another time.
    #[error("the certificate in {} {problem}; renew it, or take it and its key away", cert.display())]
    Time {
        /// The certificate's file.
        cert: PathBuf,
        /// What is wrong, and when.
        problem: String,
    },
    /// No client could ask for a certificate.
    #[error(
        "the certificate in {} names no domain among its subject alternative names; have it \
         issued for one, or give it with --tls-cert and --tls-key",
        cert.display()
    )]
    Nameless {
        /// The certificate's file.
        cert: PathBuf,
    },
    /// Two certificates are for one name.
    #[error(
        "{} and {} are both for {name}; take one of them and its key away",
        first.display(), second.display()
    )]
    Twice {
        /// The name.
        name: String,
        /// The file of one certificate.
        first: PathBuf,
        /// The file of the other.
        second: PathBuf,
    },
}

/// What a listener may show its clients.
#[derive(Debug)]
pub(crate) struct Certificates {
    /// By the name that they are for, in lower case; a wildcard with its `*`.
    named: HashMap<String, Arc<CertifiedKey>>,
    /// For whoever asks for none of these names, or for no name.
    default: Option<Arc<CertifiedKey>>,
}

impl Certificates {
    /// Reads all of them.
    ///
    /// # Errors
    /// One of them cannot be used at the time `now`, or there is none.
    pub(crate) fn read(
        options: &TlsOptions,
        provider: &CryptoProvider,
        now: UnixTime,
    ) -> Result<Self, TlsError> {
        let pair = options.pair.as_ref();
        let default = pair.map(|pair| certified_key(pair, provider)).transpose()?.map(Arc::new);
        let mut named = HashMap::new();
        if let Some(directory) = &options.directory {
            let mut files: HashMap<String, PathBuf> = HashMap::new();
            for pair in pairs(directory)? {
                let key = Arc::new(certified_key(&pair, provider)?);
                for name in names(&pair, &key, now)? {
                    if let Some(first) = files.insert(name.clone(), pair.cert.clone()) {
                        return Err(TlsError::Twice { name, first, second: pair.cert });
                    }
                    named.insert(name, key.clone());
                }
            }
            if named.is_empty() && default.is_none() {
                return Err(TlsError::Empty { path: directory.clone() });
            }
        }
        Ok(Self { named, default })
    }

    /// How many names have a certificate of their own.
    pub(crate) fn names(&self) -> usize {
        self.named.len()
    }

    /// The certificate for a client that asks for `name`.
    pub(crate) fn choose(&self, name: Option<&str>) -> Option<&Arc<CertifiedKey>> {
        name.and_then(|name| self.of(&name.to_ascii_lowercase())).or(self.default.as_ref())
    }

    fn of(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        // A wildcard stands for exactly one label (RFC 9525, 6.3).
        let wildcard = || self.named.get(&format!("*.{}", name.split_once('.')?.1));
        self.named.get(name).or_else(wildcard)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name()).cloned()
    }
}

/// The pairs in a directory, in the order of their names. Links are followed, and what is
/// neither a certificate nor a key by its name is left alone.
fn pairs(directory: &Path) -> Result<Vec<TlsFiles>, TlsError> {
    let failed = |source| TlsError::Directory { path: directory.to_owned(), source };
    let mut halves: BTreeMap<PathBuf, (bool, bool)> = BTreeMap::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let stem = path.with_extension("");
        match path.extension().and_then(|ending| ending.to_str()) {
            Some(CERTIFICATE) => halves.entry(stem).or_default().0 = true,
            Some(KEY) => halves.entry(stem).or_default().1 = true,
            _ => {}
        }
    }
    let whole = |(stem, halves): (PathBuf, (bool, bool))| {
        // Not `with_extension`: the name of a domain has dots.
        let file = |ending| {
            let mut file = stem.clone().into_os_string();
            file.push(".");
            file.push(ending);
            PathBuf::from(file)
        };
        let (cert, key) = (file(CERTIFICATE), file(KEY));
        match halves {
            (true, true) => Ok(TlsFiles { cert, key }),
            (true, false) => Err(TlsError::Half { file: cert, missing: key }),
            _ => Err(TlsError::Half { file: key, missing: cert }),
        }
    };
    halves.into_iter().map(whole).collect()
}

/// Reads a pair whose key must fit.
fn certified_key(pair: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    warn_if_open(&pair.key);
    let chain = chain(&pair.cert)?;
    let key = PrivateKeyDer::from_pem_file(&pair.key).map_err(|source| TlsError::File {
        what: "private key",
        path: pair.key.clone(),
        source,
    })?;
    CertifiedKey::from_der(chain, key, provider).map_err(|source| unusable(pair, source))
}

fn unusable(pair: &TlsFiles, source: rustls::Error) -> TlsError {
    TlsError::Unusable { cert: pair.cert.clone(), key: pair.key.clone(), source }
}

/// Says in the log if every user may read the key: a group may have it on purpose.
fn warn_if_open(key: &Path) {
    use std::os::unix::fs::MetadataExt as _;
    const OTHERS_READ: u32 = 0o004;
    if std::fs::metadata(key).is_ok_and(|key| key.mode() & OTHERS_READ != 0) {
        let key = key.display();
        tracing::warn!(%key, "every user of this machine may read the TLS key; chmod o-r");
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::File { what: "certificate", path: path.to_owned(), source };
    let certificates: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(failed)?;
    if certificates.is_empty() {
        return Err(failed(pem::Error::NoItemsFound));
    }
    Ok(certificates)
}

/// The domains that a certificate is for, each once, in lower case.
fn names(pair: &TlsFiles, key: &CertifiedKey, now: UnixTime) -> Result<Vec<String>, TlsError> {
    let encoding = || unusable(pair, CertificateError::BadEncoding.into());
    let leaf = key.end_entity_cert().map_err(|source| unusable(pair, source))?;
    let leaf = EndEntityCert::try_from(leaf).map_err(|_| encoding())?;
    // Who issued it is the client's to judge, so nobody is trusted here: the time is what is
    // looked at before that.
    let verified = leaf.verify_for_usage(&[], &[], &[], now, KeyUsage::server_auth(), None, None);
    let problem = match verified {
        Err(webpki::Error::CertExpired { not_after, .. }) => {
            format!("expired at {}", at(not_after))
        }
        Err(webpki::Error::CertNotValidYet { not_before, .. }) => {
            format!("is not valid before {}", at(not_before))
        }
        _ => String::new(),
    };
    if !problem.is_empty() {
        return Err(TlsError::Time { cert: pair.cert.clone(), problem });
    }
    let mut names: Vec<_> = leaf.valid_dns_names().map(str::to_ascii_lowercase).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Err(TlsError::Nameless { cert: pair.cert.clone() });
    }
    Ok(names)
}

fn at(time: UnixTime) -> String {
    let time = Timestamp::UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs()));
    time.map_or_else(|_| "a time that is not known".to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use tempfile::TempDir;

    use super::*;

    /// Puts a certificate for `names` and its key into a directory.
    fn put(directory: &TempDir, file: &str, names: &[&str]) {
        put_with(directory, file, names, |_| {});
    }

    fn put_with(
        directory: &TempDir,
        file: &str,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(directory.path().join(format!("{file}.crt")), certificate.pem()).unwrap();
        std::fs::write(directory.path().join(format!("{file}.key")), key.serialize_pem()).unwrap();
    }

    fn read_at(directory: &TempDir, now: UnixTime) -> Result<Certificates, TlsError> {
        let provider = rustls::crypto::ring::default_provider();
        let directory = Some(directory.path().to_owned());
        Certificates::read(&TlsOptions { pair: None, directory }, &provider, now)
    }

    fn read(directory: &TempDir) -> Result<Certificates, TlsError> {
        read_at(directory, UnixTime::now())
    }

    #[test]
    fn a_name_leads_to_its_certificate_and_a_wildcard_stands_for_one_label() {
        let directory = tempfile::tempdir().unwrap();
        put(&directory, "shop.example", &["shop.example", "www.shop.example"]);
        put(&directory, "wild", &["*.Shop.example"]);
        std::fs::write(directory.path().join("README"), "not a certificate").unwrap();
        let certificates = read(&directory).unwrap();
        assert_eq!(certificates.names(), 3);
        let chosen = |name| certificates.choose(Some(name)).map(Arc::as_ptr);
        assert!(chosen("shop.example").is_some());
        assert_eq!(chosen("shop.example"), chosen("WWW.shop.example"));
        assert!(chosen("a.shop.example").is_some_and(|it| chosen("shop.example") != Some(it)));
        for unknown in ["a.b.shop.example", "example", "shop.example.org", "*", ""] {
            assert_eq!(chosen(unknown), None, "{unknown}");
        }
        assert!(certificates.choose(None).is_none());
    }

    #[test]
    fn what_cannot_be_used_is_named_with_what_to_do() {
        type Prepare = fn(&TempDir);
        let cases: [(Prepare, &[&str]); 8] = [
            (|_| {}, &["holds no pair of NAME.crt and NAME.key"]),
            (
                |d| put_with(d, "a", &["a.example"], |p| p.not_after = date_time_ymd(2001, 2, 3)),
                &["a.crt expired at 2001-02-03T00:00:00Z; renew it"],
            ),
            (
                |d| put_with(d, "a", &["a.example"], |p| p.not_before = date_time_ymd(2999, 1, 1)),
                &["a.crt is not valid before 2999-01-01"],
            ),
            (|d| put(d, "a", &[]), &["a.crt names no domain"]),
            (
                |d| {
                    put(d, "a", &["a.example", "b.example"]);
                    put(d, "b", &["B.example"]);
                },
                &["a.crt", "b.crt are both for b.example; take one"],
            ),
            (
                |d| {
                    put(d, "a.b", &["a.example"]);
                    std::fs::remove_file(d.path().join("a.b.key")).unwrap();
                },
                &["a.b.crt is without ", "a.b.key; put that beside it"],
            ),
            (
                |d| {
                    put(d, "a", &["a.example"]);
                    put(d, "b", &["b.example"]);
                    std::fs::copy(d.path().join("a.key"), d.path().join("b.key")).unwrap();
                },
                &["cannot use the certificate in ", "b.crt with the key in ", "b.key"],
            ),
            (
                |d| {
                    put(d, "a", &["a.example"]);
                    std::fs::write(d.path().join("a.key"), "").unwrap();
                },
                &["cannot read a private key in PEM form from ", "a.key"],
            ),
        ];
        for (prepare, told) in cases {
            let directory = tempfile::tempdir().unwrap();
            prepare(&directory);
            let error = read(&directory).unwrap_err().to_string();
            assert!(told.iter().all(|told| error.contains(told)), "{told:?}: {error}");
        }
    }

    #[test]
    fn the_clock_decides_what_is_expired() {
        let directory = tempfile::tempdir().unwrap();
        put_with(&directory, "a", &["a.example"], |p| p.not_after = date_time_ymd(2031, 1, 1));
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        // 2030-12-31 and 2031-01-02.
        assert!(read_at(&directory, at(1_924_905_600)).is_ok());
        assert!(matches!(read_at(&directory, at(1_925_078_400)), Err(TlsError::Time { .. })));
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("tls");
        let options = TlsOptions { pair: None, directory: Some(missing) };
        let provider = rustls::crypto::ring::default_provider();
        let error = Certificates::read(&options, &provider, UnixTime::now()).unwrap_err();
        assert!(error.to_string().contains("/tls"), "{error}");
    }
}
