use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use jiff::Timestamp;
use lambent_types::Clock;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::amounts::{self, Amounts};
use crate::data_dir::DataDir;
use crate::error::OpenError;
use crate::fatal::{self, Health};
use crate::group_commit::{Commit, GroupCommit, stopped};
use crate::readers::Readers;
use crate::signals::Signals;
use crate::sqlite::{Database, Durability};
use crate::writer_cache::WriterCache;
use lambent_storage::backend::Ledger;
use lambent_storage::backend::Reservation;
use lambent_storage::{NamespaceQuotas, Space, StorageError};

mod room;
#[cfg(test)]
mod tests;

pub(crate) use self::room::Growth;
use self::room::Room;

/// Beyond so many bytes of values, messages and keys a transaction takes no
/// further operation.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// The tables of a shard, which it knows nothing about.
pub(crate) struct ShardSchema {
    /// The statements that make schema version n + 1 of version n.
    pub(crate) migrations: &'static [&'static str],
    /// What is done when the database is opened, at this time in milliseconds.
    pub(crate) opened: fn(&Connection, i64) -> rusqlite::Result<()>,
}

/// One database of namespaces, written by one thread: whatever operations wait
/// go into one transaction, and each is acknowledged after its commit.
pub(crate) struct Shard {
    jobs: GroupCommit<Box<dyn Job>>,
    readers: Readers,
    signals: Arc<Signals>,
    ledger: Arc<Ledger>,
}

/// What an operation works on: a transaction that others share.
pub(crate) struct Tx<'a> {
    /// The database. What was written to it is undone if the commit fails.
    pub(crate) connection: &'a Connection,
    /// The time of the transaction.
    pub(crate) now: Timestamp,
    /// The waiters to wake after the commit.
    pub(crate) signals: &'a Arc<Signals>,
    /// What namespaces hold and may hold.
    pub(crate) ledger: &'a Ledger,
    /// What concerns keep in memory between transactions.
    pub(crate) cache: &'a WriterCache,
    /// See [`unique`](Tx::unique).
    unique: &'a Cell<i64>,
    /// What namespaces hold as of now.
    pub(crate) amounts: Amounts,
    /// Reservations of what is in the transaction.
    pub(crate) settled: Vec<Reservation>,
    effects: Vec<Box<dyn FnOnce() + Send>>,
    room: Room,
}

impl Tx<'_> {
    /// A positive number that no other operation on this database gets. A claim is
    /// answered before its commit, so this counts on when a transaction is undone: what
    /// was given out must not be given out again.
    pub(crate) fn unique(&self) -> i64 {
        self.unique.replace(self.unique.get() + 1)
    }

    /// Takes room for what an operation turns out to write beside what it was said to, before its
    /// first write.
    pub(crate) fn take_room(&mut self, bytes: usize) -> Result<(), StorageError> {
        self.room.take(Growth::Adds(bytes))
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
        self.amounts.write(self.connection)?;
        run("SAVEPOINT operation")?;
        let (effects, settled) = (self.effects.len(), self.settled.len());
        let result = work(self);
        if result.is_err() {
            self.effects.truncate(effects);
            self.settled.truncate(settled);
            self.cache.clear();
            let done = self.connection.execute_batch("ROLLBACK TO operation");
            done.map_err(|error| StorageError::unavailable("undo an operation", error))?;
            self.amounts.reread(self.connection)?;
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
        impl $crate::shard::OperationError for $error {
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
    lambent_storage::ObjectError,
    lambent_storage::KeyValueError,
    lambent_storage::QueueError,
    lambent_storage::AppendError,
    lambent_storage::ResourceError,
    lambent_storage::TableError
);

/// An operation that waits for its transaction.
trait Job: Send {
    /// What it does to the size of the database.
    fn growth(&self) -> Growth;
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
    growth: Growth,
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
    fn growth(&self) -> Growth {
        self.growth
    }

    fn is_claim(&self) -> bool {
        self.claim
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StorageError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let result = match tx.room.take(self.growth) {
            Ok(()) => work(tx),
            Err(error) => Err(E::from(error)),
        };
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
        (file, schema): (&'static str, &ShardSchema),
        data: &DataDir,
        clock: Arc<dyn Clock>,
        (quotas, space): (Arc<NamespaceQuotas>, Arc<Space>),
    ) -> Result<Arc<Self>, OpenError> {
        let database = Database {
            file: Cow::Borrowed(file),
            durability: Durability::Full,
            migrations: schema.migrations,
        };
        let failed = |error: rusqlite::Error| OpenError::Database {
            path: data.path().join(file),
            source: error.into(),
        };
        let connection = database.open(data)?;
        (schema.opened)(&connection, clock.now().as_millisecond()).map_err(failed)?;
        let ledger = amounts::ledger(&connection, quotas).map_err(failed)?;
        let readers = Readers::open(&database, data)?;
        let signals = Arc::new(Signals::default());
        let (writing, counting) = (signals.clone(), ledger.clone());
        let writer = move || Writer {
            connection,
            clock,
            ledger: counting,
            space,
            signals: writing,
            cache: WriterCache::default(),
            unique: Cell::new(first_unique()),
            health: Health::default(),
        };
        let jobs = GroupCommit::start("shard-writer", writer).map_err(|source| OpenError::Io {
            action: "start a writer for",
            path: data.path().join(file),
            source,
        })?;
        Ok(Arc::new(Self { jobs, readers, signals, ledger }))
    }

    /// Read-only connections; they see what is committed.
    pub(crate) fn readers(&self) -> &Readers {
        &self.readers
    }

    /// What namespaces hold, and what is on its way to them.
    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// The waiters, by what they wait for.
    pub(crate) fn signals(&self) -> &Arc<Signals> {
        &self.signals
    }

    /// Runs an operation; durable when this returns `Ok`. It is done even if the
    /// future is dropped. `growth` is about how many bytes it writes, or
    /// [`Growth::Frees`].
    pub(crate) async fn write<R, E>(
        &self,
        growth: impl Into<Growth>,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: OperationError,
    {
        self.submit(growth.into(), false, work).await
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
        self.submit(Growth::Frees, true, work).await
    }

    /// For operations that nobody waits for.
    pub(crate) fn background(&self) -> Background {
        Background(self.jobs.downgrade())
    }

    async fn submit<R, E>(
        &self,
        growth: Growth,
        claim: bool,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: OperationError,
    {
        let (reply, result) = oneshot::channel();
        let operation =
            Operation { work: Some(work), growth, claim, result: None, reply: Some(reply) };
        self.jobs.send(Box::new(operation)).await?;
        result.await.map_err(|_| stopped())?
    }
}

/// Takes operations that nobody waits for. Does not keep the writer alive.
pub(crate) struct Background(mpsc::WeakSender<Box<dyn Job>>);

impl Background {
    /// Has an operation run soon; not at all if too many wait already, or if the
    /// writer is gone.
    pub(crate) fn submit<E: OperationError>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<(), E> + Send + 'static,
    ) {
        let Some(jobs) = self.0.upgrade() else { return };
        let operation = Operation {
            work: Some(work),
            growth: Growth::Frees,
            claim: false,
            result: None,
            reply: None,
        };
        drop(jobs.try_send(Box::new(operation)));
    }
}

/// Somewhere among the positive numbers, since what the last process gave out
/// may not be in the database: so far from there that the two never meet.
fn first_unique() -> i64 {
    let (_, random) = uuid::Uuid::now_v7().as_u64_pair();
    (random & (u64::MAX >> 2)).max(1).cast_signed()
}

struct Writer {
    connection: Connection,
    clock: Arc<dyn Clock>,
    ledger: Arc<Ledger>,
    space: Arc<Space>,
    signals: Arc<Signals>,
    cache: WriterCache,
    unique: Cell<i64>,
    health: Health,
}

impl Commit<Box<dyn Job>> for Writer {
    fn commit(&mut self, waiting: &mut Vec<Box<dyn Job>>) {
        let mut bytes = 0;
        let within = waiting.iter().position(|job| {
            bytes += match job.growth() {
                Growth::Adds(bytes) => bytes,
                Growth::Frees => 0,
            };
            bytes > BATCH_BYTES_MAX
        });
        // At least one, however large it is.
        let rest = waiting.split_off(within.unwrap_or(waiting.len()).max(1).min(waiting.len()));
        let mut batch = std::mem::replace(waiting, rest);
        // Claims may only see what is committed.
        batch.sort_by_key(|job| !job.is_claim());
        let committed = self.write(&mut batch);
        for job in batch {
            job.answer(committed.as_ref().copied().map_err(String::as_str));
        }
    }
}

impl Writer {
    fn write(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), String> {
        self.health.check()?;
        self.commit_all(batch).map_err(|error| {
            self.cache.clear();
            self.health.failed(&error, "nothing")
        })
    }

    fn commit_all(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StorageError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| StorageError::unavailable("begin a transaction", error))?;
        let mut tx = Tx {
            connection: &transaction,
            now: self.clock.now(),
            signals: &self.signals,
            ledger: &self.ledger,
            cache: &self.cache,
            unique: &self.unique,
            amounts: Amounts::default(),
            settled: Vec::new(),
            effects: Vec::new(),
            room: Room::of(&transaction, &self.space)?,
        };
        for job in batch {
            job.run(&mut tx)?;
        }
        tx.amounts.write(tx.connection)?;
        let (amounts, settled, effects) = (tx.amounts, tx.settled, tx.effects);
        transaction
            .commit()
            .map_err(|error| StorageError::unavailable("commit a transaction", error))?;
        amounts.committed(&self.ledger, settled);
        effects.into_iter().for_each(|effect| effect());
        Ok(())
    }
}
