//! At which dates a secret is rotated, as AWS's tools say it.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use lambent_types::{Error, ErrorCode, ScheduleExpression, Times};
use serde_json::Value;

const AFTER_DAYS: &str = "AutomaticallyAfterDays";
const EXPRESSION: &str = "ScheduleExpression";
const DURATION: &str = "Duration";
/// Most days between two rotations; Secrets Manager's.
const DAYS_MAX: i64 = 1_000;
/// Most hours of a window; Secrets Manager's.
const WINDOW_HOURS_MAX: u8 = 24;

/// The dates of rotations.
#[derive(Debug, Clone)]
pub(super) enum RotationRules {
    /// So many days after the day of the last one, at midnight in UTC.
    AfterDays(i64),
    /// At the times of an expression.
    At(Times),
}

impl RotationRules {
    /// Reads rules; none, if they name no dates. How long a window is decides nothing: a rotation begins at the
    /// begin of its window, or, if no node ran in it, as soon as one does.
    ///
    /// # Errors
    /// `InvalidConfiguration`: they are not as Secrets Manager has them.
    pub(super) fn read(rules: &Value) -> Result<Option<Self>, Error> {
        if let Some(window) = rules.get(DURATION) {
            check_window(window)?;
        }
        match (rules.get(AFTER_DAYS), rules.get(EXPRESSION)) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(invalid(
                "You can specify AutomaticallyAfterDays or ScheduleExpression, but not both.",
            )),
            (Some(days), None) => {
                let days = days.as_i64().filter(|days| (1..=DAYS_MAX).contains(days));
                let days = days.ok_or_else(|| {
                    invalid(format!("AutomaticallyAfterDays is 1 to {DAYS_MAX}."))
                })?;
                Ok(Some(Self::AfterDays(days)))
            }
            (None, Some(expression)) => {
                let text = expression.as_str().unwrap_or_default().to_owned();
                let times = ScheduleExpression(text).times()?;
                if !times.recur() {
                    return Err(invalid("A rotation has a rate or a cron expression, not a time."));
                }
                Ok(Some(Self::At(times)))
            }
        }
    }

    /// The first date after `now`, of a secret that was rotated the last time at `rotated`, if it ever was; none
    /// in the time that can be represented.
    pub(super) fn first_after(
        &self,
        rotated: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let days = match self {
            Self::At(times) => return times.next_after(now),
            Self::AfterDays(days) => *days,
        };
        let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
        // A clock that was set back has not reached the day of the last one.
        let (last, today) = (day(rotated.map_or(now, |rotated| rotated.min(now))), day(now));
        let passed = last.until(today).ok()?.get_days();
        let rounds = i64::from(passed) / days + 1;
        let date = last.checked_add(rounds.checked_mul(days)?.days()).ok()?;
        Some(date.to_datetime(Time::midnight()).to_zoned(TimeZone::UTC).ok()?.timestamp())
    }
}

/// A window is a number of hours, such as `3h`.
fn check_window(window: &Value) -> Result<(), Error> {
    let hours = window.as_str().and_then(|text| text.strip_suffix('h'));
    let hours = hours.and_then(|hours| hours.parse::<u8>().ok());
    match hours {
        Some(hours) if (1..=WINDOW_HOURS_MAX).contains(&hours) => Ok(()),
        _ => Err(invalid(format!("Duration is 1h to {WINDOW_HOURS_MAX}h."))),
    }
}

fn invalid(detail: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidConfiguration, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn first(rules: &Value, rotated: Option<&str>, now: &str) -> String {
        let rules = RotationRules::read(rules).unwrap().unwrap();
        rules.first_after(rotated.map(at), at(now)).unwrap().to_string()
    }

    #[test]
    fn days_are_counted_from_the_last_rotation() {
        let rules = json!({ "AutomaticallyAfterDays": 30, "Duration": "3h" });
        let (soon, later) = ("2026-01-01T13:00:00Z", "2026-03-05T01:00:00Z");
        assert_eq!(first(&rules, None, soon), "2026-01-31T00:00:00Z");
        assert_eq!(first(&rules, Some(soon), "2026-01-30T23:00:00Z"), "2026-01-31T00:00:00Z");
        assert_eq!(first(&rules, Some(soon), "2026-01-31T00:00:00Z"), "2026-03-02T00:00:00Z");
        assert_eq!(first(&rules, Some(soon), later), "2026-04-01T00:00:00Z");
        assert_eq!(first(&rules, Some(later), soon), "2026-01-31T00:00:00Z", "set back");
    }

    #[test]
    fn an_expression_has_its_times() {
        let rules = json!({ "ScheduleExpression": "cron(0 8 1 * ? *)" });
        let now = "2026-01-01T08:00:00Z";
        assert_eq!(first(&rules, Some(now), now), "2026-02-01T08:00:00Z");
        let rules = json!({ "ScheduleExpression": "rate(12 hours)" });
        assert_eq!(first(&rules, None, now), "2026-01-01T12:00:00Z");
    }

    #[test]
    fn what_are_no_rules_is_refused() {
        assert!(RotationRules::read(&json!({ "Duration": "24h" })).unwrap().is_none());
        for rules in [
            json!({ "AutomaticallyAfterDays": 0 }),
            json!({ "AutomaticallyAfterDays": 1001 }),
            json!({ "AutomaticallyAfterDays": 1, "Duration": "25h" }),
            json!({ "AutomaticallyAfterDays": 1, "Duration": "3 hours" }),
            json!({ "AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)" }),
            json!({ "ScheduleExpression": "every day" }),
            json!({ "ScheduleExpression": "at(2026-12-24T18:00:00)" }),
        ] {
            assert!(RotationRules::read(&rules).is_err(), "{rules}");
        }
    }
}
