//! Stores that live as long as the process: for tests and for embedders that
//! keep nothing.

mod code;
mod events;
mod keyvalue;
mod line;
mod logs;
mod objects;
mod registry;
mod tables;
mod usage;
mod volumes;

pub use code::MemoryCode;
pub use events::MemoryEvents;
pub use keyvalue::MemoryKeyValue;
pub use logs::MemoryLogs;
pub use objects::MemoryObjects;
pub use registry::MemoryRegistry;
pub use tables::MemoryTables;
pub use usage::MemoryUsage;
pub use volumes::MemoryVolumes;

use std::sync::Arc;

use lambent_types::Clock;

use crate::event_log::EventLog;
use crate::keyvalue::KeyValue;
use crate::namespace_quotas::NamespaceQuotas;
use crate::objects::Objects;
use crate::queues::Queues;
use crate::quota::Quotas;
use crate::registry::Registry;
use crate::resources::Resources;
use crate::schedules::Schedules;
use crate::space::Space;
use crate::stores::{Parts, Stores};
use crate::tables::Tables;
use crate::upkeep::Holds;

impl Stores {
    /// Empty stores in memory.
    #[must_use]
    pub fn memory(clock: Arc<dyn Clock>, quotas: Quotas) -> Self {
        let quotas = NamespaceQuotas::new(quotas);
        let own = || Arc::clone(&quotas);
        let events = Arc::new(MemoryEvents::new(Arc::clone(&clock), own()));
        let keyvalue = MemoryKeyValue::new(Arc::clone(&clock), own(), Arc::clone(&events));
        let keyvalue = Arc::new(keyvalue);
        let tables = Arc::new(MemoryTables::new(Arc::clone(&clock), own()));
        let registry = Arc::new(MemoryRegistry::new(own()));
        let objects = Arc::new(MemoryObjects::new(clock, own(), Arc::clone(&events)));
        Self::new(Parts {
            registry: Arc::clone(&registry) as Arc<dyn Registry>,
            code: Arc::new(MemoryCode::default()),
            logs: Arc::new(MemoryLogs::default()),
            objects: Arc::clone(&objects) as Arc<dyn Objects>,
            keyvalue: Arc::clone(&keyvalue) as Arc<dyn KeyValue>,
            tables: Arc::clone(&tables) as Arc<dyn Tables>,
            queues: Arc::clone(&events) as Arc<dyn Queues>,
            events: Arc::clone(&events) as Arc<dyn EventLog>,
            resources: Arc::clone(&events) as Arc<dyn Resources>,
            schedules: Arc::clone(&events) as Arc<dyn Schedules>,
            usage: Arc::new(MemoryUsage::default()),
            volumes: Arc::new(MemoryVolumes::default()),
            space: Space::unlimited(),
            quotas,
            holds: vec![
                Arc::clone(&keyvalue) as Arc<dyn Holds>,
                Arc::clone(&events) as Arc<dyn Holds>,
                Arc::clone(&tables) as Arc<dyn Holds>,
                objects,
                registry,
            ],
            sweeps: vec![keyvalue, events, tables],
        })
    }
}
