use std::time::Duration;

use lambent_types::Clock;
use tokio::time::Instant;

use crate::messages::receive::Received;
use crate::messages::row::Taken;
use crate::messages::settle::{self, Ticket};
use crate::shard::{Background, OperationError, Shard, Tx};
use lambent_storage::StorageError;

/// What was taken, on its way to whoever asked. If nobody asks any more when it
/// comes, it is given back as if it had never been taken.
struct Claim {
    received: Option<Received>,
    partition: i64,
    background: Background,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let taken = self.received.take().map(|received| received.taken).unwrap_or_default();
        if taken.is_empty() {
            return;
        }
        let partition = self.partition;
        self.background.submit(move |tx| {
            for Taken { seq, lease, .. } in taken {
                settle::return_at(tx, partition, Ticket { seq, lease }, tx.now, false, true)?;
            }
            Ok::<_, StorageError>(())
        });
    }
}

/// Takes again and again until something was taken or the wait is over; in
/// between it sleeps until something arrives at the partition or falls due there.
/// What is taken for a future that was dropped meanwhile is given back.
pub(crate) async fn take<W, E>(
    shard: &Shard,
    clock: &dyn Clock,
    partition: i64,
    wait: Duration,
    attempt: impl Fn() -> W + Send,
) -> Result<Vec<Taken>, E>
where
    W: FnOnce(&mut Tx<'_>) -> Result<Received, E> + Send + 'static,
    E: OperationError,
{
    let deadline = Instant::now() + wait;
    loop {
        let signal = shard.signals().of(partition);
        let mut arrived = std::pin::pin!(signal.notified());
        // Listens from before it looks, so that no arrival is missed.
        arrived.as_mut().enable();
        let (work, background) = (attempt(), shard.background());
        let claim = move |tx: &mut Tx<'_>| {
            work(tx).map(|received| Claim { received: Some(received), partition, background })
        };
        let mut claim: Claim = shard.claim(claim).await?;
        let Some(Received { taken, next, stopped }) = claim.received.take() else { continue };
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
