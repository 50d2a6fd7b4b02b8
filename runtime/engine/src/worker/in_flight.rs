//! The requests that a shared instance has in flight, and what each has used.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lambent_types::{Logs, Meter, Outcome, Start};
use tokio::sync::oneshot;

use crate::completion::Completion;
use crate::invocation::{Finished, Refused};
use crate::response_head::HeadSlot;

/// What is needed to respond to a request in flight, and to report it.
pub(crate) struct ActiveRequest {
    pub(crate) slot: HeadSlot,
    pub(crate) completion: Arc<Completion>,
    pub(crate) began: Instant,
    pub(crate) start: Start,
    /// Sent to when it has ended, or if it never began.
    pub(crate) ended: oneshot::Sender<Result<Outcome, Refused>>,
}

impl ActiveRequest {
    /// Ends a request of which nothing ran.
    pub(crate) fn refuse(self, refused: Refused) {
        self.completion.withdraw();
        // The caller may have gone away.
        let _ = self.ended.send(Err(refused));
    }

    /// Reports how it ended.
    pub(crate) fn end(self, outcome: Outcome, meter: Meter, logs: Logs) {
        let outcome = self.slot.outcome(outcome);
        self.completion.finish(Finished {
            outcome: outcome.clone(),
            value: None,
            meter,
            logs,
            host_error: None,
        });
        // Before the caller is told, so that it is reported by then.
        drop(self.completion);
        let _ = self.ended.send(Ok(outcome));
    }
}

/// A request with its part of what the instance uses.
struct Share {
    request: ActiveRequest,
    fuel: u64,
    /// Whether another was in flight at the same time.
    shared: bool,
}

/// All requests in flight. The instance has the fuel that is left to them together, and
/// one budget more, as a guest may have something to do when it has responded. The fuel
/// that it burns is divided among the requests in flight; without any it counts to the
/// next.
pub(crate) struct InFlight {
    shares: BTreeMap<u64, Share>,
    /// Requests that ever began, and the number of the last.
    begun: u64,
    /// The fuel that one request may use.
    budget: u64,
    timeout: Duration,
    /// The fuel that the instance had when it was last looked at.
    left: u64,
    /// Fuel that was burned while none was in flight, or to instantiate.
    unattributed: u64,
    idle_since: Instant,
}

impl InFlight {
    /// None yet. `left` is left of one budget, whose rest was burned to instantiate.
    pub(crate) fn new(budget: u64, timeout: Duration, left: u64) -> Self {
        let (shares, idle_since) = (BTreeMap::new(), Instant::now());
        let unattributed = budget.saturating_sub(left);
        Self { shares, begun: 0, budget, timeout, left, unattributed, idle_since }
    }

    /// Divides the fuel that was burned since the last look among the requests in flight;
    /// `left` is left.
    fn divide(&mut self, left: u64) {
        let burned = self.left.saturating_sub(left);
        self.left = left;
        let count = self.shares.len() as u64;
        if count == 0 {
            self.unattributed += burned;
            return;
        }
        self.shares.values_mut().for_each(|share| share.fuel += burned / count);
        if let Some(mut first) = self.shares.first_entry() {
            first.get_mut().fuel += burned % count;
        }
    }

    /// Begins a request; returns its number, and the fuel that the instance has then.
    pub(crate) fn begin(&mut self, mut request: ActiveRequest, left: u64) -> (u64, u64) {
        self.divide(left);
        let shared = !self.shares.is_empty();
        if shared {
            self.shares.values_mut().for_each(|share| share.shared = true);
        }
        if self.begun > 0 {
            request.start = Start::Reused;
        }
        let fuel = std::mem::take(&mut self.unattributed);
        self.left = self.left.saturating_add(self.budget);
        self.begun += 1;
        self.shares.insert(self.begun, Share { request, fuel, shared });
        (self.begun, self.left)
    }

    /// Ends a request; returns it with its meter, but for the memory, and the fuel that
    /// the others have then.
    pub(crate) fn end(&mut self, number: u64, left: u64) -> Option<(ActiveRequest, Meter, u64)> {
        self.divide(left);
        let share = self.shares.remove(&number)?;
        self.left = self.left.saturating_sub(self.budget.saturating_sub(share.fuel));
        if self.shares.is_empty() {
            self.mark_idle();
        }
        let (request, meter) = share.end();
        Some((request, meter, self.left))
    }

    /// Ends all requests of an instance that ended with so much fuel left.
    pub(crate) fn end_all(&mut self, left: u64) -> Vec<(ActiveRequest, Meter)> {
        self.divide(left);
        std::mem::take(&mut self.shares).into_values().map(Share::end).collect()
    }

    /// The deadline of the first request; none if none is in flight.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        // They have the same timeout, so the first to begin has the first deadline.
        self.shares.values().next().map(|share| self.deadline_of(&share.request))
    }

    /// When the guest is ended whatever it does: with no request in flight it has as long
    /// as for one, as it may have something to do when it has responded.
    pub(crate) fn expires(&self) -> Instant {
        self.deadline().unwrap_or_else(|| self.idle_since + self.timeout)
    }

    /// The deadline of one request.
    pub(crate) fn deadline_of(&self, request: &ActiveRequest) -> Instant {
        request.began + self.timeout
    }

    /// How many are in flight.
    pub(crate) fn len(&self) -> usize {
        self.shares.len()
    }

    /// None is in flight from now on.
    pub(crate) fn mark_idle(&mut self) {
        self.idle_since = Instant::now();
    }

    /// Since when none is in flight.
    pub(crate) const fn idle_since(&self) -> Instant {
        self.idle_since
    }
}

impl Share {
    fn end(self) -> (ActiveRequest, Meter) {
        let start = if self.shared { Start::Shared } else { self.request.start };
        let duration = self.request.began.elapsed();
        (self.request, Meter { fuel: self.fuel, duration, start, ..Meter::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> ActiveRequest {
        let completion = Completion::new(Box::new(|_| {}));
        let (slot, ended) = (HeadSlot::new().0, oneshot::channel().0);
        ActiveRequest { slot, completion, began: Instant::now(), start: Start::Loaded, ended }
    }

    #[test]
    fn what_is_burned_counts_to_all_that_are_in_flight() {
        let mut in_flight = InFlight::new(1000, Duration::from_secs(1), 970);
        let (first, left) = in_flight.begin(request(), 970);
        assert_eq!(left, 1970);
        let (second, left) = in_flight.begin(request(), left - 100);
        assert_eq!(left, 2870);
        let (_, meter, left) = in_flight.end(first, left - 41).unwrap();
        assert_eq!(meter.fuel, 30 + 100 + 21, "instantiating was the first one's");
        assert_eq!(meter.start, Start::Shared);
        assert_eq!(left, 1980);
        let (_, meter, left) = in_flight.end(second, left - 5).unwrap();
        assert_eq!((meter.fuel, meter.start), (25, Start::Shared));
        assert_eq!((left, in_flight.len(), in_flight.deadline()), (1000, 0, None));

        let (third, left) = in_flight.begin(request(), left - 3);
        assert_eq!(left, 1997);
        assert!(in_flight.deadline().is_some());
        let (_, meter, left) = in_flight.end(third, left - 7).unwrap();
        assert_eq!((meter.fuel, meter.start), (10, Start::Reused));
        assert_eq!(left, 1000);
    }

    #[test]
    fn one_may_burn_what_the_others_have_but_no_more_than_all_together() {
        let mut in_flight = InFlight::new(1000, Duration::from_secs(1), 1000);
        in_flight.begin(request(), 1000);
        let (_, left) = in_flight.begin(request(), 2000);
        assert_eq!(left, 3000);
        let fuel: Vec<_> = in_flight.end_all(0).iter().map(|(_, meter)| meter.fuel).collect();
        assert_eq!(fuel, [1500, 1500]);
    }
}
