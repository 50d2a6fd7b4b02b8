//! Which part of an object a client wants: one range of bytes, by RFC 9110.

use std::ops::Range;

use http::HeaderMap;
use http::header::{IF_RANGE, RANGE};

/// A range as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// From there on, up to and with the second.
    From(u64, Option<u64>),
    /// So many at the end.
    Last(u64),
}

/// The part of `size` bytes with `etag` that is wanted; `None` is all of it: if
/// there is no range, if there are several, and if the range is malformed or
/// for what the object is no longer. May begin after the end.
pub(super) fn wanted(headers: &HeaderMap, etag: &str, size: u64) -> Option<Range<u64>> {
    let mut values = headers.get_all(RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    if let Some(condition) = headers.get(IF_RANGE)
        && condition.to_str().ok()?.trim() != format!("\"{etag}\"")
    {
        return None;
    }
    Some(match parse(value.to_str().ok()?)? {
        Wanted::From(start, last) => start..last.map_or(size, |last| last.saturating_add(1)),
        // None of nothing: what begins at the end cannot be had.
        Wanted::Last(0) => size..size,
        Wanted::Last(count) => size.saturating_sub(count)..size,
    })
}

fn parse(text: &str) -> Option<Wanted> {
    let (unit, range) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (start, last) = range.trim().split_once('-')?;
    match (start, last) {
        ("", last) => Some(Wanted::Last(number(last)?)),
        (start, "") => Some(Wanted::From(number(start)?, None)),
        (start, last) => {
            let (start, last) = (number(start)?, number(last)?);
            (start <= last).then_some(Wanted::From(start, Some(last)))
        }
    }
}

/// Digits only: no sign, no space.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str, condition: Option<&str>) -> Option<Range<u64>> {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, range.parse().unwrap());
        if let Some(condition) = condition {
            headers.insert(IF_RANGE, condition.parse().unwrap());
        }
        wanted(&headers, "tag", 10)
    }

    #[test]
    fn ranges_are_counted_from_either_end() {
        assert_eq!(of("bytes=0-3", None), Some(0..4));
        assert_eq!(of("Bytes=4-", None), Some(4..10));
        assert_eq!(of("bytes=-3", None), Some(7..10));
        assert_eq!(of("bytes=-30", None), Some(0..10));
        assert_eq!(of("bytes=-0", None), Some(10..10));
        assert_eq!(of("bytes=10-", None), Some(10..10));
        assert_eq!(of("bytes=0-99999999999999999999", None), Some(0..u64::MAX));
    }

    #[test]
    fn what_is_no_single_range_is_not_one() {
        for odd in ["bytes=3-1", "bytes=", "bytes=-", "bytes=a-b", "bytes=+1-2", "lines=1-2"] {
            assert_eq!(of(odd, None), None, "{odd}");
        }
        for several in ["bytes=0-1,3-4", "bytes=0-1, -2"] {
            assert_eq!(of(several, None), None, "{several}");
        }
    }

    #[test]
    fn a_range_can_be_for_one_state_only() {
        assert_eq!(of("bytes=0-3", Some("\"tag\"")), Some(0..4));
        assert_eq!(of("bytes=0-3", Some("\"other\"")), None);
        assert_eq!(of("bytes=0-3", Some("Wed, 21 Oct 2026 07:28:00 GMT")), None);
    }
}
