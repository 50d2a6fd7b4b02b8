use std::cell::Cell;
use std::sync::Arc;

use jiff::Timestamp;
use lambent_types::Clock;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::data_dir::DataDir;
use crate::embedded::fatal;
use crate::embedded::messages::settle;
use crate::embedded::quota::{self, Amounts};
use crate::embedded::readers::Readers;
use crate::embedded::signals::Signals;
use crate::embedded::sqlite::Database;
use crate::embedded::trigger_index::TriggerIndex;
use crate::error::{OpenError, StorageError};
use crate::quota::Quotas;

#[cfg(test)]
mod tests;

/// Most operations in one transaction.
const BATCH_MAX: usize = 1024;
/// Beyond so many bytes of values, messages and keys a transaction takes no
/// further operation.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// One database of namespaces, written by one thread: whatever operations wait
/// go into one transaction, and each is acknowledged after its commit.
pub(crate) struct Shard {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<std::thread::JoinHandle<()>>,
    readers: Readers,
    signals: Arc<Signals>,
}

/// What an operation works on: a transaction that others share.
pub(crate) struct Tx<'a> {
    /// The database. What was written to it is undone if the commit fails.
    pub(crate) connection: &'a Connection,
    /// The time of the transaction.
    pub(crate) now: Timestamp,
    /// Whom to wake after the commit.
    pub(crate) signals: &'a Arc<Signals>,
    /// What a namespace may hold; see [`charge`](crate::embedded::quota::charge).
    pub(crate) quotas: Quotas,
    /// The triggers of the shard; see [`trigger_index`](crate::embedded::trigger_index).
    pub(crate) triggers: &'a TriggerIndex,
    /// Numbers for messages that are taken and not used: the next, and the end.
    pub(crate) numbers: &'a Cell<(i64, i64)>,
    /// The number of the next taking; see [`next_lease`](Tx::next_lease).
    pub(crate) leases: &'a Cell<i64>,
    /// What namespaces hold as of now; see [`charge`](crate::embedded::quota::charge).
    pub(crate) amounts: Amounts,
    effects: Vec<Box<dyn FnOnce() + Send>>,
}

impl Tx<'_> {
    /// A number for taking a message. A claim is answered before its commit, so
    /// this counts on when a transaction is undone: a receipt that was given out
    /// must not be that of another taking, or of another message.
    pub(crate) fn next_lease(&self) -> i64 {
        self.leases.replace(self.leases.get() + 1)
    }

    /// Does something once all this is committed, and before anyone is told so.
    pub(crate) fn after_commit(&mut self, effect: impl FnOnce() + Send + 'static) {
        self.effects.push(Box::new(effect));
    }

    /// Runs something that may be refused after it has begun to write; its
    /// writes are then undone. Everything else refuses before its first write.
    pub(crate) fn atomically<R, E: From<StorageError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<R, E>,
    ) -> Result<R, E> {
        let run = |statement| {
            let done = self.connection.execute_batch(statement);
            done.map_err(|error| StorageError::unavailable("set a savepoint", error))
        };
        quota::write(self.connection, &self.amounts)?;
        run("SAVEPOINT operation")?;
        let effects = self.effects.len();
        let result = work(self);
        if result.is_err() {
            self.effects.truncate(effects);
            // What was taken in between is not taken any more.
            self.numbers.set((0, 0));
            self.amounts.borrow_mut().clear();
            *self.triggers.borrow_mut() = None;
            let done = self.connection.execute_batch("ROLLBACK TO operation");
            done.map_err(|error| StorageError::unavailable("undo an operation", error))?;
        }
        let done = self.connection.execute_batch("RELEASE operation");
        done.map_err(|error| StorageError::unavailable("release a savepoint", error))?;
        result
    }
}

/// The error of an operation: a refusal, or a failure of the store.
pub(crate) trait OperationError: From<StorageError> + Send + 'static {
    /// The failure of the store, if it is one.
    fn storage(&self) -> Option<&StorageError>;
}

macro_rules! operation_error {
    ($($error:path),+) => {$(
        impl $crate::embedded::shard::OperationError for $error {
            fn storage(&self) -> Option<&StorageError> {
                match self {
                    Self::Storage(error) => Some(error),
                    _ => None,
                }
            }
        }
    )+};
}

impl OperationError for StorageError {
    fn storage(&self) -> Option<&StorageError> {
        Some(self)
    }
}

operation_error!(
    crate::objects::ObjectError,
    crate::keyvalue::KeyValueError,
    crate::queues::QueueError,
    crate::event_log::AppendError,
    crate::triggers::TriggerError,
    crate::schedules::ScheduleError
);

/// An operation that waits for its transaction.
trait Job: Send {
    /// About how many bytes it writes.
    fn bytes(&self) -> usize;
    /// Whether it takes what is committed already, and is answered before its
    /// own commit.
    fn is_claim(&self) -> bool;
    /// Runs it. An error is that of the store and undoes the whole transaction.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StorageError>;
    /// Answers it.
    fn answer(self: Box<Self>, committed: Result<(), &str>);
}

struct Operation<W, R, E> {
    work: Option<W>,
    bytes: usize,
    claim: bool,
    result: Option<Result<R, E>>,
    reply: Option<oneshot::Sender<Result<R, E>>>,
}

impl<W, R, E> Job for Operation<W, R, E>
where
    W: FnOnce(&mut Tx<'_>) -> Result<R, E> + Send,
    R: Send,
    E: OperationError,
{
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_claim(&self) -> bool {
        self.claim
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StorageError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let result = work(tx);
        if let Err(error) = &result
            && let Some(StorageError::Unavailable { action, source }) = error.storage()
        {
            let failed = StorageError::unavailable(action, fatal::repeat(source));
            self.result = Some(result);
            return Err(failed);
        }
        match self.reply.take_if(|_| self.claim) {
            // Nobody may be waiting any more.
            Some(reply) => drop(reply.send(result)),
            None => self.result = Some(result),
        }
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), &str>) {
        let Some(reply) = self.reply else { return };
        let failed = |cause: &str| E::from(StorageError::unavailable("write", cause.to_owned()));
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(failed("the operation did not run")),
            (Err(cause), _) => Err(failed(cause)),
        };
        drop(reply.send(result));
    }
}

impl Shard {
    /// Opens or creates a shard.
    pub(crate) fn open(
        database: &Database,
        data: &DataDir,
        clock: Arc<dyn Clock>,
        quotas: Quotas,
    ) -> Result<Arc<Self>, OpenError> {
        let connection = database.open(data)?;
        // Whoever held a delivery is gone with the last process.
        settle::end_leases(&connection, clock.now().as_millisecond()).map_err(|error| {
            OpenError::Database { path: data.path().join(database.file), source: error.into() }
        })?;
        let readers = Readers::open(database, data)?;
        let signals = Arc::new(Signals::default());
        let (jobs, received) = mpsc::channel(BATCH_MAX);
        let writing = signals.clone();
        let thread = std::thread::Builder::new()
            .name("shard-writer".into())
            .spawn(move || {
                let mut writer = Writer {
                    connection,
                    clock,
                    quotas,
                    signals: writing,
                    numbers: Cell::new((0, 0)),
                    leases: Cell::new(first_lease()),
                    triggers: TriggerIndex::default(),
                    broken: None,
                };
                writer.run(received);
            })
            .map_err(|source| OpenError::Io {
                action: "start a writer for",
                path: data.path().join(database.file),
                source,
            })?;
        Ok(Arc::new(Self { jobs: Some(jobs), thread: Some(thread), readers, signals }))
    }

    /// Read-only connections; they see what is committed.
    pub(crate) fn readers(&self) -> &Readers {
        &self.readers
    }

    /// Who waits for what.
    pub(crate) fn signals(&self) -> &Arc<Signals> {
        &self.signals
    }

    /// Runs an operation that writes about `bytes`; durable when this returns
    /// `Ok`. It is done even if the future is dropped.
    pub(crate) async fn write<R, E>(
        &self,
        bytes: usize,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: OperationError,
    {
        self.submit(bytes, false, work).await
    }

    /// Runs an operation that takes something only for a while, such as a
    /// message: it sees what is committed, and is answered before its own
    /// commit. If the process dies in between, it never was.
    pub(crate) async fn claim<R, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: OperationError,
    {
        self.submit(0, true, work).await
    }

    async fn submit<R, E>(
        &self,
        bytes: usize,
        claim: bool,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: OperationError,
    {
        let stopped = || StorageError::unavailable("write", "the writer has stopped");
        let (reply, result) = oneshot::channel();
        let operation =
            Operation { work: Some(work), bytes, claim, result: None, reply: Some(reply) };
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(Box::new(operation)).await.map_err(|_| stopped())?;
        result.await.map_err(|_| stopped())?
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer of a shard panicked");
        }
    }
}

/// Somewhere among the positive numbers, since what the last process gave out
/// may not be in the database: so far from there that the two never meet.
fn first_lease() -> i64 {
    let (_, random) = uuid::Uuid::now_v7().as_u64_pair();
    (random & (u64::MAX >> 2)).max(1).cast_signed()
}

struct Writer {
    connection: Connection,
    clock: Arc<dyn Clock>,
    quotas: Quotas,
    signals: Arc<Signals>,
    numbers: Cell<(i64, i64)>,
    leases: Cell<i64>,
    triggers: TriggerIndex,
    /// Why nothing is written any more.
    broken: Option<String>,
}

impl Writer {
    fn run(&mut self, mut received: mpsc::Receiver<Box<dyn Job>>) {
        let mut waiting = Vec::new();
        while !waiting.is_empty() || received.blocking_recv_many(&mut waiting, BATCH_MAX) > 0 {
            let mut bytes = 0;
            let within = waiting.iter().position(|job| {
                bytes += job.bytes();
                bytes > BATCH_BYTES_MAX
            });
            // At least one, however large it is.
            let rest = waiting.split_off(within.unwrap_or(waiting.len()).max(1).min(waiting.len()));
            let mut batch = std::mem::replace(&mut waiting, rest);
            // They may only see what is committed.
            batch.sort_by_key(|job| !job.is_claim());
            let committed = self.write(&mut batch);
            for job in batch {
                job.answer(committed.as_ref().copied().map_err(String::as_str));
            }
        }
    }

    fn write(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), String> {
        if let Some(cause) = &self.broken {
            return Err(cause.clone());
        }
        self.commit(batch).map_err(|error| {
            self.numbers.set((0, 0));
            *self.triggers.borrow_mut() = None;
            let (cause, fatal) = fatal::judge(&error);
            if fatal {
                tracing::error!(cause, "nothing can be written until a restart");
                self.broken = Some(cause.clone());
            }
            cause
        })
    }

    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StorageError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| StorageError::unavailable("begin a transaction", error))?;
        let mut tx = Tx {
            connection: &transaction,
            now: self.clock.now(),
            signals: &self.signals,
            quotas: self.quotas,
            triggers: &self.triggers,
            numbers: &self.numbers,
            leases: &self.leases,
            amounts: Amounts::default(),
            effects: Vec::new(),
        };
        for job in batch {
            job.run(&mut tx)?;
        }
        quota::write(tx.connection, &tx.amounts)?;
        let effects = tx.effects;
        transaction
            .commit()
            .map_err(|error| StorageError::unavailable("commit a transaction", error))?;
        effects.into_iter().for_each(|effect| effect());
        Ok(())
    }
}
