//! Fires schedules at their times.
//!
//! The store holds when each fires next. It is computed when a schedule is put
//! and each time it fires, and again for all of them ([`missed::revised`]) at
//! the start and when the clock was set ([`clock`]). What cannot be computed
//! or stored keeps its time and is tried again ([`retries`]).

mod clock;
mod missed;
mod retries;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambent_storage::{Changes as _, Channel, Position, Scheduled, StorageError};
use lambent_types::{Error, ErrorCode, Event, Namespace, Schedule, occurrence};
use tokio::time::Instant;

use self::clock::ClockWatch;
use self::retries::Retries;
use crate::deliveries::{Deliveries, STORE_PAUSE};

/// Schedules read from the store in one go.
const BATCH: usize = 100;
/// The longest sleep before the store is looked at: another node over the same
/// store may have changed it.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// How often the clock is looked at while schedules wait. Nothing tells a
/// process on every system that its clock was set.
const CLOCK_EVERY: Duration = Duration::from_secs(1);

/// A schedule's events to be and its next time.
type Firing = (Vec<Event>, Option<Timestamp>);

/// What the scheduler knows besides what is stored.
struct Memory {
    retries: Retries,
    clock: ClockWatch,
    /// When the times of all schedules are to be computed again, and the pause after a
    /// failure.
    revise: Option<Instant>,
    pause: Duration,
    /// Up to where the changes of schedules are known.
    position: Option<Position>,
}

impl Deliveries {
    /// Fires schedules until the drain.
    pub(in crate::deliveries) async fn schedule(self: Arc<Self>) {
        let mut memory = Memory {
            retries: Retries::default(),
            clock: ClockWatch::new(&*self.clock),
            revise: Some(Instant::now()),
            pause: STORE_PAUSE,
            position: None,
        };
        while !self.drain.is_cancelled() {
            tokio::select! {
                () = self.drain.cancelled() => break,
                () = self.stores.space.enough() => {}
            }
            if memory.revise.is_some_and(|at| at <= Instant::now()) {
                self.revise(&mut memory).await;
            }
            let (sleep, look) = match self.fire_due(&mut memory.retries).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, cause = error.cause(), "cannot fire schedules");
                    (STORE_PAUSE, STORE_PAUSE)
                }
            };
            let left = memory.revise.map(|at| at.saturating_duration_since(Instant::now()));
            self.sleep(sleep.min(left.unwrap_or(SLEEP_MAX)), look, &mut memory).await;
        }
    }

    /// Waits so long, or until something changed, or the clock was set, at which
    /// it looks so often.
    async fn sleep(&self, sleep: Duration, look: Duration, memory: &mut Memory) {
        let until = Instant::now() + sleep;
        loop {
            if memory.clock.was_set(&*self.clock) {
                tracing::warn!("the machine's clock was set; schedules go by it from now on");
                memory.revise = Some(Instant::now());
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            tokio::select! {
                () = self.drain.cancelled() => return,
                changed = self.schedules_changed(memory, left.min(look)) => {
                    if changed || left <= look {
                        return;
                    }
                }
            }
        }
    }

    /// Waits so long for a schedule to be put or deleted, by any node. Whether one may have been.
    async fn schedules_changed(&self, memory: &mut Memory, wait: Duration) -> bool {
        let feed = self.stores.resources.of::<Schedule>().changes();
        let read = match memory.position {
            Some(after) => feed.since(after, wait).await.map(|one| (one.next(), !one.is_empty())),
            // What was put before has not been looked for yet.
            None => feed.position().await.map(|next| (next, true)),
        };
        match read {
            Ok((next, changed)) => {
                memory.position = Some(next);
                changed
            }
            Err(error) => {
                tracing::error!(%error, cause = error.cause(), "cannot follow the schedules");
                tokio::time::sleep(STORE_PAUSE.min(wait)).await;
                true
            }
        }
    }

    /// Fires what is due. How long until something else may be, and how often
    /// to look at the clock until then: where nothing waits, not at all.
    async fn fire_due(
        self: &Arc<Self>,
        retries: &mut Retries,
    ) -> Result<(Duration, Duration), StorageError> {
        loop {
            let now = self.clock.now();
            // Schedules that failed come first, as they have the oldest time.
            let limit = BATCH + retries.len();
            let (due, next) = self.stores.schedules.due(now, limit).await?;
            if due.len() < limit {
                retries.keep(&due);
            }
            let look = if next.is_some() { CLOCK_EVERY } else { SLEEP_MAX };
            let next = next.map_or(SLEEP_MAX, |next| {
                Duration::try_from(next.duration_since(now)).unwrap_or_default()
            });
            let (mut sleep, mut fired) = (next.min(SLEEP_MAX), false);
            for (namespace, scheduled) in due {
                if let Some(until) = retries.until(&namespace, &scheduled) {
                    sleep = sleep.min(until.saturating_duration_since(Instant::now()));
                    continue;
                }
                fired = true;
                self.try_fire(&namespace, &scheduled, now, retries).await;
            }
            if !fired || self.drain.is_cancelled() {
                return Ok((sleep, look));
            }
        }
    }

    /// Fires one, or has it wait for another try. The others are fired all the same.
    async fn try_fire(
        self: &Arc<Self>,
        namespace: &Namespace,
        scheduled: &Scheduled,
        now: Timestamp,
        retries: &mut Retries,
    ) {
        let name = &scheduled.specification.name;
        let Err(error) = self.fire(namespace, scheduled, now).await else {
            return retries.forget(namespace, name);
        };
        let again = retries.failed(namespace, scheduled);
        tracing::error!(%namespace, schedule = %name, %error, ?again, "a schedule cannot be fired");
    }

    async fn fire(
        self: &Arc<Self>,
        namespace: &Namespace,
        scheduled: &Scheduled,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Scheduled { specification: schedule, next: Some(first), revision } = scheduled.clone()
        else {
            return Ok(());
        };
        let name = schedule.name.clone();
        // A thousand searches are too long for a thread that serves.
        let firing = tokio::task::spawn_blocking(move || -> Result<Firing, Error> {
            let (times, next) = missed::times(&schedule, first, now)?;
            let event = |time| occurrence::schedule(&schedule.name, schedule.input.as_ref(), time);
            Ok((times.into_iter().map(event).collect(), next))
        });
        let (events, next) = joined(firing.await)?;
        let fires = !events.is_empty();
        let schedules = &self.stores.schedules;
        let fired = schedules.fire(namespace, &name, revision, Some(first), events, next).await?;
        if fired && fires {
            self.start_channel(namespace.clone(), Channel::Schedule(name));
        }
        Ok(())
    }

    /// Sees to it that all fire next when they have to, as of now.
    async fn revise(&self, memory: &mut Memory) {
        let mut failed = 0;
        let mut after = None;
        loop {
            let page = self.stores.resources.of::<Schedule>().page(after, BATCH).await;
            let (page, next) = match page {
                Ok(found) => found,
                Err(error) => {
                    tracing::error!(%error, cause = error.cause(), "cannot read the schedules");
                    failed += 1;
                    break;
                }
            };
            for (namespace, scheduled) in page {
                let name = scheduled.specification.name.clone();
                let waits = scheduled.next.is_some();
                if let Err(error) = self.revise_one(&namespace, scheduled).await {
                    tracing::error!(%namespace, schedule = %name, %error, "cannot tell when a schedule fires next");
                    // A schedule that has a time is tried again at that time.
                    failed += usize::from(!waits);
                }
            }
            if next.is_none() {
                break;
            }
            after = next;
        }
        if failed == 0 {
            (memory.revise, memory.pause) = (None, STORE_PAUSE);
        } else {
            memory.revise = Some(Instant::now() + memory.pause);
            memory.pause = (memory.pause * 2).min(SLEEP_MAX);
        }
    }

    async fn revise_one(&self, namespace: &Namespace, scheduled: Scheduled) -> Result<(), Error> {
        let Scheduled { specification: schedule, next: was, revision } = scheduled;
        if !schedule.enabled {
            return Ok(());
        }
        let (name, now) = (schedule.name.clone(), self.clock.now());
        let revised = tokio::task::spawn_blocking(move || missed::revised(&schedule, was, now));
        let next = joined(revised.await)?;
        if next != was {
            tracing::info!(%namespace, schedule = %name, ?was, ?next, "a schedule fires at another time");
            self.stores.schedules.fire(namespace, &name, revision, was, Vec::new(), next).await?;
        }
        Ok(())
    }
}

/// What was computed elsewhere, had it not panicked.
fn joined<T>(joined: Result<Result<T, Error>, tokio::task::JoinError>) -> Result<T, Error> {
    joined.unwrap_or_else(|error| Err(Error::new(ErrorCode::Internal, error.to_string())))
}
