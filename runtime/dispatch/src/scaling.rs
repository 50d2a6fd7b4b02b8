//! How fast the invocations of a function that run at once may become more.

use std::time::{Duration, Instant};

/// The time in which so many may be added as the rate says; Lambda's.
const PERIOD: Duration = Duration::from_secs(10);
/// How long a function may come back to as many as it had without that counting: as long as
/// instances that nobody uses are kept elsewhere.
const REMEMBERED: Duration = Duration::from_secs(300);

/// How far one function has come. A token is taken whenever more run at once than lately did; they
/// come back continuously, and never add up to more than the rate.
#[derive(Debug)]
pub(crate) struct Scaling {
    tokens: f64,
    filled: Instant,
    /// The most that ran at once since `window`, and in the time of the same length before.
    most: usize,
    most_before: usize,
    window: Instant,
}

impl Scaling {
    pub(crate) fn new(rate: u32, now: Instant) -> Self {
        Self { tokens: rate.into(), filled: now, most: 0, most_before: 0, window: now }
    }

    fn fill(&mut self, rate: u32, now: Instant) {
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        let added = since * f64::from(rate) / PERIOD.as_secs_f64();
        self.tokens = (self.tokens + added).min(rate.into());
        self.filled = now;
        let passed = now.saturating_duration_since(self.window);
        if passed >= REMEMBERED {
            self.most_before = if passed < 2 * REMEMBERED { self.most } else { 0 };
            (self.most, self.window) = (0, now);
        }
    }

    /// Whether one more may run, beside so many. If so it is counted.
    pub(crate) fn admits(&mut self, rate: u32, running: usize, now: Instant) -> bool {
        self.fill(rate, now);
        if running >= self.most.max(self.most_before) {
            if self.tokens < 1.0 {
                return false;
            }
            self.tokens -= 1.0;
        }
        self.most = self.most.max(running + 1);
        true
    }

    /// Whether nothing would be lost if it were forgotten.
    pub(crate) fn is_forgettable(&mut self, rate: u32, now: Instant) -> bool {
        self.fill(rate, now);
        self.tokens >= rate.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, seconds: f64) -> Instant {
        start + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn so_many_are_added_in_a_period_and_no_more() {
        let start = Instant::now();
        let mut scaling = Scaling::new(100, start);
        let grow = |scaling: &mut Scaling, running: &mut usize, now| {
            while scaling.admits(100, *running, now) {
                *running += 1;
            }
        };
        let mut running = 0;
        grow(&mut scaling, &mut running, start);
        assert_eq!(running, 100);
        grow(&mut scaling, &mut running, after(start, 1.0));
        assert_eq!(running, 110, "a tenth of the period gives a tenth of the rate");
        // What is not used does not add up.
        grow(&mut scaling, &mut running, after(start, 60.0));
        assert_eq!(running, 210);
    }

    #[test]
    fn coming_back_to_what_there_was_costs_nothing_for_a_while() {
        let start = Instant::now();
        let mut scaling = Scaling::new(10, start);
        for running in 0..10 {
            assert!(scaling.admits(10, running, start));
        }
        for _ in 0..5 {
            for running in 0..10 {
                assert!(scaling.admits(10, running, start));
            }
            assert!(!scaling.admits(10, 10, start));
        }
        let later = after(start, 11.0);
        assert!(scaling.is_forgettable(10, later));
        // Long after it begins again from nothing.
        let much_later = after(start, 1000.0);
        for running in 0..10 {
            assert!(scaling.admits(10, running, much_later));
        }
        assert!(!scaling.admits(10, 10, much_later));
        assert!(!scaling.is_forgettable(10, much_later));
    }
}
