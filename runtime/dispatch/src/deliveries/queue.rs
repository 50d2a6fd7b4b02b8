use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lambent_storage::{Message, Queue, QueueError, Receipt, Visibility};
use lambent_types::{
    DeliveryPolicy, Event, Failure, FunctionVersion, Handler, Incoming, Namespace, Origin,
    Qualifier, QueueName, RequestId, Retry, Source, Trigger, bounds, occurrence,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::deliveries::attempt::{Handled, age, refused};
use crate::deliveries::record::{Cause, End};
use crate::deliveries::{Deliveries, STORE_PAUSE, policy};
use crate::dispatcher::{Caller, chosen};
use crate::observe::Delivered;

/// How long a poller waits at an empty queue; as long as SQS lets one.
const WAIT: Duration = Duration::from_secs(20);
/// How much longer than the function may run a message stays invisible.
const VISIBILITY_MARGIN: Duration = Duration::from_secs(5);
/// Most messages of a FIFO queue that are received at once to be handled one
/// after another: all must be done while they are invisible.
const ORDERED_MAX: usize = 10;
/// The first pause of a message that failed; twice as long after each receipt,
/// up to the queue's visibility timeout.
const FAILED_PAUSE: Duration = Duration::from_millis(500);

/// Messages in hand, and for whom.
struct Batch {
    namespace: Namespace,
    queue: Queue,
    trigger: Arc<Trigger>,
    function: Arc<FunctionVersion>,
    handler: Handler,
    messages: Vec<Message>,
}

/// What becomes of a message.
enum Verdict {
    /// It is deleted.
    Done,
    /// It comes again after this long.
    Again(Duration),
}

impl Deliveries {
    /// Has a function handle the messages of a queue until `stop`.
    pub(super) async fn follow_queue(
        self: Arc<Self>,
        namespace: Namespace,
        trigger: Trigger,
        stop: CancellationToken,
    ) {
        let Source::Queue { queue, concurrency_max, .. } = &trigger.source else { return };
        let queue = queue.clone();
        let room = Arc::new(Semaphore::new(*concurrency_max as usize));
        let trigger = Arc::new(trigger);
        let in_hand = TaskTracker::new();
        // What lasts is said once: a function may be missing for days.
        let mut told = String::new();
        while !stop.is_cancelled() {
            let Ok(place) = room.clone().acquire_owned().await else { break };
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.stores.space.enough() => {}
            }
            let spare = room.available_permits();
            match self.poll(&namespace, &queue, &trigger, spare + 1, &stop).await {
                Ok(Some(batch)) => {
                    told.clear();
                    let groups = groups(batch);
                    let mut places = vec![place];
                    for batch in groups {
                        let place = match places.pop() {
                            Some(place) => place,
                            None => match room.clone().acquire_owned().await {
                                Ok(place) => place,
                                Err(_) => break,
                            },
                        };
                        let this = self.clone();
                        in_hand.spawn(async move {
                            this.work(batch).await;
                            drop(place);
                        });
                    }
                }
                Ok(None) => told.clear(),
                Err(error) => {
                    let error = error.to_string();
                    if error != told {
                        tracing::error!(%queue, error, "cannot receive messages");
                        told = error;
                    }
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep(STORE_PAUSE) => {}
                    }
                }
            }
        }
        in_hand.close();
        in_hand.wait().await;
    }

    /// Receives the next batch, if one comes in time. What was received when
    /// it is to stop is still handled.
    async fn poll(
        &self,
        namespace: &Namespace,
        name: &QueueName,
        trigger: &Arc<Trigger>,
        spare: usize,
        stop: &CancellationToken,
    ) -> Result<Option<Batch>, QueueError> {
        let Source::Queue { batch_size, batch_window_ms, .. } = trigger.source else {
            return Ok(None);
        };
        let found = self.dispatcher.resolve(namespace, &trigger.function, Qualifier::Latest).await;
        let function = found.map_err(|error| QueueError::Invalid(error.to_string()))?;
        let handler = chosen(Incoming::Message, &function)
            .map_err(|error| QueueError::Invalid(error.to_string()))?;
        let queue = self.stores.queues.queue(namespace, name).await?.ok_or(QueueError::NoQueue)?;
        let (limit, in_turn) = match handler {
            Handler::Batch => (batch_size as usize, 1),
            _ if name.is_fifo() => {
                let limit = (batch_size as usize).min(spare).min(ORDERED_MAX);
                (limit, u32::try_from(limit).unwrap_or(1))
            }
            _ => ((batch_size as usize).min(spare), 1),
        };
        let own = Duration::from_millis(queue.attributes.visibility_timeout_ms);
        let timeout = Duration::from_millis(function.configuration.timeout_ms);
        let window = Duration::from_millis(batch_window_ms);
        let visibility = timeout * in_turn + window + VISIBILITY_MARGIN;
        let visibility = Visibility::WhileAlive(own.max(visibility).min(bounds::VISIBILITY_MAX));
        let queues = &self.stores.queues;
        let mut messages = tokio::select! {
            () = stop.cancelled() => return Ok(None),
            received = queues.receive(namespace, name, limit, visibility, WAIT) => received?,
        };
        let closes = tokio::time::Instant::now() + window;
        while !messages.is_empty() && messages.len() < limit {
            let left = closes.saturating_duration_since(tokio::time::Instant::now());
            if left.is_zero() {
                break;
            }
            let more = limit - messages.len();
            tokio::select! {
                () = stop.cancelled() => break,
                received = queues.receive(namespace, name, more, visibility, left) => match received {
                    Ok(received) => messages.extend(received),
                    // Those there are do not wait for a store that fails.
                    Err(_) => break,
                },
            }
        }
        if messages.is_empty() {
            return Ok(None);
        }
        let (namespace, trigger) = (namespace.clone(), trigger.clone());
        Ok(Some(Batch { namespace, queue, trigger, function, handler, messages }))
    }

    /// Has messages handled that may not be handled at the same time.
    async fn work(self: &Arc<Self>, mut batch: Batch) {
        let messages = std::mem::take(&mut batch.messages);
        let mut verdicts: Vec<(Receipt, Verdict)> = Vec::with_capacity(messages.len());
        let (wanted, unwanted): (Vec<_>, Vec<_>) =
            messages.into_iter().partition(|message| wanted(&batch, message));
        for message in unwanted {
            self.observe(&batch, Delivered::Unwanted, &message);
            verdicts.push((message.receipt, Verdict::Done));
        }
        if !wanted.is_empty() {
            if batch.handler == Handler::Batch {
                // Those to be stopped take no others with them.
                let name = &batch.function.name;
                let (free, stopped): (Vec<_>, Vec<_>) = wanted
                    .into_iter()
                    .partition(|message| message.origin.lineage.enter(name).is_ok());
                for messages in [free, stopped].into_iter().filter(|some| !some.is_empty()) {
                    verdicts.extend(self.at_once(&batch, messages).await);
                }
            } else {
                verdicts.extend(self.one_by_one(&batch, wanted).await);
            }
        }
        self.conclude(&batch, verdicts).await;
    }

    /// Hands over one message after another; on a FIFO queue what follows one
    /// that failed comes again after it.
    async fn one_by_one(
        self: &Arc<Self>,
        batch: &Batch,
        messages: Vec<Message>,
    ) -> Vec<(Receipt, Verdict)> {
        let ordered = batch.queue.name.is_fifo();
        let mut verdicts = Vec::with_capacity(messages.len());
        let mut held_up = false;
        for message in messages {
            if held_up {
                verdicts.push((message.receipt, Verdict::Again(Duration::ZERO)));
                continue;
            }
            let event = event(&batch.queue.name, &message);
            let caller =
                Caller { id: RequestId::new(), principal: None, origin: message.origin.clone() };
            let request = caller.id;
            let handled = self.handle(&batch.function, Incoming::Message, caller, event).await;
            let verdict = self.judge(batch, &message, request, handled).await;
            held_up = ordered && !matches!(verdict, Verdict::Done);
            verdicts.push((message.receipt, verdict));
        }
        verdicts
    }

    /// Hands over all messages at once.
    async fn at_once(
        self: &Arc<Self>,
        batch: &Batch,
        messages: Vec<Message>,
    ) -> Vec<(Receipt, Verdict)> {
        let events = messages.iter().map(|message| event(&batch.queue.name, message)).collect();
        // Whatever the batch does may come of any of them.
        let mut origin = Origin::default();
        for message in &messages {
            origin.lineage = origin.lineage.merge(&message.origin.lineage);
            origin.trace_parent =
                origin.trace_parent.or_else(|| message.origin.trace_parent.clone());
        }
        let caller = Caller { id: RequestId::new(), principal: None, origin };
        let request = caller.id;
        let (mut failed, whole) = match self.recursion(&batch.function, &caller, batch.handler) {
            Some(stopped) => (HashMap::new(), Some(stopped)),
            None => match self.dispatcher.batch(batch.function.clone(), caller, events).await {
                Ok((invoked, failed)) => {
                    let whole = invoked.record.outcome.failure().map(Handled::Failed);
                    (failed.into_iter().collect::<HashMap<u32, Failure>>(), whole)
                }
                Err(error) => (HashMap::new(), Some(refused(&error))),
            },
        };
        let lowest = failed.keys().min().copied().filter(|_| batch.queue.name.is_fifo());
        let mut verdicts = Vec::with_capacity(messages.len());
        for (index, message) in (0_u32..).zip(messages) {
            let handled = match (&whole, failed.remove(&index)) {
                (Some(whole), _) => whole.again(),
                (None, Some(failure)) => Handled::Failed(failure),
                // From an ordered queue all after the first that failed comes again.
                (None, None) if lowest.is_some_and(|lowest| index > lowest) => {
                    verdicts.push((message.receipt, Verdict::Again(Duration::ZERO)));
                    continue;
                }
                (None, None) => Handled::Ok(lambent_types::Output::default()),
            };
            let verdict = self.judge(batch, &message, request, handled).await;
            verdicts.push((message.receipt, verdict));
        }
        verdicts
    }

    /// What becomes of a message, after it was handled or not.
    async fn judge(
        self: &Arc<Self>,
        batch: &Batch,
        message: &Message,
        request: RequestId,
        handled: Handled,
    ) -> Verdict {
        let again = self.pause(batch, message, &handled);
        let (cause, failure, output) = match &handled {
            Handled::Ok(output) => (Cause::Success, None, Some(output)),
            Handled::NoRoom => {
                self.observe(batch, Delivered::Postponed, message);
                return Verdict::Again(again);
            }
            Handled::Failed(failure) if failure.retry != Retry::Never => {
                self.observe(batch, Delivered::Retried, message);
                return Verdict::Again(again);
            }
            Handled::Failed(failure) => (Cause::Rejected, Some(failure), None),
            Handled::Hopeless(cause, failure) => (*cause, Some(failure), None),
        };
        let mut policy = batch.trigger.delivery.clone().unwrap_or_default();
        if cause != Cause::Success && policy.dead_letter.is_none() {
            let Some(redrive) = &batch.queue.attributes.redrive else {
                // Nowhere to put it: the queue keeps it until it is too old.
                self.observe(batch, Delivered::Retried, message);
                return Verdict::Again(again);
            };
            policy.dead_letter = Some(lambent_types::Destination::Queue(redrive.queue.clone()));
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
        self.conclude_one(batch, message, &policy, &end, again).await
    }

    async fn conclude_one(
        self: &Arc<Self>,
        batch: &Batch,
        message: &Message,
        policy: &DeliveryPolicy,
        end: &End<'_>,
        again: Duration,
    ) -> Verdict {
        let (namespace, function) = (&batch.namespace, &batch.function.name);
        let origin: &Origin = &message.origin;
        match self.send_on(namespace, function, policy, end, origin).await {
            Ok(()) => {
                let success = end.cause == Cause::Success;
                let what = if success { Delivered::Succeeded } else { Delivered::GivenUp };
                self.observe(batch, what, message);
                Verdict::Done
            }
            Err(error) => {
                tracing::error!(%error, cause = error.cause(), "cannot send a message on");
                Verdict::Again(again)
            }
        }
    }

    /// How long a message pauses that was not handled.
    fn pause(&self, batch: &Batch, message: &Message, handled: &Handled) -> Duration {
        let most = Duration::from_millis(batch.queue.attributes.visibility_timeout_ms);
        let doubled = 1_u32.checked_shl(message.receives.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = policy::scattered(FAILED_PAUSE.saturating_mul(doubled).min(most));
        match handled {
            Handled::Failed(Failure { retry: Retry::After(least), .. }) => pause.max(*least),
            Handled::NoRoom => policy::room(age(self.clock.now(), message.sent)).min(most),
            _ => pause,
        }
    }

    /// Deletes what is done and gives back what is not.
    async fn conclude(&self, batch: &Batch, verdicts: Vec<(Receipt, Verdict)>) {
        let (namespace, queue) = (&batch.namespace, &batch.queue.name);
        let mut done = Vec::new();
        for (receipt, verdict) in verdicts {
            match verdict {
                Verdict::Done => done.push(receipt),
                Verdict::Again(pause) => {
                    let queues = &self.stores.queues;
                    let given = queues.change_visibility(namespace, queue, &receipt, pause).await;
                    if let Err(error) = given {
                        // It comes again when its visibility timeout is over.
                        tracing::warn!(%queue, %error, "cannot give a message back early");
                    }
                }
            }
        }
        if done.is_empty() {
            return;
        }
        if let Err(error) = self.stores.queues.delete(namespace, queue, &done).await {
            tracing::error!(%queue, %error, "cannot delete messages; they come again");
        }
    }

    fn observe(&self, batch: &Batch, what: Delivered, message: &Message) {
        let age = age(self.clock.now(), message.sent);
        let function = &batch.trigger.function;
        self.dispatcher.observe_delivered(&batch.namespace, function, what, age);
    }
}

impl Handled {
    /// The same for another message of the batch.
    fn again(&self) -> Self {
        match self {
            Self::Ok(output) => Self::Ok(output.clone()),
            Self::Failed(failure) => Self::Failed(failure.clone()),
            Self::Hopeless(cause, failure) => Self::Hopeless(*cause, failure.clone()),
            Self::NoRoom => Self::NoRoom,
        }
    }
}

fn event(queue: &QueueName, message: &Message) -> Event {
    occurrence::message(
        queue,
        occurrence::MessageFacts {
            id: message.id.clone(),
            body: message.body.clone(),
            content_type: message.content_type.clone(),
            attributes: message.attributes.clone(),
            group: message.group.clone(),
            sequence: message.sequence,
            sent: message.sent,
            receives: message.receives,
        },
    )
}

fn wanted(batch: &Batch, message: &Message) -> bool {
    let patterns = &batch.trigger.patterns;
    patterns.is_empty() || {
        let event = event(&batch.queue.name, message);
        patterns.iter().any(|pattern| pattern.matches(&event))
    }
}

/// Splits what was received into what may be handled at the same time: a batch
/// stays whole, other messages are by themselves, and those of a group together.
fn groups(batch: Batch) -> Vec<Batch> {
    if batch.handler == Handler::Batch {
        return vec![batch];
    }
    let Batch { namespace, queue, trigger, function, handler, messages } = batch;
    let mut groups: Vec<(Option<String>, Vec<Message>)> = Vec::new();
    for message in messages {
        let group = message.group.clone();
        match groups.iter_mut().find(|(known, _)| known.is_some() && *known == group) {
            Some((_, messages)) => messages.push(message),
            None => groups.push((group, vec![message])),
        }
    }
    let batch = |messages| Batch {
        namespace: namespace.clone(),
        queue: queue.clone(),
        trigger: trigger.clone(),
        function: function.clone(),
        handler,
        messages,
    };
    groups.into_iter().map(|(_, messages)| batch(messages)).collect()
}
