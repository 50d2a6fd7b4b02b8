use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{
    FunctionName, InvocationRecord, Namespace, Outcome, Qualifier, RequestId, VersionNumber,
};

use crate::error::StorageError;

/// Most bytes of records in one page, so that no query reads everything into
/// memory. A page always holds at least one record if any matches.
pub(crate) const PAGE_BYTES_MAX: usize = 8 << 20;

/// Which records of one function to read.
#[derive(Debug, Clone)]
pub struct LogQuery {
    /// Where the function is.
    pub namespace: Namespace,
    /// Which function.
    pub function: FunctionName,
    /// Only records with a higher cursor.
    pub after: Option<u64>,
    /// Only invocations that started then or later.
    pub since: Option<Timestamp>,
    /// Only this invocation.
    pub request: Option<RequestId>,
    /// Only those of this version, or that were asked for by this alias.
    pub qualifier: Option<Qualifier>,
    /// At most this many records.
    pub limit: usize,
    /// Of more records than `limit`, the newest instead of the oldest.
    pub newest: bool,
}

impl LogQuery {
    /// The oldest 100 records of a function.
    #[must_use]
    pub fn new(namespace: Namespace, function: FunctionName) -> Self {
        Self {
            namespace,
            function,
            after: None,
            since: None,
            request: None,
            qualifier: None,
            limit: 100,
            newest: false,
        }
    }

    /// Whether a record of the function is among those that it is for.
    #[must_use]
    pub fn matches(&self, cursor: u64, record: &InvocationRecord) -> bool {
        let qualified = match &self.qualifier {
            None => true,
            Some(Qualifier::Latest) => record.version == VersionNumber::Latest,
            Some(Qualifier::Version(number)) => record.version == VersionNumber::Number(*number),
            Some(Qualifier::Alias(alias)) => {
                let is_it = |by: &lambent_types::AliasName| by.key() == alias.key();
                record.alias.as_ref().is_some_and(is_it)
            }
        };
        qualified
            && self.after.is_none_or(|after| cursor > after)
            && self.since.is_none_or(|since| record.started >= since)
            && self.request.is_none_or(|request| record.id == request)
    }
}

/// Records, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct LogPage {
    /// The records with their cursors, ascending. Bounded in bytes too, so
    /// there may be fewer than the limit while more match.
    pub records: Vec<(u64, InvocationRecord)>,
    /// Where to continue: a query with `after` of this misses nothing.
    pub next: u64,
}

/// What finished invocations did, used and wrote. Best effort: records may be
/// lost when the queue overflows or the machine loses power.
///
/// # Several nodes
/// `append`, `dropped` and `flush` are about this process; `query` is about the records of all
/// nodes, and cursors are in one order for all of them.
#[async_trait]
pub trait InvocationLogs: Send + Sync {
    /// Hands a record over, without ever waiting. `false`: it was dropped
    /// because the queue is full.
    fn append(&self, record: InvocationRecord) -> bool;

    /// How many records were dropped since the start, for whatever reason.
    fn dropped(&self) -> u64;

    /// Reads one page.
    ///
    /// # Errors
    /// The store failed.
    async fn query(&self, query: LogQuery) -> Result<LogPage, StorageError>;

    /// Returns when there may be records after `after`, or at the timeout.
    async fn changed(&self, after: u64, timeout: Duration);

    /// Returns when every record appended before can be read.
    async fn flush(&self);
}

/// About how many bytes of memory a record takes.
pub fn weight(record: &InvocationRecord) -> usize {
    let lines: usize = record.logs.lines.iter().map(|line| line.text.len() + 32).sum();
    let frames: usize = record.outcome.backtrace().iter().map(|frame| frame.len() + 24).sum();
    let message = match &record.outcome {
        Outcome::FunctionError(failure) => failure.kind.len() + failure.message.len(),
        Outcome::Trapped { message, .. } | Outcome::BadResponse { message } => message.len(),
        _ => 0,
    };
    let failures = record.items.iter().flat_map(|items| &items.failures);
    let items: usize =
        failures.map(|item| item.id.len() + item.kind.len() + item.message.len() + 48).sum();
    512 + lines + frames + message + items
}

/// Builds the page of a query from what matches it, in the query's order.
/// `last` is the newest cursor there is, whatever function it belongs to.
pub fn page(
    query: &LogQuery,
    last: u64,
    matching: impl Iterator<Item = Result<(u64, InvocationRecord), StorageError>>,
) -> Result<LogPage, StorageError> {
    let mut records = Vec::new();
    let mut bytes = 0;
    let mut complete = true;
    for found in matching {
        let (cursor, record) = found?;
        bytes += weight(&record);
        let full = records.len() >= query.limit;
        if full || (bytes > PAGE_BYTES_MAX && !records.is_empty()) {
            complete = false;
            break;
        }
        records.push((cursor, record));
    }
    if query.newest {
        records.reverse();
        return Ok(LogPage { records, next: last });
    }
    let reached = records.last().map(|(cursor, _)| *cursor);
    let next = if complete { last } else { reached.or(query.after).unwrap_or(0) };
    Ok(LogPage { records, next })
}
