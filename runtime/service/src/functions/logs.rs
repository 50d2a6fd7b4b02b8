use std::time::Duration;

use jiff::Timestamp;
use lambent_storage::{LogPage, LogQuery};
use lambent_types::{Error, Qualifier, RequestId};
use tokio::time::Instant;

use super::FunctionHandle;
use crate::operation::Operation;

/// Which finished invocations of a function are wanted.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// Only what follows this cursor.
    pub after: Option<u64>,
    /// Only those that started then or later.
    pub since: Option<Timestamp>,
    /// Only this one.
    pub request: Option<RequestId>,
    /// Only those of this version, or that were asked for by this alias.
    pub qualifier: Option<Qualifier>,
    /// At most this many.
    pub limit: usize,
    /// How long to wait for one, if there is none.
    pub wait: Duration,
}

impl FunctionHandle<'_> {
    /// Reads finished invocations, oldest first: without `after` and `since` the
    /// last of them. Waits for one that is not there yet, as long as was asked for.
    ///
    /// # Errors
    /// `FunctionNotFound` (there are no records either); the store failed.
    pub async fn logs(&self, filter: LogFilter) -> Result<LogPage, Error> {
        self.perform(Operation::ReadLogs, async {
            let (namespace, name) = self.place();
            let LogFilter { after, since, request, qualifier, limit, wait } = filter;
            let newest = after.is_none() && since.is_none();
            let query = LogQuery {
                after,
                since: since.max(self.scope().since()),
                request,
                qualifier,
                limit,
                newest,
                ..LogQuery::new(namespace.clone(), name.clone())
            };
            let page = self.watch(query, wait).await?;
            if page.records.is_empty() {
                // Of a deleted function there may be records left; a mistyped name
                // must not look like silence.
                self.describe().await?;
            }
            Ok(page)
        })
        .await
    }

    async fn watch(&self, mut query: LogQuery, wait: Duration) -> Result<LogPage, Error> {
        let (logs, drain) = (&self.stores().logs, &self.data_scope().data().drain);
        let deadline = Instant::now() + wait;
        loop {
            let page = logs.query(query.clone()).await?;
            let left = deadline.saturating_duration_since(Instant::now());
            if !page.records.is_empty() || left.is_zero() || drain.is_cancelled() {
                return Ok(page);
            }
            query.after = Some(page.next);
            tokio::select! {
                () = drain.cancelled() => {}
                () = logs.changed(page.next, left) => {}
            }
        }
    }
}
