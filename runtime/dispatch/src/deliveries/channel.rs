use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use lambent_storage::{Channel, Delivery, Settlement, StorageError};
use lambent_types::{Incoming, Namespace, Schedule, Subscription, Topic, Trigger, bounds};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::deliveries::attempt::{Goal, Target};
use crate::deliveries::{Deliveries, active_key, topics};

/// Deliveries of one channel that are in flight at once. Enough that waiting
/// functions do not delay others; what runs at once is admission's to say.
const CONCURRENCY: usize = 100;
/// How long a task waits at an empty channel before it ends, or looks again.
const IDLE: Duration = Duration::from_secs(60);
/// How long it may take to send a message, however slow the disk is.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take to copy a message of a topic to all its subscriptions.
const FAN_OUT_TIMEOUT: Duration = Duration::from_secs(100);
/// How long it may take to post a message, and to send a dead letter if that fails.
const POST_TIMEOUT: Duration = Duration::from_secs(30);
/// How many times as long as the function may run a delivery is leased: those of
/// a group are attempted one after another under one lease.
const LEASE_TIMEOUTS: u32 = 6;
/// How much longer still: time to be admitted, to be settled, and to be sent on.
const LEASE_MARGIN: Duration = Duration::from_secs(60);

/// Deliveries of a channel, and where they go.
struct Taken {
    target: Target,
    deliveries: Vec<Delivery>,
    /// When a further attempt of one group may begin at the latest.
    begin_by: Instant,
}

impl Deliveries {
    /// Serves the channel of a function or a schedule until it is empty.
    pub(super) async fn channel(
        self: Arc<Self>,
        key: (Namespace, Channel),
        mut stop: CancellationToken,
    ) {
        loop {
            self.pump(&key, &stop, IDLE).await;
            self.active().remove(&active_key(&key));
            // Whoever appended just before saw a task that was about to end.
            let more = match self.stores.events.depth(&key.0, &key.1).await {
                Ok(depth) => depth.ready + depth.delayed + depth.in_flight > 0,
                Err(error) => {
                    tracing::error!(%error, cause = error.cause(), channel = %key.1, "cannot see whether events wait");
                    self.pause_for_store().await;
                    true
                }
            };
            if !more || self.drain.is_cancelled() {
                return;
            }
            let Some(again) = self.activate(&key) else { return };
            stop = again;
        }
    }

    /// Delivers what a channel holds until `stop`, or until nothing came for
    /// `idle`. Returns when all in flight is settled.
    pub(super) async fn pump(
        self: &Arc<Self>,
        key: &(Namespace, Channel),
        stop: &CancellationToken,
        idle: Duration,
    ) {
        let (_, channel) = key;
        let room = Arc::new(Semaphore::new(concurrency(channel)));
        let in_flight = TaskTracker::new();
        while !stop.is_cancelled() {
            // At least one place, and as many more as there are.
            let Ok(first) = room.clone().acquire_owned().await else { break };
            let limit = room.available_permits() + 1;
            drop(first);
            let received = tokio::select! {
                () = stop.cancelled() => break,
                received = self.take(key, limit, idle) => received,
            };
            let Taken { target, deliveries, begin_by } = match received {
                Ok(Some(taken)) => taken,
                // The trigger or the schedule is gone, and its events with it.
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, cause = error.cause(), %channel, "cannot receive events");
                    self.pause_for_store().await;
                    continue;
                }
            };
            // What is in flight may take long, and more may come meanwhile.
            if deliveries.is_empty() && in_flight.is_empty() {
                break;
            }
            let target = Arc::new(target);
            for group in groups(deliveries) {
                let Ok(place) = room.clone().acquire_owned().await else { break };
                let (this, target, key) = (self.clone(), target.clone(), key.clone());
                in_flight.spawn(async move {
                    this.attempt_in_order(&target, &key, group, begin_by).await;
                    drop(place);
                });
            }
        }
        in_flight.close();
        in_flight.wait().await;
    }

    /// Takes at most `limit` deliveries of a channel, none if nothing came for `idle`; `None` if
    /// what the channel is of is gone.
    async fn take(
        &self,
        (namespace, channel): &(Namespace, Channel),
        limit: usize,
        idle: Duration,
    ) -> Result<Option<Taken>, StorageError> {
        let events = &self.stores.events;
        loop {
            self.stores.space.enough().await;
            let Some(target) = self.target(namespace, channel).await? else { return Ok(None) };
            let timeout = self.timeout(&target).await;
            let lease = timeout * LEASE_TIMEOUTS + LEASE_MARGIN;
            let deliveries = events.receive(namespace, channel, limit, lease, idle).await?;
            // An attempt that begins by then is over before the lease is.
            let begin_by = Instant::now() + timeout * (LEASE_TIMEOUTS - 1);
            if deliveries.is_empty() || self.timeout(&target).await <= timeout {
                return Ok(Some(Taken { target, deliveries, begin_by }));
            }
            // Meanwhile what is called became another version, for which the lease is too short.
            let release = Settlement::Release(self.clock.now());
            let settlements = deliveries.into_iter().map(|one| (one.receipt, release)).collect();
            events.settle(namespace, channel, settlements).await?;
        }
    }

    /// Attempts deliveries of one group in their order. What follows one that is
    /// not over is given back, and comes after it; so is what the lease is too
    /// short for.
    async fn attempt_in_order(
        self: &Arc<Self>,
        target: &Target,
        (namespace, channel): &(Namespace, Channel),
        group: VecDeque<Delivery>,
        begin_by: Instant,
    ) {
        let mut settlements = Vec::with_capacity(group.len());
        let mut blocked = false;
        for delivery in group {
            let receipt = delivery.receipt.clone();
            let too_late = !settlements.is_empty() && Instant::now() > begin_by;
            let settlement = if blocked || too_late || self.drain.is_cancelled() {
                Settlement::Release(self.clock.now())
            } else {
                self.attempt(target, delivery).await
            };
            blocked = settlement != Settlement::Done;
            settlements.push((receipt, settlement));
        }
        let settled = self.stores.events.settle(namespace, channel, settlements).await;
        if let Err(error) = settled {
            // The events come again after their lease.
            tracing::error!(%error, cause = error.cause(), %channel, "cannot settle events");
        }
    }

    /// Where the deliveries of a channel go; `None` if that is gone.
    async fn target(
        &self,
        namespace: &Namespace,
        channel: &Channel,
    ) -> Result<Option<Target>, StorageError> {
        let namespace = namespace.clone();
        Ok(match channel {
            Channel::Function(function) => Some(Target {
                namespace,
                channel: channel.clone(),
                to: Goal::Function(function.clone(), Incoming::Event),
                patterns: Vec::new(),
                policy: None,
            }),
            Channel::Schedule(name) => {
                let found = self.stores.resources.of::<Schedule>().get(&namespace, name).await?;
                found.map(|found| Target {
                    namespace,
                    channel: channel.clone(),
                    to: Goal::Function(found.specification.function, Incoming::Event),
                    patterns: Vec::new(),
                    policy: found.specification.delivery,
                })
            }
            Channel::Topic(name) => {
                let found = self.stores.resources.of::<Topic>().get(&namespace, name).await?;
                found.map(|found| Target {
                    namespace,
                    channel: channel.clone(),
                    to: Goal::Subscriptions(found.specification.name),
                    patterns: Vec::new(),
                    policy: None,
                })
            }
            Channel::Subscription(name) => {
                let found =
                    self.stores.resources.of::<Subscription>().get(&namespace, name).await?;
                found.map(|found| Target {
                    namespace,
                    channel: channel.clone(),
                    to: Goal::Url(Box::new(found.specification)),
                    patterns: Vec::new(),
                    policy: None,
                })
            }
            Channel::Trigger(name) => {
                let found = self.stores.resources.of::<Trigger>().get(&namespace, name).await?;
                let found = found.map(|one| one.specification);
                found.filter(|trigger| trigger.enabled).and_then(|trigger| {
                    let incoming = trigger.source.incoming();
                    let function = trigger.function.map(|named| Goal::Function(named, incoming));
                    Some(Target {
                        namespace,
                        channel: channel.clone(),
                        to: function.or_else(|| trigger.send_to.map(Goal::Queue))?,
                        patterns: trigger.patterns,
                        policy: trigger.delivery,
                    })
                })
            }
        })
    }

    /// How long an attempt may take.
    async fn timeout(&self, target: &Target) -> Duration {
        let namespace = &target.namespace;
        let function = match &target.to {
            Goal::Function(function, _) => function,
            Goal::Queue(_) => return SEND_TIMEOUT,
            Goal::Subscriptions(_) => return FAN_OUT_TIMEOUT,
            Goal::Url(_) => return POST_TIMEOUT,
        };
        let found = self.dispatcher.resolve(namespace, &function.name, &function.qualifier).await;
        found.map_or(bounds::TIMEOUT_DEFAULT, |found| found.timeout())
    }
}

/// How many deliveries of a channel are in flight at once.
const fn concurrency(channel: &Channel) -> usize {
    match channel {
        Channel::Topic(_) | Channel::Subscription(_) => topics::AT_ONCE,
        _ => CONCURRENCY,
    }
}

/// Sorts deliveries by group, each group in its order; a delivery without a group is by
/// itself.
fn groups(deliveries: Vec<Delivery>) -> Vec<VecDeque<Delivery>> {
    let mut groups: Vec<(Option<String>, VecDeque<Delivery>)> = Vec::new();
    for delivery in deliveries {
        let name = delivery.group.clone();
        let group = groups.iter_mut().find(|(known, _)| known.is_some() && *known == name);
        match group {
            Some((_, group)) => group.push_back(delivery),
            None => groups.push((name, VecDeque::from([delivery]))),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}
