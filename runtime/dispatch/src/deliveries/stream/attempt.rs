use std::sync::Arc;
use std::time::Duration;

use lambent_types::{DeliveryPolicy, Failure, Origin, Output, RequestId, Retry};

use super::checkpoint::Position;
use super::given_up::GivenUp;
use super::intake::{Change, Intake};
use super::{Called, Halt, Reader};
use crate::caller::Caller;
use crate::deliveries::handled::{Handled, age, failure as failed, refused};
use crate::deliveries::record::Cause;
use crate::deliveries::{Deliveries, policy};
use crate::observe::Delivered;

/// The first pause of a batch that failed; twice as long after each, up to the longest, since what
/// follows it waits.
const FAILED_PAUSE: Duration = Duration::from_millis(500);
const FAILED_PAUSE_MAX: Duration = Duration::from_secs(60);

/// Changes that are handed over together.
struct Part {
    changes: Vec<Change>,
    /// How often they were tried.
    attempts: u32,
}

/// How it ended that changes were to be handled.
pub(super) struct Tried {
    pub(super) request: RequestId,
    pub(super) handled: Handled,
    /// The first that failed, where the function said so of some; those before are handled.
    first_failed: Option<usize>,
}

impl Deliveries {
    /// Has changes handled, until they are or are given up. The lane moves on with each part.
    pub(super) async fn hand_over(
        self: &Arc<Self>,
        reader: &Reader,
        lane: usize,
        intake: &Intake,
    ) -> Result<(), Halt> {
        let mut parts = by_lineage(reader, &intake.changes);
        parts.reverse();
        while let Some(part) = parts.pop() {
            let Some(first) = part.changes.first() else { continue };
            let at = Position { label: intake.next.label.clone(), next: first.sequence };
            reader.advance(lane, &at).await?;
            if reader.stop.is_cancelled() {
                return Err(Halt::Stopped);
            }
            let part = self.without_expired(reader, part).await?;
            if !part.changes.is_empty() {
                parts.extend(self.attempt_changes(reader, part).await?);
            }
        }
        Ok(())
    }

    /// Tries a part; what of it is left to do, the first at the end.
    async fn attempt_changes(
        self: &Arc<Self>,
        reader: &Reader,
        mut part: Part,
    ) -> Result<Vec<Part>, Halt> {
        let tried = self.call(reader, &part).await?;
        let name = &reader.trigger.name;
        let now = self.clock.now();
        self.statuses.note(&reader.namespace, name, &tried.handled, tried.request, now);
        let observe = |what, changes: &[Change]| {
            changes.iter().for_each(|change| self.observe_change(reader, what, change));
        };
        let failure = match &tried.handled {
            Handled::Ok(_) => {
                observe(Delivered::Succeeded, &part.changes);
                return Ok(Vec::new());
            }
            Handled::NotStarted => {
                observe(Delivered::Postponed, &part.changes);
                reader.pause(policy::refused()).await?;
                return Ok(vec![part]);
            }
            // What cannot be called may be mended, such as by a runtime that is installed.
            Handled::Permanent(Cause::NotInvocable, failure) | Handled::Failed(failure) => {
                failure.clone()
            }
            Handled::Permanent(cause, failure) => {
                let attempts = part.attempts.saturating_add(1);
                let (changes, request) = (&part.changes[..], tried.request);
                let ended = GivenUp { changes, attempts, cause: *cause, failure, request };
                self.give_up_changes(reader, ended).await?;
                return Ok(Vec::new());
            }
        };
        if let Some(first) = tried.first_failed.filter(|first| *first > 0) {
            // What is before the first that failed is over, and what is left was tried once.
            let rest = part.changes.split_off(first);
            observe(Delivered::Succeeded, &part.changes);
            part = Part { changes: rest, attempts: 0 };
        }
        part.attempts += 1;
        self.after_failure(reader, part, &failure, tried.request).await
    }

    /// What is left of a part that failed, after its pause.
    async fn after_failure(
        self: &Arc<Self>,
        reader: &Reader,
        mut part: Part,
        failure: &Failure,
        request: RequestId,
    ) -> Result<Vec<Part>, Halt> {
        let rejected = failure.retry == Retry::Never;
        if reader.source.bisect && part.changes.len() > 1 {
            // Lambda does not count an attempt that ends in a division.
            let attempts = part.attempts - 1;
            let second = part.changes.split_off(part.changes.len().div_ceil(2));
            self.observe_retry(reader, &part.changes, &second);
            reader.pause(self.pause_before(reader, &part.changes, 1, failure.retry)).await?;
            let first = Part { attempts, ..part };
            return Ok(vec![Part { changes: second, attempts }, first]);
        }
        let exhausted = reader.source.attempts_max.is_some_and(|most| part.attempts >= most);
        if rejected || exhausted {
            let cause = if rejected { Cause::Rejected } else { Cause::RetriesExhausted };
            let (changes, attempts) = (&part.changes[..], part.attempts);
            let ended = GivenUp { changes, attempts, cause, failure, request };
            self.give_up_changes(reader, ended).await?;
            return Ok(Vec::new());
        }
        self.observe_retry(reader, &part.changes, &[]);
        let pause = self.pause_before(reader, &part.changes, part.attempts, failure.retry);
        reader.pause(pause).await?;
        Ok(vec![part])
    }

    /// How long changes pause that failed so often: no longer than until the first is too old, since
    /// what follows them would wait for nothing, and become too old itself.
    fn pause_before(
        &self,
        reader: &Reader,
        changes: &[Change],
        attempts: u32,
        retry: Retry,
    ) -> Duration {
        let now = self.clock.now();
        let oldest = changes.iter().map(|change| age(now, change.at)).max().unwrap_or_default();
        let most = reader.source.age_max_ms.map_or(Duration::MAX, Duration::from_millis);
        pause(attempts, retry).min(most.saturating_sub(oldest))
    }

    fn observe_retry(&self, reader: &Reader, first: &[Change], second: &[Change]) {
        for change in first.iter().chain(second) {
            self.observe_change(reader, Delivered::Retried, change);
        }
    }

    /// Calls the function with a part.
    async fn call(self: &Arc<Self>, reader: &Reader, part: &Part) -> Result<Tried, Halt> {
        let called: Called = self.called_for_changes(reader).await?;
        let (callee, handler) = called.choose(&part.changes)?;
        // Whatever the batch does may come of any of them.
        let origins = part.changes.iter().map(|change| &change.origin);
        let origin = origins.fold(Origin::default(), |merged, origin| merged.merge(origin));
        let mut caller = Caller::node(origin);
        let request = caller.id;
        let mut events = part.changes.iter().map(|change| {
            let mut event = change.event.clone();
            event.attempt = part.attempts.saturating_add(1);
            event
        });
        if handler != lambent_types::Handler::Batch {
            // A part is one change then, unless the function was changed a moment ago.
            let Some(event) = events.next().filter(|_| part.changes.len() == 1) else {
                return Err(Halt::Failed("the function takes one change at a time now".into()));
            };
            let incoming = lambent_types::Incoming::ItemChange;
            let handled = self.handle(&callee, incoming, caller, event).await;
            return Ok(Tried { request, handled, first_failed: None });
        }
        if let Some(handled) = self.stopped(&callee, &mut caller, handler) {
            return Ok(Tried { request, handled, first_failed: None });
        }
        let root = caller.origin.root;
        let item_failures = reader.source.item_failures;
        let batch = self.dispatcher.batch(&callee, caller, events.collect(), item_failures).await;
        let (handled, first_failed) = match batch {
            Ok((invoked, mut failed)) => {
                self.dispatcher.count_descendant(root);
                failed.sort_by_key(|(index, _)| *index);
                match (invoked.record.outcome.failure(), failed.into_iter().next()) {
                    (Some(whole), _) => (Handled::Failed(whole), None),
                    (None, Some((index, failure))) => {
                        (Handled::Failed(failure), usize::try_from(index).ok())
                    }
                    (None, None) => (Handled::Ok(Output::default()), None),
                }
            }
            Err(error) => (refused(&error), None),
        };
        Ok(Tried { request, handled, first_failed })
    }

    /// Gives up what of a part is too old.
    async fn without_expired(self: &Arc<Self>, reader: &Reader, part: Part) -> Result<Part, Halt> {
        let Some(most) = reader.source.age_max_ms.map(Duration::from_millis) else {
            return Ok(part);
        };
        let now = self.clock.now();
        let Part { changes, attempts } = part;
        let (old, rest): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|change| age(now, change.at) >= most);
        if !old.is_empty() {
            let text = format!("the changes are more than {most:?} old");
            let failure = failed("Lambent.EventAgeExceeded", text);
            let (changes, failure, request) = (&old[..], &failure, RequestId::new());
            let cause = Cause::EventAgeExceeded;
            let ended = GivenUp { changes, attempts, cause, failure, request };
            self.give_up_changes(reader, ended).await?;
        }
        Ok(Part { changes: rest, attempts })
    }
}

/// Changes in parts of which each is stopped as a whole or not at all: one that goes in a circle
/// takes no other with it.
fn by_lineage(reader: &Reader, changes: &[Change]) -> Vec<Part> {
    let name = &reader.function.name;
    let free = |change: &Change| change.origin.lineage.enter(name).is_ok();
    let runs = changes.chunk_by(|one, other| free(one) == free(other));
    runs.map(|changes| Part { changes: changes.to_vec(), attempts: 0 }).collect()
}

/// How long a batch pauses that failed so often.
fn pause(attempts: u32, retry: Retry) -> Duration {
    let backoff_ms = u64::try_from(FAILED_PAUSE.as_millis()).unwrap_or(u64::MAX);
    let policy = DeliveryPolicy { backoff_ms, ..DeliveryPolicy::default() };
    policy::backoff(&policy, attempts, Retry::Policy).min(FAILED_PAUSE_MAX).max(match retry {
        Retry::After(least) => least.min(FAILED_PAUSE_MAX),
        Retry::Policy | Retry::Never => Duration::ZERO,
    })
}
