use std::sync::Arc;
use std::time::{Duration, Instant};

use lambent_types::InvocationRecord;
use rusqlite::{Connection, params};
use tokio::sync::watch;

use crate::group_commit::WriterThread;
use crate::logs::block::Encoder;
use crate::logs::group::{groups, prefix};
use crate::logs::qualifiers::qualifiers;
use crate::logs::queue::{Batch, Queue, Wake};
use crate::logs::shares::Shares;
use crate::logs::{newest, retention};
use crate::options::LogOptions;
use crate::row::integer;

/// How often old records are looked for, at most.
const RETAIN_EVERY: Duration = Duration::from_secs(60);

/// The one thread that writes `logs.db`.
pub(super) struct LogWriter {
    pub(super) queue: Arc<Queue>,
    _thread: WriterThread,
}

impl LogWriter {
    /// Starts it; it tells `last` the newest cursor that can be read.
    pub(super) fn start(
        connection: Connection,
        options: LogOptions,
        last: watch::Sender<u64>,
    ) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new(options.queue_bytes_max));
        let mut state = State {
            connection,
            options,
            last,
            queue: Arc::clone(&queue),
            encoder: Encoder::default(),
            shares: None,
        };
        let thread = WriterThread::start("log-writer", move || {
            let _end = End(Arc::clone(&state.queue));
            state.run();
        })?;
        Ok(Self { queue, _thread: thread })
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        // The thread is joined after this.
        self.queue.close();
    }
}

/// However the thread ends, nobody shall wait for it any more.
struct End(Arc<Queue>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

struct State {
    connection: Connection,
    options: LogOptions,
    last: watch::Sender<u64>,
    queue: Arc<Queue>,
    encoder: Encoder,
    /// Read when the first batch is written: only then is it needed.
    shares: Option<Shares>,
}

impl State {
    fn run(&mut self) {
        let mut batch = Batch::default();
        let mut due = self.retain_by_age();
        loop {
            match self.queue.take(&mut batch, due) {
                Wake::Batch => {
                    self.write_batch(&batch.records);
                    self.queue.done(&mut batch);
                    self.retain_by_size();
                    due = due.or_else(|| Instant::now().checked_add(RETAIN_EVERY));
                }
                Wake::Due => {}
                Wake::Closed => return,
            }
            if due.is_some_and(|due| due <= Instant::now()) {
                due = self.retain_by_age();
            }
        }
    }

    fn write_batch(&mut self, records: &[InvocationRecord]) {
        if records.is_empty() {
            return;
        }
        match self.write(records) {
            Ok(last) => {
                self.last.send_replace(last);
            }
            Err(error) => {
                // They may have what was undone.
                self.shares = None;
                self.queue.lost(records.len());
                tracing::error!(%error, lost = records.len(), "cannot write invocation logs");
            }
        }
    }

    /// Writes records in one transaction and returns the last one's cursor.
    fn write(&mut self, records: &[InvocationRecord]) -> rusqlite::Result<u64> {
        let mut shares = match self.shares.take() {
            Some(shares) => shares,
            None => Shares::read(&self.connection)?,
        };
        let transaction = self.connection.transaction()?;
        let mut last = newest(&transaction)?;
        let mut insert = transaction.prepare_cached(
            "INSERT INTO block \
             (cursor, namespace, function, request, started_us, qualifiers, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for group in groups(records) {
            let mut left = &group[..];
            while let Some(&first) = left.first() {
                let block = left.iter().map(|place| &records[*place]);
                let count = self
                    .encoder
                    .fill(last, block.clone())
                    .map_err(rusqlite::Error::ToSqlConversionFailure)?;
                last += count as u64;
                left = &left[count..];
                let record = &records[first];
                shares.add(&record.namespace.key(), integer(last), self.encoder.body().len());
                insert.execute(params![
                    integer(last),
                    record.namespace.key(),
                    record.function.key(),
                    prefix(&record.id),
                    block.clone().take(count).map(|record| record.started.as_microsecond()).max(),
                    qualifiers(block.take(count)),
                    self.encoder.body(),
                ])?;
            }
        }
        drop(insert);
        transaction.commit()?;
        self.shares = Some(shares);
        Ok(last)
    }

    /// Deletes what is too old; returns when to look again, if anything is left
    /// that will be.
    fn retain_by_age(&mut self) -> Option<Instant> {
        // Before anything is written there is nothing to keep right.
        let (mut none, mut kept) = (Shares::default(), self.shares.take());
        let shares = kept.as_mut().unwrap_or(&mut none);
        let deleted = retention::by_age(&self.connection, self.options.age_max, shares);
        self.shares = kept.filter(|_| deleted.is_ok());
        match deleted {
            Ok(left) => Instant::now().checked_add(left?.max(RETAIN_EVERY)),
            Err(error) => {
                tracing::warn!(%error, "cannot delete old invocation logs");
                Instant::now().checked_add(RETAIN_EVERY)
            }
        }
    }

    fn retain_by_size(&mut self) {
        let Some(mut shares) = self.shares.take() else { return };
        let bytes_max = self.options.bytes_max;
        let trimmed = retention::by_size(&mut self.connection, bytes_max, &mut shares);
        if let Err(error) = trimmed {
            tracing::warn!(%error, "cannot delete invocation logs beyond their size");
            return;
        }
        self.shares = Some(shares);
    }
}
