use std::sync::Arc;
use std::time::Duration;

use lambent_storage::backend::queues::is_dead;
use lambent_storage::{DeadFacts, GiveUp, Message, Receipt};
use lambent_types::{
    DeliveryPolicy, Destination, Failure, Origin, Output, QueueName, RequestId, Retry,
};

use super::{Batch, event};
use crate::deliveries::destination::facts;
use crate::deliveries::handled::{Handled, age};
use crate::deliveries::record::{Cause, End, Place};
use crate::deliveries::{Deliveries, policy};
use crate::observe::Delivered;

/// The first pause of a message that failed; twice as long after each receipt,
/// up to the queue's visibility timeout.
const FAILED_PAUSE: Duration = Duration::from_millis(500);

/// What becomes of a message.
pub(super) enum Disposition {
    /// The message is deleted.
    Done,
    /// The message goes to a dead-letter queue, with what is said of it.
    GiveUp(QueueName, DeadFacts),
    /// The message was tried, and comes again after this long.
    Retry(Duration),
    /// The message was not tried, and comes again after this long as if it had never been
    /// received.
    Release(Duration),
}

/// The disposition of a message of an ordered queue that comes again behind another.
pub(super) const GIVEN_BACK: Disposition = Disposition::Release(Duration::ZERO);

/// What is to be done about a message before it is.
enum Verdict<'h> {
    /// It comes again.
    Again(Delivered, Disposition),
    /// It is over.
    Over(Cause, Option<&'h Failure>, Option<&'h Output>),
}

fn verdict<'h>(batch: &Batch, message: &Message, handled: &'h Handled) -> Verdict<'h> {
    match handled {
        Handled::Ok(output) => Verdict::Over(Cause::Success, None, Some(output)),
        Handled::NotStarted => {
            Verdict::Again(Delivered::Postponed, Disposition::Release(policy::refused()))
        }
        Handled::Permanent(cause, failure) => Verdict::Over(*cause, Some(failure), None),
        Handled::Failed(failure) if failure.retry == Retry::Never => {
            Verdict::Over(Cause::Rejected, Some(failure), None)
        }
        // The next receipt would be one too many, and now it is known why it failed.
        Handled::Failed(failure)
            if is_dead(&batch.queue.attributes, message.receives.saturating_add(1)) =>
        {
            Verdict::Over(Cause::RetriesExhausted, Some(failure), None)
        }
        Handled::Failed(failure) => {
            let pause = pause(batch, message, failure.retry);
            Verdict::Again(Delivered::Retried, Disposition::Retry(pause))
        }
    }
}

/// Where what is over goes: the policy, without a dead-letter queue of the message's own kind,
/// and that queue. None of a message that is given up and has nowhere to go.
fn destinations(batch: &Batch, cause: Cause) -> Option<(DeliveryPolicy, Option<QueueName>)> {
    let mut policy = batch.trigger.delivery.clone().unwrap_or_default();
    if cause == Cause::Success {
        return Some((policy, None));
    }
    let redrive = batch.queue.attributes.redrive.as_ref();
    let own = redrive.map(|redrive| Destination::Queue(redrive.queue.clone()));
    if cause == Cause::RetriesExhausted {
        // How often it may be received is the queue's to say, and so is where it goes then.
        policy.dead_letter = own;
    } else if policy.dead_letter.is_none() {
        policy.dead_letter = Some(own?);
    }
    let name = &batch.queue.name;
    let grave = match &policy.dead_letter {
        Some(Destination::Queue(queue))
            if queue.is_fifo() == name.is_fifo() && queue.key() != name.key() =>
        {
            Some(queue.clone())
        }
        _ => None,
    };
    policy.dead_letter = policy.dead_letter.filter(|_| grave.is_none());
    Some((policy, grave))
}

impl Deliveries {
    /// What becomes of a message, after it was handled or not.
    pub(super) async fn disposition(
        self: &Arc<Self>,
        batch: &Batch,
        message: &Message,
        request: RequestId,
        handled: Handled,
    ) -> Disposition {
        let trigger = &batch.trigger.name;
        self.statuses.note(&batch.namespace, trigger, &handled, request, self.clock.now());
        let (cause, failure, output) = match verdict(batch, message, &handled) {
            Verdict::Again(what, disposition) => {
                self.observe(batch, what, message);
                return disposition;
            }
            Verdict::Over(cause, failure, output) => (cause, failure, output),
        };
        let Some((policy, grave)) = destinations(batch, cause) else {
            // Nowhere to put it: the queue keeps it until it is too old.
            self.observe(batch, Delivered::Retried, message);
            return Disposition::Retry(pause(batch, message, Retry::Policy));
        };
        let (namespace, function) = (&batch.namespace, &batch.callee.function.name);
        let end = End {
            cause,
            place: Place::Queue(&batch.queue.name),
            since: message.sent,
            event: &event(&batch.queue.name, message),
            request,
            function: Some(&batch.callee.function),
            attempts: message.receives,
            failure,
            output,
        };
        let origin: &Origin = &message.origin;
        if let Err(error) = self.send_on(namespace, function, &policy, &end, origin).await {
            tracing::error!(%error, cause = error.cause(), "cannot send a message on");
            return Disposition::Release(policy::refused());
        }
        let success = cause == Cause::Success;
        let what = if success { Delivered::Succeeded } else { Delivered::GivenUp };
        self.observe(batch, what, message);
        grave.map_or(Disposition::Done, |grave| Disposition::GiveUp(grave, facts(&end, function)))
    }

    /// Moves messages to their dead-letter queues. Returns those whose queue does not exist any
    /// more, to be deleted: they do not hold others up.
    async fn give_up(&self, batch: &Batch, messages: Vec<GiveUp>) -> Vec<Receipt> {
        let (namespace, queue) = (&batch.namespace, &batch.queue.name);
        if messages.is_empty() {
            return Vec::new();
        }
        let queues = &self.stores.queues;
        let moved = match queues.give_up(namespace, queue, messages.clone()).await {
            Ok(moved) => moved,
            Err(error) => {
                tracing::error!(%queue, %error, "cannot move dead letters; they come again");
                return Vec::new();
            }
        };
        let mut lost = Vec::new();
        for (GiveUp { receipt, to, .. }, _) in
            messages.into_iter().zip(moved).filter(|(_, moved)| !moved)
        {
            if matches!(queues.queue(namespace, &to).await, Ok(None)) {
                tracing::error!(%namespace, %queue, destination = %to, "a destination is lost");
                let (function, what) = (&batch.callee.function.name, Delivered::DestinationLost);
                self.dispatcher.observe_delivered(namespace, function, what, Duration::ZERO);
                lost.push(receipt);
            }
        }
        lost
    }

    /// Deletes what is done and gives back what is not.
    pub(super) async fn apply_dispositions(
        &self,
        batch: &Batch,
        dispositions: Vec<(Receipt, Disposition)>,
    ) {
        let (namespace, queue) = (&batch.namespace, &batch.queue.name);
        let queues = &self.stores.queues;
        let (mut done, mut released, mut given_up) = (Vec::new(), Vec::new(), Vec::new());
        for (receipt, disposition) in dispositions {
            match disposition {
                Disposition::Done => done.push(receipt),
                Disposition::GiveUp(to, facts) => given_up.push(GiveUp { receipt, to, facts }),
                Disposition::Release(pause) => released.push((receipt, pause)),
                Disposition::Retry(pause) => {
                    let given = queues.change_visibility(namespace, queue, &receipt, pause).await;
                    if let Err(error) = given {
                        // The message comes again when its visibility timeout is over.
                        tracing::warn!(%queue, %error, "cannot give a message back early");
                    }
                }
            }
        }
        done.extend(self.give_up(batch, given_up).await);
        if !released.is_empty()
            && let Err(error) = queues.release(namespace, queue, &released).await
        {
            tracing::warn!(%queue, %error, "cannot give messages back; their receipts count");
        }
        if !done.is_empty()
            && let Err(error) = queues.delete(namespace, queue, &done).await
        {
            tracing::error!(%queue, %error, "cannot delete messages; they come again");
        }
    }

    pub(super) fn observe(&self, batch: &Batch, what: Delivered, message: &Message) {
        let age = age(self.clock.now(), message.sent);
        let function = &batch.callee.function.name;
        self.dispatcher.observe_delivered(&batch.namespace, function, what, age);
    }
}

/// How long a message pauses that failed.
fn pause(batch: &Batch, message: &Message, retry: Retry) -> Duration {
    let most = Duration::from_millis(batch.queue.attributes.visibility_timeout_ms);
    let doubled = 1_u32.checked_shl(message.receives.saturating_sub(1)).unwrap_or(u32::MAX);
    let pause = policy::scattered(FAILED_PAUSE.saturating_mul(doubled).min(most));
    match retry {
        Retry::After(least) => pause.max(least),
        Retry::Policy | Retry::Never => pause,
    }
}

impl Handled {
    /// A copy for another message of the batch.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Ok(output) => Self::Ok(output.clone()),
            Self::Failed(failure) => Self::Failed(Failure::clone(failure)),
            Self::Permanent(cause, failure) => Self::Permanent(*cause, failure.clone()),
            Self::NotStarted => Self::NotStarted,
        }
    }
}
