//! Which times a schedule fires for, of those that have come.

use std::time::Duration;

use jiff::Timestamp;
use lambent_types::{CatchUp, Error, Schedule, Times};

/// Most times that are caught up.
const CAUGHT_UP_MAX: usize = 1000;
/// A time that passed this long ago or less is late, not missed.
const LATE: Duration = Duration::from_secs(60);

/// A time from which on the schedule fires at least `wanted` times up to `now`,
/// and not many more; `first` if it fires less often since then. However long
/// the node was off, only about as many times as wanted are looked at.
fn since(times: &Times, first: Timestamp, now: Timestamp, wanted: usize) -> Timestamp {
    let mut span = LATE.max(Duration::from_secs(wanted as u64));
    loop {
        let from = now.checked_sub(span).unwrap_or(first);
        if from <= first {
            return first;
        }
        let (mut count, mut last) = (0, from);
        while let Some(time) = times.next_after(last).filter(|time| *time <= now) {
            (count, last) = (count + 1, time);
            if count == wanted {
                return from;
            }
        }
        span *= 4;
    }
}

/// The times to fire for, of those from `first` up to `now`, and the next one
/// after `now`.
///
/// # Errors
/// The expression or the time zone is malformed: it was put by a version that
/// took it, or the zone has left the database.
pub(super) fn times(
    schedule: &Schedule,
    first: Timestamp,
    now: Timestamp,
) -> Result<(Vec<Timestamp>, Option<Timestamp>), Error> {
    let times = schedule.times()?;
    let missed =
        |time: &Timestamp| Duration::try_from(now.duration_since(*time)).unwrap_or_default() > LATE;
    let last = |times: Vec<Timestamp>| times.last().copied().into_iter().collect::<Vec<_>>();
    let from = match schedule.catch_up {
        CatchUp::All => since(&times, first, now, CAUGHT_UP_MAX),
        CatchUp::Once => since(&times, first, now, 1),
        CatchUp::Skip => first.max(now.checked_sub(LATE).unwrap_or(first)),
    };
    let mut found = if from == first { vec![first] } else { Vec::new() };
    let mut next = times.next_after(from);
    while let Some(time) = next.filter(|time| *time <= now) {
        found.push(time);
        if found.len() > CAUGHT_UP_MAX {
            found.remove(0);
        }
        next = times.next_after(time);
    }
    let found = match schedule.catch_up {
        CatchUp::All => found,
        CatchUp::Once => last(found),
        CatchUp::Skip => last(found.into_iter().filter(|time| !missed(time)).collect()),
    };
    Ok((found, next))
}

/// When a schedule that waits for `next`, or for nothing, fires next as of
/// `now`. It differs where the clock was set back, the zone's rules changed, or
/// a former version gave up. What is due is left as it is, and so is `at(…)`
/// that has fired: its moment comes once, whatever the clock shows later.
///
/// # Errors
/// Does what [`times`] does.
pub(super) fn revised(
    schedule: &Schedule,
    next: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    if next.is_some_and(|due| due <= now) {
        return Ok(next);
    }
    let times = schedule.times()?;
    match next {
        None if !times.recur() => Ok(None),
        _ => Ok(times.next_after(now).or(next)),
    }
}
