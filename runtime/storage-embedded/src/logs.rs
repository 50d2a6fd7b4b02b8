mod block;
mod group;
mod qualifiers;
mod queue;
mod retention;
mod shares;
mod writer;

use std::borrow::Cow;
use std::time::Duration;

use async_trait::async_trait;
use lambent_types::InvocationRecord;
use rusqlite::{Connection, MappedRows, Row, Statement, named_params};
use tokio::sync::watch;

use crate::data_dir::DataDir;
use crate::error::OpenError;
use crate::layout;
use crate::logs::group::prefix;
use crate::logs::writer::LogWriter;
use crate::options::LogOptions;
use crate::readers::Readers;
use crate::row::bytes;
use crate::sqlite::{Database, Durability};
use lambent_storage::backend::logs::page;
use lambent_storage::{InvocationLogs, LogPage, LogQuery, StorageError};

/// The database of invocation logs. A row of `block` is some records of one
/// function, of which the last has `cursor`; the others have those before it.
/// Cursors are never reused. `namespace` and `function` are in lower case.
/// `request` is what all its ids begin with, `started_us` the latest start, and `qualifiers`
/// the versions and aliases of its records (`NULL`: any): so that looking for an id, a time, a
/// version or an alias reads few other records, or none.
pub(crate) const LOGS: Database = Database {
    file: Cow::Borrowed(layout::LOGS_DB),
    durability: Durability::Normal,
    migrations: &[
        "
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
        ",
        "
        CREATE TABLE block (
            cursor INTEGER PRIMARY KEY AUTOINCREMENT,
            namespace TEXT NOT NULL,
            function TEXT NOT NULL,
            request BLOB NOT NULL,
            started_us INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        INSERT INTO block
            SELECT cursor, namespace, function, substr(request, 1, 5), started_us,
                   CAST(body AS BLOB)
            FROM invocation ORDER BY cursor;
        DELETE FROM sqlite_sequence WHERE name = 'block';
        INSERT INTO sqlite_sequence (name, seq)
            SELECT 'block', seq FROM sqlite_sequence WHERE name = 'invocation';
        DROP TABLE invocation;
        CREATE INDEX block_function ON block (namespace, function, cursor, started_us);
        CREATE INDEX block_request ON block (namespace, function, request);
        ",
        "
        ALTER TABLE block ADD COLUMN qualifiers TEXT;
        DROP INDEX block_function;
        CREATE INDEX block_function
            ON block (namespace, function, cursor, started_us, qualifiers);
        ",
    ],
};

/// The highest cursor ever given.
fn newest(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'block'";
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
        let path = data.path().join(layout::LOGS_DB);
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
    // One block after the other, until the page is full.
    let mut statement = snapshot.prepare_cached(&select(query)).map_err(failed)?;
    let blocks = blocks(&mut statement, query, |row| matching(row, query)).map_err(failed)?;
    let records = blocks.flat_map(|block| match block {
        Ok(records) => records.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(failed(error))],
    });
    page(query, last, records)
}

/// Selects the blocks that may hold what a query asks for.
fn select(query: &LogQuery) -> String {
    let order = if query.newest { "DESC" } else { "ASC" };
    let request = if query.request.is_some() { "request = :request" } else { ":request IS NULL" };
    let qualifier = if query.qualifier.is_some() {
        "(qualifiers IS NULL OR instr(qualifiers, :qualifier) > 0)"
    } else {
        ":qualifier IS NULL"
    };
    format!(
        "SELECT cursor, body FROM block \
         WHERE namespace = :namespace AND function = :function AND {request} \
         AND cursor > :after AND started_us >= :since AND {qualifier} \
         ORDER BY cursor {order}"
    )
}

/// Does something with each block that is selected.
fn blocks<'s, T, F: FnMut(&Row<'_>) -> rusqlite::Result<T>>(
    statement: &'s mut Statement<'_>,
    query: &LogQuery,
    each: F,
) -> rusqlite::Result<MappedRows<'s, F>> {
    let parameters = named_params! {
        ":request": query.request.as_ref().map(prefix),
        ":namespace": query.namespace.key(),
        ":function": query.function.key(),
        ":after": i64::try_from(query.after.unwrap_or(0)).unwrap_or(i64::MAX),
        ":since": query.since.map_or(i64::MIN, |since| since.as_microsecond()),
        ":qualifier": query.qualifier.as_ref().map(qualifiers::wanted),
    };
    statement.query_map(parameters, each)
}

/// What a query asks for of one block, in its order. A block that cannot be read
/// must not hide the others.
fn matching(row: &Row<'_>, query: &LogQuery) -> rusqlite::Result<Vec<(u64, InvocationRecord)>> {
    let cursor = row.get::<_, i64>(0)?.unsigned_abs();
    let records = block::decode(cursor, bytes(row, 1)?).unwrap_or_else(|error| {
        tracing::warn!(cursor, %error, "skipped invocation records that cannot be read");
        Vec::new()
    });
    let first = (cursor + 1).saturating_sub(records.len() as u64);
    let matches = |(cursor, record): &(u64, InvocationRecord)| query.matches(*cursor, record);
    let mut records: Vec<_> = (first..).zip(records).filter(matches).collect();
    if query.newest {
        records.reverse();
    }
    Ok(records)
}
