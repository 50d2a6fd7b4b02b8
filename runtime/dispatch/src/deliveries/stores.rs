use std::sync::Arc;

use lambent_storage::{EventLog, Queues, Schedules, Space, Stores, Triggers, Usage};

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
