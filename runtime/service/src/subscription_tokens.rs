//! What subscribers show without a key: that they want a topic's messages, or want them no more. A token
//! says of which subscription it is, and has a part that nobody can guess.

use lambent_types::{Error, ErrorCode, Namespace, SubscriptionName};
use sha2::{Digest as _, Sha256};

use crate::random_id::random_bytes;

/// Bytes that nobody can guess.
const RANDOM_BYTES: usize = 24;
/// Most characters of a token.
const TOKEN_CHARS_MAX: usize = 512;

/// A new token for a subscription.
pub(crate) fn token(namespace: &Namespace, name: &SubscriptionName) -> Result<String, Error> {
    let random = random_bytes::<RANDOM_BYTES>()?;
    let place = [namespace.as_str().as_bytes(), name.as_str().as_bytes()].join(&0);
    Ok(hex(place.iter().chain(&[0]).chain(&random)))
}

/// The subscription that a token is for.
pub(crate) fn place(token: &str) -> Result<(Namespace, SubscriptionName), Error> {
    let read = || {
        let bytes = bytes(token)?;
        let mut parts = bytes.splitn(3, |byte| *byte == 0);
        let namespace = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        let name = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        (parts.next()?.len() == RANDOM_BYTES).then_some((namespace, name))
    };
    read().ok_or_else(invalid)
}

/// That a token is none, or none any more.
pub(crate) fn invalid() -> Error {
    Error::new(ErrorCode::InvalidRequest, "Token")
}

/// What is kept of a token.
pub(crate) fn digest(token: &str) -> String {
    hex(Sha256::digest(token.to_ascii_lowercase()).iter())
}

fn hex<'b>(bytes: impl Iterator<Item = &'b u8>) -> String {
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let fits = hex.len() <= TOKEN_CHARS_MAX
        && hex.len().is_multiple_of(2)
        && hex.bytes().all(|c| c.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    fits.then(|| (0..hex.len()).step_by(2).map(byte).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_of_which_subscription_it_is() {
        let (namespace, name) = (Namespace::default(), "s-1".parse().unwrap());
        let (one, other) = (token(&namespace, &name).unwrap(), token(&namespace, &name).unwrap());
        assert_ne!(one, other);
        assert_eq!(place(&one).unwrap(), (namespace, name));
        assert_ne!(digest(&one), digest(&other));
        for wrong in ["", "zz", "61", &one[..one.len() - 2], &format!("{one}00"), &"00".repeat(300)]
        {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
