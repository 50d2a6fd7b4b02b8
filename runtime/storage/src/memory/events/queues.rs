use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Digest, Namespace, Origin, QueueName, Source, bounds};

use super::{HeldMessage, HeldQueue, MemoryEvents, State, check_count, key, later};
use crate::error::StorageError;
use crate::memory::line::{Line, Taken, Waiting};
use crate::queues::{
    Depth, Message, NewMessage, Queue, QueueAttributes, QueueError, Queues, Receipt, Sent,
    Visibility, rules,
};

fn held<'a>(
    state: &'a mut State,
    namespace: &Namespace,
    queue: &str,
) -> Result<&'a mut HeldQueue, QueueError> {
    state.queues.get_mut(&key(namespace, queue)).ok_or(QueueError::NoQueue)
}

/// What a message is recognised by when it is sent again.
fn duplicate_id(attributes: &QueueAttributes, message: &NewMessage) -> Option<String> {
    let by_content =
        attributes.content_deduplication.then(|| Digest::of(&message.body).to_string());
    message.deduplication.clone().map(|id| format!("id:{id}")).or(by_content)
}

fn weight(message: &NewMessage) -> u64 {
    let attributes: usize = message.attributes.iter().map(|(k, v)| k.len() + v.len()).sum();
    (message.body.len() + attributes) as u64
}

fn waiting(held: HeldMessage, sent: Timestamp, visible: Timestamp) -> Waiting<HeldMessage> {
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
    let duplicate_id = duplicate_id(attributes, &message);
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
    let held = HeldMessage { id, message, origin: origin.clone(), from: None };
    queue.line.push(sequence, waiting(held, now, later(now, delay)));
    Ok(sent)
}

impl HeldQueue {
    /// Deletes what nobody deleted in time.
    fn expire(&mut self, now: Timestamp) {
        let kept = Duration::from_millis(self.queue.attributes.retention_ms);
        self.line.0.retain(|_, waiting| later(waiting.sent, kept) > now);
    }
}

fn message((sequence, receipt, waiting): Taken<HeldMessage>) -> Message {
    let HeldMessage { id, message, origin, .. } = waiting.what;
    Message {
        id,
        receipt,
        body: message.body,
        content_type: message.content_type,
        attributes: message.attributes,
        group: message.group,
        sequence,
        sent: waiting.sent,
        receives: waiting.receives,
        origin,
    }
}

impl State {
    /// Takes messages; those received too often go to the dead-letter queue instead.
    fn receive(
        &mut self,
        place: &(String, String),
        now: Timestamp,
        limit: usize,
        visibility: Visibility,
    ) -> Result<(Vec<Message>, Option<Timestamp>), QueueError> {
        let mut received: Vec<Taken<HeldMessage>> = Vec::new();
        loop {
            let queue = self.queues.get_mut(place).ok_or(QueueError::NoQueue)?;
            queue.expire(now);
            let attributes = queue.queue.attributes.clone();
            let timeout = Duration::from_millis(attributes.visibility_timeout_ms);
            let visible = later(now, visibility.time().unwrap_or(timeout));
            // One by one: a group goes on behind one that is dead.
            let with = received.iter().map(|(sequence, ..)| *sequence).collect();
            let taken = (received.len() < limit).then(|| queue.line.take(now, visible, &with));
            let Some(taken) = taken.flatten() else {
                return Ok((received.into_iter().map(message).collect(), queue.line.next(now)));
            };
            let most = attributes.redrive.as_ref().map(|redrive| redrive.receives_max);
            let Some(redrive) = attributes.redrive.filter(|_| Some(taken.2.receives) > most) else {
                received.push(taken);
                continue;
            };
            queue.line.0.remove(&taken.0);
            let what = HeldMessage { from: Some(place.1.clone()), ..taken.2.what };
            let sequence = self.next();
            if let Some(dead) = self.queues.get_mut(&(place.0.clone(), redrive.queue.key())) {
                dead.line.push(sequence, waiting(what, taken.2.sent, now));
            }
        }
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
        rules::attributes(queue, &attributes)?;
        let mut state = self.lock();
        if let Some(redrive) = &attributes.redrive
            && !state.queues.contains_key(&key(namespace, redrive.queue.as_str()))
        {
            return Err(QueueError::Invalid(format!(
                "the dead-letter queue \"{}\" does not exist; create it first",
                redrive.queue
            )));
        }
        let place = key(namespace, queue.as_str());
        if let Some(held) = state.queues.get_mut(&place) {
            held.queue.attributes = attributes;
            return Ok(held.queue.clone());
        }
        check_count("queues", &state.queues, namespace, self.quotas)?;
        let created = Timestamp::from_millisecond(self.clock.now().as_millisecond());
        let created = created.unwrap_or(Timestamp::MIN);
        let queue = Queue { name: queue.clone(), attributes, created };
        let held =
            HeldQueue { queue: queue.clone(), line: Line::default(), duplicates: BTreeMap::new() };
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
        rules::batch(messages.len())?;
        for (place, message) in messages.iter().enumerate() {
            rules::message(queue, place, message)?;
        }
        let mut state = self.lock();
        held(&mut state, namespace, queue.as_str())?;
        state.check_bytes(namespace, self.quotas, messages.iter().map(weight).sum())?;
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
        rules::receive(visibility)?;
        let (limit, place) = (limit.min(bounds::BATCH_MAX), key(namespace, queue.as_str()));
        let attempt = || self.lock().receive(&place, self.clock.now(), limit, visibility);
        self.wait(wait, attempt).await
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
        rules::visibility(visibility)?;
        let mut state = self.lock();
        let line = &mut held(&mut state, namespace, queue.as_str())?.line;
        let (_, waiting) = line.held(receipt).ok_or(QueueError::Receipt)?;
        waiting.visible = later(self.clock.now(), visibility);
        waiting.leased = !visibility.is_zero();
        drop(state);
        self.arrived.notify_waiters();
        Ok(())
    }

    async fn purge(&self, namespace: &Namespace, queue: &QueueName) -> Result<u64, QueueError> {
        let mut state = self.lock();
        let line = &mut held(&mut state, namespace, queue.as_str())?.line;
        Ok(std::mem::take(line).0.len() as u64)
    }

    async fn redrive(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        limit: usize,
    ) -> Result<u64, QueueError> {
        let (mut state, now) = (self.lock(), self.clock.now());
        let dead = &held(&mut state, namespace, queue.as_str())?.line;
        let ready: Vec<_> = dead.0.iter().filter(|(_, waiting)| waiting.visible <= now).collect();
        let ready: Vec<_> = ready.iter().map(|(s, w)| (**s, w.what.clone())).collect();
        let mut moved = 0;
        for (sequence, mut what) in ready {
            let Some(from) = what.from.take().filter(|_| moved < limit) else { continue };
            let next = state.next();
            let Ok(source) = held(&mut state, namespace, &from) else { continue };
            source.line.push(next, waiting(what, now, now));
            held(&mut state, namespace, queue.as_str())?.line.0.remove(&sequence);
            moved += 1;
        }
        drop(state);
        self.arrived.notify_waiters();
        Ok(moved as u64)
    }
}
