use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lambent_types::InvocationRecord;
use tokio::sync::oneshot;

use lambent_storage::backend::logs::weight;
use lambent_storage::backend::sync;

/// How long records gather before they are written: too short for a reader to notice.
const GATHER: Duration = Duration::from_millis(5);
/// How long they gather when there are many and nobody waits for them: the more
/// are written together, the less each costs.
const GATHER_MANY: Duration = Duration::from_millis(50);
/// So many in [`GATHER`] are many.
const MANY: usize = 8;
/// Room for so many records is kept from one batch to the next.
const ROOM_KEPT: usize = 8192;

/// Finished invocations on their way to the writer.
///
/// A caller that appends moves a record behind a lock, and wakes the writer only for
/// the first: an idle writer sleeps, a busy one wakes by the clock.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Wakes the writer, the only one who waits for it.
    wake: Condvar,
    bytes_max: usize,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    records: Vec<InvocationRecord>,
    /// What the records here and those being written weigh.
    bytes: usize,
    flushes: Vec<oneshot::Sender<()>>,
    /// How many wait for news.
    followers: usize,
    closed: bool,
}

/// What the writer takes at once.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) records: Vec<InvocationRecord>,
    bytes: usize,
    flushes: Vec<oneshot::Sender<()>>,
}

/// Why the writer was woken.
pub(super) enum Wake {
    /// There is a batch to write.
    Batch,
    /// The time has come that was waited for.
    Due,
    /// Nothing will come any more.
    Closed,
}

impl Queue {
    /// A queue of records that weigh at most `bytes_max`.
    pub(super) fn new(bytes_max: usize) -> Self {
        let (waiting, wake) = (Mutex::default(), Condvar::new());
        Self { waiting, wake, bytes_max, dropped: AtomicU64::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        sync::lock(&self.waiting)
    }

    /// From so many bytes on it does not wait for more: there must be room while it writes.
    const fn half(&self) -> usize {
        self.bytes_max / 2
    }

    pub(super) fn append(&self, record: InvocationRecord) -> bool {
        let bytes = weight(&record);
        let mut waiting = self.lock();
        let before = waiting.bytes;
        if waiting.closed || before + bytes > self.bytes_max {
            drop(waiting);
            self.lost(1);
            return false;
        }
        let first = waiting.records.is_empty();
        waiting.bytes += bytes;
        waiting.records.push(record);
        drop(waiting);
        if first || (before < self.half() && before + bytes >= self.half()) {
            self.wake.notify_one();
        }
        true
    }

    /// Counts records that will not be kept.
    pub(super) fn lost(&self, records: usize) {
        self.dropped.fetch_add(records as u64, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Returns when everything appended before was written, or given up.
    pub(super) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        {
            let mut waiting = self.lock();
            if waiting.closed {
                return;
            }
            waiting.flushes.push(done);
        }
        self.wake.notify_one();
        // An error means that the writer is gone, with nothing left to flush.
        let _ = wait.await;
    }

    /// Someone waits for news until this is dropped.
    pub(super) fn follow(&self) -> Follower<'_> {
        self.lock().followers += 1;
        // What it gathers already is news.
        self.wake.notify_one();
        Follower(self)
    }

    /// Takes nothing more. What is here is still written.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    /// Gives up what is here: nobody writes any more.
    pub(super) fn abandon(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        self.lost(waiting.records.len());
        waiting.records.clear();
        waiting.flushes.clear();
    }

    /// Waits for records, or until it is time, and fills an empty batch.
    pub(super) fn take(&self, batch: &mut Batch, due: Option<Instant>) -> Wake {
        let mut waiting = self.lock();
        while waiting.records.is_empty() && waiting.flushes.is_empty() {
            if waiting.closed {
                return Wake::Closed;
            }
            waiting = match due.map(|due| due.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return Wake::Due,
                Some(left) => self.sleep(waiting, left),
                None => self.wake.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            };
        }
        waiting = self.gather(waiting);
        std::mem::swap(&mut batch.records, &mut waiting.records);
        std::mem::swap(&mut batch.flushes, &mut waiting.flushes);
        // All of it, for what was written before was subtracted.
        batch.bytes = waiting.bytes;
        Wake::Batch
    }

    /// Lets records gather as long as nobody is in a hurry.
    fn gather<'a>(&'a self, mut waiting: MutexGuard<'a, Waiting>) -> MutexGuard<'a, Waiting> {
        let begin = Instant::now();
        while waiting.flushes.is_empty() && !waiting.closed && waiting.bytes < self.half() {
            let many = waiting.followers == 0 && waiting.records.len() >= MANY;
            let left = if many { GATHER_MANY } else { GATHER }.saturating_sub(begin.elapsed());
            if left.is_zero() {
                break;
            }
            waiting = self.sleep(waiting, left);
        }
        waiting
    }

    fn sleep<'a>(
        &self,
        waiting: MutexGuard<'a, Waiting>,
        left: Duration,
    ) -> MutexGuard<'a, Waiting> {
        self.wake.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Empties a batch that was written, makes room for others and answers
    /// whoever waits for it.
    pub(super) fn done(&self, batch: &mut Batch) {
        batch.records.clear();
        batch.records.shrink_to(ROOM_KEPT);
        self.lock().bytes -= std::mem::take(&mut batch.bytes);
        for done in batch.flushes.drain(..) {
            // Whoever waited may have given up.
            let _ = done.send(());
        }
    }
}

/// Someone who waits for news.
pub(super) struct Follower<'a>(&'a Queue);

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        self.0.lock().followers -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_storage::contract::samples::{name, namespace, record};

    fn sample() -> InvocationRecord {
        record(&namespace("ns"), &name("f"), "line")
    }

    /// How long many records gather.
    fn gathering(queue: &Queue) -> Duration {
        (0..MANY).for_each(|_| assert!(queue.append(sample())));
        let (begin, mut batch) = (Instant::now(), Batch::default());
        assert!(matches!(queue.take(&mut batch, None), Wake::Batch));
        assert_eq!(batch.records.len(), MANY);
        queue.done(&mut batch);
        begin.elapsed()
    }

    #[test]
    fn many_records_gather_longer_unless_someone_waits_for_them() {
        let queue = Queue::new(1 << 20);
        assert!(gathering(&queue) >= GATHER_MANY);
        let follower = queue.follow();
        // The shortest of some, for others may need the processor too.
        let followed = (0..20).map(|_| gathering(&queue)).min().unwrap();
        assert!((GATHER..GATHER_MANY).contains(&followed), "{followed:?}");
        drop(follower);
        assert!(gathering(&queue) >= GATHER_MANY);
        queue.close();
        assert!(!queue.append(sample()));
    }

    #[test]
    fn half_a_queue_waits_for_no_more() {
        let queue = Queue::new(2 * MANY * weight(&sample()));
        let shortest = (0..20).map(|_| gathering(&queue)).min().unwrap();
        assert!(shortest < GATHER, "{shortest:?}");
    }

    #[tokio::test]
    async fn nobody_waits_for_a_writer_that_is_gone() {
        let queue = Queue::new(1 << 20);
        assert!(queue.append(sample()));
        let flush = queue.flush();
        let end = async { queue.abandon() };
        futures::future::join(flush, end).await;
        assert_eq!(queue.dropped(), 1);
        queue.flush().await;
    }

    #[test]
    fn it_is_woken_when_it_is_time() {
        let queue = Queue::new(1 << 20);
        let due = Instant::now() + Duration::from_millis(10);
        assert!(matches!(queue.take(&mut Batch::default(), Some(due)), Wake::Due));
        assert!(Instant::now() >= due);
        queue.close();
        assert!(matches!(queue.take(&mut Batch::default(), None), Wake::Closed));
    }
}
