//! Tasks that move the messages of a dead-letter queue.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use lambent_service::{MoveBack, Scope};
use lambent_types::{Error, ErrorCode, QueueName, bounds};
use serde::Serialize;

use super::{Place, lock};

/// Most tasks of a queue that are known; SQS's.
pub(crate) const TASKS_MAX: usize = 10;
/// The tasks of each queue, the newest last.
#[derive(Default)]
pub(crate) struct Tasks(Mutex<BTreeMap<Place, Vec<Arc<Task>>>>);

impl Tasks {
    /// Notes a task of a queue; `false` if there is one under way.
    pub(crate) fn add(&self, place: Place, task: Arc<Task>) -> bool {
        let mut tasks = lock(&self.0);
        let own = tasks.entry(place).or_default();
        // Another queue of this name has tasks of its own; one of before ends at its next step.
        own.retain(|known| known.created == task.created);
        if own.iter().any(|task| task.is_under_way()) {
            return false;
        }
        if own.len() >= TASKS_MAX {
            own.remove(0);
        }
        own.push(task);
        true
    }

    /// Has the tasks of a queue that is gone end, and forgets them.
    pub(crate) fn forget(&self, place: &Place) {
        let gone = lock(&self.0).remove(place);
        for task in gone.into_iter().flatten() {
            task.cancel();
        }
    }

    /// The tasks of a queue, the newest first.
    pub(crate) fn of(&self, place: &Place, created: Timestamp) -> Vec<Arc<Task>> {
        let tasks = lock(&self.0);
        let own = tasks.get(place).into_iter().flatten().rev();
        own.filter(|task| task.created == created).cloned().collect()
    }
}

/// A task: what it was asked to do, and how far it is.
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) source: QueueName,
    /// When that queue was made.
    created: Timestamp,
    /// Where the messages go; else each goes back to where it came from.
    pub(crate) to: Option<QueueName>,
    /// Most messages in a second.
    pub(crate) rate: Option<u64>,
    pub(crate) started: Timestamp,
    progress: Mutex<Progress>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    pub(crate) status: Status,
    pub(crate) moved: u64,
    /// How many there were to move.
    pub(crate) all: u64,
    /// Why it failed, as SQS names it.
    pub(crate) failure: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    #[default]
    Running,
    Completed,
    Cancelling,
    Cancelled,
    Failed,
}

impl Task {
    /// One that is yet to run.
    pub(crate) fn new(
        id: String,
        (source, created): (QueueName, Timestamp),
        to: Option<QueueName>,
        rate: Option<u64>,
    ) -> Self {
        Self {
            id,
            source,
            created,
            to,
            rate,
            started: Timestamp::now(),
            progress: Mutex::default(),
        }
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> Progress {
        lock(&self.progress).clone()
    }

    fn is_under_way(&self) -> bool {
        matches!(self.progress().status, Status::Running | Status::Cancelling)
    }

    /// Has it end before its next step. How many messages were moved, if it was under way.
    pub(crate) fn cancel(&self) -> Option<u64> {
        let mut progress = lock(&self.progress);
        if progress.status != Status::Running {
            return None;
        }
        progress.status = Status::Cancelling;
        Some(progress.moved)
    }

    /// Moves messages until none is left, or it is cancelled.
    pub(crate) async fn run(&self, scope: Scope) {
        let ended = self.moved(&scope).await;
        let mut progress = lock(&self.progress);
        (progress.status, progress.failure) = match ended {
            Ok(status) => (status, None),
            Err(reason) => (Status::Failed, Some(reason)),
        };
    }

    async fn moved(&self, scope: &Scope) -> Result<Status, &'static str> {
        let redrive = async |limit: usize, dry_run: bool| {
            let what = MoveBack { limit, to: self.to.clone(), only: None, dry_run };
            scope.redrive(&self.source, what).await.map(|moved| moved.count)
        };
        let batch = self.rate.unwrap_or(bounds::BATCH_MAX as u64);
        let all = redrive(usize::MAX, true).await.map_err(|error| reason(&error))?;
        lock(&self.progress).all = all;
        let mut left = all;
        // What comes back meanwhile is not moved again, or there might be no end.
        while left > 0 {
            if self.progress().status == Status::Cancelling {
                return Ok(Status::Cancelled);
            }
            // Another queue of this name was not asked about.
            let source =
                async { scope.handle::<QueueName>(self.source.as_str())?.describe().await };
            if source.await.map_err(|error| reason(&error))?.created != self.created {
                return Err("AWS.SimpleQueueService.NonExistentQueue");
            }
            let limit = usize::try_from(batch.min(left)).unwrap_or(bounds::BATCH_MAX);
            let moved = redrive(limit, false).await.map_err(|error| reason(&error))?;
            lock(&self.progress).moved += moved;
            left = left.saturating_sub(moved);
            if moved == 0 {
                break;
            }
            if self.rate.is_some() && left > 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Ok(Status::Completed)
    }
}

/// Why a task failed, as SQS names it.
fn reason(error: &Error) -> &'static str {
    match error.code() {
        ErrorCode::QueueNotFound => "AWS.SimpleQueueService.NonExistentQueue",
        ErrorCode::Forbidden | ErrorCode::NotGranted => "AccessDenied",
        ErrorCode::QuotaExceeded => "OverLimit",
        _ => "InternalError",
    }
}
