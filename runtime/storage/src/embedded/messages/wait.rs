use std::time::Duration;

use lambent_types::Clock;
use tokio::time::Instant;

use crate::embedded::messages::receive::Received;
use crate::embedded::messages::row::Taken;
use crate::embedded::shard::{OperationError, Shard, Tx};

/// Takes again and again until something was taken or the wait is over; in
/// between it sleeps until something arrives at the line or falls due there.
pub(crate) async fn take<W, E>(
    shard: &Shard,
    clock: &dyn Clock,
    line: i64,
    wait: Duration,
    attempt: impl Fn() -> W + Send,
) -> Result<Vec<Taken>, E>
where
    W: FnOnce(&mut Tx<'_>) -> Result<Received, E> + Send + 'static,
    E: OperationError,
{
    let deadline = Instant::now() + wait;
    loop {
        let signal = shard.signals().of(line);
        let mut arrived = std::pin::pin!(signal.notified());
        // Listens from before it looks, so that no arrival is missed.
        arrived.as_mut().enable();
        let Received { taken, next, stopped } = shard.claim(attempt()).await?;
        if !taken.is_empty() || (!stopped && Instant::now() >= deadline) {
            return Ok(taken);
        }
        if stopped {
            continue;
        }
        let until_next = next.map(|next| {
            let left = next.duration_since(clock.now());
            Duration::try_from(left).unwrap_or_default().max(Duration::from_millis(1))
        });
        let wake = until_next.map_or(deadline, |left| deadline.min(Instant::now() + left));
        tokio::select! {
            () = arrived => {}
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}
