//! What the secrets of access keys, the tokens of sessions and the keys of sealed values are made with, and
//! what secrets look like.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lambent_types::{Error, ErrorCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

/// What every secret begins with, so that it is known for one wherever it stands.
const PREFIX: &str = "lsk_";
/// Characters of a secret: the prefix, and 32 bytes in base64.
const SECRET_CHARS: usize = PREFIX.len() + 43;
/// What secrets are made with. Whoever has it can make the secret of every key.
#[derive(Clone, Copy)]
pub struct SecretSeed(pub [u8; 32]);

/// What a code is made for: one made for one thing is never that of another.
const OF_ACCESS_KEYS: &[u8] = b"lambent access key\0";
const OF_TOKENS: &[u8] = b"lambent session token\0";
const OF_SESSIONS: &[u8] = b"lambent session secret\0";
const OF_SEALED_VALUES: &[u8] = b"lambent sealed value\0";

impl SecretSeed {
    /// The secret of a key.
    pub(crate) fn secret(&self, id: &str) -> String {
        secret_text(self.code(OF_ACCESS_KEYS, id.as_bytes()))
    }

    /// What is said, so that nobody else can have said it: in base64, and after a dot its code.
    pub(crate) fn sealed(&self, said: &impl Serialize) -> Result<String, Error> {
        let said = serde_json::to_vec(said).map_err(|error| {
            tracing::error!(%error, "a token cannot be written");
            Error::new(ErrorCode::Internal, "a token cannot be written; see the server's log")
        })?;
        let code = self.code(OF_TOKENS, &said).finalize().into_bytes();
        Ok(format!("{}.{}", URL_SAFE_NO_PAD.encode(said), URL_SAFE_NO_PAD.encode(code)))
    }

    /// What a token says, if it was sealed with this seed.
    pub(crate) fn unsealed<T: DeserializeOwned>(&self, token: &str) -> Option<T> {
        let (said, code) = token.split_once('.')?;
        let (said, code) = (URL_SAFE_NO_PAD.decode(said).ok()?, URL_SAFE_NO_PAD.decode(code).ok()?);
        // Compared in constant time.
        self.code(OF_TOKENS, &said).verify_slice(&code).ok()?;
        serde_json::from_slice(&said).ok()
    }

    /// What the holder of a token signs with.
    pub(crate) fn secret_of_token(&self, token: &str) -> String {
        secret_text(self.code(OF_SESSIONS, token.as_bytes()))
    }

    /// The key that a sealed value of this salt is encrypted with.
    pub(crate) fn sealing_key(&self, salt: &[u8]) -> [u8; 32] {
        self.code(OF_SEALED_VALUES, salt).finalize().into_bytes().into()
    }

    fn code(&self, made_for: &[u8], of: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of 32 bytes");
        mac.update(made_for);
        mac.update(of);
        mac
    }
}

fn secret_text(code: Hmac<Sha256>) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(code.finalize().into_bytes()))
}

/// Whether `text` has the form of a secret, whoever's it is.
pub(crate) fn is_secret(text: &str) -> bool {
    text.len() == SECRET_CHARS && text.starts_with(PREFIX)
}

/// The words of `text` that have the form of a secret, between characters that no
/// secret has.
pub fn secrets_in(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let of_a_secret = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    // Every header of every request is looked through, and most are shorter.
    let text = if text.len() < SECRET_CHARS { &[] } else { text };
    let words = text.split(move |byte| !of_a_secret(byte));
    words
        .filter(|word| word.len() == SECRET_CHARS && std::str::from_utf8(word).is_ok_and(is_secret))
}
