use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lambent_types::{KeyspaceName, Namespace, bounds};
use sha2::Sha256;

/// Bytes of the MAC that a cursor begins with: half of what HMAC gives.
const MAC_BYTES: usize = 16;
/// Most characters of a cursor, in base64.
const CURSOR_CHARS_MAX: usize = (MAC_BYTES + bounds::KEY_BYTES_MAX).div_ceil(3) * 4;

/// Makes the cursors of the second draft, and takes back only those.
///
/// A cursor is the last key that was listed, under a MAC that binds it to its
/// keyspace. The node keeps none: one is good in any later invocation, and for
/// as long as the node has the same key.
pub(crate) struct CursorKey([u8; 32]);

impl CursorKey {
    pub(crate) const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The cursor that continues after this key.
    pub(crate) fn give(&self, keyspace: (&Namespace, &KeyspaceName), after: &str) -> String {
        let mac = self.mac(keyspace, after.as_bytes()).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&mac[..MAC_BYTES], after.as_bytes()].concat())
    }

    /// The key that a cursor continues after; `None` if it was not given for
    /// this keyspace.
    pub(crate) fn take(
        &self,
        keyspace: (&Namespace, &KeyspaceName),
        cursor: &str,
    ) -> Option<String> {
        if cursor.len() > CURSOR_CHARS_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (mac, after) = bytes.split_at_checked(MAC_BYTES)?;
        self.mac(keyspace, after).verify_truncated_left(mac).ok()?;
        String::from_utf8(after.to_vec()).ok()
    }

    fn mac(
        &self,
        (namespace, keyspace): (&Namespace, &KeyspaceName),
        after: &[u8],
    ) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of 32 bytes");
        // No name has a line break, so that no two cursors have the same input.
        for part in ["cursor of wasi:keyvalue", &namespace.key(), keyspace.as_str()] {
            mac.update(part.as_bytes());
            mac.update(b"\n");
        }
        mac.update(after);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_for_a_keyspace_is_taken() {
        let (key, other) = (CursorKey::new([1; 32]), CursorKey::new([2; 32]));
        let (namespace, elsewhere) = (Namespace::default(), "other".parse().unwrap());
        let (cache, settings) = ("cache".parse().unwrap(), "settings".parse().unwrap());
        let here = (&namespace, &cache);
        for after in ["a", "", "Zoë \u{1f600}", &"k".repeat(bounds::KEY_BYTES_MAX)] {
            let cursor = key.give(here, after);
            assert_eq!(key.take(here, &cursor).as_deref(), Some(after));
            assert_eq!(key.take((&namespace, &settings), &cursor), None);
            assert_eq!(key.take((&elsewhere, &cache), &cursor), None);
            assert_eq!(other.take(here, &cursor), None);
            assert_eq!(key.take(here, &format!("{cursor}AAAA")), None);
        }
        for bad in
            ["", "0", "a", "=", "\0", &"A".repeat(22), &"A".repeat(100), &"A".repeat(1 << 20)]
        {
            assert_eq!(key.take(here, bad), None);
        }
    }
}
