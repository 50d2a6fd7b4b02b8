use std::time::Duration;

use async_trait::async_trait;
use lambent_types::{Event, Namespace, Origin};

use super::{MemoryEvents, State, later, weight};
use crate::error::StorageError;
use crate::event_log::{AppendError, Channel, Delivery, EventLog, Settlement};
use crate::memory::line::Waiting;
use crate::queues::{Depth, Receipt};

/// The channel as it is kept: names are unique ignoring case.
fn folded(channel: &Channel) -> Channel {
    let folded = match channel {
        Channel::Function(name) => name.key().parse().map(Channel::Function).ok(),
        Channel::Trigger(name) => name.key().parse().map(Channel::Trigger).ok(),
        Channel::Schedule(name) => name.key().parse().map(Channel::Schedule).ok(),
        Channel::Topic(name) => name.key().parse().map(Channel::Topic).ok(),
        Channel::Subscription(name) => name.key().parse().map(Channel::Subscription).ok(),
    };
    folded.unwrap_or_else(|| channel.clone())
}

pub(super) fn place(namespace: &Namespace, channel: &Channel) -> (Namespace, Channel) {
    let namespace = namespace.key().parse().unwrap_or_else(|_| namespace.clone());
    (namespace, folded(channel))
}

impl MemoryEvents {
    /// Puts an event at the end of a channel. Whether there is room for it was
    /// checked.
    pub(super) fn push(
        &self,
        state: &mut State,
        place: (Namespace, Channel),
        event: Event,
        group: Option<&str>,
        origin: &Origin,
    ) {
        let bytes = weight(&event);
        let (now, sequence) = (self.clock.now(), state.next());
        let waiting = Waiting {
            what: (event, origin.clone()),
            group: group.map(ToOwned::to_owned),
            sent: now,
            visible: now,
            leased: false,
            receives: 0,
            taken: 0,
            bytes,
        };
        state.channels.entry(place).or_default().push(sequence, waiting);
    }
}

#[async_trait]
impl EventLog for MemoryEvents {
    async fn append(
        &self,
        namespace: &Namespace,
        channel: &Channel,
        event: Event,
        origin: &Origin,
    ) -> Result<(), AppendError> {
        let mut state = self.lock();
        state.check_messages(namespace, &self.quotas.of(&namespace.key()), (1, weight(&event)))?;
        let group = channel.group(&event).map(str::to_owned);
        self.push(&mut state, place(namespace, channel), event, group.as_deref(), origin);
        drop(state);
        self.arrived.notify_waiters();
        Ok(())
    }

    async fn receive(
        &self,
        namespace: &Namespace,
        channel: &Channel,
        limit: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Delivery>, StorageError> {
        let place = place(namespace, channel);
        let attempt = || {
            let (mut state, now) = (self.lock(), self.clock.now());
            let Some(line) = state.channels.get_mut(&place) else { return Ok((Vec::new(), None)) };
            let due = line.due(now).into_iter().take(limit);
            let taken: Vec<_> =
                due.filter_map(|sequence| line.take(sequence, later(now, lease))).collect();
            let deliveries = taken.into_iter().map(|(_, receipt, waiting)| {
                let (event, origin) = waiting.what;
                let event = Event { attempt: waiting.receives, ..event };
                let (appended, group) = (waiting.sent, waiting.group);
                Delivery { receipt, event, origin, appended, group }
            });
            Ok((deliveries.collect(), line.next(now)))
        };
        self.wait(wait, attempt).await
    }

    async fn settle(
        &self,
        namespace: &Namespace,
        channel: &Channel,
        settlements: Vec<(Receipt, Settlement)>,
    ) -> Result<(), StorageError> {
        let mut state = self.lock();
        let Some(line) = state.channels.get_mut(&place(namespace, channel)) else { return Ok(()) };
        for (receipt, settlement) in settlements {
            let Some((sequence, waiting)) = line.held(&receipt) else { continue };
            match settlement {
                Settlement::Done => drop(line.0.remove(&sequence)),
                Settlement::Retry(at) => (waiting.leased, waiting.visible) = (false, at),
                Settlement::Release(at) => {
                    (waiting.leased, waiting.visible) = (false, at);
                    waiting.receives -= 1;
                }
            }
        }
        drop(state);
        self.arrived.notify_waiters();
        Ok(())
    }

    async fn backlog(&self) -> Result<Vec<(Namespace, Channel)>, StorageError> {
        let state = self.lock();
        let held = state.channels.iter().filter(|(_, line)| !line.0.is_empty());
        Ok(held.map(|(place, _)| place.clone()).collect())
    }

    async fn depth(&self, namespace: &Namespace, channel: &Channel) -> Result<Depth, StorageError> {
        let now = self.clock.now();
        let state = self.lock();
        let line = state.channels.get(&place(namespace, channel));
        Ok(line.map(|line| line.depth(now)).unwrap_or_default())
    }

    async fn purge(&self, namespace: &Namespace, channel: &Channel) -> Result<u64, StorageError> {
        let line = self.lock().channels.remove(&place(namespace, channel));
        Ok(line.map_or(0, |line| line.0.len() as u64))
    }
}
