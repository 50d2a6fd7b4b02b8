//! Values that only a node with the seed can read: how they are at rest.
//!
//! Each is encrypted with AES-256-GCM under a key of its own, worked out of the seed and of a salt that is
//! kept with it, so that no key is used twice and none is stored. What it belongs to is authenticated with
//! it: a row that is put in the place of another does not open.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use lambent_types::{Error, ErrorCode};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use crate::random_id::random_bytes;
use crate::secret_seed::SecretSeed;

const SALT_BYTES: usize = 32;

/// A value as it is stored: in base64 the salt of its key, what is encrypted, and its tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SealedValue(String);

impl SealedValue {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl SecretSeed {
    /// Encrypts a value. `of` is what it belongs to, from the namespace to the version.
    pub(crate) fn encrypt(&self, of: &[&str], value: &[u8]) -> Result<SealedValue, Error> {
        let mut sealed = random_bytes::<SALT_BYTES>()?.to_vec();
        let mut encrypted = value.to_vec();
        self.cipher(&sealed)
            .and_then(|cipher| cipher.seal_in_place_append_tag(nonce(), said(of), &mut encrypted))
            .map_err(|_| failed("a value cannot be encrypted"))?;
        sealed.append(&mut encrypted);
        Ok(SealedValue(STANDARD_NO_PAD.encode(sealed)))
    }

    /// Decrypts what was encrypted with this seed and belongs to `of`.
    pub(crate) fn decrypt(&self, of: &[&str], sealed: &SealedValue) -> Result<Vec<u8>, Error> {
        let opened = STANDARD_NO_PAD.decode(&sealed.0).ok().and_then(|bytes| {
            let (salt, encrypted) = bytes.split_at_checked(SALT_BYTES)?;
            let mut encrypted = encrypted.to_vec();
            let cipher = self.cipher(salt).ok()?;
            Some(cipher.open_in_place(nonce(), said(of), &mut encrypted).ok()?.to_vec())
        });
        opened.ok_or_else(|| {
            failed("a value does not open: it is damaged, or was sealed with another seed")
        })
    }

    fn cipher(&self, salt: &[u8]) -> Result<LessSafeKey, ring::error::Unspecified> {
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.sealing_key(salt))?))
    }
}

/// A key seals one value alone, so that any nonce is a new one.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// What a value belongs to, written so that no two differ only in where one part ends.
fn said(of: &[&str]) -> Aad<Vec<u8>> {
    let part = |part: &&str| {
        let length = part.len() as u64;
        length.to_be_bytes().into_iter().chain(part.bytes()).collect::<Vec<u8>>()
    };
    Aad::from(of.iter().flat_map(part).collect())
}

fn failed(reason: &'static str) -> Error {
    tracing::error!(reason, "sealed values");
    Error::new(ErrorCode::Internal, "a sealed value cannot be used; see the server's log")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: SecretSeed = SecretSeed([7; 32]);
    const OF: [&str; 3] = ["team", "db/password", "1"];

    #[test]
    fn a_value_opens_with_its_seed_and_in_its_place_alone() {
        let sealed = SEED.encrypt(&OF, b"open sesame").unwrap();
        assert_eq!(SEED.decrypt(&OF, &sealed).unwrap(), b"open sesame");
        assert!(SecretSeed([8; 32]).decrypt(&OF, &sealed).is_err());
        for of in [
            ["other", "db/password", "1"],
            ["team", "db/other", "1"],
            ["team", "db/password", "2"],
            ["teamd", "b/password", "1"],
        ] {
            assert!(SEED.decrypt(&of, &sealed).is_err(), "{of:?}");
        }
        assert_ne!(SEED.encrypt(&OF, b"open sesame").unwrap(), sealed);
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let sealed = SEED.encrypt(&OF, b"open sesame").unwrap();
        let bytes = STANDARD_NO_PAD.decode(sealed.as_str()).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = SealedValue(STANDARD_NO_PAD.encode(changed));
            assert!(SEED.decrypt(&OF, &changed).is_err(), "byte {at}");
            let cut = SealedValue(STANDARD_NO_PAD.encode(&bytes[..at]));
            assert!(SEED.decrypt(&OF, &cut).is_err(), "cut at {at}");
        }
        assert!(SEED.decrypt(&OF, &SealedValue("not base64!".into())).is_err());
    }

    #[test]
    fn nothing_of_a_value_is_seen_when_it_is_sealed() {
        let sealed = SEED.encrypt(&OF, b"open sesame").unwrap();
        let bytes = STANDARD_NO_PAD.decode(sealed.as_str()).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"open"));
        assert!(!format!("{sealed:?}").contains("open"));
    }
}
