use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use lambent_storage::{Message, Receipt};
use lambent_types::{Failure, Handler, Incoming, Origin, RequestId};

use super::verdict::{GIVEN_BACK, Verdict};
use super::{Batch, event};
use crate::deliveries::Deliveries;
use crate::deliveries::attempt::{Handled, refused};
use crate::deliveries::wanted::too_costly;
use crate::dispatcher::Caller;
use crate::observe::Delivered;

impl Deliveries {
    /// Has messages handled, and says in the queue what became of them.
    pub(super) async fn work(self: &Arc<Self>, mut batch: Batch) {
        let messages = std::mem::take(&mut batch.messages);
        let mut verdicts: Vec<(Receipt, Verdict)> = Vec::with_capacity(messages.len());
        let mut wanted = Vec::with_capacity(messages.len());
        let patterns = &batch.trigger.patterns;
        for message in messages {
            let compared = if patterns.is_empty() {
                Ok(true)
            } else {
                let event = event(&batch.queue.name, &message);
                self.wanted(&batch.namespace, patterns, &event).await
            };
            match compared {
                Ok(true) => wanted.push(message),
                Ok(false) => {
                    self.observe(&batch, Delivered::Unwanted, &message);
                    verdicts.push((message.receipt, Verdict::Done));
                }
                Err(error) => {
                    let given_up = too_costly(error);
                    let verdict = self.judge(&batch, &message, RequestId::new(), given_up).await;
                    verdicts.push((message.receipt, verdict));
                }
            }
        }
        if batch.handler == Handler::Batch {
            // Those to be stopped take no others with them.
            let name = &batch.function.name;
            let (free, stopped): (Vec<_>, Vec<_>) =
                wanted.into_iter().partition(|message| message.origin.lineage.enter(name).is_ok());
            for messages in [free, stopped].into_iter().filter(|some| !some.is_empty()) {
                verdicts.extend(self.at_once(&batch, messages).await);
            }
        } else {
            for message in wanted {
                let verdict = self.alone(&batch, &message).await;
                verdicts.push((message.receipt, verdict));
            }
        }
        self.conclude(&batch, verdicts).await;
    }

    /// Hands over one message.
    async fn alone(self: &Arc<Self>, batch: &Batch, message: &Message) -> Verdict {
        let event = event(&batch.queue.name, message);
        let caller =
            Caller { id: RequestId::new(), principal: None, origin: message.origin.clone() };
        let request = caller.id;
        let handled = self.handle(&batch.function, Incoming::Message, caller, event).await;
        batch.refused.store(matches!(handled, Handled::NotBegun), Ordering::Relaxed);
        self.judge(batch, message, request, handled).await
    }

    /// Hands over all messages at once.
    async fn at_once(
        self: &Arc<Self>,
        batch: &Batch,
        messages: Vec<Message>,
    ) -> Vec<(Receipt, Verdict)> {
        let events = messages.iter().map(|message| event(&batch.queue.name, message)).collect();
        // Whatever the batch does may come of any of them.
        let origins = messages.iter().map(|message| &message.origin);
        let origin = origins.fold(Origin::default(), |merged, origin| merged.merge(origin));
        let mut caller = Caller { id: RequestId::new(), principal: None, origin };
        let request = caller.id;
        let stopped = self.stopped(&batch.function, &mut caller, batch.handler);
        let root = caller.origin.root;
        let (mut failed, whole) = match stopped {
            Some(stopped) => (HashMap::new(), Some(stopped)),
            None => match self.dispatcher.batch(batch.function.clone(), caller, events).await {
                Ok((invoked, failed)) => {
                    self.dispatcher.descended(root);
                    let whole = invoked.record.outcome.failure().map(Handled::Failed);
                    (failed.into_iter().collect::<HashMap<u32, Failure>>(), whole)
                }
                Err(error) => (HashMap::new(), Some(refused(&error))),
            },
        };
        batch.refused.store(matches!(whole, Some(Handled::NotBegun)), Ordering::Relaxed);
        let lowest = failed.keys().min().copied().filter(|_| batch.queue.name.is_fifo());
        let mut held_up = HashSet::new();
        let mut verdicts = Vec::with_capacity(messages.len());
        for (index, message) in (0_u32..).zip(messages) {
            // From an ordered queue all after the first that failed comes again. It
            // counts as a failure only of what failed first in its group: what
            // follows there may not have been tried, whatever the function says.
            let is_held_up = message.group.as_ref().is_some_and(|group| held_up.contains(group));
            let handled = match (&whole, failed.remove(&index)) {
                (Some(whole), _) => whole.again(),
                (None, Some(failure)) if !is_held_up => {
                    held_up.extend(message.group.clone());
                    Handled::Failed(failure)
                }
                (None, failure)
                    if failure.is_some() || lowest.is_some_and(|lowest| index > lowest) =>
                {
                    verdicts.push((message.receipt, GIVEN_BACK));
                    continue;
                }
                (None, _) => Handled::Ok(lambent_types::Output::default()),
            };
            let verdict = self.judge(batch, &message, request, handled).await;
            verdicts.push((message.receipt, verdict));
        }
        verdicts
    }
}
