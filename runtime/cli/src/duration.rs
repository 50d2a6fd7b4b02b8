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

/// Reads a duration of at most `most`.
///
/// # Errors
/// The text is no duration, or a longer one.
pub(crate) fn at_most(text: &str, most: Duration) -> Result<Duration, String> {
    let duration = parse(text).map_err(|error| error.to_string())?;
    if duration > most {
        return Err(format!("more than {}, the most there may be", format(most)));
    }
    Ok(duration)
}

/// Writes a duration as it can be read: in its largest whole unit.
pub(crate) fn format(duration: Duration) -> String {
    const UNITS: [(u128, &str); 4] =
        [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    let ms = duration.as_millis();
    match UNITS.into_iter().find(|(unit, _)| ms >= *unit && ms.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{}{name}", ms / unit),
        None if ms == 0 => "0s".into(),
        None => format!("{ms}ms"),
    }
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

    #[test]
    fn bounds_are_part_of_the_form() {
        let most = Duration::from_secs(20);
        assert_eq!(at_most("20s", most), Ok(most));
        assert_eq!(at_most("21s", most).unwrap_err(), "more than 20s, the most there may be");
        assert!(at_most("soon", most).is_err());
    }

    #[test]
    fn what_is_written_can_be_read() {
        for (ms, text) in [(0, "0s"), (1, "1ms"), (90_000, "90s"), (7_200_000, "2h")] {
            let duration = Duration::from_millis(ms);
            assert_eq!(format(duration), text);
            assert_eq!(parse(text), Ok(duration));
        }
        assert_eq!(format(Duration::from_secs(345_600)), "4d");
    }
}
