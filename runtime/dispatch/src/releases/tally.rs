//! What was seen of one version.

use lambent_types::{InvocationRecord, Outcome, Start, VersionNumber, VersionStatistics};

/// Most durations and amounts of fuel that are kept of a version: each of those that were seen is
/// among them with the same probability.
const SAMPLE_MAX: usize = 500;

/// A random sample of values.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    kept: Vec<u64>,
    seen: u64,
}

impl Sample {
    fn add(&mut self, value: u64) {
        self.seen += 1;
        if self.kept.len() < SAMPLE_MAX {
            return self.kept.push(value);
        }
        let place = usize::try_from(fastrand::u64(0..self.seen)).unwrap_or(SAMPLE_MAX);
        if let Some(kept) = self.kept.get_mut(place) {
            *kept = value;
        }
    }

    /// The values.
    pub(super) fn values(&self) -> Vec<f64> {
        self.kept.iter().map(|value| *value as f64).collect()
    }

    /// What 95 of 100 are at most.
    pub(super) fn p95(&self) -> Option<u64> {
        let mut sorted = self.kept.clone();
        sorted.sort_unstable();
        sorted.get((sorted.len() * 95).div_ceil(100).checked_sub(1)?).copied()
    }
}

/// What was seen of one version since a step began.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) invocations: u64,
    failures: u64,
    /// In microseconds.
    pub(super) durations: Sample,
    pub(super) fuel: Sample,
    fuel_sum: u128,
}

impl Tally {
    /// Adds an invocation, unless it ended for a reason that is none of the version's.
    pub(super) fn add(&mut self, record: &InvocationRecord) {
        let Some(failed) = failed(&record.outcome) else { return };
        let meter = &record.meter;
        self.invocations += 1;
        self.failures += u64::from(failed);
        self.fuel.add(meter.fuel);
        self.fuel_sum += u128::from(meter.fuel);
        // The one that had to have the code mapped tells nothing of the code.
        if meter.start != Start::Mapped {
            self.durations.add(u64::try_from(meter.duration.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// Counts an invocation as failed that answered a request with an error of its own: it ends
    /// well, some time after its answer.
    pub(super) fn answered_error(&mut self) {
        self.failures += 1;
    }

    /// How many failed.
    pub(super) fn failures(&self) -> u64 {
        // An answer comes before its end, and both may be failures.
        self.failures.min(self.invocations)
    }

    /// The part that failed.
    pub(super) fn error_rate(&self) -> f64 {
        self.failures() as f64 / self.invocations.max(1) as f64
    }

    /// The fuel of an invocation, on average.
    pub(super) fn mean_fuel(&self) -> Option<u64> {
        let mean = self.fuel_sum.checked_div(self.invocations.into())?;
        Some(u64::try_from(mean).unwrap_or(u64::MAX))
    }

    /// What is told of it.
    pub(super) fn statistics(&self, version: VersionNumber) -> VersionStatistics {
        VersionStatistics {
            version,
            invocations: self.invocations,
            failures: self.failures(),
            p95_duration_us: self.durations.p95(),
            fuel: self.mean_fuel(),
        }
    }
}

/// Whether the version failed. Nothing if its caller went away, or the node had no memory left or
/// failed itself: that says nothing of the version.
const fn failed(outcome: &Outcome) -> Option<bool> {
    match outcome {
        Outcome::Ok => Some(false),
        Outcome::Cancelled | Outcome::Internal | Outcome::OutOfMemory { node: true, .. } => None,
        Outcome::FunctionError(_)
        | Outcome::OutOfFuel { .. }
        | Outcome::OutOfMemory { .. }
        | Outcome::TimedOut { .. }
        | Outcome::Trapped { .. }
        | Outcome::Exited { .. }
        | Outcome::BadResponse { .. }
        | Outcome::ResponseTooLarge { .. } => Some(true),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lambent_storage::contract::samples::{name, namespace, record};
    use lambent_types::Meter;

    use super::*;

    fn ended(outcome: Outcome, millis: u64) -> InvocationRecord {
        let meter = Meter { fuel: 10, duration: Duration::from_millis(millis), ..Meter::default() };
        InvocationRecord { outcome, meter, ..record(&namespace("ns"), &name("f"), "") }
    }

    #[test]
    fn what_callers_and_the_node_do_counts_for_nothing() {
        let mut tally = Tally::default();
        for outcome in [
            Outcome::Cancelled,
            Outcome::Internal,
            Outcome::OutOfMemory { limit: 1, node: true, backtrace: Vec::new() },
        ] {
            tally.add(&ended(outcome, 5));
        }
        assert_eq!((tally.invocations, tally.mean_fuel(), tally.durations.p95()), (0, None, None));
        tally.add(&ended(Outcome::Ok, 5));
        tally.add(&ended(Outcome::TimedOut { limit_ms: 9 }, 9));
        tally.add(&ended(Outcome::OutOfMemory { limit: 1, node: false, backtrace: Vec::new() }, 5));
        tally.answered_error();
        assert_eq!((tally.invocations, tally.failures()), (3, 3));
        tally.answered_error();
        assert_eq!(tally.failures(), 3, "never more than there were");
        assert_eq!((tally.mean_fuel(), tally.durations.p95()), (Some(10), Some(9000)));
    }

    #[test]
    fn a_sample_is_of_all_that_was_seen() {
        fastrand::seed(1);
        let mut tally = Tally::default();
        for millis in 0..20_000 {
            tally.add(&ended(Outcome::Ok, millis));
        }
        let values = tally.durations.values();
        assert_eq!((values.len(), tally.invocations), (SAMPLE_MAX, 20_000));
        let mean = values.iter().sum::<f64>() / values.len() as f64 / 1000.0;
        assert!((mean - 10_000.0).abs() < 1_500.0, "{mean}");
        let p95 = tally.durations.p95().unwrap() as f64 / 1000.0;
        assert!((p95 - 19_000.0).abs() < 600.0, "{p95}");
    }
}
