use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambent_storage::{Channel, Scheduled, StorageError};
use lambent_types::{CatchUp, Error, Namespace, Schedule, occurrence};

use crate::deliveries::{Deliveries, STORE_PAUSE};

/// Schedules fired in one go.
const BATCH: usize = 100;
/// Most times that are caught up.
const CAUGHT_UP_MAX: usize = 1000;
/// A time that passed this long ago or less is late, not missed.
const LATE: Duration = Duration::from_secs(60);
/// The longest sleep: a step of the machine's clock is noticed after it.
const SLEEP_MAX: Duration = Duration::from_secs(60);

impl Deliveries {
    /// Fires schedules at their times.
    pub(super) async fn schedule(self: Arc<Self>) {
        while !self.drain.is_cancelled() {
            tokio::select! {
                () = self.drain.cancelled() => break,
                () = self.stores.space.enough() => {}
            }
            let sleep = match self.fire_due().await {
                Ok(next) => next.map_or(SLEEP_MAX, |next| {
                    let left = Duration::try_from(next.duration_since(self.clock.now()));
                    left.unwrap_or_default().min(SLEEP_MAX)
                }),
                Err(error) => {
                    tracing::error!(%error, cause = error.cause(), "cannot fire schedules");
                    STORE_PAUSE
                }
            };
            tokio::select! {
                () = self.drain.cancelled() => {}
                () = self.stores.schedules.changed(sleep) => {}
            }
        }
    }

    /// Fires what is due. When the next is.
    async fn fire_due(self: &Arc<Self>) -> Result<Option<Timestamp>, StorageError> {
        loop {
            let now = self.clock.now();
            let (due, next) = self.stores.schedules.due(now, BATCH).await?;
            if due.is_empty() {
                return Ok(next);
            }
            for (namespace, scheduled) in due {
                self.fire(&namespace, scheduled, now).await?;
            }
        }
    }

    async fn fire(
        self: &Arc<Self>,
        namespace: &Namespace,
        scheduled: Scheduled,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let Scheduled { schedule, next: Some(first), revision } = scheduled else { return Ok(()) };
        let (times, next) = match times(&schedule, first, now) {
            Ok(found) => found,
            Err(error) => {
                // It was checked when it was put; a time zone may have left the database.
                tracing::error!(%namespace, schedule = %schedule.name, %error, "a schedule is dead");
                (Vec::new(), None)
            }
        };
        let event = |time| occurrence::schedule(&schedule.name, schedule.input.as_ref(), time);
        let events: Vec<_> = times.into_iter().map(event).collect();
        let fires = !events.is_empty();
        let schedules = &self.stores.schedules;
        let fired =
            schedules.fire(namespace, &schedule.name, revision, first, events, next).await?;
        if fired && fires {
            self.look_after(namespace.clone(), Channel::Schedule(schedule.name));
        }
        Ok(())
    }
}

/// A time from which on the schedule fires at least `wanted` times up to `now`,
/// and not many more; `first` if it fires less often since then. However long
/// the node was off, only about as many times as wanted are looked at.
fn since(
    schedule: &Schedule,
    first: Timestamp,
    now: Timestamp,
    wanted: usize,
) -> Result<Timestamp, Error> {
    let mut span = LATE.max(Duration::from_secs(wanted as u64));
    loop {
        let from = now.checked_sub(span).unwrap_or(first);
        if from <= first {
            return Ok(first);
        }
        let (mut times, mut last) = (0, from);
        while let Some(time) = schedule.next_after(last)?.filter(|time| *time <= now) {
            (times, last) = (times + 1, time);
            if times == wanted {
                return Ok(from);
            }
        }
        span *= 4;
    }
}

/// The times to fire for, of those from `first` up to `now`, and the next one
/// after `now`.
fn times(
    schedule: &Schedule,
    first: Timestamp,
    now: Timestamp,
) -> Result<(Vec<Timestamp>, Option<Timestamp>), Error> {
    let missed =
        |time: &Timestamp| Duration::try_from(now.duration_since(*time)).unwrap_or_default() > LATE;
    let last = |times: Vec<Timestamp>| times.last().copied().into_iter().collect::<Vec<_>>();
    let from = match schedule.catch_up {
        CatchUp::All => since(schedule, first, now, CAUGHT_UP_MAX)?,
        CatchUp::Once => since(schedule, first, now, 1)?,
        CatchUp::Skip => first.max(now.checked_sub(LATE).unwrap_or(first)),
    };
    let mut times = if from == first { vec![first] } else { Vec::new() };
    let mut next = schedule.next_after(from)?;
    while let Some(time) = next.filter(|time| *time <= now) {
        times.push(time);
        if times.len() > CAUGHT_UP_MAX {
            times.remove(0);
        }
        next = schedule.next_after(time)?;
    }
    let times = match schedule.catch_up {
        CatchUp::All => times,
        CatchUp::Once => last(times),
        CatchUp::Skip => last(times.into_iter().filter(|time| !missed(time)).collect()),
    };
    Ok((times, next))
}
