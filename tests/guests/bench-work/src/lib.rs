//! What every server of the HTTP figures does, native or not: the same source,
//! so that a difference is the server's.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// What `/` answers; the same as `guest-examples/hello-http`.
pub const HELLO: &str = "Hello from Lambent!\n";
/// The key that `/keyvalue` reads.
pub const KEY: &str = "key";
/// Most that `/cpu` hashes.
const KIB_MAX: u64 = 1 << 20;
/// What `/cpu` hashes at a time.
const PIECE: usize = 1024;

/// The value of a query parameter, taken literally.
#[must_use]
pub fn parameter<'a>(target: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = target.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Parses a JSON object, counts its `count` up, and writes it again.
///
/// # Errors
/// It is no JSON.
pub fn json(body: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let mut value: serde_json::Value = serde_json::from_slice(body)?;
    let count = value["count"].as_u64().unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("count".into(), (count + 1).into());
    }
    serde_json::to_vec(&value)
}

/// Hashes the `kib` that the query asks for, filled from its `seed`, and tells
/// the digest as JSON.
#[must_use]
pub fn cpu(target: &str) -> String {
    let kib = parameter(target, "kib").and_then(|text| text.parse().ok()).unwrap_or(1024);
    let seed = parameter(target, "seed").and_then(|text| text.bytes().last()).unwrap_or_default();
    let mut hash = Sha256::new();
    for piece in 0..u64::min(kib, KIB_MAX) {
        // Its own bytes each time, so that nothing can be kept from the last.
        hash.update([seed ^ piece.to_le_bytes()[0]; PIECE]);
    }
    let mut digest = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    format!("{{\"kib\":{kib},\"sha256\":\"{digest}\"}}\n")
}
