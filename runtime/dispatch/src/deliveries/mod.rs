//! Deliveries: everything that happened and is to be handled comes from the
//! event log and the queues to the functions it is for.
//!
//! A task looks after each channel of the event log that has anything
//! ([`channel`]), one after each trigger of a queue ([`queue`]), and one after
//! the schedules ([`scheduler`]). None of them polls: they wait for what
//! arrives, or until something falls due.

mod aside;
mod attempt;
mod channel;
mod destination;
mod policy;
mod queue;
mod record;
mod scheduler;
mod triggers;
mod wanted;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lambent_storage::{Channel, EventLog, Queues, Schedules, Space, Stores, Triggers, Usage};
use lambent_types::{
    Clock, Error, ErrorCode, Event, FunctionVersion, Namespace, bounds, format_bytes,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::dispatcher::{Caller, Dispatcher};

/// How often what invocations used is stored: what a crash may lose of it.
const USAGE_EVERY: Duration = Duration::from_secs(5);
/// How long to wait before a store that failed is asked again.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// The stores that deliveries come from and go to.
#[derive(Clone)]
pub struct DeliveryStores {
    /// What happened.
    pub events: Arc<dyn EventLog>,
    /// Messages.
    pub queues: Arc<dyn Queues>,
    /// What makes functions run when something changes.
    pub triggers: Arc<dyn Triggers>,
    /// What makes functions run when it is time.
    pub schedules: Arc<dyn Schedules>,
    /// What invocations used.
    pub usage: Arc<dyn Usage>,
    /// The space of the disk they are on: while there is too little, events wait,
    /// since functions that cannot write would fail them.
    pub space: Arc<Space>,
}

impl From<&Stores> for DeliveryStores {
    fn from(stores: &Stores) -> Self {
        Self {
            events: stores.events.clone(),
            queues: stores.queues.clone(),
            triggers: stores.triggers.clone(),
            schedules: stores.schedules.clone(),
            usage: stores.usage.clone(),
            space: stores.space.clone(),
        }
    }
}

/// Brings events to the functions they are for, at least once each.
pub struct Deliveries {
    dispatcher: Dispatcher,
    stores: DeliveryStores,
    clock: Arc<dyn Clock>,
    /// Channels that a task looks after.
    active: Mutex<HashSet<(Namespace, Channel)>>,
    triggers_changed: Notify,
    /// Held by whoever stores what was used.
    usage: tokio::sync::Mutex<()>,
    aside: aside::Aside,
    tasks: TaskTracker,
    drain: CancellationToken,
}

impl Deliveries {
    /// Deliveries to the functions of `dispatcher`; what was stored before is not
    /// delivered before [`Self::run`].
    #[must_use]
    pub fn new(dispatcher: Dispatcher, stores: DeliveryStores, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            dispatcher,
            stores,
            clock,
            active: Mutex::default(),
            triggers_changed: Notify::new(),
            usage: tokio::sync::Mutex::default(),
            aside: aside::Aside::default(),
            tasks: TaskTracker::new(),
            drain: CancellationToken::new(),
        })
    }

    /// Delivers until `drain`; then takes nothing more, and returns when what is
    /// in flight is settled. What a former process left is taken up first.
    pub async fn run(self: Arc<Self>, drain: CancellationToken) {
        self.tasks.spawn(self.clone().schedule());
        let usage = self.tasks.spawn(self.clone().store_usage());
        self.tasks.spawn(self.clone().follow_triggers());
        self.take_up_backlog(&drain).await;
        drain.cancelled().await;
        self.drain.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if usage.await.is_err() {
            tracing::error!("the task that stores usage panicked");
        }
        self.flush_usage().await;
    }

    /// Has triggers read anew; for whoever changed one.
    pub fn triggers_changed(&self) {
        self.triggers_changed.notify_one();
    }

    /// Has a function handle an event later; durable when this returns.
    ///
    /// # Errors
    /// `PayloadTooLarge`: more than [`bounds::VALUE_BYTES_MAX`]; `NotInvocable`,
    /// `QuotaExceeded`; the store failed.
    pub async fn invoke_later(
        self: &Arc<Self>,
        function: &FunctionVersion,
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
        crate::dispatcher::chosen(lambent_types::Incoming::Event, function)?;
        let channel = Channel::Function(function.name.clone());
        let events = &self.stores.events;
        events.append(&function.namespace, &channel, event, &caller.origin).await.map_err(
            |error| match error {
                lambent_storage::AppendError::Quota(error) => {
                    Error::new(ErrorCode::QuotaExceeded, error.to_string())
                }
                lambent_storage::AppendError::Storage(error) => error.into(),
            },
        )?;
        self.look_after(function.namespace.clone(), channel);
        Ok(())
    }

    async fn take_up_backlog(self: &Arc<Self>, drain: &CancellationToken) {
        loop {
            match self.stores.events.backlog().await {
                Ok(channels) => {
                    for (namespace, channel) in channels {
                        // Those of triggers are looked after as long as there is the trigger.
                        if !matches!(channel, Channel::Trigger(_)) {
                            self.look_after(namespace, channel);
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

    fn active(&self) -> MutexGuard<'_, HashSet<(Namespace, Channel)>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a task look after a channel to which something was appended.
    fn look_after(self: &Arc<Self>, namespace: Namespace, channel: Channel) {
        let key = (namespace, channel);
        if self.drain.is_cancelled() || !self.active().insert(key.clone()) {
            return;
        }
        self.tasks.spawn(self.clone().channel(key));
    }

    async fn store_usage(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.drain.cancelled() => return,
                () = tokio::time::sleep(USAGE_EVERY) => self.flush_usage().await,
            }
        }
    }

    /// Stores what was used until now, as happens by itself every so often: for
    /// whoever is about to read it.
    pub async fn flush_usage(&self) {
        // What another task took is stored when this returns.
        let _one = self.usage.lock().await;
        let records = self.dispatcher.take_usage();
        if records.is_empty() {
            return;
        }
        if let Err(error) = self.stores.usage.record(records.clone()).await {
            tracing::error!(%error, cause = error.cause(), "cannot store usage; trying again");
            self.dispatcher.give_back_usage(records);
        }
    }
}
