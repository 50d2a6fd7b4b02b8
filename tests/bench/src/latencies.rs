//! How long answers took.

use std::time::Duration;

/// Every latency there was, in microseconds: exact, and small enough to keep.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    all: Vec<u32>,
    sorted: bool,
}

impl Latencies {
    pub(crate) fn push(&mut self, latency: Duration) {
        self.all.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
        self.sorted = false;
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.all.append(&mut other.all);
        self.sorted = false;
    }

    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// The microseconds that `part` of them did not exceed.
    pub(crate) fn quantile_us(&mut self, part: f64) -> f64 {
        if !self.sorted {
            self.all.sort_unstable();
            self.sorted = true;
        }
        let rank = (self.all.len() as f64 * part).ceil() as usize;
        self.all.get(rank.saturating_sub(1)).copied().map_or(f64::NAN, f64::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        let mut latencies = Latencies::default();
        assert!(latencies.quantile_us(0.5).is_nan());
        for ms in (1..=100).rev() {
            latencies.push(Duration::from_millis(ms));
        }
        assert_eq!(latencies.quantile_us(0.5), 50_000.0);
        assert_eq!(latencies.quantile_us(0.99), 99_000.0);
        assert_eq!(latencies.quantile_us(1.0), 100_000.0);
    }
}
