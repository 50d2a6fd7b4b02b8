//! Messages of queues: a poller for each trigger receives as many as can be
//! handled now, and no more.

mod batch;
mod called;
mod disposition;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lambent_storage::{Message, Queue, QueueError, Visibility};
use lambent_types::{
    Error, Event, FunctionVersion, Handler, Namespace, QualifiedFunction, QueueName, Source,
    Trigger, bounds, occurrence,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::called::Called;
use crate::callee::Callee;
use crate::deliveries::{Deliveries, STORE_PAUSE, policy};
use crate::message_notes::queue_facts;

/// How long a poller waits at an empty queue; as long as SQS lets one.
const WAIT: Duration = Duration::from_secs(20);

/// What brings the messages of a queue to a function.
struct Poller {
    namespace: Namespace,
    queue: QueueName,
    trigger: Arc<Trigger>,
    /// What the trigger has handle them.
    function: QualifiedFunction,
    /// A permit for each message that may be handled at once.
    places: Arc<Semaphore>,
    /// Whether the node did not begin with the last message that it was given.
    refused: Arc<AtomicBool>,
    stop: CancellationToken,
}

/// Messages to be handed over together, and to whom.
struct Batch {
    namespace: Namespace,
    queue: Queue,
    trigger: Arc<Trigger>,
    callee: Callee,
    handler: Handler,
    messages: Vec<Message>,
    refused: Arc<AtomicBool>,
}

impl Deliveries {
    /// Has a function handle the messages of a queue until `stop`.
    pub(super) async fn poll_queue(
        self: Arc<Self>,
        namespace: Namespace,
        trigger: Trigger,
        stop: CancellationToken,
    ) {
        let Source::Queue { queue, concurrency_max, .. } = &trigger.source else { return };
        let Some(function) = trigger.function.clone() else { return };
        let poller = Poller {
            namespace,
            queue: queue.clone(),
            places: Arc::new(Semaphore::new(*concurrency_max as usize)),
            trigger: Arc::new(trigger),
            function,
            refused: Arc::default(),
            stop,
        };
        let in_flight = TaskTracker::new();
        // An error that lasts is logged once: a function may be missing for days.
        let mut last_logged = String::new();
        while !poller.stop.is_cancelled() {
            let Ok(place) = poller.places.clone().acquire_owned().await else { break };
            if poller.stop.run_until_cancelled(self.stores.space.enough()).await.is_none() {
                break;
            }
            match self.poll(&poller).await {
                Ok(batches) => {
                    last_logged.clear();
                    self.begin(&poller, place, batches, &in_flight).await;
                }
                Err(error) => {
                    let error = error.to_string();
                    let trigger = &poller.trigger.name;
                    self.statuses.cannot_run(&poller.namespace, trigger, &error, self.clock.now());
                    if error != last_logged {
                        tracing::error!(queue = %poller.queue, error, "cannot receive messages");
                        last_logged = error;
                    }
                    poller.stop.run_until_cancelled(tokio::time::sleep(STORE_PAUSE)).await;
                }
            }
        }
        in_flight.close();
        in_flight.wait().await;
    }

    /// Has batches handled, each in a task and a place of its own.
    async fn begin(
        self: &Arc<Self>,
        poller: &Poller,
        place: OwnedSemaphorePermit,
        batches: Vec<Batch>,
        in_flight: &TaskTracker,
    ) {
        let mut first = Some(place);
        for batch in batches {
            let place = match first.take() {
                Some(place) => place,
                // Waits at most for one that runs, as messages stay invisible long enough for: a
                // receipt is more batches than there are places only if two versions share it.
                None => match poller.places.clone().acquire_owned().await {
                    Ok(place) => place,
                    Err(_) => return,
                },
            };
            let this = self.clone();
            in_flight.spawn(async move {
                this.work(batch).await;
                drop(place);
            });
        }
        // Lets them be admitted before it is asked how much room is left.
        tokio::task::yield_now().await;
    }

    /// Receives what comes next, if anything comes in time. What was received
    /// when it is to stop is still handled.
    async fn poll(&self, poller: &Poller) -> Result<Vec<Batch>, QueueError> {
        let Poller { namespace, queue: name, trigger, .. } = poller;
        let called = self.called(poller).await?;
        let Some(room) = self.room(poller, &called.found.first).await else {
            return Ok(Vec::new());
        };
        let queue = self.stores.queues.queue(namespace, name).await?.ok_or(QueueError::NoQueue)?;
        let invisible = invisible(&queue, trigger, &called);
        let messages = self.receive(poller, &called, room, invisible).await?;
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        // An alias may have been shifted while nothing came.
        let now = self.called(poller).await.unwrap_or_else(|_| called.clone());
        if now.takes_batches != called.takes_batches
            || self::invisible(&queue, trigger, &now) > invisible
        {
            // They were received for another version, in a way that does not do for this one.
            let free = |message: Message| (message.receipt, Duration::ZERO);
            let all: Vec<_> = messages.into_iter().map(free).collect();
            self.stores.queues.release(namespace, name, &all).await?;
            return Ok(Vec::new());
        }
        let batches = now.share_out(name, messages).map_err(uncallable)?;
        let batch = |(callee, handler, messages)| Batch {
            namespace: namespace.clone(),
            queue: queue.clone(),
            trigger: trigger.clone(),
            callee,
            handler,
            messages,
            refused: poller.refused.clone(),
        };
        Ok(batches.into_iter().map(batch).collect())
    }

    /// Receives messages in the way that does for what is called.
    async fn receive(
        &self,
        poller: &Poller,
        called: &Called,
        room: usize,
        invisible: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        let Source::Queue { batch_size, .. } = poller.trigger.source else {
            return Ok(Vec::new());
        };
        let (batch_size, visibility) = (batch_size as usize, Visibility::WhileAlive(invisible));
        if called.takes_batches {
            let window = window(&poller.trigger);
            return self.receive_batch(poller, batch_size, visibility, window).await;
        }
        // Each in a place of its own; of a group one, so that none is received
        // that waits for another.
        let limit = batch_size.min(poller.places.available_permits() + 1).min(room);
        let Poller { namespace, queue, stop, .. } = poller;
        let received = self.stores.queues.receive_firsts(namespace, queue, limit, visibility, WAIT);
        Ok(stop.run_until_cancelled(received).await.transpose()?.unwrap_or_default())
    }

    /// What the trigger's function leads to now.
    async fn called(&self, poller: &Poller) -> Result<Called, QueueError> {
        let QualifiedFunction { name, qualifier } = &poller.function;
        let found = self.dispatcher.resolve(&poller.namespace, name, qualifier).await;
        found.and_then(Called::new).map_err(uncallable)
    }

    /// How many messages could be begun with now, once that is one at least.
    /// `None` if it is to stop. Where the node refused the last one, only one is
    /// tried, and not at once: the reason may be one that nobody tells the end of.
    async fn room(&self, poller: &Poller, function: &FunctionVersion) -> Option<usize> {
        let refused = poller.refused.load(Ordering::Relaxed);
        let room = async {
            if refused {
                tokio::time::sleep(policy::refused()).await;
            }
            self.dispatcher.wait_for_room(function).await
        };
        let room = poller.stop.run_until_cancelled(room).await?;
        Some(if refused { 1 } else { room })
    }

    /// Receives a batch, and waits `window` for it to fill.
    async fn receive_batch(
        &self,
        poller: &Poller,
        limit: usize,
        visibility: Visibility,
        window: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        let (queues, stop) = (&self.stores.queues, &poller.stop);
        let receive =
            |limit, wait| queues.receive(&poller.namespace, &poller.queue, limit, visibility, wait);
        let received = stop.run_until_cancelled(receive(limit, WAIT)).await;
        let mut messages = received.transpose()?.unwrap_or_default();
        let closes = tokio::time::Instant::now() + window;
        while !messages.is_empty() && messages.len() < limit {
            let left = closes.saturating_duration_since(tokio::time::Instant::now());
            if left.is_zero() {
                break;
            }
            let more = receive(limit - messages.len(), left);
            match stop.run_until_cancelled(more).await {
                Some(Ok(more)) => messages.extend(more),
                // Messages that were received do not wait for a store that fails.
                Some(Err(_)) | None => break,
            }
        }
        Ok(messages)
    }
}

/// How long a trigger waits for a batch to fill.
const fn window(trigger: &Trigger) -> Duration {
    match trigger.source {
        Source::Queue { batch_window_ms, .. } => Duration::from_millis(batch_window_ms),
        Source::Object { .. } | Source::KeyValue { .. } | Source::Table(_) => Duration::ZERO,
    }
}

/// How long messages stay invisible that are received for what is called.
fn invisible(queue: &Queue, trigger: &Trigger, called: &Called) -> Duration {
    let own = Duration::from_millis(queue.attributes.visibility_timeout_ms);
    own.max(called.invisible(window(trigger))).min(bounds::VISIBILITY_MAX)
}

fn uncallable(error: Error) -> QueueError {
    QueueError::Invalid(error.to_string())
}

fn event(queue: &QueueName, message: &Message) -> Event {
    occurrence::message(
        queue,
        occurrence::MessageFacts {
            id: message.id.clone(),
            body: message.body.clone(),
            content_type: message.content_type.clone(),
            attributes: message.all_attributes(),
            attribute_types: message.attribute_types.clone(),
            receipt: message.receipt.0.clone(),
            facts: queue_facts(queue, message),
            group: message.group.clone(),
            sequence: message.sequence,
            sent: message.sent,
            receives: message.receives,
        },
    )
}
