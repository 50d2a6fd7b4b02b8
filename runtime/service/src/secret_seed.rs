//! What the secrets of access keys are made with, and what they look like.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What every secret begins with, so that it is known for one wherever it stands.
const PREFIX: &str = "lsk_";
/// Characters of a secret: the prefix, and 32 bytes in base64.
const SECRET_CHARS: usize = PREFIX.len() + 43;
/// What secrets are made with. Whoever has it can make the secret of every key.
#[derive(Clone, Copy)]
pub struct SecretSeed(pub [u8; 32]);

impl SecretSeed {
    /// The secret of a key.
    pub(crate) fn secret(&self, id: &str) -> String {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of 32 bytes");
        mac.update(b"lambent access key\0");
        mac.update(id.as_bytes());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
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
