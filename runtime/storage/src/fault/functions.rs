use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lambent_types::{
    Alias, AliasName, ConcurrencyChange, Digest, Function, FunctionName, FunctionVersion,
    InvocationRecord, Namespace, Progress, Revision,
};

use super::forward::forward;
use super::{Call, Faulty};
use crate::changes::{Batch, Changes, Position};
use crate::code::{CodeStore, OpenCode};
use crate::error::{StorageError, WriteError};
use crate::logs::{InvocationLogs, LogPage, LogQuery};
use crate::registry::{Expected, Registry};

forward! { Registry:
    read function(
        namespace: &Namespace, name: &FunctionName
    ) -> Result<Option<Arc<Function>>, StorageError>;
    read version(
        namespace: &Namespace, name: &FunctionName, number: u64
    ) -> Result<Option<Arc<FunctionVersion>>, StorageError>;
    change put(
        head: FunctionVersion, expected: Option<Expected>
    ) -> Result<Arc<Function>, WriteError>;
    change publish(
        namespace: &Namespace, name: &FunctionName, expected: Option<Expected>
    ) -> Result<Arc<FunctionVersion>, WriteError>;
    free delete(
        namespace: &Namespace, name: &FunctionName, expected: Option<Expected>
    ) -> Result<(), WriteError>;
    free delete_version(
        namespace: &Namespace, name: &FunctionName, number: u64
    ) -> Result<(), WriteError>;
    change put_alias(
        namespace: &Namespace, name: &FunctionName, alias: Alias, expected: Option<Expected>
    ) -> Result<Arc<Function>, WriteError>;
    free delete_alias(
        namespace: &Namespace, name: &FunctionName, alias: &AliasName,
        expected: Option<Expected>
    ) -> Result<(), WriteError>;
    change note_progress(
        namespace: &Namespace, name: &FunctionName, alias: (&AliasName, Revision),
        progress: Progress
    ) -> Result<(), WriteError>;
    change set_concurrency(
        namespace: &Namespace, name: &FunctionName, change: ConcurrencyChange
    ) -> Result<Arc<Function>, WriteError>;
    read list(
        namespace: &Namespace, after: Option<&FunctionName>, limit: usize
    ) -> Result<Vec<Arc<Function>>, StorageError>;
    read versions(
        namespace: &Namespace, name: &FunctionName, after: u64, limit: usize
    ) -> Result<Vec<Arc<FunctionVersion>>, StorageError>;
    read digests() -> Result<BTreeSet<Digest>, StorageError>;
    read provisioned() -> Result<Vec<Arc<Function>>, StorageError>;
    read reserved() -> Result<Vec<Arc<Function>>, StorageError>;
    read releasing() -> Result<Vec<Arc<Function>>, StorageError>;
    read refers_to(digest: Digest) -> Result<bool, StorageError>;
    feed changes() -> FunctionName;
}

forward! { CodeStore:
    change put(digest: Digest, code: Bytes) -> Result<(), StorageError>;
    read get(digest: Digest) -> Result<Option<Bytes>, StorageError>;
    read open(digest: Digest) -> Result<Option<OpenCode>, StorageError>;
    read contains(digest: Digest) -> Result<bool, StorageError>;
    free delete(digest: Digest) -> Result<(), StorageError>;
    read list() -> Result<Vec<Digest>, StorageError>;
}

#[async_trait]
impl InvocationLogs for Faulty<dyn InvocationLogs> {
    fn append(&self, record: InvocationRecord) -> bool {
        !self.faults.is_full() && self.inner.append(record)
    }

    fn dropped(&self) -> u64 {
        self.inner.dropped()
    }

    async fn query(&self, query: LogQuery) -> Result<LogPage, StorageError> {
        self.faults.inject(Call::Read, self.inner.query(query)).await
    }

    async fn changed(&self, after: u64, timeout: Duration) {
        self.inner.changed(after, timeout).await;
    }

    async fn flush(&self) {
        self.inner.flush().await;
    }
}
