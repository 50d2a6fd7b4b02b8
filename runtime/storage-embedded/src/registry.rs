use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use lambent_types::{
    Alias, AliasName, ConcurrencyChange, Digest, Function, FunctionName, FunctionVersion,
    Namespace, Progress, Revision,
};

use crate::cache::{Cache, Entry, cache_key};
use crate::data_dir::DataDir;
use crate::error::OpenError;
use crate::held;
use crate::readers::Readers;
use crate::rows::{self, CONTROL};
use crate::writer::{Change, Writer};
use lambent_storage::backend::{ChangeLog, Holds};
use lambent_storage::{
    Changes, Expected, NamespaceQuotas, Quota, Registry, Space, StorageError, WriteError,
};

/// The registry in `control.db`.
pub(crate) struct EmbeddedRegistry {
    cache: Arc<Cache>,
    changes: Arc<ChangeLog<FunctionName>>,
    readers: Readers,
    writer: Writer,
    /// Last, so that the directory is locked until the writer is done.
    _data: DataDir,
}

impl EmbeddedRegistry {
    pub(crate) fn open(
        data: &DataDir,
        cache_bytes: u64,
        limits: (Arc<NamespaceQuotas>, Arc<Space>),
    ) -> Result<Self, OpenError> {
        let connection = CONTROL.open(data)?;
        let readers = Readers::open(&CONTROL, data)?;
        let cache = Arc::new(Cache::new(cache_bytes));
        let changes = Arc::default();
        let told = (Arc::clone(&cache), Arc::clone(&changes));
        let writer = Writer::start(connection, told, limits).map_err(|source| OpenError::Io {
            action: "start the writer of",
            path: data.path().join(crate::layout::CONTROL_DB),
            source,
        })?;
        Ok(Self { cache, changes, readers, writer, _data: data.clone() })
    }

    async fn entry(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
    ) -> Result<Option<Entry>, StorageError> {
        let key = cache_key(namespace, name);
        if let Some(entry) = self.cache.function(&key) {
            return Ok(entry);
        }
        let epoch = self.cache.epoch();
        let (namespace, name) = (namespace.clone(), name.clone());
        let found =
            self.readers.read(move |connection| rows::function(connection, &namespace, &name));
        let entry = found.await?.map(|(id, function)| Entry { id, function: Arc::new(function) });
        self.cache.keep_function(epoch, key, entry.clone());
        Ok(entry)
    }
}

/// A change whose reply lacks what it must have made cannot happen.
fn lost() -> WriteError {
    StorageError::unavailable("write functions", "the reply is incomplete").into()
}

#[async_trait]
impl Holds for EmbeddedRegistry {
    async fn held(&self, namespace: &Namespace) -> Result<Vec<(Quota, u64)>, StorageError> {
        let owner = namespace.key();
        let read = self.readers.read(move |connection| {
            [Quota::Functions, Quota::Versions, Quota::CodeBytes, Quota::Concurrency]
                .into_iter()
                .map(|quota| Ok((quota, held::amount(connection, &owner, quota)?)))
                .collect()
        });
        read.await
    }
}

#[async_trait]
impl Registry for EmbeddedRegistry {
    async fn function(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
    ) -> Result<Option<Arc<Function>>, StorageError> {
        Ok(self.entry(namespace, name).await?.map(|entry| entry.function))
    }

    async fn version(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        number: u64,
    ) -> Result<Option<Arc<FunctionVersion>>, StorageError> {
        let entry = self.entry(namespace, name).await?;
        let Some(entry) = entry.filter(|entry| number <= entry.function.last_version) else {
            return Ok(None);
        };
        let key = (entry.id, number);
        if let Some(version) = self.cache.version(key) {
            return Ok(Some(version));
        }
        let epoch = self.cache.epoch();
        let found = self.readers.read(move |connection| rows::version(connection, key.0, key.1));
        let version = found.await?.map(Arc::new);
        if let Some(version) = &version {
            self.cache.keep_version(epoch, key, Arc::clone(version));
        }
        Ok(version)
    }

    async fn put(
        &self,
        head: FunctionVersion,
        expected: Option<Expected>,
    ) -> Result<Arc<Function>, WriteError> {
        let made = self.writer.write(Change::Put { head: Box::new(head), expected }).await?;
        made.function.ok_or_else(lost)
    }

    async fn publish(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        expected: Option<Expected>,
    ) -> Result<Arc<FunctionVersion>, WriteError> {
        let (namespace, name) = (namespace.clone(), name.clone());
        let made = self.writer.write(Change::Publish { namespace, name, expected }).await?;
        made.version.ok_or_else(lost)
    }

    async fn delete(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        expected: Option<Expected>,
    ) -> Result<(), WriteError> {
        let (namespace, name) = (namespace.clone(), name.clone());
        self.writer.write(Change::Delete { namespace, name, expected }).await?;
        Ok(())
    }

    async fn delete_version(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        number: u64,
    ) -> Result<(), WriteError> {
        let (namespace, name) = (namespace.clone(), name.clone());
        self.writer.write(Change::DeleteVersion { namespace, name, number }).await?;
        Ok(())
    }

    async fn put_alias(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        alias: Alias,
        expected: Option<Expected>,
    ) -> Result<Arc<Function>, WriteError> {
        let (namespace, name, alias) = (namespace.clone(), name.clone(), Box::new(alias));
        let made = self.writer.write(Change::PutAlias { namespace, name, alias, expected }).await?;
        made.function.ok_or_else(lost)
    }

    async fn delete_alias(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        alias: &AliasName,
        expected: Option<Expected>,
    ) -> Result<(), WriteError> {
        let (namespace, name, alias) = (namespace.clone(), name.clone(), alias.clone());
        self.writer.write(Change::DeleteAlias { namespace, name, alias, expected }).await?;
        Ok(())
    }

    async fn note_progress(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        (alias, revision): (&AliasName, Revision),
        progress: Progress,
    ) -> Result<(), WriteError> {
        let (namespace, name) = (namespace.clone(), name.clone());
        let alias = (alias.clone(), revision);
        self.writer.write(Change::NoteProgress { namespace, name, alias, progress }).await?;
        Ok(())
    }

    async fn set_concurrency(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        change: ConcurrencyChange,
    ) -> Result<Arc<Function>, WriteError> {
        let (namespace, name) = (namespace.clone(), name.clone());
        let made = self.writer.write(Change::SetConcurrency { namespace, name, change }).await?;
        made.function.ok_or_else(lost)
    }

    async fn list(
        &self,
        namespace: &Namespace,
        after: Option<&FunctionName>,
        limit: usize,
    ) -> Result<Vec<Arc<Function>>, StorageError> {
        let namespace = namespace.clone();
        // No name is empty, so every name follows the empty one.
        let after = after.map(FunctionName::key).unwrap_or_default();
        let found = self
            .readers
            .read(move |connection| rows::functions(connection, &namespace, &after, limit));
        Ok(found.await?.into_iter().map(Arc::new).collect())
    }

    async fn versions(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Arc<FunctionVersion>>, StorageError> {
        let Some(Entry { id, .. }) = self.entry(namespace, name).await? else {
            return Ok(Vec::new());
        };
        let found =
            self.readers.read(move |connection| rows::versions(connection, id, after, limit));
        Ok(found.await?.into_iter().map(Arc::new).collect())
    }

    async fn digests(&self) -> Result<BTreeSet<Digest>, StorageError> {
        self.readers.read(rows::digests).await
    }

    async fn provisioned(&self) -> Result<Vec<Arc<Function>>, StorageError> {
        self.readers.read(rows::provisioned).await
    }

    async fn reserved(&self) -> Result<Vec<Arc<Function>>, StorageError> {
        self.readers.read(rows::reserved).await
    }

    async fn releasing(&self) -> Result<Vec<Arc<Function>>, StorageError> {
        self.readers.read(rows::releasing).await
    }

    async fn refers_to(&self, digest: Digest) -> Result<bool, StorageError> {
        self.readers.read(move |connection| rows::refers_to(connection, digest)).await
    }

    fn changes(&self) -> &dyn Changes<FunctionName> {
        &*self.changes
    }
}
