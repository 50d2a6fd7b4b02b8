use std::sync::Arc;

use async_trait::async_trait;
use lambent_types::Clock;

use crate::code::CodeStore;
use crate::data_dir::DataDir;
use crate::embedded::{
    EmbeddedCode, EmbeddedEventLog, EmbeddedKeyValue, EmbeddedLogs, EmbeddedObjects,
    EmbeddedQueues, EmbeddedRegistry, EmbeddedSchedules, EmbeddedTriggers, EmbeddedUsage,
    MessageSweep, Options, Shards,
};
use crate::error::{OpenError, StorageError};
use crate::event_log::EventLog;
use crate::holds::Holds;
use crate::keyvalue::KeyValue;
use crate::logs::InvocationLogs;
use crate::objects::Objects;
use crate::queues::Queues;
use crate::quota::Quotas;
use crate::registry::Registry;
use crate::schedules::Schedules;
use crate::space::{Space, default_reserve};
use crate::triggers::Triggers;
use crate::usage::Usage;

/// All stores of a node. Cloning is cheap: the clones are the same stores.
#[derive(Clone)]
pub struct Stores {
    /// Functions and versions.
    pub registry: Arc<dyn Registry>,
    /// Components.
    pub code: Arc<dyn CodeStore>,
    /// Finished invocations.
    pub logs: Arc<dyn InvocationLogs>,
    /// Buckets and objects.
    pub objects: Arc<dyn Objects>,
    /// Keyspaces and keys.
    pub keyvalue: Arc<dyn KeyValue>,
    /// Queues and messages.
    pub queues: Arc<dyn Queues>,
    /// What happened and is not handled yet.
    pub events: Arc<dyn EventLog>,
    /// What makes functions run when something changes.
    pub triggers: Arc<dyn Triggers>,
    /// What makes functions run when it is time.
    pub schedules: Arc<dyn Schedules>,
    /// What invocations used.
    pub usage: Arc<dyn Usage>,
    /// The space of the disk they are on.
    pub space: Arc<Space>,
    /// What namespaces may hold.
    pub(crate) quotas: Quotas,
    /// What counts what they do hold.
    pub(crate) holds: Vec<Arc<dyn Holds>>,
    pub(crate) sweeps: Vec<Arc<dyn Sweep>>,
}

/// A store that has something to do from time to time.
#[async_trait]
pub(crate) trait Sweep: Send + Sync {
    /// Does a bounded part of what is due.
    async fn sweep(&self) -> Result<(), StorageError>;
}

impl Stores {
    /// Opens or creates the stores in a data directory. Each keeps it locked
    /// until it is dropped, and then has written everything it was given. Reads
    /// no function and no object: they are read when they are asked for.
    ///
    /// # Errors
    /// A database cannot be opened, is from a newer release, is damaged, or
    /// would not be durable.
    pub fn embedded(
        data: &DataDir,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let reserve = options.disk_reserve.unwrap_or_else(|| {
            // A system that does not say how large the disk is does not say what is free.
            default_reserve(data.disk().map_or(0, |(size, _)| size))
        });
        let (quotas, space) = (options.quotas, Space::of(data, reserve));
        let limits = || (quotas, Arc::clone(&space));
        let shards = Shards::open(data, Arc::clone(&clock), limits())?;
        let parts = || (Arc::clone(&shards), Arc::clone(&clock));
        let cache_bytes = options.keyvalue_cache_bytes;
        let keyvalue = EmbeddedKeyValue::open(Arc::clone(&shards), Arc::clone(&clock), cache_bytes);
        let keyvalue = Arc::new(keyvalue);
        let (queues, events) = (EmbeddedQueues::new(parts()), EmbeddedEventLog::new(parts()));
        let messages = Arc::new(MessageSweep::new(parts()));
        let triggers = EmbeddedTriggers::new(Arc::clone(&shards));
        let schedules = EmbeddedSchedules::new(Arc::clone(&shards));
        let usage = Arc::new(EmbeddedUsage::open(parts()));
        let objects = EmbeddedObjects::open(data, Arc::clone(&shards), &options.objects)?;
        let objects = Arc::new(objects);
        let registry = EmbeddedRegistry::open(data, options.cache_bytes, limits())?;
        let registry = Arc::new(registry);
        Ok(Self {
            registry: Arc::clone(&registry) as Arc<dyn Registry>,
            code: Arc::new(EmbeddedCode::open(data, Arc::clone(&space))?),
            logs: Arc::new(EmbeddedLogs::open(data, options.logs)?),
            objects: Arc::clone(&objects) as Arc<dyn Objects>,
            keyvalue: Arc::clone(&keyvalue) as Arc<dyn KeyValue>,
            queues: Arc::new(queues),
            events: Arc::new(events),
            triggers: Arc::new(triggers),
            schedules: Arc::new(schedules),
            usage: Arc::clone(&usage) as Arc<dyn Usage>,
            space,
            quotas,
            holds: vec![shards, registry],
            sweeps: vec![objects, keyvalue, messages, usage],
        })
    }

    /// Does what is due: what has expired is deleted, and what a crash left is
    /// cleared away. To be called about once a second; a call does a bounded part
    /// of it, and costs nothing when nothing is due. Failures are logged.
    pub async fn sweep(&self) {
        for sweep in &self.sweeps {
            if let Err(error) = sweep.sweep().await {
                tracing::error!(%error, cause = error.cause(), "cannot clear up a store");
            }
        }
    }
}
