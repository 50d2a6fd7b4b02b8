use std::sync::Arc;

use lambent_storage::{EventLog, Queues, Resources, Schedules, Space, Stores, Tables, Usage};
use tokio::sync::Notify;

/// The stores that deliveries come from and go to.
#[derive(Clone)]
pub struct DeliveryStores {
    /// What happened.
    pub events: Arc<dyn EventLog>,
    /// Messages.
    pub queues: Arc<dyn Queues>,
    /// Triggers and schedules.
    pub resources: Arc<dyn Resources>,
    /// Changes of items, and how far triggers have come in them.
    pub tables: Arc<dyn Tables>,
    /// Told when a table is given a stream.
    pub stream_began: Arc<Notify>,
    /// When schedules fire.
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
            resources: stores.resources.clone(),
            tables: stores.tables.clone(),
            stream_began: stores.stream_began.clone(),
            schedules: stores.schedules.clone(),
            usage: stores.usage.clone(),
            space: stores.space.clone(),
        }
    }
}
