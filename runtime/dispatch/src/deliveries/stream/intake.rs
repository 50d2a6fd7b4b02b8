use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambent_storage::{StorageError, StreamChange, StreamPage};
use lambent_tables::{StreamFacts, StreamSequence, lambda_record};
use lambent_types::{Digest, Event, Origin, bounds, occurrence};
use tokio::time::Instant;

use super::checkpoint::{Position, Unread};
use super::{Halt, Reader, Stream, WAIT};
use crate::deliveries::Deliveries;
use crate::deliveries::handled::{age, too_costly};
use crate::lambda::REGION;
use crate::observe::Delivered;

/// Most changes that are read at once.
const PAGE_MAX: usize = 1000;
/// Most bytes of the events of a batch: the payload of an invocation, less what is around them.
const BATCH_BYTES_MAX: usize = bounds::PAYLOAD_BYTES_MAX as usize - (64 << 10);

/// A change that is for the trigger.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) sequence: StreamSequence,
    /// When it was made.
    pub(super) at: Timestamp,
    /// The stream that it is in.
    pub(super) stream: Arc<Stream>,
    pub(super) event: Event,
    pub(super) origin: Origin,
}

/// What a lane is to hand over next.
pub(super) struct Intake {
    /// The changes, all of the stream of `next`.
    pub(super) changes: Vec<Change>,
    /// Where the lane is once they are over.
    pub(super) next: Position,
}

/// A page of a stream, or where to go on in place of it.
enum Read {
    Page(StreamPage, Arc<Stream>),
    Elsewhere(Position),
}

impl Deliveries {
    /// Gathers the next batch of a lane; it has nothing if no change for the trigger came in time.
    pub(super) async fn intake(
        self: &Arc<Self>,
        reader: &Reader,
        lane: usize,
        mut at: Position,
        takes_batches: bool,
    ) -> Result<Intake, Halt> {
        let most = if takes_batches { reader.source.batch_size as usize } else { 1 };
        let window = Duration::from_millis(reader.source.batch_window_ms);
        let (mut changes, mut bytes, mut closes) = (Vec::new(), 0, None::<Instant>);
        'read: while changes.len() < most {
            let left =
                closes.map_or(WAIT, |closes| closes.saturating_duration_since(Instant::now()));
            let limit = page_limit(reader, most - changes.len());
            let (page, stream) = match self.read(reader, &at, limit, left).await {
                Ok(Read::Page(page, stream)) => (page, stream),
                Ok(Read::Elsewhere(next)) if changes.is_empty() => {
                    return Ok(Intake { changes, next });
                }
                Err(halt) if changes.is_empty() => return Err(halt),
                // What was gathered does not wait for another stream, nor for a store that fails.
                Ok(Read::Elsewhere(_)) | Err(_) => break,
            };
            if page.records.is_empty() && (changes.is_empty() || left.is_zero()) {
                break;
            }
            for change in page.records {
                let next = change.record.sequence.next();
                let own = is_in_lane(reader, lane, &change);
                let wanted =
                    if own { self.wanted_change(reader, &stream, change).await? } else { None };
                if let Some(change) = wanted {
                    bytes += change.event.data.len();
                    if bytes > BATCH_BYTES_MAX && !changes.is_empty() {
                        break 'read;
                    }
                    changes.push(change);
                }
                at.next = next;
                if changes.len() == most {
                    break 'read;
                }
            }
            if changes.is_empty() {
                // What was passed over is over.
                break;
            }
            closes.get_or_insert_with(|| Instant::now() + window);
        }
        Ok(Intake { changes, next: at })
    }

    /// Reads at most so many changes on, and waits so long for one.
    async fn read(
        &self,
        reader: &Reader,
        at: &Position,
        limit: usize,
        wait: Duration,
    ) -> Result<Read, Halt> {
        let (tables, table) = (&self.stores.tables, &reader.source.table);
        // Made before it is looked, so that no stream begins unseen in between.
        let began = self.stores.stream_began.notified();
        let read = tables.stream_records(&reader.namespace, table, &at.label, at.next, limit, wait);
        let read = reader.stop.run_until_cancelled(read).await.ok_or(Halt::Stopped)?;
        match read.map_err(Unread::from) {
            Ok(page) if page.records.is_empty() && page.closed => {}
            Ok(page) => {
                // Else it went with its last record, a moment ago.
                if let Some(stream) = self.stream(reader, &at.label).await? {
                    return Ok(Read::Page(page, stream));
                }
            }
            Err(Unread::Trimmed(oldest)) => {
                let trigger = &reader.trigger.name;
                tracing::error!(%trigger, %table, "changes are lost: the stream has them no more");
                self.statuses.cannot_run(
                    &reader.namespace,
                    trigger,
                    "changes were not handled for a day and are lost",
                    self.clock.now(),
                );
                return Ok(Read::Elsewhere(Position { label: at.label.clone(), next: oldest }));
            }
            Err(Unread::Gone) => {}
            Err(Unread::Failed(error)) => return Err(error.into()),
        }
        // The stream is at its end; the table may have another.
        if let Some(next) = self.stream_after(reader, &at.label).await? {
            return Ok(Read::Elsewhere(next));
        }
        let waited = async { tokio::time::timeout(wait, began).await.ok() };
        reader.stop.run_until_cancelled(waited).await.ok_or(Halt::Stopped)?;
        Ok(Read::Elsewhere(at.clone()))
    }

    /// A stream of the table, by its label.
    async fn stream(
        &self,
        reader: &Reader,
        label: &str,
    ) -> Result<Option<Arc<Stream>>, StorageError> {
        if let Some(known) = reader.known_stream(label) {
            return Ok(Some(known));
        }
        let (tables, table) = (&self.stores.tables, &reader.source.table);
        let found = tables.stream(&reader.namespace, table, Some(label)).await?;
        Ok(found.map(|stream| reader.know_stream(stream)))
    }

    /// The beginning of the stream that a table had after one.
    async fn stream_after(
        &self,
        reader: &Reader,
        label: &str,
    ) -> Result<Option<Position>, StorageError> {
        let table = &reader.source.table;
        let after = Some((table, label));
        let next = self.stores.tables.streams(&reader.namespace, Some(table), after, 1).await?;
        Ok(next.into_iter().next().map(Position::oldest))
    }

    /// The change as the function is given it, if it is for the trigger.
    async fn wanted_change(
        self: &Arc<Self>,
        reader: &Reader,
        stream: &Arc<Stream>,
        change: StreamChange,
    ) -> Result<Option<Change>, Halt> {
        let StreamChange { record, origin } = change;
        let table = &reader.source.table;
        let facts = StreamFacts { arn: &stream.arn, region: REGION, view: stream.view };
        let told = lambda_record(&record, &facts);
        let event = occurrence::item(table, &told, record.at);
        let (sequence, at, stream) = (record.sequence, record.at, stream.clone());
        let change = Change { sequence, at, stream, event, origin };
        let patterns = &reader.trigger.patterns;
        match self.matches(&reader.namespace, patterns, &change.event).await {
            Ok(true) => Ok(Some(change)),
            Ok(false) => {
                self.observe_change(reader, Delivered::Unwanted, &change);
                Ok(None)
            }
            Err(error) => {
                self.give_up_untried(reader, change, too_costly(error)).await?;
                Ok(None)
            }
        }
    }

    pub(super) fn observe_change(&self, reader: &Reader, what: Delivered, change: &Change) {
        let age = age(self.clock.now(), change.at);
        let function = &reader.function.name;
        self.dispatcher.observe_delivered(&reader.namespace, function, what, age);
    }
}

/// How many changes are read for so many that are wanted: some are other lanes', or not for the
/// trigger.
fn page_limit(reader: &Reader, wanted: usize) -> usize {
    let lanes = reader.source.concurrency_max as usize;
    let passed_over = if lanes > 1 || !reader.trigger.patterns.is_empty() { 2 } else { 1 };
    wanted.saturating_mul(lanes * passed_over).clamp(1, PAGE_MAX)
}

/// Whether a change is one of this lane's: those of one item all are, or none is.
fn is_in_lane(reader: &Reader, lane: usize, change: &StreamChange) -> bool {
    let lanes = u64::from(reader.source.concurrency_max);
    if lanes == 1 {
        return true;
    }
    // The same for ever, whatever a process was started with.
    let key = serde_json::to_vec(&change.record.keys).unwrap_or_default();
    let mut number = [0; 8];
    number.copy_from_slice(&Digest::of(&key).as_bytes()[..8]);
    u64::from_be_bytes(number) % lanes == lane as u64
}
