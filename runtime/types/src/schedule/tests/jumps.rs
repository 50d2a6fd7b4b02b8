//! The nights on which a clock jumps, by hand.

use super::schedule;
use jiff::Timestamp;

/// All times from one to another, both included.
fn between(expression: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
    let times = schedule(expression, zone).times().unwrap();
    let to: Timestamp = to.parse().unwrap();
    let from: Timestamp = from.parse().unwrap();
    let mut all = Vec::new();
    let mut next = times.next_after(from.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap());
    while let Some(time) = next.filter(|time| *time <= to) {
        all.push(time.to_string()[11..16].to_owned());
        next = times.next_after(time);
    }
    all
}

#[test]
fn what_a_night_skips_fires_once_when_the_clock_has_jumped() {
    // In Berlin it is 03:00 after 01:59 then: 01:00Z.
    let night = |expression| {
        between(expression, "Europe/Berlin", "2027-03-28T00:00:00Z", "2027-03-28T02:59:00Z")
    };
    for (expression, expected) in [
        ("30 2 * * *", &["01:00"][..]),
        ("0,30 2 * * *", &["01:00"]),
        ("0,30 2 28 3 *", &["01:00"]),
        ("30 2,14 * * *", &["01:00"]),
        ("30 2-4 * * *", &["01:00", "01:30", "02:30"]),
        ("0 2,3 * * *", &["01:00"]),
        ("30 1,3 * * *", &["00:30", "01:30"]),
        ("0,30 30 2 * * *", &["01:00"]),
        // Jobs with a star go by what the clock shows.
        ("*/30 * * * *", &["00:00", "00:30", "01:00", "01:30", "02:00", "02:30"]),
        ("30 * * * *", &["00:30", "01:30", "02:30"]),
        ("*/30 2 * * *", &[]),
        ("*/20 30 2 * * *", &[]),
        ("cron(30 2 * * ? *)", &[]),
        ("cron(30 1-3 * * ? *)", &["00:30", "01:30"]),
        ("rate(1 hour)", &["00:00", "01:00", "02:00"]),
    ] {
        assert_eq!(night(expression), expected, "{expression}");
    }
}

#[test]
fn what_a_night_repeats_fires_once() {
    // In New York it is 01:00 twice then: 05:00Z and 06:00Z.
    let night = |expression| {
        between(expression, "America/New_York", "2026-11-01T04:00:00Z", "2026-11-01T07:30:00Z")
    };
    for (expression, expected) in [
        ("30 1 * * *", &["05:30"][..]),
        ("30 1,13 * * *", &["05:30"]),
        ("0,30 1 * * *", &["05:00", "05:30"]),
        ("0 1,2 * * *", &["05:00", "07:00"]),
        ("30 0-2 * * *", &["04:30", "05:30", "07:30"]),
        ("0,30 30 1 * * *", &["05:30", "05:30"]),
        ("30 * * * *", &["04:30", "05:30", "06:30", "07:30"]),
        ("*/30 1 * * *", &["05:00", "05:30", "06:00", "06:30"]),
        // The next day that fits is far, and what is repeated is of this one.
        ("*/30 1 1 11 *", &["05:00", "05:30", "06:00", "06:30"]),
        ("*/30 0-1 * * 0,3", &["04:00", "04:30", "05:00", "05:30", "06:00", "06:30"]),
        ("cron(30 * * * ? *)", &["04:30", "05:30", "07:30"]),
        ("rate(1 hour)", &["04:00", "05:00", "06:00", "07:00"]),
    ] {
        assert_eq!(night(expression), expected, "{expression}");
    }
}

#[test]
fn other_jumps_are_kept_by_the_same_rules() {
    // Half an hour, in Lord Howe, from 02:00: 15:30Z.
    let half = |from, to| between("15 2 * * *", "Australia/Lord_Howe", from, to);
    assert_eq!(half("2026-10-03T15:00:00Z", "2026-10-03T16:00:00Z"), ["15:30"]);
    assert_eq!(half("2027-04-03T14:00:00Z", "2027-04-03T17:00:00Z"), ["15:45"]);
    // Two hours, in Troll.
    let two =
        between("30 1 * * *", "Antarctica/Troll", "2027-03-28T00:00:00Z", "2027-03-28T04:00:00Z");
    assert_eq!(two, ["01:00"]);
    // Samoa left out a day: no jump of the clock that anything is made up for.
    let day = between("0 9 * * *", "Pacific/Apia", "2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z");
    assert_eq!(day, ["19:00", "19:00"]);
}
