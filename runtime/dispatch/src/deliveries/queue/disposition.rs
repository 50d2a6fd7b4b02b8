use std::sync::Arc;
use std::time::Duration;

use lambent_storage::{Message, Receipt};
use lambent_types::{Destination, Failure, Origin, RequestId, Retry};

use super::{Batch, event};
use crate::deliveries::handled::{Handled, age};
use crate::deliveries::record::{Cause, End};
use crate::deliveries::{Deliveries, policy};
use crate::observe::Delivered;

/// The first pause of a message that failed; twice as long after each receipt,
/// up to the queue's visibility timeout.
const FAILED_PAUSE: Duration = Duration::from_millis(500);

/// What becomes of a message.
pub(super) enum Disposition {
    /// The message is deleted.
    Done,
    /// The message was tried, and comes again after this long.
    Retry(Duration),
    /// The message was not tried, and comes again after this long as if it had never been
    /// received.
    Release(Duration),
}

/// The disposition of a message of an ordered queue that comes again behind another.
pub(super) const GIVEN_BACK: Disposition = Disposition::Release(Duration::ZERO);

impl Deliveries {
    /// What becomes of a message, after it was handled or not.
    pub(super) async fn disposition(
        self: &Arc<Self>,
        batch: &Batch,
        message: &Message,
        request: RequestId,
        handled: Handled,
    ) -> Disposition {
        let (cause, failure, output) = match &handled {
            Handled::Ok(output) => (Cause::Success, None, Some(output)),
            Handled::NotStarted => {
                self.observe(batch, Delivered::Postponed, message);
                return Disposition::Release(policy::refused());
            }
            Handled::Failed(failure) if failure.retry != Retry::Never => {
                self.observe(batch, Delivered::Retried, message);
                return Disposition::Retry(pause(batch, message, failure.retry));
            }
            Handled::Failed(failure) => (Cause::Rejected, Some(failure), None),
            Handled::Permanent(cause, failure) => (*cause, Some(failure), None),
        };
        let mut policy = batch.trigger.delivery.clone().unwrap_or_default();
        if cause != Cause::Success && policy.dead_letter.is_none() {
            let Some(redrive) = &batch.queue.attributes.redrive else {
                // Nowhere to put it: the queue keeps it until it is too old.
                self.observe(batch, Delivered::Retried, message);
                return Disposition::Retry(pause(batch, message, Retry::Policy));
            };
            policy.dead_letter = Some(Destination::Queue(redrive.queue.clone()));
        }
        let event = event(&batch.queue.name, message);
        let end = End {
            cause,
            event: &event,
            request,
            function: Some(&batch.function),
            attempts: message.receives,
            failure,
            output,
        };
        let (namespace, function) = (&batch.namespace, &batch.function.name);
        let origin: &Origin = &message.origin;
        match self.send_on(namespace, function, &policy, &end, origin).await {
            Ok(()) => {
                let success = cause == Cause::Success;
                let what = if success { Delivered::Succeeded } else { Delivered::GivenUp };
                self.observe(batch, what, message);
                Disposition::Done
            }
            Err(error) => {
                tracing::error!(%error, cause = error.cause(), "cannot send a message on");
                Disposition::Release(policy::refused())
            }
        }
    }

    /// Deletes what is done and gives back what is not.
    pub(super) async fn apply_dispositions(
        &self,
        batch: &Batch,
        dispositions: Vec<(Receipt, Disposition)>,
    ) {
        let (namespace, queue) = (&batch.namespace, &batch.queue.name);
        let queues = &self.stores.queues;
        let (mut done, mut released) = (Vec::new(), Vec::new());
        for (receipt, disposition) in dispositions {
            match disposition {
                Disposition::Done => done.push(receipt),
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
        let function = &batch.trigger.function;
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
