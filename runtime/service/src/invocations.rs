//! Invocations that may be sent again, and how they ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lambent_dispatch::Invoked;
use lambent_types::{Error, LogLine, bounds};
use moka::Expiry;
use moka::sync::Cache;
use tokio::sync::watch;

/// How long what became of an invocation is kept from its end on: clients of AWS's send up to five times,
/// and wait a minute each time.
const KEPT: Duration = Duration::from_secs(300);
/// Most bytes of what is kept.
const BYTES_MAX: u64 = 32 << 20;
/// What one is counted as beside what the function returned.
const BYTES_EACH: usize = 1024;

/// How it ended; nothing until it has.
pub(crate) type Ended = Option<Result<Arc<Invoked>, Error>>;

/// An invocation that runs, or has.
pub(crate) struct Slot {
    /// What it was invoked with.
    pub(crate) data: [u8; 32],
    pub(crate) ended: watch::Receiver<Ended>,
}

/// The invocations that may be sent again, by whose they are and the key that they came with.
pub(crate) struct Invocations(pub(crate) Cache<[u8; 32], Arc<Slot>>);

impl Slot {
    /// The bytes that it holds: what the function returned, what it wrote, and why it failed.
    fn bytes(&self) -> usize {
        let ended = self.ended.borrow();
        let Some(Ok(invoked)) = ended.as_ref() else { return BYTES_EACH };
        let Invoked { record, output } = &**invoked;
        let lines = record.logs.lines.iter();
        let lines: usize = lines.map(|line| size_of::<LogLine>() + line.text.len()).sum();
        let failed = record.outcome.failure().map_or(0, |failure| {
            failure.message.len() + failure.trace.iter().map(String::len).sum::<usize>()
        });
        BYTES_EACH + lines + failed + output.as_ref().map_or(0, |output| output.data.len())
    }
}

/// One that runs is kept for as long as it may run, and from its end on for a while.
struct Lasts;

impl Expiry<[u8; 32], Arc<Slot>> for Lasts {
    fn expire_after_create(&self, _: &[u8; 32], _: &Arc<Slot>, _: Instant) -> Option<Duration> {
        Some(bounds::TIMEOUT_MAX + KEPT)
    }

    fn expire_after_update(
        &self,
        _: &[u8; 32],
        _: &Arc<Slot>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(KEPT)
    }
}

impl Default for Invocations {
    fn default() -> Self {
        let weight =
            |_: &[u8; 32], slot: &Arc<Slot>| u32::try_from(slot.bytes()).unwrap_or(u32::MAX);
        let cache = Cache::builder().weigher(weight).max_capacity(BYTES_MAX).expire_after(Lasts);
        Self(cache.build())
    }
}
