//! Durations on the command line, days and weeks included.

use std::time::Duration;

use lambent_types::{InvalidSize, parse_duration};

/// Reads a duration: what the API reads, and whole days and weeks (`7d`, `2w`).
///
/// # Errors
/// The text is no duration.
pub(crate) fn parse(text: &str) -> Result<Duration, InvalidSize> {
    const DAY: u64 = 24 * 60 * 60;
    let text = text.trim();
    for (unit, seconds) in [("d", DAY), ("w", 7 * DAY)] {
        let count = text.strip_suffix(unit).and_then(|count| count.trim().parse::<u64>().ok());
        if let Some(seconds) = count.and_then(|count| count.checked_mul(seconds)) {
            return Ok(Duration::from_secs(seconds));
        }
    }
    parse_duration(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_weeks_are_durations() {
        assert_eq!(parse("7d"), Ok(Duration::from_secs(604_800)));
        assert_eq!(parse("2 w"), Ok(Duration::from_secs(1_209_600)));
        assert_eq!(parse("10m"), Ok(Duration::from_secs(600)));
        assert!(parse("d").is_err());
        assert!(parse("soon").is_err());
    }
}
