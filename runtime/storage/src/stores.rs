use std::sync::Arc;

use lambent_types::{Clock, Namespace};

use crate::checked::Checked;
use crate::code::CodeStore;
use crate::data_dir::DataDir;
use crate::embedded::{
    EmbeddedCode, EmbeddedEventLog, EmbeddedKeyValue, EmbeddedLogs, EmbeddedObjects,
    EmbeddedQueues, EmbeddedRegistry, EmbeddedSchedules, EmbeddedTriggers, EmbeddedUsage,
    MessageSweep, Options, Shards,
};
use crate::error::{OpenError, StorageError};
use crate::event_log::EventLog;
use crate::keyvalue::KeyValue;
use crate::logs::InvocationLogs;
use crate::objects::Objects;
use crate::queues::Queues;
use crate::quota::{Holding, Quotas};
use crate::registry::Registry;
use crate::schedules::Schedules;
use crate::space::{Space, default_reserve};
use crate::triggers::Triggers;
use crate::upkeep::{Holds, Sweep};
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
    /// Events that are not handled yet.
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

/// What a backend makes stores of; see [`backend`](crate::backend).
pub struct Parts {
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
    /// Events that are not handled yet.
    pub events: Arc<dyn EventLog>,
    /// Triggers.
    pub triggers: Arc<dyn Triggers>,
    /// Schedules.
    pub schedules: Arc<dyn Schedules>,
    /// What invocations used.
    pub usage: Arc<dyn Usage>,
    /// The space of the disk they are on; [`Space::unlimited`] if they are on none of this node.
    pub space: Arc<Space>,
    /// The quotas that the stores enforce.
    pub quotas: Quotas,
    /// The stores that count what namespaces hold: each quota is counted by one of them.
    pub holds: Vec<Arc<dyn Holds>>,
    /// The stores that have something to do from time to time.
    pub sweeps: Vec<Arc<dyn Sweep>>,
}

impl Stores {
    /// Makes stores of those of a backend, with the checks of what callers give in front.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            registry: parts.registry,
            code: Checked::new(parts.code),
            logs: parts.logs,
            objects: Checked::new(parts.objects),
            keyvalue: Checked::new(parts.keyvalue),
            queues: Checked::new(parts.queues),
            events: Checked::new(parts.events),
            triggers: parts.triggers,
            schedules: parts.schedules,
            usage: parts.usage,
            space: parts.space,
            quotas: parts.quotas,
            holds: parts.holds,
            sweeps: parts.sweeps,
        }
    }

    /// What a namespace holds, by quota, in the order of [`Quota::ALL`](crate::Quota::ALL).
    ///
    /// # Errors
    /// A store failed.
    pub async fn holdings(&self, namespace: &Namespace) -> Result<Vec<Holding>, StorageError> {
        let mut held = Vec::new();
        for store in &self.holds {
            held.extend(store.held(namespace).await?);
        }
        held.sort();
        let limit = |quota| Some(self.quotas.limit(quota)).filter(|l| *l < Quotas::UNLIMITED);
        let holding = |(quota, used)| Holding { quota, used, limit: limit(quota) };
        Ok(held.into_iter().map(holding).collect())
    }

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
        let objects = EmbeddedObjects::open(data, Arc::clone(&shards))?;
        let objects = Arc::new(objects);
        let registry = EmbeddedRegistry::open(data, options.cache_bytes, limits())?;
        let registry = Arc::new(registry);
        Ok(Self::new(Parts {
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
        }))
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
