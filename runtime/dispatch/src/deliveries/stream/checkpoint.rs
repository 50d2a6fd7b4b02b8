//! How far a trigger has come in the stream of its table, kept with the tables.

use std::sync::Arc;

use lambent_storage::{StorageError, TableError, TableStream, Tables};
use lambent_tables::StreamSequence;
use lambent_types::{Namespace, StreamStart, TableSource, TriggerName};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use uuid::Uuid;

/// Where a reader is in the streams that a table had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The label of the stream; empty if the table had none yet.
    pub(super) label: String,
    /// The first change that is not over.
    pub(super) next: StreamSequence,
}

impl Position {
    /// The beginning of a stream, or what is left of it.
    pub(super) fn oldest(stream: TableStream) -> Self {
        Self { label: stream.label, next: stream.oldest }
    }

    fn order(&self) -> (&str, StreamSequence) {
        // Labels are times, which are ordered as texts.
        (&self.label, self.next)
    }
}

/// Where each lane of a trigger is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Checkpoint {
    /// Tells a trigger from another that had its name: what one that was deleted had in flight
    /// does not move the other's.
    trigger: Uuid,
    lanes: Vec<Position>,
}

impl Checkpoint {
    fn bytes(&self) -> Vec<u8> {
        // Texts and numbers always have a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn read(bytes: &[u8]) -> Result<Self, StorageError> {
        serde_json::from_slice(bytes).map_err(|error| {
            StorageError::corrupt("the checkpoint of a trigger", error.to_string())
        })
    }
}

/// Under which name the checkpoint of a trigger is kept.
fn reader(trigger: &TriggerName) -> String {
    format!("trigger:{}", trigger.key())
}

/// Writes down where a new trigger begins.
///
/// # Errors
/// The store failed.
pub(super) async fn begin(
    tables: &dyn Tables,
    namespace: &Namespace,
    trigger: &TriggerName,
    source: &TableSource,
) -> Result<(), StorageError> {
    let position = match tables.stream(namespace, &source.table, None).await? {
        Some(stream) if source.from == StreamStart::Latest => {
            Position { label: stream.label, next: stream.next }
        }
        Some(stream) => Position::oldest(stream),
        None => Position { label: String::new(), next: StreamSequence::FIRST },
    };
    let begun = Checkpoint { trigger: Uuid::new_v4(), lanes: vec![position] };
    tables.set_checkpoint(namespace, &reader(trigger), Some(begun.bytes())).await
}

/// Forgets where a trigger was.
///
/// # Errors
/// The store failed.
pub(super) async fn forget(
    tables: &dyn Tables,
    namespace: &Namespace,
    trigger: &TriggerName,
) -> Result<(), StorageError> {
    tables.set_checkpoint(namespace, &reader(trigger), None).await
}

/// The place that is furthest back of those where the lanes of a trigger are.
///
/// # Errors
/// The store failed, or has no place.
pub(super) async fn furthest_back(
    tables: &dyn Tables,
    namespace: &Namespace,
    trigger: &TriggerName,
) -> Result<Option<Position>, StorageError> {
    let Some(bytes) = tables.checkpoint(namespace, &reader(trigger)).await? else {
        return Ok(None);
    };
    let lanes = Checkpoint::read(&bytes)?.lanes;
    Ok(lanes.into_iter().min_by(|one, other| one.order().cmp(&other.order())))
}

/// The checkpoint of a trigger that is served.
pub(super) struct Kept {
    tables: Arc<dyn Tables>,
    namespace: Namespace,
    reader: String,
    now: Mutex<Checkpoint>,
}

/// The trigger was deleted, or another has its name: what is over is of no interest.
#[derive(Debug)]
pub(super) struct Replaced;

impl Kept {
    /// Takes the checkpoint up for so many lanes; `None` if there is none. Where they were as many
    /// before, each goes on where it was, else all with the one that is furthest back.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn take_up(
        tables: Arc<dyn Tables>,
        namespace: &Namespace,
        trigger: &TriggerName,
        lanes: usize,
    ) -> Result<Option<Self>, StorageError> {
        let reader = reader(trigger);
        let Some(bytes) = tables.checkpoint(namespace, &reader).await? else { return Ok(None) };
        let mut now = Checkpoint::read(&bytes)?;
        if now.lanes.len() != lanes {
            let back = now.lanes.iter().min_by(|one, other| one.order().cmp(&other.order()));
            let missing =
                || StorageError::corrupt("the checkpoint of a trigger", "it has no place");
            now.lanes = vec![back.cloned().ok_or_else(missing)?; lanes];
        }
        let namespace = namespace.clone();
        Ok(Some(Self { tables, namespace, reader, now: Mutex::new(now) }))
    }

    /// Where a lane is.
    pub(super) async fn position(&self, lane: usize) -> Position {
        self.now.lock().await.lanes[lane].clone()
    }

    /// Moves a lane on; durable when this returns. Also says so where it stays if the trigger is no
    /// more what it was.
    ///
    /// # Errors
    /// The store failed, or the trigger is no more what it was.
    pub(super) async fn advance(
        &self,
        lane: usize,
        to: &Position,
    ) -> Result<Result<(), Replaced>, StorageError> {
        // Held meanwhile, so that two lanes do not undo each other.
        let mut now = self.now.lock().await;
        let stored = self.tables.checkpoint(&self.namespace, &self.reader).await?;
        let stored = stored.map(|bytes| Checkpoint::read(&bytes)).transpose()?;
        if stored.is_none_or(|stored| stored.trigger != now.trigger) {
            return Ok(Err(Replaced));
        }
        if now.lanes[lane] == *to {
            return Ok(Ok(()));
        }
        let mut moved = now.clone();
        moved.lanes[lane] = to.clone();
        self.tables.set_checkpoint(&self.namespace, &self.reader, Some(moved.bytes())).await?;
        *now = moved;
        Ok(Ok(()))
    }
}

/// What the store says of a stream that was asked for.
pub(super) enum Unread {
    /// The change that was asked for is not kept any more; this is the oldest that is.
    Trimmed(StreamSequence),
    /// There is no such stream any more.
    Gone,
    /// The store failed.
    Failed(StorageError),
}

impl From<TableError> for Unread {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Trimmed { oldest } => Self::Trimmed(oldest),
            TableError::NoTable(_) | TableError::NoStream(..) => Self::Gone,
            TableError::Storage(error) => Self::Failed(error),
            other => Self::Failed(StorageError::unavailable("read a stream", other)),
        }
    }
}
