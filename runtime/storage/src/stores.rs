use std::sync::Arc;

use lambent_types::Namespace;
use tokio::sync::Notify;

use crate::checked::Checked;
use crate::code::CodeStore;
use crate::error::StorageError;
use crate::event_log::EventLog;
use crate::keyvalue::KeyValue;
use crate::logs::InvocationLogs;
use crate::namespace_quotas::NamespaceQuotas;
use crate::objects::Objects;
use crate::queues::Queues;
use crate::quota::{Holding, Quotas};
use crate::registry::Registry;
use crate::resources::Resources;
use crate::schedules::Schedules;
use crate::space::Space;
use crate::tables::Tables;
use crate::upkeep::{Holds, Sweep};
use crate::usage::Usage;
use crate::volumes::Volumes;

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
    /// Tables and items.
    pub tables: Arc<dyn Tables>,
    /// Queues and messages.
    pub queues: Arc<dyn Queues>,
    /// Events that are not handled yet.
    pub events: Arc<dyn EventLog>,
    /// What is nothing but a specification: triggers, schedules.
    pub resources: Arc<dyn Resources>,
    /// When schedules fire.
    pub schedules: Arc<dyn Schedules>,
    /// What invocations used.
    pub usage: Arc<dyn Usage>,
    /// The files of volumes.
    pub volumes: Arc<dyn Volumes>,
    /// The space of the disk they are on.
    pub space: Arc<Space>,
    /// What namespaces may hold.
    pub quotas: Arc<NamespaceQuotas>,
    /// Told when a table is given a stream, by who does it: triggers whose stream is at its end wait
    /// for the next.
    pub stream_began: Arc<Notify>,
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
    /// Tables and items.
    pub tables: Arc<dyn Tables>,
    /// Queues and messages.
    pub queues: Arc<dyn Queues>,
    /// Events that are not handled yet.
    pub events: Arc<dyn EventLog>,
    /// What is nothing but a specification.
    pub resources: Arc<dyn Resources>,
    /// When schedules fire.
    pub schedules: Arc<dyn Schedules>,
    /// What invocations used.
    pub usage: Arc<dyn Usage>,
    /// The files of volumes.
    pub volumes: Arc<dyn Volumes>,
    /// The space of the disk they are on; [`Space::unlimited`] if they are on none of this node.
    pub space: Arc<Space>,
    /// The quotas that the stores enforce.
    pub quotas: Arc<NamespaceQuotas>,
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
            tables: Checked::new(parts.tables),
            queues: Checked::new(parts.queues),
            events: Checked::new(parts.events),
            resources: parts.resources,
            schedules: parts.schedules,
            usage: parts.usage,
            volumes: parts.volumes,
            space: parts.space,
            quotas: parts.quotas,
            stream_began: Arc::default(),
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
        let quotas = self.quotas.of(&namespace.key());
        let limit = |quota| Some(quotas.limit(quota)).filter(|l| *l < Quotas::UNLIMITED);
        let holding = |(quota, used)| Holding { quota, used, limit: limit(quota) };
        Ok(held.into_iter().map(holding).collect())
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
