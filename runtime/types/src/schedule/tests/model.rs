//! Vixie cron as its own main loop has it: a clock that is looked at each
//! minute, and a virtual one that follows it. Slow, and nothing like the search
//! that is checked against it.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::schedule;

/// A field: its text, and the values that fit.
#[derive(Debug, Clone)]
struct Field {
    text: String,
    values: BTreeSet<i8>,
}

impl Field {
    fn star(&self) -> bool {
        self.text.starts_with('*')
    }
}

/// One field of values from `min` to `max`.
fn field(min: i8, max: i8) -> impl Strategy<Value = Field> {
    let value = min..=max;
    let range = (value.clone(), value.clone()).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let step = 1..=(max - min);
    let every = |from: i8, to: i8, step: i8| (from..=to).step_by(step as usize).collect();
    prop_oneof![
        2 => Just(Field { text: "*".into(), values: (min..=max).collect() }),
        1 => step.clone().prop_map(move |step| {
            Field { text: format!("*/{step}"), values: every(min, max, step) }
        }),
        2 => value.clone().prop_map(|one| Field { text: one.to_string(), values: [one].into() }),
        2 => proptest::collection::btree_set(value, 2..5).prop_map(|values| {
            let list: Vec<_> = values.iter().map(ToString::to_string).collect();
            Field { text: list.join(","), values }
        }),
        1 => range.clone().prop_map(|(from, to)| {
            Field { text: format!("{from}-{to}"), values: (from..=to).collect() }
        }),
        1 => (range, step).prop_map(move |((from, to), step)| {
            Field { text: format!("{from}-{to}/{step}"), values: every(from, to, step) }
        }),
    ]
}

/// Minute, hour, day of month, month, day of week.
type Fields = [Field; 5];

fn fits([minute, hour, day, month, weekday]: &Fields, at: DateTime) -> bool {
    let day_fits = day.values.contains(&at.day());
    let weekday_fits = weekday.values.contains(&at.weekday().to_sunday_zero_offset());
    let days = match day.star() || weekday.star() {
        true => day_fits && weekday_fits,
        false => day_fits || weekday_fits,
    };
    days && minute.values.contains(&at.minute())
        && hour.values.contains(&at.hour())
        && month.values.contains(&at.month())
}

/// A minute of the local clock, counted from the epoch.
fn local(zone: &TimeZone, time: Timestamp) -> i64 {
    (time.as_second() + i64::from(zone.to_offset(time).seconds())).div_euclid(60)
}

fn civil(minute: i64) -> DateTime {
    jiff::tz::Offset::UTC.to_datetime(Timestamp::from_second(minute * 60).unwrap())
}

/// The minutes at which jobs run, after `from` and up to `to`.
fn run(fields: &Fields, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let wild = fields[0].star() || fields[1].star();
    let (mut ran, mut now, mut virtual_time) = (Vec::new(), from, local(zone, from));
    while now < to {
        now += SignedDuration::from_mins(1);
        let shown = local(zone, now);
        let difference = shown - virtual_time;
        let runs = if difference <= -180 || difference > 180 {
            // The clock was corrected.
            virtual_time = shown;
            fits(fields, civil(shown))
        } else if difference <= 0 {
            // What is fixed has run; the virtual clock waits.
            wild && fits(fields, civil(shown))
        } else {
            let skipped = virtual_time + 1..=shown;
            virtual_time = shown;
            match wild {
                true => fits(fields, civil(shown)),
                false => skipped.into_iter().any(|minute| fits(fields, civil(minute))),
            }
        };
        ran.extend(runs.then_some(now));
    }
    ran
}

const NIGHTS: [(&str, &str); 12] = [
    ("Europe/Berlin", "2027-03-28T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2027-03-14T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Australia/Lord_Howe", "2027-04-03T15:00:00Z"),
    ("Antarctica/Troll", "2027-03-28T01:00:00Z"),
    ("Antarctica/Troll", "2026-10-25T01:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Asia/Kathmandu", "2026-11-01T00:00:00Z"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn cron_fires_as_its_model_does(
        fields in (field(0, 59), field(0, 5), field(1, 31), field(1, 12), field(0, 6)),
        whole_day in any::<bool>(),
        night in 0..NIGHTS.len(),
    ) {
        let (minute, hour, day, month, weekday) = fields;
        // Most jobs are of any day: all would be of other days than the night's.
        let any = |field: Field, min: i8, max: i8| match whole_day {
            true => Field { text: "*".into(), values: (min..=max).collect() },
            false => field,
        };
        let fields = [minute, hour, any(day, 1, 31), any(month, 1, 12), any(weekday, 0, 6)];
        // The text of a field of hours up to 5 is of one up to 23.
        let mut fields = fields;
        if fields[1].star() {
            fields[1] = Field { text: "*".into(), values: (0..24).collect() };
        }
        let text = fields.each_ref().map(|field| field.text.as_str()).join(" ");
        let (name, jump) = NIGHTS[night];
        let zone = super::super::zone::find(name).unwrap();
        let jump: Timestamp = jump.parse().unwrap();
        let (from, to) = (jump - SignedDuration::from_hours(48), jump + SignedDuration::from_hours(48));
        let times = schedule(&text, name).times().unwrap();
        let mut found = Vec::new();
        let mut last = from;
        while let Some(time) = times.next_after(last).filter(|time| *time <= to) {
            found.push(time);
            last = time;
        }
        prop_assert_eq!(found, run(&fields, &zone, from, to), "{} in {}", text, name);
    }
}
