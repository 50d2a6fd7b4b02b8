//! Which part of an object a client wants: one range of bytes, by RFC 9110 §14.

/// A range as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// From there on, up to and with the second.
    From(u64, Option<u64>),
    /// So many at the end.
    Last(u64),
}

/// A part of so many bytes: from `start` to before `end`, which may be beyond
/// the end of what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Wanted {
    /// The part of `size` bytes that this is. May begin after the end.
    pub(super) fn of(self, size: u64) -> Part {
        let (start, end) = match self {
            Self::From(start, last) => (start, last.map_or(size, |last| last.saturating_add(1))),
            // None of nothing: what begins at the end cannot be had.
            Self::Last(0) => (size, size),
            Self::Last(count) => (size.saturating_sub(count), size),
        };
        Part { start, end }
    }
}

/// Reads `Range`: `None` if it is malformed, has several ranges, or is of
/// another unit.
pub(super) fn parse(text: &str) -> Option<Wanted> {
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

    fn of(range: &str) -> Option<(u64, u64)> {
        parse(range).map(|wanted| wanted.of(10)).map(|part| (part.start, part.end))
    }

    #[test]
    fn ranges_are_counted_from_either_end() {
        assert_eq!(of("bytes=0-3"), Some((0, 4)));
        assert_eq!(of("Bytes=4-"), Some((4, 10)));
        assert_eq!(of("bytes=-3"), Some((7, 10)));
        assert_eq!(of("bytes=-30"), Some((0, 10)));
        assert_eq!(of("bytes=-0"), Some((10, 10)));
        assert_eq!(of("bytes=10-"), Some((10, 10)));
        assert_eq!(of("bytes=0-99999999999999999999"), Some((0, u64::MAX)));
    }

    #[test]
    fn what_is_no_single_range_is_not_one() {
        for odd in ["bytes=3-1", "bytes=", "bytes=-", "bytes=a-b", "bytes=+1-2", "lines=1-2"] {
            assert_eq!(of(odd), None, "{odd}");
        }
        for several in ["bytes=0-1,3-4", "bytes=0-1, -2"] {
            assert_eq!(of(several), None, "{several}");
        }
    }
}
