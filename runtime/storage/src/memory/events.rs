mod dead_letters;
mod log;
mod queues;
mod resources;
mod schedules;
mod triggers;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use lambent_types::{Clock, Event, Namespace, Origin, ResourceKind};
use tokio::sync::Notify;

use crate::change_log::ChangeLog;
use crate::error::StorageError;
use crate::event_log::Channel;
use crate::memory::line::Line;
use crate::namespace_quotas::NamespaceQuotas;
use crate::queues::{DeadFacts, NewMessage, Queue, Sent};
use crate::quota::{Quota, QuotaExceeded, Quotas};
use crate::resources::{ResourceId, StoredResource};
use crate::sync;
use crate::upkeep::Holds;

/// Queues, the event log and resources in memory, under one lock.
#[derive(Debug)]
pub struct MemoryEvents {
    clock: Arc<dyn Clock>,
    quotas: Arc<NamespaceQuotas>,
    state: Mutex<State>,
    /// Something may be received that could not be before.
    arrived: Notify,
    resource_changes: ChangeLog<ResourceId>,
}

/// By the keys of namespace and name.
type Named<T> = BTreeMap<(String, String), T>;

#[derive(Debug, Default)]
struct State {
    sequence: u64,
    queues: Named<HeldQueue>,
    channels: BTreeMap<(Namespace, Channel), Line<(Event, Origin)>>,
    resources: HashMap<ResourceKind, Named<(Namespace, StoredResource)>>,
    /// What there is elsewhere that a trigger may name.
    buckets: BTreeSet<(String, String)>,
    keyspaces: BTreeSet<(String, String)>,
}

#[derive(Debug)]
struct HeldQueue {
    /// Another queue of the same name has another.
    id: u64,
    queue: Queue,
    line: Line<HeldMessage>,
    /// What was sent under a deduplication id, and until when it counts.
    duplicates: BTreeMap<String, (Sent, Timestamp)>,
}

#[derive(Debug, Clone)]
struct HeldMessage {
    id: String,
    message: NewMessage,
    origin: Origin,
    /// Of a dead letter: the id of the queue it came from.
    from: Option<u64>,
    /// Of a dead letter: what is said of it.
    dead: Option<DeadFacts>,
    /// When it was received first.
    first: Option<Timestamp>,
}

fn key(namespace: &Namespace, name: &str) -> (String, String) {
    (namespace.key(), name.to_ascii_lowercase())
}

/// The time so much later, in whole milliseconds.
fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl State {
    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// How many messages a namespace holds, and of how many bytes.
    fn messages(&self, namespace: &Namespace) -> (u64, u64) {
        let owner = namespace.key();
        let queues = self.queues.iter().filter(|((namespace, _), _)| *namespace == owner);
        let queues = queues.map(|(_, held)| (held.line.0.len() as u64, held.line.bytes()));
        let channels = self.channels.iter().filter(|((other, _), _)| other.key() == owner);
        let channels = channels.map(|(_, line)| (line.0.len() as u64, line.bytes()));
        queues.chain(channels).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// How many resources a namespace has that count for a quota.
    fn resources_of(&self, quota: Quota, namespace: &Namespace) -> u64 {
        let kinds = self.resources.iter().filter(|(kind, _)| kind.quota == quota);
        kinds.map(|(_, all)| count_of(all, namespace)).sum()
    }

    /// Refuses so many more messages and bytes if a namespace would hold too much.
    fn check_messages(
        &self,
        namespace: &Namespace,
        quotas: &Quotas,
        (messages, bytes): (usize, u64),
    ) -> Result<(), QuotaExceeded> {
        let held = self.messages(namespace);
        quotas.check(Quota::MessageBytes, held.1, bytes as i64)?;
        quotas.check(Quota::Messages, held.0, messages as i64)
    }
}

/// Refuses one more resource than a namespace may hold.
fn check_count<T>(
    quota: Quota,
    all: &Named<T>,
    namespace: &Namespace,
    quotas: &Quotas,
) -> Result<(), QuotaExceeded> {
    quotas.check(quota, count_of(all, namespace), 1)
}

/// How many of them a namespace has.
fn count_of<T>(all: &Named<T>, namespace: &Namespace) -> u64 {
    all.keys().filter(|(owner, _)| *owner == namespace.key()).count() as u64
}

#[async_trait]
impl Holds for MemoryEvents {
    async fn held(&self, namespace: &Namespace) -> Result<Vec<(Quota, u64)>, StorageError> {
        let state = self.lock();
        let (messages, bytes) = state.messages(namespace);
        let mut held = vec![
            (Quota::MessageBytes, bytes),
            (Quota::Queues, count_of(&state.queues, namespace)),
            (Quota::Messages, messages),
            (Quota::VolumeBytes, state.set_aside(namespace, Quota::VolumeBytes)),
        ];
        // The other stores count these.
        let elsewhere =
            [Quota::Functions, Quota::Buckets, Quota::Keyspaces, Quota::Queues, Quota::Tables];
        let own = Quota::resources().filter(|quota| !elsewhere.contains(quota));
        held.extend(own.map(|quota| (quota, state.resources_of(quota, namespace))));
        Ok(held)
    }
}

/// What an event counts for in the quota.
fn weight(event: &Event) -> u64 {
    let head = serde_json::to_vec(event).map_or(0, |head| head.len());
    (head + Bytes::len(&event.data)) as u64
}

impl MemoryEvents {
    /// An empty store.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, quotas: Arc<NamespaceQuotas>) -> Self {
        Self {
            clock,
            quotas,
            state: Mutex::default(),
            arrived: Notify::new(),
            resource_changes: ChangeLog::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }

    /// Tries until something was taken or the wait is over: again whenever
    /// something arrives, and when the next becomes visible.
    async fn wait<T, E>(
        &self,
        wait: Duration,
        mut attempt: impl FnMut() -> Result<(Vec<T>, Option<Timestamp>), E>,
    ) -> Result<Vec<T>, E> {
        let end = tokio::time::Instant::now() + wait;
        loop {
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let (taken, next) = attempt()?;
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            if !taken.is_empty() || left.is_zero() {
                return Ok(taken);
            }
            let until = next.map(|next| next.duration_since(self.clock.now()));
            let until = until.and_then(|until| Duration::try_from(until).ok());
            let pause = until.map_or(left, |until| until.max(Duration::from_millis(1)).min(left));
            // In time or not: it is tried again.
            drop(tokio::time::timeout(pause, arrived).await);
        }
    }
}
