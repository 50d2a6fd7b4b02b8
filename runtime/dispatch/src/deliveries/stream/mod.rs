//! Changes of tables: each trigger reads the stream of its table from where it was, and hands the
//! changes over in batches, the next only after the one before is over.
//!
//! A trigger has as many lanes as it may have batches at once. Every lane reads the whole stream
//! and takes the items that are its own, by their hash key, so that one that is held up by a batch
//! that fails holds up no other, and what is in memory is bounded by what is handed over.

mod attempt;
mod checkpoint;
mod given_up;
mod intake;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lambent_storage::{StorageError, TableStream};
use lambent_tables::StreamView;
use lambent_types::{
    Error, Handler, Incoming, Namespace, QualifiedFunction, Source, TableSource, Trigger,
};
use tokio_util::sync::CancellationToken;

use self::checkpoint::{Kept, Position, Replaced};
use self::intake::Change;
use crate::callee::Callee;
use crate::deliveries::statuses::{Key, key};
use crate::deliveries::{Deliveries, STORE_PAUSE};
use crate::handler::choose_handler;
use crate::lambda::stream_arn;
use crate::resolve::{DecidedBy, Resolved};

/// How long a lane waits for a change, and for a stream where there is none, before it looks again.
const WAIT: Duration = Duration::from_secs(60);

/// Which triggers are being served: one that was changed is served as it is now only when what was
/// in flight as it was is over, or changes would overtake each other.
#[derive(Default)]
pub(super) struct Serving(Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>);

impl Serving {
    /// Waits until nobody serves a trigger.
    async fn alone(&self, key: &Key) -> tokio::sync::OwnedMutexGuard<()> {
        let one = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // What nobody has is nobody's.
            all.retain(|_, one| Arc::strong_count(one) > 1);
            all.entry(key.clone()).or_default().clone()
        };
        one.lock_owned().await
    }
}

/// What brings the changes of a table to a function.
struct Reader {
    namespace: Namespace,
    trigger: Trigger,
    source: TableSource,
    /// What the trigger has handle them.
    function: QualifiedFunction,
    kept: Kept,
    /// The stream that was read last.
    stream: Mutex<Option<Arc<Stream>>>,
    stop: CancellationToken,
}

/// What the changes of a stream are told with.
#[derive(Debug)]
struct Stream {
    label: String,
    arn: String,
    shard: String,
    view: StreamView,
}

/// Why a lane ends its turn.
enum Halt {
    /// It is to stop.
    Stopped,
    /// Something failed, that may do the next time.
    Failed(String),
}

impl From<StorageError> for Halt {
    fn from(error: StorageError) -> Self {
        let cause = error.cause().map(|cause| format!(": {cause}")).unwrap_or_default();
        Self::Failed(format!("{error}{cause}"))
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Deliveries {
    /// Has a function handle the changes of a table until `stop`.
    pub(super) async fn follow_stream(
        self: Arc<Self>,
        namespace: Namespace,
        trigger: Trigger,
        stop: CancellationToken,
    ) {
        let Source::Table(source) = trigger.source.clone() else { return };
        let Some(function) = trigger.function.clone() else { return };
        let key = key(&namespace, &trigger.name);
        let Some(_alone) = stop.run_until_cancelled(self.serving.alone(&key)).await else { return };
        // Where another trigger of its name and kind was made, that is served.
        while !stop.is_cancelled() {
            let lanes = source.concurrency_max as usize;
            let Some(kept) = self.take_up(&namespace, &trigger, lanes, &stop).await else { return };
            let reader = Reader {
                namespace: namespace.clone(),
                trigger: trigger.clone(),
                source: source.clone(),
                function: function.clone(),
                kept,
                stream: Mutex::default(),
                stop: stop.child_token(),
            };
            self.serve(Arc::new(reader)).await;
        }
    }

    /// Serves all lanes of a trigger, until it is to stop or is another.
    async fn serve(self: &Arc<Self>, reader: Arc<Reader>) {
        let lanes = 0..reader.source.concurrency_max as usize;
        let lanes = lanes.map(|lane| {
            let (this, reader) = (self.clone(), reader.clone());
            self.tasks.spawn(async move {
                // However it ends, no other lane goes on without it.
                let _all = reader.stop.clone().drop_guard();
                this.lane(&reader, lane).await;
            })
        });
        for ended in futures::future::join_all(lanes.collect::<Vec<_>>()).await {
            if let Err(error) = ended {
                tracing::error!(trigger = %reader.trigger.name, %error, "the task of a trigger ended");
                self.pause_for_store().await;
            }
        }
    }

    /// Takes up the checkpoint of a trigger, however often the store fails; `None` if it is to stop.
    async fn take_up(
        &self,
        namespace: &Namespace,
        trigger: &Trigger,
        lanes: usize,
        stop: &CancellationToken,
    ) -> Option<Kept> {
        let Source::Table(source) = &trigger.source else { return None };
        while !stop.is_cancelled() {
            let tables = self.stores.tables.clone();
            let taken = match Kept::take_up(tables, namespace, &trigger.name, lanes).await {
                Ok(Some(kept)) => return Some(kept),
                Ok(None) => self.begin_if_there(namespace, trigger, source, stop).await,
                Err(error) => Err(error),
            };
            if let Err(error) = taken {
                let name = &trigger.name;
                tracing::error!(trigger = %name, %error, cause = error.cause(), "cannot read how far a trigger is");
                self.statuses.cannot_run(namespace, name, &error.to_string(), self.clock.now());
                stop.run_until_cancelled(tokio::time::sleep(STORE_PAUSE)).await;
            }
        }
        None
    }

    /// Makes the checkpoint of a trigger that has none: one that was put by what knows nothing of
    /// checkpoints. What was deleted a moment ago needs none.
    async fn begin_if_there(
        &self,
        namespace: &Namespace,
        trigger: &Trigger,
        source: &TableSource,
        stop: &CancellationToken,
    ) -> Result<(), StorageError> {
        let triggers = self.stores.resources.of::<Trigger>();
        if triggers.get(namespace, &trigger.name).await?.is_some() {
            return self.begin_reading(namespace, trigger, source).await;
        }
        stop.run_until_cancelled(tokio::time::sleep(STORE_PAUSE)).await;
        Ok(())
    }

    async fn begin_reading(
        &self,
        namespace: &Namespace,
        trigger: &Trigger,
        source: &TableSource,
    ) -> Result<(), StorageError> {
        checkpoint::begin(&*self.stores.tables, namespace, &trigger.name, source).await
    }

    /// Writes down where a new trigger of a table begins, before it is put: every change that is
    /// acknowledged after that is handed over. Of a trigger of anything else there is nothing to
    /// write.
    ///
    /// # Errors
    /// The store failed.
    pub async fn begin_stream(
        &self,
        namespace: &Namespace,
        trigger: &Trigger,
    ) -> Result<(), StorageError> {
        match &trigger.source {
            Source::Table(source) => self.begin_reading(namespace, trigger, source).await,
            Source::Object { .. } | Source::Queue { .. } | Source::KeyValue { .. } => Ok(()),
        }
    }

    /// Forgets how far a trigger that was deleted had come in a stream.
    ///
    /// # Errors
    /// The store failed.
    pub async fn forget_stream(
        &self,
        namespace: &Namespace,
        trigger: &lambent_types::TriggerName,
    ) -> Result<(), StorageError> {
        checkpoint::forget(&*self.stores.tables, namespace, trigger).await
    }

    /// How many changes of its table a trigger has before it, whether they are for it or not.
    ///
    /// # Errors
    /// The store failed.
    pub async fn stream_backlog(
        &self,
        namespace: &Namespace,
        trigger: &Trigger,
    ) -> Result<u64, StorageError> {
        let Source::Table(source) = &trigger.source else { return Ok(0) };
        let tables = &*self.stores.tables;
        let at = checkpoint::furthest_back(tables, namespace, &trigger.name).await?;
        let Some(Position { label, next }) = at else { return Ok(0) };
        let before = |stream: &TableStream| {
            let from = if stream.label == label { next.max(stream.oldest) } else { stream.oldest };
            if stream.label < label { 0 } else { stream.next.0.saturating_sub(from.0) }
        };
        let streams = tables.streams(namespace, Some(&source.table), None, usize::MAX).await?;
        Ok(streams.iter().map(before).sum())
    }

    /// Serves one lane of a trigger.
    async fn lane(self: Arc<Self>, reader: &Reader, lane: usize) {
        // An error that lasts is logged once: a function may be missing for days.
        let mut last_logged = String::new();
        while !reader.stop.is_cancelled() {
            if reader.stop.run_until_cancelled(self.stores.space.enough()).await.is_none() {
                return;
            }
            match self.turn(reader, lane).await {
                Ok(()) => last_logged.clear(),
                Err(Halt::Stopped) => return,
                Err(Halt::Failed(error)) => {
                    let name = &reader.trigger.name;
                    self.statuses.cannot_run(&reader.namespace, name, &error, self.clock.now());
                    if error != last_logged {
                        tracing::error!(trigger = %name, error, "cannot hand changes over");
                        last_logged = error;
                    }
                    reader.pause(STORE_PAUSE).await.ok();
                }
            }
        }
    }

    /// Takes the next batch of a lane, and has it handled until it is over.
    async fn turn(self: &Arc<Self>, reader: &Reader, lane: usize) -> Result<(), Halt> {
        let called = self.called_for_changes(reader).await?;
        let room = self.dispatcher.wait_for_room(&called.found.first);
        reader.stop.run_until_cancelled(room).await.ok_or(Halt::Stopped)?;
        let at = reader.kept.position(lane).await;
        let intake = self.intake(reader, lane, at, called.takes_batches).await?;
        self.hand_over(reader, lane, &intake).await?;
        reader.advance(lane, &intake.next).await
    }

    /// What the trigger's function leads to now.
    async fn called_for_changes(&self, reader: &Reader) -> Result<Called, Error> {
        let QualifiedFunction { name, qualifier } = &reader.function;
        Called::new(self.dispatcher.resolve(&reader.namespace, name, qualifier).await?)
    }
}

impl Reader {
    /// Moves a lane on.
    async fn advance(&self, lane: usize, to: &Position) -> Result<(), Halt> {
        match self.kept.advance(lane, to).await? {
            Ok(()) => Ok(()),
            Err(Replaced) => Err(Halt::Stopped),
        }
    }

    /// The stream that was read last, if it has this label.
    fn known_stream(&self, label: &str) -> Option<Arc<Stream>> {
        let known = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone().filter(|stream| stream.label == label)
    }

    fn know_stream(&self, stream: TableStream) -> Arc<Stream> {
        let arn = stream_arn(&self.namespace, &stream.table, &stream.label);
        let shard = stream.shard();
        let stream = Arc::new(Stream { label: stream.label, arn, shard, view: stream.view });
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream.clone());
        stream
    }

    /// Waits, or until it is to stop.
    async fn pause(&self, pause: Duration) -> Result<(), Halt> {
        let slept = self.stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        slept.ok_or(Halt::Stopped)
    }
}

/// What a trigger's function leads to, of which every version takes changes of items.
struct Called {
    found: Resolved,
    /// Whether each of its versions takes several changes at once.
    takes_batches: bool,
}

impl Called {
    /// # Errors
    /// `NotInvocable`.
    fn new(found: Resolved) -> Result<Self, Error> {
        let mut takes_batches = true;
        for version in found.versions() {
            takes_batches &= choose_handler(Incoming::ItemChange, version)? == Handler::Batch;
        }
        Ok(Self { found, takes_batches })
    }

    /// The version that handles a batch, and by what.
    fn choose(&self, changes: &[Change]) -> Result<(Callee, Handler), Error> {
        let callee = match changes.first().filter(|_| self.found.is_sticky()) {
            Some(first) => self.found.choose(DecidedBy::Event(&first.event)),
            None => self.found.choose_any(),
        };
        let handler = choose_handler(Incoming::ItemChange, &callee.function)?;
        Ok((callee, handler))
    }
}
