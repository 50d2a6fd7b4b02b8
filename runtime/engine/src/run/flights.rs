//! The requests that an instance serves at once, and what each has used.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lambent_types::{Logs, Meter, Outcome, Start};
use tokio::sync::oneshot;

use crate::completion::Completion;
use crate::invocation::{Finished, Refused};
use crate::run::http::HeadSlot;

/// A request in flight, as whoever waits for it knows it.
pub(crate) struct Flight {
    pub(crate) slot: HeadSlot,
    pub(crate) completion: Arc<Completion>,
    pub(crate) began: Instant,
    pub(crate) start: Start,
    /// Told when it is over, or that it never began.
    pub(crate) ended: oneshot::Sender<Result<Outcome, Refused>>,
}

impl Flight {
    /// Nothing of it ran.
    pub(crate) fn refuse(self, refused: Refused) {
        self.completion.withdraw();
        // Whoever waited may have gone away.
        let _ = self.ended.send(Err(refused));
    }

    /// It is over.
    pub(crate) fn end(self, outcome: Outcome, meter: Meter, logs: Logs) {
        let outcome = self.slot.settle(outcome);
        self.completion.finish(Finished { outcome: outcome.clone(), value: None, meter, logs });
        // Before its last owner goes, who reports it.
        drop(self.completion);
        let _ = self.ended.send(Ok(outcome));
    }
}

/// One that takes part in what the instance uses.
struct Sharer {
    flight: Flight,
    fuel: u64,
    /// Whether another was in flight at the same time.
    shared: bool,
}

/// All that are in flight. The instance has the fuel that is left to them
/// together, and one budget more: a guest may have something to do when it has
/// answered. What it burns counts to all alike, and else to the next.
pub(crate) struct Flights {
    sharers: BTreeMap<u64, Sharer>,
    begun: u64,
    /// The fuel one may use.
    budget: u64,
    timeout: Duration,
    /// What the instance had left when it was last looked at.
    left: u64,
    /// What was burned while there was none, or to instantiate.
    spent: u64,
    idle_since: Instant,
}

impl Flights {
    /// `left` is left of one budget, of which the rest was burned to instantiate.
    pub(crate) fn new(budget: u64, timeout: Duration, left: u64) -> Self {
        let (sharers, idle_since) = (BTreeMap::new(), Instant::now());
        let spent = budget.saturating_sub(left);
        Self { sharers, begun: 0, budget, timeout, left, spent, idle_since }
    }

    /// Shares out what was burned since the last look; `left` is left.
    fn settle(&mut self, left: u64) {
        let burned = self.left.saturating_sub(left);
        self.left = left;
        let count = self.sharers.len() as u64;
        if count == 0 {
            self.spent += burned;
            return;
        }
        self.sharers.values_mut().for_each(|sharer| sharer.fuel += burned / count);
        if let Some(mut first) = self.sharers.first_entry() {
            first.get_mut().fuel += burned % count;
        }
    }

    /// One more; returns its number, and the fuel that the instance has then.
    pub(crate) fn begin(&mut self, mut flight: Flight, left: u64) -> (u64, u64) {
        self.settle(left);
        let shared = !self.sharers.is_empty();
        if shared {
            self.sharers.values_mut().for_each(|sharer| sharer.shared = true);
        }
        if self.begun > 0 {
            flight.start = Start::Reused;
        }
        let fuel = std::mem::take(&mut self.spent);
        self.left = self.left.saturating_add(self.budget);
        self.begun += 1;
        self.sharers.insert(self.begun, Sharer { flight, fuel, shared });
        (self.begun, self.left)
    }

    /// One that is over, its meter but for the memory, and the fuel that the
    /// others have then.
    pub(crate) fn end(&mut self, number: u64, left: u64) -> Option<(Flight, Meter, u64)> {
        self.settle(left);
        let sharer = self.sharers.remove(&number)?;
        self.left = self.left.saturating_sub(self.budget.saturating_sub(sharer.fuel));
        if self.sharers.is_empty() {
            self.rest();
        }
        let (flight, meter) = sharer.over();
        Some((flight, meter, self.left))
    }

    /// All of them, for an instance that ended with so much fuel left.
    pub(crate) fn end_all(&mut self, left: u64) -> Vec<(Flight, Meter)> {
        self.settle(left);
        std::mem::take(&mut self.sharers).into_values().map(Sharer::over).collect()
    }

    /// When the first of them has to be over; none if there are none.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        // They have the same timeout, so the first to begin is the first due.
        self.sharers.values().next().map(|sharer| self.due(&sharer.flight))
    }

    /// When whatever the guest does has to be over: with none in flight it has as
    /// long as for one, as it may have something to do when it has answered.
    pub(crate) fn expires(&self) -> Instant {
        self.deadline().unwrap_or_else(|| self.idle_since + self.timeout)
    }

    /// When one has to be over.
    pub(crate) fn due(&self, flight: &Flight) -> Instant {
        flight.began + self.timeout
    }

    pub(crate) fn len(&self) -> usize {
        self.sharers.len()
    }

    /// There are none from now on.
    pub(crate) fn rest(&mut self) {
        self.idle_since = Instant::now();
    }

    /// Since when there are none.
    pub(crate) const fn idle_since(&self) -> Instant {
        self.idle_since
    }
}

impl Sharer {
    fn over(self) -> (Flight, Meter) {
        let start = if self.shared { Start::Shared } else { self.flight.start };
        let duration = self.flight.began.elapsed();
        (self.flight, Meter { fuel: self.fuel, duration, start, ..Meter::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flight() -> Flight {
        let completion = Completion::new(Box::new(|_| {}));
        let (slot, ended) = (HeadSlot::new().0, oneshot::channel().0);
        Flight { slot, completion, began: Instant::now(), start: Start::Loaded, ended }
    }

    #[test]
    fn what_is_burned_counts_to_all_that_are_in_flight() {
        let mut flights = Flights::new(1000, Duration::from_secs(1), 970);
        let (first, left) = flights.begin(flight(), 970);
        assert_eq!(left, 1970);
        let (second, left) = flights.begin(flight(), left - 100);
        assert_eq!(left, 2870);
        let (_, meter, left) = flights.end(first, left - 41).unwrap();
        assert_eq!(meter.fuel, 30 + 100 + 21, "instantiating was the first one's");
        assert_eq!(meter.start, Start::Shared);
        assert_eq!(left, 1980);
        let (_, meter, left) = flights.end(second, left - 5).unwrap();
        assert_eq!((meter.fuel, meter.start), (25, Start::Shared));
        assert_eq!((left, flights.len(), flights.deadline()), (1000, 0, None));

        let (third, left) = flights.begin(flight(), left - 3);
        assert_eq!(left, 1997);
        assert!(flights.deadline().is_some());
        let (_, meter, left) = flights.end(third, left - 7).unwrap();
        assert_eq!((meter.fuel, meter.start), (10, Start::Reused));
        assert_eq!(left, 1000);
    }

    #[test]
    fn one_may_burn_what_the_others_have_but_no_more_than_all_together() {
        let mut flights = Flights::new(1000, Duration::from_secs(1), 1000);
        flights.begin(flight(), 1000);
        let (_, left) = flights.begin(flight(), 2000);
        assert_eq!(left, 3000);
        let fuel: Vec<_> = flights.end_all(0).iter().map(|(_, meter)| meter.fuel).collect();
        assert_eq!(fuel, [1500, 1500]);
    }
}
