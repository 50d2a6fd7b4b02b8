use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Namespace, Origin, QueueName, Source, bounds};

use super::{HeldMessage, HeldQueue, MemoryEvents, State, check_count, key, later};
use crate::error::StorageError;
use crate::memory::line::{Line, Taken, Waiting};
use crate::queues::{
    Depth, GiveUp, Message, MoveBack, MovedBack, NewMessage, Peeked, Queue, QueueAttributes,
    QueueError, Queues, Receipt, Redrive, Sent, Visibility, rules,
};
use crate::quota::Quota;
use crate::upkeep::Sweep;

fn held<'a>(
    state: &'a mut State,
    namespace: &Namespace,
    queue: &str,
) -> Result<&'a mut HeldQueue, QueueError> {
    state.queues.get_mut(&key(namespace, queue)).ok_or(QueueError::NoQueue)
}

fn weight(message: &NewMessage) -> u64 {
    message.bytes() as u64
}

pub(super) fn waiting(
    held: HeldMessage,
    sent: Timestamp,
    visible: Timestamp,
) -> Waiting<HeldMessage> {
    Waiting {
        group: held.message.group.clone(),
        bytes: weight(&held.message),
        what: held,
        sent,
        visible,
        leased: false,
        receives: 0,
        taken: 0,
    }
}

/// Sends one message, unless it is a duplicate.
fn send_one(
    state: &mut State,
    place: &(String, String),
    now: Timestamp,
    message: NewMessage,
    origin: &Origin,
) -> Result<Sent, QueueError> {
    let sequence = state.next();
    let queue = state.queues.get_mut(place).ok_or(QueueError::NoQueue)?;
    let attributes = &queue.queue.attributes;
    let duplicate_id = rules::duplicate_key(attributes, &message);
    let known = duplicate_id.as_ref().and_then(|id| queue.duplicates.get(id));
    if let Some((sent, _)) = known.filter(|(_, until)| *until > now) {
        return Ok(Sent { duplicate: true, ..sent.clone() });
    }
    let id = uuid::Uuid::now_v7().to_string();
    let sent = Sent { id: id.clone(), sequence, duplicate: false };
    if let Some(id) = duplicate_id {
        queue.duplicates.insert(id, (sent.clone(), later(now, bounds::DEDUPLICATION_WINDOW)));
    }
    let delay = message.delay.unwrap_or(Duration::from_millis(attributes.delay_ms));
    let dead = message.dead.as_ref().map(|dead| dead.facts.clone());
    let held = HeldMessage { id, message, origin: origin.clone(), from: None, dead, first: None };
    queue.line.push(sequence, waiting(held, now, later(now, delay)));
    Ok(sent)
}

fn message((sequence, receipt, waiting): Taken<HeldMessage>) -> Message {
    let HeldMessage { id, message, origin, dead, first, .. } = waiting.what;
    Message {
        id,
        receipt,
        body: message.body,
        content_type: message.content_type,
        attributes: message.attributes,
        attribute_types: message.attribute_types,
        annotations: message.annotations,
        dead,
        group: message.group,
        deduplication: message.deduplication,
        sequence,
        sent: waiting.sent,
        first_received: first,
        receives: waiting.receives,
        origin,
    }
}

/// What one look at a queue came to.
#[derive(Default)]
struct Received {
    messages: Vec<Message>,
    /// How many went to the dead-letter queue.
    dead: usize,
    /// When more can be received, if nothing is sent before.
    next: Option<Timestamp>,
}

impl State {
    /// Takes messages; those received too often go to the dead-letter queue instead.
    fn receive(
        &mut self,
        place: &(String, String),
        now: Timestamp,
        (limit, one_of_each_group): (usize, bool),
        visibility: Visibility,
    ) -> Result<Received, QueueError> {
        let queue = self.queues.get_mut(place).ok_or(QueueError::NoQueue)?;
        let (id, name) = (queue.id, queue.queue.name.clone());
        let attributes = queue.queue.attributes.clone();
        let timeout = Duration::from_millis(attributes.visibility_timeout_ms);
        let visible = later(now, visibility.time().unwrap_or(timeout));
        let (mut received, mut dead) = (Received::default(), Vec::new());
        let mut groups = BTreeSet::new();
        for sequence in queue.line.due(now) {
            if received.messages.len() >= limit {
                break;
            }
            let group = queue.line.0.get(&sequence).and_then(|waiting| waiting.group.clone());
            if group.as_ref().is_some_and(|group| groups.contains(group)) {
                continue;
            }
            if let Some(waiting) = queue.line.0.get_mut(&sequence) {
                waiting.what.first.get_or_insert(now);
            }
            let Some(taken) = queue.line.take(sequence, visible) else { continue };
            let is_over = rules::is_over(&attributes, taken.2.sent, now);
            let is_dead = rules::is_dead(&attributes, taken.2.receives);
            if is_over || is_dead {
                queue.line.0.remove(&sequence);
            }
            if is_dead && !is_over {
                dead.push(taken.2);
            } else if !is_over {
                groups.extend(group.filter(|_| one_of_each_group));
                received.messages.push(message(taken));
            }
        }
        (received.next, received.dead) = (queue.line.next(now), dead.len());
        let Some(redrive) = attributes.redrive else { return Ok(received) };
        for one in dead {
            let sequence = self.next();
            let facts = rules::received_too_often(&name, one.receives - 1);
            let what = HeldMessage { from: Some(id), dead: Some(facts), first: None, ..one.what };
            let to = self.queues.get_mut(&(place.0.clone(), redrive.queue.key()));
            to.ok_or(QueueError::NoQueue)?.line.push(sequence, waiting(what, one.sent, now));
        }
        Ok(received)
    }
}

impl MemoryEvents {
    /// Sets when messages can be received again, and does the rest of it. Whether each receipt
    /// was its message's last.
    fn return_all(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        receipts: &[(Receipt, Duration)],
        rest: impl Fn(&mut Waiting<HeldMessage>, Duration),
    ) -> Result<Vec<bool>, QueueError> {
        let (mut state, now) = (self.lock(), self.clock.now());
        let line = &mut held(&mut state, namespace, queue.as_str())?.line;
        let return_one = |(receipt, pause): &(Receipt, Duration)| {
            let Some((_, waiting)) = line.held(receipt) else { return false };
            waiting.visible = later(now, *pause);
            rest(waiting, *pause);
            true
        };
        let returned = receipts.iter().map(return_one).collect();
        drop(state);
        self.arrived.notify_waiters();
        Ok(returned)
    }

    async fn take_messages(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        (limit, one_of_each_group): (usize, bool),
        visibility: Visibility,
        wait: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        let place = key(namespace, queue.as_str());
        let attempt = || {
            let (now, wanted) = (self.clock.now(), (limit, one_of_each_group));
            let received = self.lock().receive(&place, now, wanted, visibility)?;
            if received.dead > 0 {
                self.arrived.notify_waiters();
            }
            Ok((received.messages, received.next))
        };
        self.wait(wait, attempt).await
    }
}

#[async_trait]
impl Queues for MemoryEvents {
    async fn put_queue(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        attributes: QueueAttributes,
    ) -> Result<Queue, QueueError> {
        let mut state = self.lock();
        if let Some(Redrive { queue: dead, .. }) = &attributes.redrive {
            let Some(held) = state.queues.get(&key(namespace, dead.as_str())) else {
                return Err(QueueError::Invalid(format!(
                    "the dead-letter queue \"{dead}\" does not exist; create it first"
                )));
            };
            rules::dead_letters(queue, dead, &held.queue.attributes)?;
        }
        let now = Timestamp::from_millisecond(self.clock.now().as_millisecond());
        let now = now.unwrap_or(Timestamp::MIN);
        let place = key(namespace, queue.as_str());
        if let Some(held) = state.queues.get_mut(&place) {
            held.queue.attributes = attributes;
            held.queue.modified = now;
            return Ok(held.queue.clone());
        }
        check_count(Quota::Queues, &state.queues, namespace, &self.quotas.of(&namespace.key()))?;
        let queue = Queue { name: queue.clone(), attributes, created: now, modified: now };
        let (id, duplicates) = (state.next(), BTreeMap::new());
        let held = HeldQueue { id, queue: queue.clone(), line: Line::default(), duplicates };
        state.queues.insert(place, held);
        Ok(queue)
    }

    async fn delete_queue(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
    ) -> Result<(), QueueError> {
        let mut state = self.lock();
        let place = key(namespace, queue.as_str());
        held(&mut state, namespace, queue.as_str())?;
        let own = state.queues.iter().filter(|((owner, _), _)| *owner == place.0);
        for (_, HeldQueue { queue: other, .. }) in own {
            let dead = other.attributes.redrive.as_ref();
            if dead.is_some_and(|redrive| redrive.queue.key() == place.1) {
                return Err(QueueError::InUse(other.name.clone()));
            }
        }
        let is_it = |source: &Source| matches!(source, Source::Queue { queue, .. } if queue.key() == place.1);
        if let Some(trigger) = state.named(namespace, is_it) {
            return Err(QueueError::Triggered(trigger));
        }
        state.queues.remove(&place);
        Ok(())
    }

    async fn queue(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
    ) -> Result<Option<Queue>, StorageError> {
        let state = self.lock();
        Ok(state.queues.get(&key(namespace, queue.as_str())).map(|held| held.queue.clone()))
    }

    async fn queues(&self, namespace: &Namespace) -> Result<Vec<Queue>, StorageError> {
        let state = self.lock();
        let own = state.queues.iter().filter(|((owner, _), _)| *owner == namespace.key());
        Ok(own.map(|(_, held)| held.queue.clone()).collect())
    }

    async fn depth(&self, namespace: &Namespace, queue: &QueueName) -> Result<Depth, QueueError> {
        let now = self.clock.now();
        Ok(held(&mut self.lock(), namespace, queue.as_str())?.line.depth(now))
    }

    async fn send(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        messages: Vec<NewMessage>,
        origin: &Origin,
    ) -> Result<Vec<Sent>, QueueError> {
        let mut state = self.lock();
        let held = held(&mut state, namespace, queue.as_str())?;
        rules::sizes(&held.queue.attributes, &messages)?;
        let more = (messages.len(), messages.iter().map(weight).sum());
        state.check_messages(namespace, &self.quotas.of(&namespace.key()), more)?;
        let (now, place) = (self.clock.now(), key(namespace, queue.as_str()));
        let send = |message| send_one(&mut state, &place, now, message, origin);
        let sent = messages.into_iter().map(send).collect();
        drop(state);
        self.arrived.notify_waiters();
        sent
    }

    async fn receive(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        limit: usize,
        visibility: Visibility,
        wait: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        self.take_messages(namespace, queue, (limit, false), visibility, wait).await
    }

    async fn receive_firsts(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        limit: usize,
        visibility: Visibility,
        wait: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        self.take_messages(namespace, queue, (limit, true), visibility, wait).await
    }

    async fn release(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        receipts: &[(Receipt, Duration)],
    ) -> Result<Vec<bool>, QueueError> {
        self.return_all(namespace, queue, receipts, |waiting, _| {
            waiting.leased = false;
            waiting.receives -= 1;
        })
    }

    async fn delete(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        receipts: &[Receipt],
    ) -> Result<Vec<bool>, QueueError> {
        let mut state = self.lock();
        let line = &mut held(&mut state, namespace, queue.as_str())?.line;
        let delete = |receipt| {
            let sequence = line.held(receipt).map(|(sequence, _)| sequence);
            sequence.is_some_and(|sequence| line.0.remove(&sequence).is_some())
        };
        let deleted = receipts.iter().map(delete).collect();
        drop(state);
        self.arrived.notify_waiters();
        Ok(deleted)
    }

    async fn change_visibility(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        receipt: &Receipt,
        visibility: Duration,
    ) -> Result<(), QueueError> {
        let one = [(receipt.clone(), visibility)];
        let done = self.return_all(namespace, queue, &one, |waiting, _| waiting.leased = true);
        if done? == [true] { Ok(()) } else { Err(QueueError::Receipt) }
    }

    async fn purge(&self, namespace: &Namespace, queue: &QueueName) -> Result<u64, QueueError> {
        let mut state = self.lock();
        let line = &mut held(&mut state, namespace, queue.as_str())?.line;
        Ok(std::mem::take(line).0.len() as u64)
    }

    async fn peek(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Peeked>, QueueError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let line = &held(&mut state, namespace, queue.as_str())?.line.0;
        let after = line.range(after.saturating_add(1)..).take(limit);
        let peeked = after.map(|(sequence, waiting)| Peeked {
            state: rules::state(waiting.visible, waiting.leased, now),
            message: message((*sequence, Receipt(String::new()), waiting.clone())),
        });
        Ok(peeked.collect())
    }

    async fn give_up(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        messages: Vec<GiveUp>,
    ) -> Result<Vec<bool>, QueueError> {
        let (mut state, now) = (self.lock(), self.clock.now());
        let place = key(namespace, queue.as_str());
        let done = messages.into_iter().map(|one| state.give_up(&place, now, one)).collect();
        drop(state);
        self.arrived.notify_waiters();
        done
    }

    async fn redrive(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        what: MoveBack,
    ) -> Result<MovedBack, QueueError> {
        let place = key(namespace, queue.as_str());
        let moved = self.lock().redrive(&place, self.clock.now(), &what)?;
        self.arrived.notify_waiters();
        Ok(moved)
    }
}

#[async_trait]
impl Sweep for MemoryEvents {
    async fn sweep(&self) -> Result<(), StorageError> {
        let (mut state, now) = (self.lock(), self.clock.now());
        for queue in state.queues.values_mut() {
            let attributes = &queue.queue.attributes;
            queue.line.0.retain(|_, waiting| !rules::is_over(attributes, waiting.sent, now));
            queue.duplicates.retain(|_, (_, until)| *until > now);
        }
        drop(state);
        // The messages that were behind the deleted ones may come now.
        self.arrived.notify_waiters();
        Ok(())
    }
}
