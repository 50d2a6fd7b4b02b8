use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use lambent_types::InvocationRecord;
use rusqlite::{Connection, params};
use tokio::sync::{oneshot, watch};

use crate::embedded::options::LogOptions;
use crate::embedded::sqlite::{Database, Durability};
use crate::layout;
use crate::logs::weight;

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

/// Most records in one transaction.
const BATCH_MAX: usize = 4096;
/// How long records gather before they are written. Long enough that the hot
/// path does not wake the writer for each, too short for a reader to notice.
const GATHER: Duration = Duration::from_millis(5);
/// How often old records are looked for.
const RETAIN_EVERY: Duration = Duration::from_secs(60);
/// Most records deleted in one transaction for their age.
const AGED_MAX: i64 = 1000;
/// Most records deleted between two looks at the size: they may be large. Nor
/// more than a sixteenth of all, or few large ones would take the newest along.
const TRIM_MAX: i64 = 16;

/// The highest cursor ever given.
pub(crate) fn newest(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'invocation'";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).map(i64::unsigned_abs)
}

enum Message {
    Record(Box<InvocationRecord>),
    Flush(oneshot::Sender<()>),
}

/// What the writer thread and those who append share.
#[derive(Default)]
pub(crate) struct Shared {
    queued_bytes: AtomicUsize,
    pub(crate) dropped: AtomicU64,
}

/// The one thread that writes `logs.db`.
pub(crate) struct LogWriter {
    messages: Option<Sender<Message>>,
    pub(crate) shared: Arc<Shared>,
    queue_bytes_max: usize,
    thread: Option<JoinHandle<()>>,
}

impl LogWriter {
    pub(crate) fn start(
        connection: Connection,
        options: LogOptions,
        last: watch::Sender<u64>,
    ) -> std::io::Result<Self> {
        // Unbounded in records: the queue is bounded in bytes, by `append`.
        let (messages, received) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let mut state = State { connection, options, last, shared: Arc::clone(&shared) };
        let thread = std::thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || state.run(&received))?;
        let queue_bytes_max = options.queue_bytes_max;
        Ok(Self { messages: Some(messages), shared, queue_bytes_max, thread: Some(thread) })
    }

    pub(crate) fn append(&self, record: InvocationRecord) -> bool {
        let bytes = weight(&record);
        let queued = self.shared.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        let message = Message::Record(Box::new(record));
        let sent = queued + bytes <= self.queue_bytes_max
            && self.messages.as_ref().is_some_and(|messages| messages.send(message).is_ok());
        if !sent {
            self.shared.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
        sent
    }

    pub(crate) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if let Some(messages) = &self.messages
            && messages.send(Message::Flush(done)).is_ok()
        {
            // An error means that the writer is gone, with nothing left to flush.
            let _ = wait.await;
        }
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.messages = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer of invocation logs panicked");
        }
    }
}

struct State {
    connection: Connection,
    options: LogOptions,
    last: watch::Sender<u64>,
    shared: Arc<Shared>,
}

impl State {
    fn run(&mut self, messages: &Receiver<Message>) {
        self.retain_by_age();
        let mut looked = Instant::now();
        loop {
            match messages.recv_timeout(RETAIN_EVERY) {
                Ok(first) => self.batch(first, messages),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.retain_by_size();
            if looked.elapsed() >= RETAIN_EVERY {
                self.retain_by_age();
                looked = Instant::now();
            }
        }
    }

    fn batch(&mut self, first: Message, messages: &Receiver<Message>) {
        if matches!(first, Message::Record(_)) {
            std::thread::sleep(GATHER);
        }
        let mut records = Vec::new();
        let mut flushes = Vec::new();
        for message in std::iter::once(first).chain(messages.try_iter()).take(BATCH_MAX) {
            match message {
                Message::Record(record) => records.push(record),
                Message::Flush(done) => flushes.push(done),
            }
        }
        if !records.is_empty() {
            match self.write(&records) {
                Ok(last) => {
                    self.last.send_replace(last);
                }
                Err(error) => {
                    let lost = records.len() as u64;
                    self.shared.dropped.fetch_add(lost, Ordering::Relaxed);
                    tracing::error!(%error, lost, "cannot write invocation logs");
                }
            }
        }
        let bytes = records.iter().map(|record| weight(record)).sum();
        self.shared.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        for done in flushes {
            // Whoever waited may have given up.
            let _ = done.send(());
        }
    }

    /// Writes records in one transaction and returns the last one's cursor.
    fn write(&mut self, records: &[Box<InvocationRecord>]) -> rusqlite::Result<u64> {
        let transaction = self.connection.transaction()?;
        let mut insert = transaction.prepare_cached(
            "INSERT INTO invocation (namespace, function, request, started_us, body) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for record in records {
            let body = serde_json::to_string(record)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            insert.execute(params![
                record.namespace.key(),
                record.function.key(),
                record.id.0.as_bytes(),
                record.started.as_microsecond(),
                body,
            ])?;
        }
        drop(insert);
        let last = transaction.last_insert_rowid();
        transaction.commit()?;
        Ok(last.unsigned_abs())
    }

    fn retain_by_age(&mut self) {
        let age = SignedDuration::try_from(self.options.age_max).unwrap_or(SignedDuration::MAX);
        let oldest = Timestamp::now().checked_sub(age).unwrap_or(Timestamp::MIN);
        // Cursors follow the ends of invocations, nearly in the order of their
        // starts: everything before the first that is young enough goes.
        let delete = "DELETE FROM invocation WHERE cursor IN (\
                        SELECT cursor FROM invocation WHERE cursor < coalesce(\
                          (SELECT cursor FROM invocation WHERE started_us >= ?1 \
                           ORDER BY cursor LIMIT 1), 9223372036854775807) \
                        ORDER BY cursor LIMIT ?2)";
        let deleted = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(delete)?;
            while statement.execute([oldest.as_microsecond(), AGED_MAX])? > 0 {}
            Ok(())
        };
        if let Err(error) = deleted() {
            tracing::warn!(%error, "cannot delete old invocation logs");
        }
    }

    fn retain_by_size(&mut self) {
        let limit = self.options.bytes_max;
        let delete = "DELETE FROM invocation WHERE cursor IN (\
                        SELECT cursor FROM invocation WHERE cursor <= \
                          (SELECT min(cursor) FROM invocation) + \
                          ((SELECT max(cursor) FROM invocation) - \
                           (SELECT min(cursor) FROM invocation)) / 16 \
                        ORDER BY cursor LIMIT ?1)";
        let mut deleted = || -> rusqlite::Result<()> {
            if used_bytes(&self.connection)? <= limit {
                return Ok(());
            }
            let transaction = self.connection.transaction()?;
            let mut statement = transaction.prepare_cached(delete)?;
            // Some more than needed, so that not every batch has to.
            while used_bytes(&transaction)? > limit / 10 * 9 && statement.execute([TRIM_MAX])? > 0 {
            }
            drop(statement);
            transaction.commit()
        };
        if let Err(error) = deleted() {
            tracing::warn!(%error, "cannot delete invocation logs beyond their size");
        }
    }
}

/// Bytes of the database that hold something.
fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT (page_count - freelist_count) * page_size \
               FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).map(i64::unsigned_abs)
}
