use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use lambent_types::InvocationRecord;
use tokio::sync::watch;

use crate::error::StorageError;
use crate::logs::{InvocationLogs, LogPage, LogQuery, page};
use crate::sync;

/// The newest invocation records, in memory.
#[derive(Debug)]
pub struct MemoryLogs {
    records: Mutex<VecDeque<(u64, InvocationRecord)>>,
    records_max: usize,
    last: watch::Sender<u64>,
}

impl Default for MemoryLogs {
    fn default() -> Self {
        Self::new(10_000)
    }
}

impl MemoryLogs {
    /// Keeps the newest `records_max` records.
    #[must_use]
    pub fn new(records_max: usize) -> Self {
        Self { records: Mutex::default(), records_max, last: watch::Sender::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, InvocationRecord)>> {
        sync::lock(&self.records)
    }
}

fn matches(query: &LogQuery, cursor: u64, record: &InvocationRecord) -> bool {
    query.matches(cursor, record)
        && record.namespace.as_str().eq_ignore_ascii_case(query.namespace.as_str())
        && record.function.as_str().eq_ignore_ascii_case(query.function.as_str())
}

#[async_trait]
impl InvocationLogs for MemoryLogs {
    fn append(&self, record: InvocationRecord) -> bool {
        let mut records = self.lock();
        let cursor = *self.last.borrow() + 1;
        records.push_back((cursor, record));
        if records.len() > self.records_max {
            records.pop_front();
        }
        self.last.send_replace(cursor);
        true
    }

    fn dropped(&self) -> u64 {
        0
    }

    async fn query(&self, query: LogQuery) -> Result<LogPage, StorageError> {
        let records = self.lock();
        let last = *self.last.borrow();
        let matching =
            records.iter().filter(|(cursor, record)| matches(&query, *cursor, record)).cloned();
        if query.newest {
            page(&query, last, matching.rev().map(Ok))
        } else {
            page(&query, last, matching.map(Ok))
        }
    }

    async fn changed(&self, after: u64, timeout: Duration) {
        let mut last = self.last.subscribe();
        let newer = last.wait_for(|last| *last > after);
        let _ = tokio::time::timeout(timeout, newer).await;
    }

    async fn flush(&self) {}
}
