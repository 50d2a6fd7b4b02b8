//! How fast a body has to come in.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// The least rate at which a body comes in, while somebody waits for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MinRate {
    /// How long it may come in more slowly.
    pub(crate) grace: Duration,
    /// Bytes in a second after that; 0 for any.
    pub(crate) rate: u64,
}

/// Measures one body. Only the time counts in which more was asked for and has
/// not come: a reader that takes its time is not the client's fault.
pub(crate) struct Measured {
    pace: MinRate,
    /// How long it may still keep its reader waiting: at most the grace, which
    /// waiting uses up and bytes earn back at the least rate.
    left: Duration,
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Measured {
    pub(crate) const fn new(pace: MinRate) -> Self {
        Self { pace, left: pace.grace, since: None, timer: None }
    }

    /// So many bytes came, or the end.
    pub(crate) fn came(&mut self, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.count(since.elapsed(), bytes);
        }
    }

    fn count(&mut self, waited: Duration, bytes: usize) {
        let earned = Duration::from_secs_f64(bytes as f64 / self.pace.rate.max(1) as f64);
        self.left = (self.left.saturating_sub(waited) + earned).min(self.pace.grace);
    }

    /// Ready when what was asked for is too long in coming.
    pub(crate) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.pace.rate == 0 {
            return Poll::Pending;
        }
        let due = *self.since.get_or_insert_with(Instant::now) + self.left;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if timer.deadline() != due {
            timer.as_mut().reset(due);
        }
        timer.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const PACE: MinRate = MinRate { grace: Duration::from_secs(20), rate: 100 };

    #[test]
    fn what_drips_uses_up_the_grace() {
        let mut body = Measured::new(PACE);
        for _ in 0..20 {
            body.count(SECOND, 1);
        }
        assert_eq!(body.left, Duration::from_millis(200));
        body.count(SECOND, 1);
        assert_eq!(body.left, Duration::from_millis(10));
    }

    #[test]
    fn what_comes_fast_enough_may_come_for_ever_and_saves_nothing_up() {
        let mut body = Measured::new(PACE);
        for _ in 0..1000 {
            body.count(SECOND, 100);
        }
        assert_eq!(body.left, PACE.grace);
        body.count(Duration::ZERO, 1 << 30);
        assert_eq!(body.left, PACE.grace);
    }

    #[tokio::test]
    async fn only_waiting_counts_and_any_rate_may_be_allowed() {
        let mut none = Measured::new(MinRate { grace: Duration::ZERO, rate: 1 });
        none.came(0);
        assert!(none.since.is_none());
        std::future::poll_fn(|cx| none.poll_late(cx)).await;
        let mut any = Measured::new(MinRate { grace: Duration::ZERO, rate: 0 });
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(any.poll_late(&mut cx).is_pending());
    }
}
