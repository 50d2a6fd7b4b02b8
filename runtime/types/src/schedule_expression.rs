//! Schedule expressions: parsing, and when they fire next.

use std::time::Duration;

use croner::parser::{CronParser, Seconds};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, ErrorCode};
use crate::schedule::Schedule;

/// What the fields of a cron expression are called, seconds first.
const FIELDS: [&str; 6] = ["second", "minute", "hour", "day of month", "month", "day of week"];

fn invalid<T>(detail: String) -> Result<T, Error> {
    Err(Error::new(ErrorCode::InvalidConfiguration, detail))
}

/// The first time after `time` that a schedule fires.
///
/// In a time zone with daylight saving, times of day that a night skips are
/// fired when the clock has jumped; times that a night has twice are fired the first time.
pub(crate) fn next_after(schedule: &Schedule, time: Timestamp) -> Result<Option<Timestamp>, Error> {
    let text = schedule.expression.0.trim();
    let zone = TimeZone::get(&schedule.time_zone).or_else(|_| {
        invalid(format!(
            "time zone {:?} is not known; give an IANA name such as \"Europe/Berlin\", or \"UTC\"",
            schedule.time_zone
        ))
    })?;
    match text.split_once('(') {
        Some(("rate", rest)) => Ok(next_of_rate(rate(text, rest)?, time)),
        Some(("at", rest)) => Ok(Some(at(text, rest, &zone)?).filter(|at| *at > time)),
        _ => next_of_cron(text, time, zone),
    }
}

fn inner<'a>(text: &str, rest: &'a str) -> Result<&'a str, Error> {
    rest.strip_suffix(')').map(str::trim).ok_or_else(|| {
        let detail = format!("expression {text:?} has no closing parenthesis");
        Error::new(ErrorCode::InvalidConfiguration, detail)
    })
}

/// The pause of `rate(5 minutes)`.
fn rate(text: &str, rest: &str) -> Result<Duration, Error> {
    let wanted = "give a number of at least 1 and a unit, as in rate(5 minutes); the units are \
                  second, minute, hour and day";
    let mut words = inner(text, rest)?.split_whitespace();
    let (Some(number), Some(unit), None) = (words.next(), words.next(), words.next()) else {
        return invalid(format!("the rate {text:?} is malformed; {wanted}"));
    };
    let seconds: u64 = match unit.trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3600,
        "day" => 24 * 3600,
        _ => return invalid(format!("the rate {text:?} has the unit {unit:?}; {wanted}")),
    };
    match number.parse::<u32>() {
        Ok(number) if number > 0 => Ok(Duration::from_secs(seconds * u64::from(number))),
        _ => invalid(format!("the rate {text:?} has the number {number:?}; {wanted}")),
    }
}

/// The next multiple of a pause since the Unix epoch.
fn next_of_rate(pause: Duration, time: Timestamp) -> Option<Timestamp> {
    let pause = i128::try_from(pause.as_nanos()).ok()?;
    let since = time.as_nanosecond();
    Timestamp::from_nanosecond((since.div_euclid(pause) + 1) * pause).ok()
}

/// The moment of `at(2026-12-24T18:00:00)`.
fn at(text: &str, rest: &str, zone: &TimeZone) -> Result<Timestamp, Error> {
    let date = inner(text, rest)?;
    let moment = date.parse::<DateTime>().ok().and_then(|date| {
        // With an offset it would say another zone than the schedule's.
        let plain = !text.contains('Z') && !text.contains('+');
        zone.to_timestamp(date).ok().filter(|_| plain)
    });
    moment.ok_or_else(|| {
        let detail = format!(
            "the moment {text:?} is malformed; give a date and a time without a zone, as in \
             at(2026-12-24T18:00:00)"
        );
        Error::new(ErrorCode::InvalidConfiguration, detail)
    })
}

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Optional).build()
}

/// Says which field of a cron expression is wrong.
fn explain(text: &str, fields: &[&str], error: &croner::errors::CronError) -> Error {
    let names = &FIELDS[FIELDS.len() - fields.len()..];
    for (index, (name, field)) in names.iter().zip(fields).enumerate() {
        // Alone among fields that fit, it shows itself.
        let alone: Vec<_> =
            (0..fields.len()).map(|other| if other == index { *field } else { "*" }).collect();
        if let Err(error) = parser().parse(&alone.join(" ")) {
            let detail =
                format!("the {name} field of the cron expression {text:?} is {field:?}: {error}");
            return Error::new(ErrorCode::InvalidConfiguration, detail);
        }
    }
    let detail = format!("the cron expression {text:?} is malformed: {error}");
    Error::new(ErrorCode::InvalidConfiguration, detail)
}

fn next_of_cron(text: &str, time: Timestamp, zone: TimeZone) -> Result<Option<Timestamp>, Error> {
    let fields: Vec<_> = text.split_whitespace().collect();
    if !(5..=6).contains(&fields.len()) {
        return invalid(format!(
            "the schedule expression {text:?} has {} fields; a cron expression has 5 (minute hour \
             day-of-month month day-of-week), or 6 with seconds first; or give rate(5 minutes) or \
             at(2026-12-24T18:00:00)",
            fields.len()
        ));
    }
    let cron = parser().parse(text).map_err(|error| explain(text, &fields, &error))?;
    // It looks for whole seconds.
    let from = time.to_zoned(zone);
    let next = match cron.find_next_occurrence(&from, false) {
        Ok(next) => next.timestamp(),
        // Such as the 30th of February.
        Err(croner::errors::CronError::TimeSearchLimitExceeded) => return Ok(None),
        Err(error) => return Err(explain(text, &fields, &error)),
    };
    // Never the same time again, whatever its fraction of a second was.
    Ok(Some(if next > time { next } else { next + SignedDuration::from_secs(1) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{CatchUp, ScheduleExpression};

    fn schedule(expression: &str, time_zone: &str) -> Schedule {
        Schedule {
            name: "s".parse().unwrap(),
            function: "f".parse().unwrap(),
            expression: ScheduleExpression(expression.into()),
            time_zone: time_zone.into(),
            catch_up: CatchUp::Once,
            input: None,
            delivery: None,
            enabled: true,
        }
    }

    fn next(expression: &str, time_zone: &str, time: &str) -> String {
        let found = schedule(expression, time_zone).next_after(time.parse().unwrap()).unwrap();
        found.map_or_else(|| "never".into(), |time| time.to_string())
    }

    #[test]
    fn every_form_has_its_next_time() {
        let time = "2026-11-21T12:34:56.789Z";
        for (expression, expected) in [
            ("* * * * *", "2026-11-21T12:35:00Z"),
            ("0 9 * * MON-FRI", "2026-11-23T09:00:00Z"),
            ("*/15 0 13 * * *", "2026-11-21T13:00:00Z"),
            ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
            ("0 0 1 jan *", "2027-01-01T00:00:00Z"),
            ("rate(5 minutes)", "2026-11-21T12:35:00Z"),
            ("rate(1 day)", "2026-11-22T00:00:00Z"),
            ("rate(1 second)", "2026-11-21T12:34:57Z"),
            ("at(2026-12-24T18:00:00)", "2026-12-24T18:00:00Z"),
            ("at(2025-12-24T18:00:00)", "never"),
        ] {
            assert_eq!(next(expression, "UTC", time), expected, "{expression}");
        }
        assert_eq!(next("0 9 * * *", "Europe/Berlin", time), "2026-11-22T08:00:00Z");
        assert_eq!(next("at(2026-12-24T18:00:00)", "Asia/Tokyo", time), "2026-12-24T09:00:00Z");
    }

    #[test]
    fn a_time_is_never_its_own_next() {
        let mut time: Timestamp = "2026-11-21T12:34:00Z".parse().unwrap();
        let every = schedule("* * * * * *", "UTC");
        for _ in 0..5 {
            let next = every.next_after(time).unwrap().unwrap();
            assert_eq!((next - time).get_seconds(), 1);
            time = next;
        }
    }

    #[test]
    fn a_night_that_skips_or_repeats_an_hour_fires_once() {
        // In Berlin 02:30 does not exist on 2027-03-28, and exists twice on 2026-10-25.
        let skipped = next("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z");
        assert!(skipped.starts_with("2027-03-28T01:"), "{skipped}");
        let first = next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z");
        assert_eq!(first, "2026-10-25T00:30:00Z");
        let second = next("30 2 * * *", "Europe/Berlin", &first);
        assert_eq!(second, "2026-10-26T01:30:00Z");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (expression, phrase) in [
            ("61 * * * *", "the minute field"),
            ("* 25 * * *", "the hour field"),
            ("* * 32 * *", "the day of month field"),
            ("* * * 13 *", "the month field"),
            ("* * * * MOO", "the day of week field"),
            ("99 * * * * *", "the second field"),
            ("* * *", "has 3 fields"),
            ("", "the schedule expression"),
            ("rate(0 minutes)", "rate"),
            ("rate(5 fortnights)", "fortnights"),
            ("rate(5 minutes", "parenthesis"),
            ("at(yesterday)", "at("),
        ] {
            let error = schedule(expression, "UTC").next_after(Timestamp::UNIX_EPOCH).unwrap_err();
            assert!(error.detail().contains(phrase), "{expression:?}: {}", error.detail());
        }
        let error = schedule("* * * * *", "Mars/Olympus").next_after(Timestamp::UNIX_EPOCH);
        assert!(error.unwrap_err().detail().contains("Mars/Olympus"));
    }
}
