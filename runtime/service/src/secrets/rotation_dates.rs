//! When a secret is rotated next, so that every date is rotated for once, whatever happens to the node or its
//! clock.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rotation_rules::RotationRules;

/// How long after the first failure it is tried again; twice as long after each other.
const RETRY: Duration = Duration::from_secs(60);
/// The longest of these.
const RETRY_MAX: Duration = Duration::from_secs(3_600);
/// The longest that anything can be waited for that is under way: four steps of the longest invocations.
const LEASE_MAX: Duration = Duration::from_secs(4 * 900 + 3_600);

/// The dates of a secret's rotations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RotationDates {
    /// The next one; none if its rules name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// The one that it was rotated for the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done: Option<Timestamp>,
    /// The rotation that was begun for the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    under_way: Option<UnderWay>,
}

/// A rotation that was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct UnderWay {
    /// The version that it makes.
    version: String,
    /// Until when nobody else goes on with it: who began it may be at it.
    until: Timestamp,
    /// How often it failed.
    #[serde(default)]
    failures: u32,
}

impl RotationDates {
    /// Computes the next date if there is none, or if the clock was set back before the one that was. A date that
    /// has passed stays.
    pub(super) fn revise(
        &mut self,
        rules: &RotationRules,
        rotated: Option<Timestamp>,
        now: Timestamp,
    ) {
        let Some(mut first) = rules.first_after(rotated, now) else { return };
        if self.done == Some(first) {
            // Once for every date, also where it comes again.
            let Some(second) = rules.first_after(rotated, first) else { return };
            first = second;
        }
        if self.next.is_none_or(|next| next > first) {
            self.next = Some(first);
        }
    }

    /// Forgets the dates of rules that are in force no more. What was begun goes on at the next one.
    pub(super) fn clear(&mut self) {
        self.next = None;
    }

    /// When something is to be done: at the next date, or when what was begun may be gone on with.
    pub(super) fn wake(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self.next?;
        let until = self.under_way.as_ref().map(|begun| begun.until);
        // By a clock that was set back it would be waited for far too long.
        let latest = now.checked_add(LEASE_MAX).unwrap_or(Timestamp::MAX);
        Some(until.filter(|until| *until <= latest).map_or(next, |until| until.max(next)))
    }

    /// The version of the rotation that was begun, if one was.
    pub(super) fn version(&self) -> Option<&str> {
        self.under_way.as_ref().map(|begun| begun.version.as_str())
    }

    /// Notes that a rotation that makes `version` is under way for so long.
    pub(super) fn begin(&mut self, version: &str, now: Timestamp, lease: Duration) {
        let failures = self.under_way.as_ref().map_or(0, |begun| begun.failures);
        let until = now.checked_add(lease.min(LEASE_MAX)).unwrap_or(Timestamp::MAX);
        self.under_way = Some(UnderWay { version: version.to_owned(), until, failures });
    }

    /// Notes that what was begun has failed, and is to be gone on with later.
    pub(super) fn failed(&mut self, now: Timestamp) {
        let Some(begun) = &mut self.under_way else { return };
        let pause = RETRY.saturating_mul(1 << begun.failures.min(10)).min(RETRY_MAX);
        begun.failures = begun.failures.saturating_add(1);
        begun.until = now.checked_add(pause).unwrap_or(Timestamp::MAX);
    }

    /// Notes that the secret was rotated, now.
    pub(super) fn rotated(&mut self, rules: Option<&RotationRules>, now: Timestamp) {
        self.under_way = None;
        if let Some(date) = self.next.take_if(|next| *next <= now) {
            self.done = Some(date);
        }
        // Days are counted from now on.
        self.next = None;
        if let Some(rules) = rules {
            self.revise(rules, Some(now), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn daily() -> RotationRules {
        let rules = json!({ "ScheduleExpression": "cron(0 8 * * ? *)" });
        RotationRules::read(&rules).unwrap().unwrap()
    }

    fn next(dates: &RotationDates) -> String {
        dates.next.unwrap().to_string()
    }

    #[test]
    fn dates_that_were_missed_are_rotated_for_once() {
        let (mut dates, rules) = (RotationDates::default(), daily());
        dates.revise(&rules, None, at("2026-01-01T09:00:00Z"));
        assert_eq!(next(&dates), "2026-01-02T08:00:00Z");
        let now = at("2026-01-09T09:00:00Z");
        dates.revise(&rules, None, now);
        assert!(dates.wake(now).unwrap() <= now, "it has passed");
        dates.begin("v", now, Duration::from_secs(10));
        dates.rotated(Some(&rules), now);
        assert_eq!(next(&dates), "2026-01-10T08:00:00Z");
        assert_eq!(dates.version(), None);
    }

    #[test]
    fn what_failed_is_tried_again_later_and_later_with_its_version() {
        let (mut dates, rules) = (RotationDates::default(), daily());
        let now = at("2026-01-01T08:00:00Z");
        dates.revise(&rules, None, at("2026-01-01T07:00:00Z"));
        let mut pauses = Vec::new();
        for _ in 0..9 {
            dates.begin("v", now, Duration::from_secs(10));
            dates.failed(now);
            pauses.push(dates.wake(now).unwrap().duration_since(now).as_secs());
        }
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!((dates.version(), next(&dates)), (Some("v"), now.to_string()));
    }

    #[test]
    fn a_clock_that_jumps_has_no_date_twice_and_loses_none_for_long() {
        let (mut dates, rules) = (RotationDates::default(), daily());
        let before = at("2026-01-01T07:00:00Z");
        dates.revise(&rules, None, before);
        // Ten years ahead, one rotation.
        let ahead = at("2036-01-01T07:30:00Z");
        dates.begin("v", ahead, Duration::from_secs(10));
        dates.rotated(Some(&rules), ahead);
        assert_eq!(next(&dates), "2036-01-01T08:00:00Z");
        // And back: the date that it was rotated for is not rotated for again, the next one is.
        dates.revise(&rules, Some(ahead), before);
        assert_eq!(next(&dates), "2026-01-02T08:00:00Z");
        dates.begin("w", ahead, Duration::from_secs(10));
        assert_eq!(dates.wake(before), dates.next, "what the other clock said is not waited for");
    }
}
