mod queue;
mod retention;
mod writer;

use std::time::Duration;

use async_trait::async_trait;
use lambent_types::InvocationRecord;
use rusqlite::{Connection, named_params};
use tokio::sync::watch;

use crate::data_dir::DataDir;
use crate::embedded::logs::writer::LogWriter;
use crate::embedded::options::LogOptions;
use crate::embedded::readers::Readers;
use crate::embedded::sqlite::{Database, Durability};
use crate::error::{OpenError, StorageError};
use crate::layout;
use crate::logs::{InvocationLogs, LogPage, LogQuery, page};

/// The database of invocation logs. `namespace` and `function` are in lower
/// case; `cursor` is never reused; `started_us` is in the index so that looking
/// for a time reads no records.
pub(crate) const LOGS: Database = Database {
    file: layout::LOGS_DB,
    durability: Durability::Normal,
    migrations: &["
        CREATE TABLE invocation (
            cursor INTEGER PRIMARY KEY AUTOINCREMENT,
            namespace TEXT NOT NULL,
            function TEXT NOT NULL,
            request BLOB NOT NULL,
            started_us INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX invocation_function ON invocation (namespace, function, cursor, started_us);
        CREATE INDEX invocation_request ON invocation (request);
    "],
};

/// The highest cursor ever given.
fn newest(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'invocation'";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).map(i64::unsigned_abs)
}

/// Invocation logs in `logs.db`.
pub(crate) struct EmbeddedLogs {
    writer: LogWriter,
    readers: Readers,
    /// The newest cursor that can be read.
    last: watch::Receiver<u64>,
    /// Last, so that the directory is locked until the writer is done.
    _data: DataDir,
}

impl EmbeddedLogs {
    pub(crate) fn open(data: &DataDir, options: LogOptions) -> Result<Self, OpenError> {
        let connection = LOGS.open(data)?;
        let readers = Readers::open(&LOGS, data)?;
        let path = data.path().join(LOGS.file);
        let cursor = newest(&connection)
            .map_err(|error| OpenError::Database { path: path.clone(), source: error.into() })?;
        let (send, last) = watch::channel(cursor);
        let writer = LogWriter::start(connection, options, send)
            .map_err(|source| OpenError::Io { action: "start the writer of", path, source })?;
        Ok(Self { writer, readers, last, _data: data.clone() })
    }
}

#[async_trait]
impl InvocationLogs for EmbeddedLogs {
    fn append(&self, record: InvocationRecord) -> bool {
        self.writer.queue.append(record)
    }

    fn dropped(&self) -> u64 {
        self.writer.queue.dropped()
    }

    async fn query(&self, query: LogQuery) -> Result<LogPage, StorageError> {
        self.readers.read(move |connection| read(connection, &query)).await
    }

    async fn changed(&self, after: u64, timeout: Duration) {
        if *self.last.borrow() > after {
            return;
        }
        let _follower = self.writer.queue.follow();
        let mut last = self.last.clone();
        let newer = last.wait_for(|last| *last > after);
        // Either way the caller looks again.
        let _ = tokio::time::timeout(timeout, newer).await;
    }

    async fn flush(&self) {
        self.writer.queue.flush().await;
    }
}

fn failed(error: rusqlite::Error) -> StorageError {
    StorageError::unavailable("read invocation logs", error)
}

fn read(connection: &Connection, query: &LogQuery) -> Result<LogPage, StorageError> {
    // In one transaction: what is newer than `last` must not be on the page.
    let snapshot = connection.unchecked_transaction().map_err(failed)?;
    let last = newest(&snapshot).map_err(failed)?;
    let order = if query.newest { "DESC" } else { "ASC" };
    // The `+` keeps an index from being used: a request has its own.
    let matching = match query.request {
        Some(_) => "request = :request AND +namespace = :namespace AND +function = :function",
        None => ":request IS NULL AND namespace = :namespace AND function = :function",
    };
    let sql = format!(
        "SELECT cursor, body FROM invocation \
         WHERE {matching} AND cursor > :after AND started_us >= :since \
         ORDER BY cursor {order} LIMIT :limit"
    );
    let mut statement = snapshot.prepare_cached(&sql).map_err(failed)?;
    let request = query.request.map(|request| request.0.into_bytes());
    let parameters = named_params! {
        ":request": request.as_ref().map(|request| &request[..]),
        ":namespace": query.namespace.key(),
        ":function": query.function.key(),
        ":after": i64::try_from(query.after.unwrap_or(0)).unwrap_or(i64::MAX),
        ":since": query.since.map_or(i64::MIN, |since| since.as_microsecond()),
        // One more than wanted tells whether the page is complete.
        ":limit": i64::try_from(query.limit).unwrap_or(i64::MAX).saturating_add(1),
    };
    let rows = statement
        .query_map(parameters, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
        .map_err(failed)?;
    page(query, last, rows.filter_map(|row| decode(row.map_err(failed)).transpose()))
}

/// One row; `None` if it cannot be read: one bad record must not hide the others.
fn decode(
    row: Result<(i64, String), StorageError>,
) -> Result<Option<(u64, InvocationRecord)>, StorageError> {
    let (cursor, body) = row?;
    match serde_json::from_str(&body) {
        Ok(record) => Ok(Some((cursor.unsigned_abs(), record))),
        Err(error) => {
            tracing::warn!(cursor, %error, "skipped an invocation record that cannot be read");
            Ok(None)
        }
    }
}
