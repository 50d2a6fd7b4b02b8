//! Sizes and durations as people write them: `64MiB`, `1.5s`.

use std::time::Duration;

/// A size or a duration that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct InvalidSize {
    text: String,
    expected: &'static str,
}

impl InvalidSize {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(64).collect(), expected }
    }
}

/// Reads a number of bytes: `1048576`, `64MiB`, `64 MB`.
///
/// # Errors
/// Fails if the text is not a number, or its unit is unknown.
pub fn parse_bytes(text: &str) -> Result<u64, InvalidSize> {
    text.trim()
        .parse::<bytesize::ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| InvalidSize::new(text, "a size such as 64MiB"))
}

/// Reads a duration: `250ms`, `3s`, `1m 30s`; a bare number is seconds.
///
/// # Errors
/// Fails if the text is not a duration, is negative, or is finer than a millisecond,
/// which is the unit that durations are stored in.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidSize> {
    let invalid = || InvalidSize::new(text, "a duration such as 250ms or 3s");
    let duration = match text.trim().parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| invalid())?,
        Err(_) => {
            let span: jiff::SignedDuration = text.trim().parse().map_err(|_| invalid())?;
            Duration::try_from(span).map_err(|_| invalid())?
        }
    };
    if !duration.subsec_nanos().is_multiple_of(1_000_000) {
        return Err(InvalidSize::new(text, "a duration in whole milliseconds, such as 250ms"));
    }
    Ok(duration)
}

/// Writes a number of bytes for people: `64.0 MiB`.
#[must_use]
pub fn format_bytes(bytes: u64) -> String {
    bytesize::ByteSize::b(bytes).display().iec().to_string()
}

/// Writes a number for people, its thousands set apart: `10,000`.
#[must_use]
pub fn format_count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Writes a duration for people, as [`parse_duration`] reads it: `1m 30s`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let duration = jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX);
    format!("{duration:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(parse_bytes("64MiB"), Ok(64 << 20));
        assert_eq!(parse_bytes("1048576"), Ok(1 << 20));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("3"), Ok(Duration::from_secs(3)));
        assert_eq!(parse_duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("0.3"), Ok(Duration::from_millis(300)));
        assert!(parse_duration("-3s").is_err());
        for fine in ["1500us", "1.5ms", "0.0005", "1ns"] {
            let error = parse_duration(fine).unwrap_err().to_string();
            assert!(error.contains("whole milliseconds"), "{error}");
        }
        assert_eq!(format_duration(Duration::from_millis(90_250)), "1m 30s 250ms");
        assert_eq!(parse_duration("1m 30s 250ms"), Ok(Duration::from_millis(90_250)));
        assert!(parse_bytes("lots").is_err());
        assert_eq!(
            parse_bytes("12 parsecs").unwrap_err().to_string(),
            "\"12 parsecs\" is not a size such as 64MiB"
        );
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(format_count(0), "0");
        assert_eq!(format_count(999), "999");
        assert_eq!(format_count(1000), "1,000");
        assert_eq!(format_count(10_000_000_000), "10,000,000,000");
    }
}
