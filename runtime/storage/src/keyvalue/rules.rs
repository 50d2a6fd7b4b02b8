//! What holds of keys and values in every backend, apart from how they are stored.

use std::time::Duration;

use jiff::Timestamp;
use lambent_types::{Validators, bounds};

use super::{Change, Entry, Expect, KeyValueError};

/// Most bytes of keys and values in one batch, which is one transaction.
const BATCH_BYTES_MAX: usize = 16 << 20;

fn invalid(text: String) -> Result<(), KeyValueError> {
    Err(KeyValueError::Invalid(text))
}

/// Checks a key.
pub(crate) fn check_key(key: &str) -> Result<(), KeyValueError> {
    let most = bounds::KEY_BYTES_MAX;
    match key.len() {
        0 => invalid(format!("a key is empty; give 1 to {most} bytes of UTF-8")),
        bytes if bytes > most => invalid(format!("a key has {bytes} bytes; the most is {most}")),
        _ => Ok(()),
    }
}

/// Whether a batch only takes away.
pub fn only_deletes(changes: &[Change]) -> bool {
    changes.iter().all(|change| matches!(change, Change::Delete { .. }))
}

/// How many bytes the keys and values of a batch have.
pub fn size(changes: &[Change]) -> usize {
    let value = |change: &Change| match change {
        Change::Set { value, .. } => value.len(),
        Change::Delete { .. } => 0,
    };
    changes.iter().map(|change| change.key().len() + value(change)).sum()
}

/// Checks what a batch is made of.
pub(crate) fn check_changes(changes: &[Change]) -> Result<(), KeyValueError> {
    if changes.len() > bounds::BATCH_MAX {
        let (count, most) = (changes.len(), bounds::BATCH_MAX);
        invalid(format!("a batch has {count} changes; the most is {most}"))?;
    }
    for change in changes {
        check_key(change.key())?;
        if let Change::Set { key, value, options } = change {
            let (size, most) = (value.len(), bounds::VALUE_BYTES_MAX);
            if size > most {
                invalid(format!("the value of key {key:?} has {size} bytes; the most is {most}"))?;
            }
            if options.ttl == Some(Duration::ZERO) {
                invalid(format!("the time to live of key {key:?} is 0; give more, or none"))?;
            }
        }
    }
    let bytes = size(changes);
    if bytes > BATCH_BYTES_MAX {
        invalid(format!(
            "a batch has {bytes} bytes of keys and values; the most is {BATCH_BYTES_MAX}"
        ))?;
    }
    Ok(())
}

/// Checks that a key is as expected.
pub fn check_expect(
    key: &str,
    current: Option<&Entry>,
    expect: &Expect,
) -> Result<(), KeyValueError> {
    let current = current.map(|entry| entry.revision);
    let met = match expect {
        Expect::Any => true,
        Expect::Absent => current.is_none(),
        Expect::Revision(revision) => current == Some(*revision),
        Expect::When(precondition) => {
            let tag = current.map(|revision| revision.to_string());
            let validators =
                tag.as_deref().map(|tag| Validators { tag: Some(tag), modified: None });
            precondition.check(validators).is_ok()
        }
    };
    if met { Ok(()) } else { Err(KeyValueError::Expectation { key: key.to_owned(), current }) }
}

/// When a value set `now` is gone: whole milliseconds, and never early.
pub fn expiry(now: Timestamp, ttl: Duration) -> Timestamp {
    const MILLISECOND: i128 = 1_000_000;
    let ttl = i128::try_from(ttl.as_nanos()).unwrap_or(i128::MAX);
    let end = now.as_nanosecond().saturating_add(ttl).saturating_add(MILLISECOND - 1);
    let end = i64::try_from(end.div_euclid(MILLISECOND)).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(end).unwrap_or(LATEST)
}

/// The last time that is a whole number of milliseconds.
const LATEST: Timestamp = Timestamp::constant(253_402_207_200, 0);

/// Whether it is still there.
pub fn live(entry: &Entry, now: Timestamp) -> bool {
    entry.expires.is_none_or(|expires| expires > now)
}

/// A counter's value after `by` was added. Without a value it is 0.
pub fn add(key: &str, value: Option<&[u8]>, by: i64) -> Result<i64, KeyValueError> {
    let parse = |value: &[u8]| {
        let text = std::str::from_utf8(value).ok()?;
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        text.parse::<i64>().ok().filter(|_| plain)
    };
    let sum = value.map_or(Some(0), parse).and_then(|now| now.checked_add(by));
    sum.ok_or_else(|| KeyValueError::NotACounter(key.to_owned()))
}

/// What a key and its value count against the quota, in bytes.
pub fn weight(key: &str, entry: &Entry) -> i64 {
    (key.len() + entry.value.len()) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_never_end_early() {
        let now = Timestamp::from_nanosecond(1_700_000_000_000_000_001).unwrap();
        let end = expiry(now, Duration::from_millis(5));
        assert_eq!(end.as_nanosecond(), 1_700_000_000_006_000_000);
        assert!(expiry(now, Duration::from_nanos(1)) > now);
        assert_eq!(expiry(now, Duration::MAX), LATEST);
        assert_eq!(expiry(Timestamp::MAX, Duration::from_secs(1)), LATEST);
    }

    #[test]
    fn counters_are_plain_decimals() {
        for (value, sum) in [("41", 42), ("-1", 0), ("007", 8)] {
            assert_eq!(add("k", Some(value.as_bytes()), 1).unwrap(), sum);
        }
        for value in ["", "+1", " 1", "1.0", "--1", "9223372036854775807", "9223372036854775808"] {
            assert!(add("k", Some(value.as_bytes()), 1).is_err(), "{value}");
        }
        assert!(add("k", Some(&[0xff]), 1).is_err());
    }
}
