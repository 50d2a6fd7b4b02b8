//! The node's own secrets: the root key, whose holder may do everything, and
//! the key that authenticates compiled code.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambent_aws::RootCredentials;
use lambent_service::SecretSeed;
use lambent_storage_embedded::{DataDir, layout, write_file};
use lambent_types::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::credentials::{CredentialError, Credentials};

/// The root key, known by its hash only.
pub(crate) struct RootKey {
    sha256: [u8; 32],
    /// Bytes of it.
    length: usize,
}

/// What the key's file holds, for whoever may read it: the command line finds
/// the key and the server there.
#[derive(Serialize, Deserialize)]
struct Stored {
    key_id: String,
    secret: String,
    /// The base URL of the server that last used the directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A key's file cannot be read or written.
    #[error("cannot {action} {file} in the data directory")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file.
        file: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The root key's file is there and holds no key.
    #[error(
        "{} holds no root key; restore it, or delete it to get a new one",
        layout::ROOT_KEY_FILE
    )]
    Malformed,
    /// The seed of access keys is damaged.
    #[error(
        "{} is damaged; restore it from a backup, or delete it and every access key is void and every secret \
         and parameter lost",
        layout::ACCESS_KEY_SEED_FILE
    )]
    Seed,
    /// A credential cannot be used.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// A credential holds something else.
    #[error("the credential {} holds no {what}; put the file of that name from a data directory there", path.display())]
    Strange {
        /// Its file.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
    },
    /// A credential and the data directory say different things.
    #[error(
        "the credential {} is another than {file} in the data directory; delete the one that is not in use",
        path.display()
    )]
    Contradicts {
        /// The credential's file.
        path: PathBuf,
        /// The file in the data directory.
        file: &'static str,
    },
    /// The seed is not the one that the data was made with.
    #[error(
        "{} is not the seed that this data was made with; give that one, or delete {} in the data \
         directory and every access key is void and every secret and parameter lost",
        path.display(), layout::SEED_DIGEST_FILE
    )]
    OtherSeed {
        /// The credential's file.
        path: PathBuf,
    },
    /// The seed came from outside before and does not now.
    #[error(
        "the seed of this data came as the credential {0}, which is not there; give it as before \
         (--credentials, LoadCredential=), or delete {1} in the data directory and every access key is \
         void and every secret and parameter lost",
        layout::ACCESS_KEY_SEED_FILE,
        layout::SEED_DIGEST_FILE
    )]
    SeedMissing,
    /// The operating system gave no random bytes.
    #[error("no random bytes for a key")]
    Random(#[source] getrandom::Error),
}

fn read(data: &DataDir, file: &'static str) -> Result<Option<Vec<u8>>, KeyError> {
    match data.dir().read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyError::Io { action: "read", file, source }),
    }
}

fn write(data: &DataDir, file: &'static str, bytes: &[u8]) -> Result<(), KeyError> {
    write_file(data.dir(), file, bytes).map_err(|source| KeyError::Io {
        action: "write",
        file,
        source,
    })
}

/// Reads the key that authenticates compiled code, or makes one. A damaged one
/// is replaced: all it costs is compiling again.
pub(crate) fn artifact_key(data: &DataDir) -> Result<[u8; 32], KeyError> {
    let stored = read(data, layout::ARTIFACT_KEY_FILE)?;
    if let Some(key) = stored.and_then(|bytes| bytes.try_into().ok()) {
        return Ok(key);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(KeyError::Random)?;
    write(data, layout::ARTIFACT_KEY_FILE, &key)?;
    Ok(key)
}

/// Reads what the secrets of access keys are made with and what is secret at rest is
/// sealed with: a credential, or else a file that is made on the first start. Another than
/// before, or a damaged one, is refused: every access key and every secret would be lost
/// without a word.
pub(crate) fn secret_seed(
    data: &DataDir,
    credentials: Option<&Credentials>,
) -> Result<SecretSeed, KeyError> {
    let file = layout::ACCESS_KEY_SEED_FILE;
    let stored = read(data, file)?;
    let digest = read(data, layout::SEED_DIGEST_FILE)?;
    if let Some(credentials) = credentials
        && let Some(given) = credentials.read(file)?
    {
        let path = credentials.path(file);
        let Ok(seed) = <[u8; 32]>::try_from(given) else {
            return Err(KeyError::Strange { path, what: "seed of 32 bytes" });
        };
        if stored.is_some_and(|stored| stored != seed) {
            return Err(KeyError::Contradicts { path, file });
        }
        // Of 32 random bytes a digest tells nothing.
        let own = seed_digest(&seed);
        match digest {
            Some(digest) if digest != own.as_bytes() => return Err(KeyError::OtherSeed { path }),
            Some(_) => {}
            None => write(data, layout::SEED_DIGEST_FILE, own.as_bytes())?,
        }
        return Ok(SecretSeed(seed));
    }
    if let Some(stored) = stored {
        let seed = stored.try_into().map_err(|_| KeyError::Seed)?;
        if digest.is_some_and(|digest| digest != seed_digest(&seed).as_bytes()) {
            return Err(KeyError::Seed);
        }
        return Ok(SecretSeed(seed));
    }
    if digest.is_some() {
        return Err(KeyError::SeedMissing);
    }
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(KeyError::Random)?;
    write(data, file, &seed)?;
    Ok(SecretSeed(seed))
}

/// What says which seed one is, as a line of text.
fn seed_digest(seed: &[u8; 32]) -> String {
    format!("{}\n", Digest::of(seed))
}

impl RootKey {
    /// Reads the key: a credential, or else a file that is made on the first start and in which
    /// `endpoint` is noted beside it. The key itself is for the door of AWS's tools, which sign
    /// with it.
    ///
    /// # Errors
    /// The credential or the file cannot be used. A damaged one is never replaced: whoever holds
    /// the key would be locked out without a word.
    pub(crate) fn open(
        data: &DataDir,
        credentials: Option<&Credentials>,
        endpoint: &str,
    ) -> Result<(Self, RootCredentials), KeyError> {
        let file = layout::ROOT_KEY_FILE;
        let stored =
            read(data, file)?.map(|bytes| Stored::parse(&bytes).ok_or(KeyError::Malformed));
        let stored = stored.transpose()?;
        if let Some(credentials) = credentials
            && let Some(given) = credentials.read(file)?
        {
            let path = credentials.path(file);
            let Some(given) = Stored::parse(&given) else {
                return Err(KeyError::Strange { path, what: "root key" });
            };
            // The command line would send the other one.
            if stored.is_some_and(|stored| stored.secret != given.secret) {
                return Err(KeyError::Contradicts { path, file });
            }
            return Ok((Self::of(&given), given.into()));
        }
        let stored = stored.map_or_else(Stored::generate, Ok)?;
        let key = Self::of(&stored);
        // Written at every start: it may be new, at another endpoint, or have
        // been made readable for others.
        let stored = Stored { endpoint: Some(endpoint.to_owned()), ..stored };
        let mut json = serde_json::to_vec_pretty(&stored).map_err(|_| KeyError::Malformed)?;
        json.push(b'\n');
        write(data, layout::ROOT_KEY_FILE, &json)?;
        Ok((key, stored.into()))
    }

    fn of(stored: &Stored) -> Self {
        Self { sha256: Sha256::digest(&stored.secret).into(), length: stored.secret.len() }
    }

    /// Whether `presented` is the key; takes as long either way.
    pub(crate) fn is(&self, presented: &[u8]) -> bool {
        let presented: [u8; 32] = Sha256::digest(presented).into();
        self.sha256.ct_eq(&presented).into()
    }

    /// Whether the key stands somewhere in `text`, between characters that no
    /// generated key has, or is all of it.
    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        let of_a_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let mut words = text.split(|byte| !of_a_key(byte));
        text.len() >= self.length
            && (words.any(|word| word.len() == self.length && self.is(word)) || self.is(text))
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey")
    }
}

impl From<Stored> for RootCredentials {
    fn from(stored: Stored) -> Self {
        Self { access_key: stored.key_id, secret: stored.secret }
    }
}

impl Stored {
    /// What a file holds, if that is a key.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let stored: Self = serde_json::from_slice(bytes).ok()?;
        (stored.secret.len() >= 32).then_some(stored)
    }

    fn generate() -> Result<Self, KeyError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(KeyError::Random)?;
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(KeyError::Random)?;
        // The alphabet and length AWS tools accept for an access key id.
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let id: String =
            id.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        Ok(Self {
            key_id: format!("LKIA{id}"),
            secret: URL_SAFE_NO_PAD.encode(secret),
            endpoint: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn stored(path: &std::path::Path) -> Stored {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn the_first_start_makes_a_key_and_later_ones_keep_it() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::open(temp.path()).unwrap();
        let file = data.path().join("root-key.json");

        let (key, credentials) = RootKey::open(&data, None, "http://127.0.0.1:1").unwrap();
        let first = stored(&file);
        assert_eq!((&credentials.access_key, &credentials.secret), (&first.key_id, &first.secret));
        assert!(key.is(first.secret.as_bytes()) && !key.is(b"") && !key.is(b"test"));
        for (around, there) in [
            ("Bearer {}", true),
            ("bearer\t{}", true),
            ("a=1; key=\"{}\"", true),
            ("/x?key={}&y", true),
            ("{}", true),
            ("Bearer {}x", false),
            ("", false),
        ] {
            let text = around.replace("{}", &first.secret);
            assert_eq!(key.is_in(text.as_bytes()), there, "{around}");
        }
        assert_eq!(first.key_id.len(), 20);
        assert_eq!(first.endpoint.as_deref(), Some("http://127.0.0.1:1"));

        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let (again, _) = RootKey::open(&data, None, "http://127.0.0.1:2").unwrap();
        assert!(again.is(first.secret.as_bytes()));
        assert_eq!(stored(&file).endpoint.as_deref(), Some("http://127.0.0.1:2"));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_artifact_key_stays_unless_damaged() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::open(temp.path()).unwrap();
        let key = artifact_key(&data).unwrap();
        assert_eq!(artifact_key(&data).unwrap(), key);
        data.dir().write("artifact-key", "short").unwrap();
        assert_ne!(artifact_key(&data).unwrap(), key);
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::open(temp.path()).unwrap();
        for text in ["", "{}", r#"{"key_id":"a","secret":""}"#] {
            data.dir().write("root-key.json", text).unwrap();
            assert!(matches!(RootKey::open(&data, None, ""), Err(KeyError::Malformed)));
            assert_eq!(data.dir().read_to_string("root-key.json").unwrap(), text);
        }
    }

    /// Credentials that need not be there, with these files.
    fn credentials(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Credentials) {
        let directory = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = directory.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o400)).unwrap();
        }
        let credentials = Credentials { directory: directory.path().into(), required: false };
        (directory, credentials)
    }

    #[test]
    fn a_seed_from_outside_is_the_same_each_time_or_refused() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::open(temp.path()).unwrap();
        let (_one, one) = credentials(&[("access-key-seed", &[1; 32])]);
        let (_two, two) = credentials(&[("access-key-seed", &[2; 32])]);
        let (_short, short) = credentials(&[("access-key-seed", &[1; 31])]);
        let (_none, none) = credentials(&[]);
        for _ in 0..2 {
            assert_eq!(secret_seed(&data, Some(&one)).unwrap().0, [1; 32]);
        }
        assert!(!data.dir().exists("access-key-seed"), "it stays outside");
        assert!(matches!(secret_seed(&data, Some(&two)), Err(KeyError::OtherSeed { .. })));
        assert!(matches!(secret_seed(&data, Some(&short)), Err(KeyError::Strange { .. })));
        for without in [Some(&none), None] {
            assert!(matches!(secret_seed(&data, without), Err(KeyError::SeedMissing)));
        }
        assert!(!data.dir().exists("access-key-seed"), "no other is made");
        // It may come back into the directory, but no other may.
        data.dir().write("access-key-seed", [1; 32]).unwrap();
        assert_eq!(secret_seed(&data, None).unwrap().0, [1; 32]);
        assert_eq!(secret_seed(&data, Some(&one)).unwrap().0, [1; 32]);
        assert!(matches!(secret_seed(&data, Some(&two)), Err(KeyError::Contradicts { .. })));
        data.dir().write("access-key-seed", [2; 32]).unwrap();
        assert!(matches!(secret_seed(&data, None), Err(KeyError::Seed)));
    }

    #[test]
    fn a_root_key_from_outside_is_not_written_down() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::open(temp.path()).unwrap();
        let text = |secret: char| {
            let secret = secret.to_string().repeat(43);
            format!(r#"{{"key_id":"LKIAAAAAAAAAAAAAAAAA","secret":"{secret}"}}"#)
        };
        let (one, two) = (text('a'), text('b'));
        let (_one, given) = credentials(&[("root-key.json", one.as_bytes())]);
        let (_bad, bad) = credentials(&[("root-key.json", b"secret")]);
        let (key, credentials) = RootKey::open(&data, Some(&given), "http://127.0.0.1:1").unwrap();
        assert!(key.is("a".repeat(43).as_bytes()));
        assert_eq!(credentials.access_key, "LKIAAAAAAAAAAAAAAAAA");
        assert!(!data.dir().exists("root-key.json"));
        assert!(matches!(RootKey::open(&data, Some(&bad), ""), Err(KeyError::Strange { .. })));
        data.dir().write("root-key.json", two).unwrap();
        assert!(matches!(
            RootKey::open(&data, Some(&given), ""),
            Err(KeyError::Contradicts { .. })
        ));
        data.dir().write("root-key.json", one).unwrap();
        assert!(RootKey::open(&data, Some(&given), "").is_ok());
    }
}
