//! The same expressions, by Python's croniter: `croniter.tsv`, which
//! `croniter_table.py` writes. Where the two differ, the rule that says why is asked
//! to account for all of it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::schedule;

/// What croniter does otherwise than Vixie cron's manual says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    None,
    /// A job of fixed times fires again in an hour that is repeated; cron(8):
    /// "care is taken to avoid running jobs twice".
    FiresAgain,
    /// A job with a star is made up for; cron(8) has that for "jobs that run
    /// at a specific time", not for those with `*`, which are "scheduled
    /// normally".
    MadeUp,
    /// A job with a star misses a time of a repeated half-hour, which the clock shows twice.
    Misses,
}

struct Row<'a> {
    zone: &'a str,
    first: Timestamp,
    last: Timestamp,
    expression: &'a str,
    times: Vec<Timestamp>,
}

fn rows() -> impl Iterator<Item = Row<'static>> {
    let second = |text: &str| text.parse::<Timestamp>().unwrap();
    include_str!("croniter.tsv").lines().map(move |line| {
        let cells: Vec<_> = line.split('\t').collect();
        let times = cells[4].split_whitespace().map(second).collect();
        let (first, last) = (second(cells[1]), second(cells[2]));
        Row { zone: cells[0], first, last, expression: cells[3], times }
    })
}

/// The times here, and why croniter's differ.
fn compared(row: &Row<'_>) -> (Vec<Timestamp>, Vec<Timestamp>, Difference) {
    let schedule = schedule(row.expression, row.zone).times().unwrap();
    let mut here = Vec::new();
    let mut last = row.first - SignedDuration::from_secs(1);
    while let Some(time) = schedule.next_after(last).filter(|time| *time <= row.last) {
        here.push(time);
        last = time;
    }
    let zone = super::super::zone::find(row.zone).unwrap();
    // The nights' rows have the jump in their middle.
    let jump = row.first + SignedDuration::from_hours(3);
    let before = zone.to_offset(jump - SignedDuration::from_secs(1));
    let forward = i64::from(zone.to_offset(jump).seconds() - before.seconds());
    let star = row.expression.split(' ').take(2).any(|field| field.starts_with('*'));
    let difference = match () {
        () if here == row.times => Difference::None,
        () if forward < 0 && !star => Difference::FiresAgain,
        () if forward > 0 && star => Difference::MadeUp,
        () if forward < 0 && star => Difference::Misses,
        () => panic!("{} in {}: {here:?}, there {:?}", row.expression, row.zone, row.times),
    };
    let repeated = jump..jump + SignedDuration::from_secs(forward.abs());
    let again = |time: &Timestamp| repeated.contains(time);
    let explained: BTreeSet<_> = match difference {
        Difference::None => row.times.iter().copied().collect(),
        Difference::FiresAgain => row.times.iter().copied().filter(|time| !again(time)).collect(),
        Difference::MadeUp => row.times.iter().copied().filter(|time| *time != jump).collect(),
        Difference::Misses => {
            here.iter().copied().filter(again).chain(row.times.iter().copied()).collect()
        }
    };
    (here, explained.into_iter().collect(), difference)
}

#[test]
fn croniter_agrees_but_for_what_is_explained() {
    let mut counts = [0; 4];
    for row in rows() {
        let (here, explained, difference) = compared(&row);
        assert_eq!(here, explained, "{} in {}", row.expression, row.zone);
        counts[difference as usize] += 1;
    }
    let [same, again, made_up, missed] = counts;
    println!(
        "{same} the same, {again} again there, {made_up} made up there, {missed} missed there"
    );
    assert_eq!(counts.iter().sum::<usize>(), 526);
    assert!(same >= 450 && missed == 1, "{counts:?}");
}
