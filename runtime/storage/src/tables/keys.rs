//! Keys as the bytes by which every backend orders items and takes them apart in segments.

use std::ops::Range;

use lambent_tables::{HASH_BYTES_MAX, Key, KeyValue, RANGE_BYTES_MAX};
use lambent_types::Digest;

/// Bytes of the slot of a partition.
const SLOT_BYTES: usize = 4;

/// The slot of a partition: partitions are ordered by it, so that a segment of a scan is a range,
/// and partitions that are alike are not beside each other. It rests on a hash that never changes.
fn slot(hash: &[u8]) -> [u8; SLOT_BYTES] {
    let mut slot = [0; SLOT_BYTES];
    slot.copy_from_slice(&Digest::of(hash).as_bytes()[..SLOT_BYTES]);
    slot
}

/// What the bytes of every key of a partition begin with, and of no other.
#[must_use]
pub fn partition(hash: &KeyValue) -> Vec<u8> {
    let hash = hash.to_bytes();
    let mut bytes = Vec::with_capacity(SLOT_BYTES + 2 + hash.len());
    bytes.extend(slot(&hash));
    // No hash key is longer than HASH_BYTES_MAX.
    let length = u16::try_from(hash.len()).unwrap_or(u16::MAX);
    bytes.extend(length.to_be_bytes());
    bytes.extend(hash);
    bytes
}

/// A key as bytes: those of its partition, then those of its range key. So items of a partition
/// are in the order of their range keys.
#[must_use]
pub fn bytes(key: &Key) -> Vec<u8> {
    let mut bytes = partition(&key.hash);
    if let Some(range) = &key.range {
        bytes.extend(range.to_bytes());
    }
    bytes
}

/// The slots of a segment, whose partitions begin with one of them.
#[must_use]
pub fn segment((which, of): (u32, u32)) -> Range<u64> {
    let first = |which: u32| (u64::from(which) << 32) / u64::from(of.max(1));
    first(which)..first(which.saturating_add(1))
}

/// The least bytes of a key of a slot, or nothing if there is no such slot.
#[must_use]
pub fn from_slot(slot: u64) -> Option<Vec<u8>> {
    u32::try_from(slot).ok().map(|slot| slot.to_be_bytes().to_vec())
}

/// The slot that the bytes of a key begin with.
#[must_use]
pub fn slot_of(key: &[u8]) -> u64 {
    key.iter().take(SLOT_BYTES).fold(0, |slot, byte| slot << 8 | u64::from(*byte))
}

/// The least bytes above all that begin with `prefix`; none if there are no such.
#[must_use]
pub fn beyond(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut bytes = prefix[..=last].to_vec();
    bytes[last] += 1;
    Some(bytes)
}

/// Whether a place in an index is one: what was in the table before the index may have a value
/// that no key has.
#[must_use]
pub fn is_usable(place: &Key) -> bool {
    let range_fits = |range: &KeyValue| !range.is_empty() && range.size() <= RANGE_BYTES_MAX;
    !place.hash.is_empty()
        && place.hash.size() <= HASH_BYTES_MAX
        && place.range.as_ref().is_none_or(range_fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(hash: &str, range: &str) -> Key {
        Key { hash: KeyValue::S(hash.into()), range: Some(KeyValue::S(range.into())) }
    }

    #[test]
    fn partitions_are_told_apart_whatever_is_in_their_keys() {
        assert_ne!(bytes(&key("a", "bc")), bytes(&key("ab", "c")));
        for (hash, range) in [("a", "x"), ("ab", ""), ("\0", "\u{10ffff}")] {
            let key = key(hash, range);
            assert!(bytes(&key).starts_with(&partition(&key.hash)));
        }
        assert!(bytes(&key("a", "x")) < bytes(&key("a", "y")));
        // For ever: what is stored is ordered by it.
        assert_eq!(bytes(&key("a", "b")), b"\xca\x97\x81\x12\0\x01ab");
    }

    #[test]
    fn every_slot_is_in_one_segment() {
        for of in [1, 2, 3, 7, 1_000_000] {
            assert_eq!(segment((0, of)).start, 0);
            assert_eq!(segment((of - 1, of)).end, 1 << 32);
            for which in 1..of.min(50) {
                assert_eq!(segment((which - 1, of)).end, segment((which, of)).start);
            }
        }
        assert_eq!(from_slot(1 << 32), None);
        assert_eq!(slot_of(&bytes(&key("a", "b"))), 0xca97_8112);
    }

    #[test]
    fn what_is_beyond_a_prefix_is_the_least_of_it() {
        assert_eq!(beyond(b"a\xff\xff"), Some(b"b".to_vec()));
        assert_eq!(beyond(b"ab"), Some(b"ac".to_vec()));
        assert_eq!((beyond(b""), beyond(b"\xff")), (None, None));
    }
}
