use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use lambent_storage::{Message, Receipt};
use lambent_types::{Failure, Handler, Incoming, Origin, RequestId, Source};

use super::disposition::{Disposition, GIVEN_BACK};
use super::{Batch, event};
use crate::caller::Caller;
use crate::deliveries::Deliveries;
use crate::deliveries::handled::{Handled, refused, too_costly};
use crate::observe::Delivered;

impl Deliveries {
    /// Has messages handled, and says in the queue what became of them.
    pub(super) async fn work(self: &Arc<Self>, mut batch: Batch) {
        let messages = std::mem::take(&mut batch.messages);
        let mut dispositions: Vec<(Receipt, Disposition)> = Vec::with_capacity(messages.len());
        let mut wanted = Vec::with_capacity(messages.len());
        let patterns = &batch.trigger.patterns;
        for message in messages {
            let compared = if patterns.is_empty() {
                Ok(true)
            } else {
                let event = event(&batch.queue.name, &message);
                self.matches(&batch.namespace, patterns, &event).await
            };
            match compared {
                Ok(true) => wanted.push(message),
                Ok(false) => {
                    self.observe(&batch, Delivered::Unwanted, &message);
                    dispositions.push((message.receipt, Disposition::Done));
                }
                Err(error) => {
                    let given_up = too_costly(error);
                    let disposition =
                        self.disposition(&batch, &message, RequestId::new(), given_up).await;
                    dispositions.push((message.receipt, disposition));
                }
            }
        }
        if batch.handler == Handler::Batch {
            // Messages that are to be stopped take no others with them.
            let name = &batch.callee.function.name;
            let (free, stopped): (Vec<_>, Vec<_>) =
                wanted.into_iter().partition(|message| message.origin.lineage.enter(name).is_ok());
            for messages in [free, stopped].into_iter().filter(|some| !some.is_empty()) {
                dispositions.extend(self.at_once(&batch, messages).await);
            }
        } else {
            for message in wanted {
                let disposition = self.alone(&batch, &message).await;
                dispositions.push((message.receipt, disposition));
            }
        }
        self.apply_dispositions(&batch, dispositions).await;
    }

    /// Hands over one message.
    async fn alone(self: &Arc<Self>, batch: &Batch, message: &Message) -> Disposition {
        let event = event(&batch.queue.name, message);
        let caller = Caller::node(message.origin.clone());
        let request = caller.id;
        let handled = self.handle(&batch.callee, Incoming::Message, caller, event).await;
        batch.refused.store(matches!(handled, Handled::NotStarted), Ordering::Relaxed);
        self.disposition(batch, message, request, handled).await
    }

    /// Hands over all messages at once.
    async fn at_once(
        self: &Arc<Self>,
        batch: &Batch,
        messages: Vec<Message>,
    ) -> Vec<(Receipt, Disposition)> {
        let events = messages.iter().map(|message| event(&batch.queue.name, message)).collect();
        // Whatever the batch does may come of any of them.
        let origins = messages.iter().map(|message| &message.origin);
        let origin = origins.fold(Origin::default(), |merged, origin| merged.merge(origin));
        let mut caller = Caller::node(origin);
        let request = caller.id;
        let stopped = self.stopped(&batch.callee, &mut caller, batch.handler);
        let root = caller.origin.root;
        let item_failures =
            matches!(batch.trigger.source, Source::Queue { item_failures: true, .. });
        let (mut failed, whole) = match stopped {
            Some(stopped) => (HashMap::new(), Some(stopped)),
            None => match self.dispatcher.batch(&batch.callee, caller, events, item_failures).await
            {
                Ok((invoked, failed)) => {
                    self.dispatcher.count_descendant(root);
                    let whole = invoked.record.outcome.failure().map(Handled::Failed);
                    (failed.into_iter().collect::<HashMap<u32, Failure>>(), whole)
                }
                Err(error) => (HashMap::new(), Some(refused(&error))),
            },
        };
        batch.refused.store(matches!(whole, Some(Handled::NotStarted)), Ordering::Relaxed);
        let lowest = failed.keys().min().copied().filter(|_| batch.queue.name.is_fifo());
        let mut blocked = HashSet::new();
        let mut dispositions = Vec::with_capacity(messages.len());
        for (index, message) in (0_u32..).zip(messages) {
            // From an ordered queue all after the first that failed comes again. It
            // counts as a failure only of what failed first in its group: what
            // follows there may not have been tried, whatever the function says.
            let is_blocked = message.group.as_ref().is_some_and(|group| blocked.contains(group));
            let handled = match (&whole, failed.remove(&index)) {
                (Some(whole), _) => whole.again(),
                (None, Some(failure)) if !is_blocked => {
                    blocked.extend(message.group.clone());
                    Handled::Failed(failure)
                }
                (None, failure)
                    if failure.is_some() || lowest.is_some_and(|lowest| index > lowest) =>
                {
                    dispositions.push((message.receipt, GIVEN_BACK));
                    continue;
                }
                (None, _) => Handled::Ok(lambent_types::Output::default()),
            };
            let disposition = self.disposition(batch, &message, request, handled).await;
            dispositions.push((message.receipt, disposition));
        }
        dispositions
    }
}
