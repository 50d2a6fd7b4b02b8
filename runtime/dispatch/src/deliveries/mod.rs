//! Deliveries: events come from the event log and the queues to the functions that are
//! to handle them.
//!
//! A task serves each channel of the event log that has anything ([`channel`]), one
//! serves each trigger of a queue ([`queue`]) or of a table ([`stream`]), and one the schedules ([`scheduler`]). None of them polls: they wait for what
//! arrives, or until something falls due.

mod attempt;
mod blocking;
mod channel;
mod destination;
mod handled;
mod matching;
mod policy;
mod queue;
mod record;
mod scheduler;
mod sending;
mod statuses;
mod stores;
mod stream;
mod topics;
mod triggers;
mod usage;

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use lambent_storage::{AppendError, Channel};
use lambent_types::{
    Clock, Error, ErrorCode, Event, Namespace, Origin, TriggerName, bounds, format_bytes,
};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::statuses::Statuses;
pub use self::statuses::{LastError, TriggerStatus};
pub use self::stores::DeliveryStores;
pub use self::topics::{Post, Signed, TopicOutlet};
use self::usage::UsageFlusher;
use crate::caller::Caller;
use crate::dispatcher::Dispatcher;
use crate::resolve::Resolved;

/// How long to wait before a store that failed is asked again.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Brings events to the functions they are for, at least once each.
pub struct Deliveries {
    dispatcher: Dispatcher,
    stores: DeliveryStores,
    clock: Arc<dyn Clock>,
    /// Channels that a task serves, by [`active_key`], with what ends its wait.
    active: Mutex<HashMap<ActiveKey, CancellationToken>>,
    usage: Arc<UsageFlusher>,
    statuses: Statuses,
    /// The triggers of tables that are served.
    serving: stream::Serving,
    blocking: blocking::BlockingWork,
    /// Which subscriptions have messages that others are still to get.
    progress: topics::Progress,
    /// What the messages of topics leave the node by, once there is that.
    outlet: OnceLock<Arc<dyn TopicOutlet>>,
    tasks: TaskTracker,
    drain: CancellationToken,
}

impl Deliveries {
    /// Deliveries to the functions of `dispatcher`; what was stored before is not
    /// delivered before [`Self::run`].
    #[must_use]
    pub fn new(dispatcher: Dispatcher, stores: DeliveryStores, clock: Arc<dyn Clock>) -> Arc<Self> {
        let usage = UsageFlusher::new(dispatcher.clone(), stores.usage.clone());
        Arc::new(Self {
            dispatcher,
            stores,
            clock,
            active: Mutex::default(),
            usage,
            statuses: Statuses::default(),
            serving: stream::Serving::default(),
            blocking: blocking::BlockingWork::default(),
            progress: topics::Progress::default(),
            outlet: OnceLock::new(),
            tasks: TaskTracker::new(),
            drain: CancellationToken::new(),
        })
    }

    /// Sets what the messages of topics leave the node by; before it is there, those for URLs wait.
    /// Only the first call counts.
    pub fn set_outlet(&self, outlet: Arc<dyn TopicOutlet>) {
        drop(self.outlet.set(outlet));
    }

    /// Delivers until `drain`; then takes nothing more, and returns when what is
    /// in flight is settled. What a former process left is taken up first.
    pub async fn run(self: Arc<Self>, drain: CancellationToken) {
        self.tasks.spawn(self.clone().schedule());
        let usage = self.tasks.spawn(self.usage.clone().run(self.drain.clone()));
        self.tasks.spawn(self.clone().follow_triggers());
        self.resume_backlog(&drain).await;
        drain.cancelled().await;
        self.drain.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if usage.await.is_err() {
            tracing::error!("the task that stores usage panicked");
        }
        self.usage.flush().await;
    }

    /// Has a function handle an event later; durable when this returns. `found` is what it leads
    /// to now; what it leads to at each attempt is what is called.
    ///
    /// # Errors
    /// `PayloadTooLarge`: more than [`bounds::VALUE_BYTES_MAX`]; `NotInvocable`,
    /// `QuotaExceeded`; the store failed.
    pub async fn invoke_later(
        self: &Arc<Self>,
        found: &Resolved,
        caller: &Caller,
        event: Event,
    ) -> Result<(), Error> {
        let (bytes, most) = (event.data.len() as u64, bounds::VALUE_BYTES_MAX as u64);
        if bytes > most {
            let (bytes, most) = (format_bytes(bytes), format_bytes(most));
            let detail = format!(
                "the event's data is {bytes}; the most for an asynchronous invocation is {most}"
            );
            return Err(Error::new(ErrorCode::PayloadTooLarge, detail));
        }
        for version in found.versions() {
            crate::handler::choose_handler(lambent_types::Incoming::Event, version)?;
        }
        let (namespace, channel) = (&found.first.namespace, Channel::Function(found.named()));
        self.append(namespace, channel, event, &caller.origin).await
    }

    /// Keeps an event in a channel and has the channel served; durable when this returns.
    async fn append(
        self: &Arc<Self>,
        namespace: &Namespace,
        channel: Channel,
        event: Event,
        origin: &Origin,
    ) -> Result<(), Error> {
        let appended = self.stores.events.append(namespace, &channel, event, origin).await;
        appended.map_err(|error| match error {
            AppendError::Quota(error) => Error::new(ErrorCode::QuotaExceeded, error.to_string()),
            AppendError::Storage(error) => error.into(),
        })?;
        self.start_channel(namespace.clone(), channel);
        Ok(())
    }

    async fn resume_backlog(self: &Arc<Self>, drain: &CancellationToken) {
        loop {
            match self.stores.events.backlog().await {
                Ok(channels) => {
                    for (namespace, channel) in channels {
                        // Channels of triggers are served as long as there is the trigger.
                        if !matches!(channel, Channel::Trigger(_)) {
                            self.start_channel(namespace, channel);
                        }
                    }
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, cause = error.cause(), "cannot read what waits");
                    tokio::select! {
                        () = drain.cancelled() => return,
                        () = tokio::time::sleep(STORE_PAUSE) => {}
                    }
                }
            }
        }
    }

    /// Waits before a store that failed is asked again, or until the drain.
    async fn pause_for_store(&self) {
        tokio::select! {
            () = self.drain.cancelled() => {}
            () = tokio::time::sleep(STORE_PAUSE) => {}
        }
    }

    fn active(&self) -> MutexGuard<'_, HashMap<ActiveKey, CancellationToken>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a task serves a channel; `None` if one does already.
    fn activate(&self, key: &(Namespace, Channel)) -> Option<CancellationToken> {
        match self.active().entry(active_key(key)) {
            Entry::Occupied(_) => None,
            Entry::Vacant(entry) => Some(entry.insert(self.drain.child_token()).clone()),
        }
    }

    /// Has nobody wait at a channel any more that is gone with what it is of: what is appended to
    /// another of its name would not be seen there.
    pub fn channel_gone(&self, namespace: &Namespace, channel: Channel) {
        if let Some(stop) = self.active().get(&active_key(&(namespace.clone(), channel))) {
            stop.cancel();
        }
    }

    /// Starts a task that serves a channel to which something was appended, if there is
    /// none.
    fn start_channel(self: &Arc<Self>, namespace: Namespace, channel: Channel) {
        let key = (namespace, channel);
        if self.drain.is_cancelled() {
            return;
        }
        if let Some(stop) = self.activate(&key) {
            self.tasks.spawn(self.clone().channel(key, stop));
        }
    }

    /// Delivers what was put into channels by others than those who append to them.
    pub fn resume(self: &Arc<Self>, namespace: &Namespace, channels: BTreeSet<Channel>) {
        for channel in channels {
            // Channels of triggers are served as long as there is the trigger.
            if !matches!(channel, Channel::Trigger(_)) {
                self.start_channel(namespace.clone(), channel);
            }
        }
    }

    /// How the deliveries of a trigger went, since this process began.
    #[must_use]
    pub fn trigger_status(&self, namespace: &Namespace, trigger: &TriggerName) -> TriggerStatus {
        self.statuses.of(namespace, trigger)
    }

    /// Stores what was used until now, as happens by itself every so often: for
    /// whoever is about to read it.
    pub async fn flush_usage(&self) {
        self.usage.flush().await;
    }
}

/// A namespace and a channel of it.
type ActiveKey = (String, String);

/// What makes a channel the same as another: names are, whatever their case. A function and an
/// alias have as many spellings as their letters allow, and one task serves them all.
fn active_key((namespace, channel): &(Namespace, Channel)) -> ActiveKey {
    (namespace.key(), channel.to_string().to_ascii_lowercase())
}
