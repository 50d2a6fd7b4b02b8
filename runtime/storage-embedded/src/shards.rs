use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lambent_types::{Clock, Digest, Namespace};

use crate::data_dir::DataDir;
use crate::error::OpenError;
use crate::layout::SHARD_DBS;
use crate::layout::SHARDS;
use crate::shard::{Shard, ShardSchema};
use lambent_storage::backend::Holds;
use lambent_storage::backend::sync;
use lambent_storage::{NamespaceQuotas, Quota, Space, StorageError};

/// What `control.db` counts. The shards count everything else.
const COUNTED_ELSEWHERE: [Quota; 4] =
    [Quota::Functions, Quota::Versions, Quota::CodeBytes, Quota::Concurrency];

/// The shards of a data directory. Those that have a file are opened at once,
/// the others when something is first written to them.
pub(crate) struct Shards {
    schema: &'static ShardSchema,
    data: DataDir,
    clock: Arc<dyn Clock>,
    quotas: Arc<NamespaceQuotas>,
    space: Arc<Space>,
    open: Mutex<Vec<Option<Arc<Shard>>>>,
}

impl Shards {
    pub(crate) fn open(
        schema: &'static ShardSchema,
        data: &DataDir,
        clock: Arc<dyn Clock>,
        (quotas, space): (Arc<NamespaceQuotas>, Arc<Space>),
    ) -> Result<Arc<Self>, OpenError> {
        let open = Mutex::new(vec![None; SHARDS]);
        let shards = Self { schema, data: data.clone(), clock, quotas, space, open };
        for (index, file) in SHARD_DBS.into_iter().enumerate() {
            let exists = data.dir().try_exists(file).map_err(|source| OpenError::Io {
                action: "look for",
                path: data.path().join(file),
                source,
            })?;
            if exists {
                shards.get(index)?;
            }
        }
        Ok(Arc::new(shards))
    }

    fn get(&self, index: usize) -> Result<Arc<Shard>, OpenError> {
        let mut open = sync::lock(&self.open);
        if let Some(Some(shard)) = open.get(index) {
            return Ok(shard.clone());
        }
        let limits = (self.quotas.clone(), self.space.clone());
        let database = (SHARD_DBS[index], self.schema);
        let shard = Shard::open(database, &self.data, self.clock.clone(), limits)?;
        if let Some(place) = open.get_mut(index) {
            *place = Some(shard.clone());
        }
        Ok(shard)
    }

    /// The shard of a namespace.
    pub(crate) async fn of(
        self: &Arc<Self>,
        namespace: &Namespace,
    ) -> Result<Arc<Shard>, StorageError> {
        let index = index(namespace);
        if let Some(shard) = self.opened(index) {
            return Ok(shard);
        }
        let shards = self.clone();
        let opened = tokio::task::spawn_blocking(move || shards.get(index)).await;
        opened
            .map_err(|error| StorageError::unavailable("open a shard", error))?
            .map_err(|error| StorageError::unavailable("open a shard", error))
    }

    /// The space of the disk they are on.
    pub(crate) fn space(&self) -> &Arc<Space> {
        &self.space
    }

    fn opened(&self, index: usize) -> Option<Arc<Shard>> {
        sync::lock(&self.open).get(index).cloned().flatten()
    }

    /// The shards that are open: all that hold anything.
    pub(crate) fn all(&self) -> Vec<Arc<Shard>> {
        let open = sync::lock(&self.open);
        open.iter().flatten().cloned().collect()
    }
}

#[async_trait]
impl Holds for Shards {
    async fn held(&self, namespace: &Namespace) -> Result<Vec<(Quota, u64)>, StorageError> {
        // A shard that was never opened holds nothing.
        let shard = self.opened(index(namespace));
        let owner = namespace.key();
        let used = |quota| shard.as_ref().map_or(0, |shard| shard.ledger().used(&owner, quota));
        let kept = Quota::ALL.into_iter().filter(|quota| !COUNTED_ELSEWHERE.contains(quota));
        Ok(kept.map(|quota| (quota, used(quota))).collect())
    }
}

/// Which shard a namespace is in: for ever, so it rests on a hash that never changes.
fn index(namespace: &Namespace) -> usize {
    usize::from(Digest::of(namespace.key().as_bytes()).as_bytes()[0]) % SHARDS
}
