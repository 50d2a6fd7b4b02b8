//! How likely it is that what was seen is chance.
//!
//! Each function returns the probability of what was seen, or of something more extreme, if the new
//! version were no worse than allowed: a one-sided p-value. What cannot be computed is 1: it proves
//! nothing.

use statrs::distribution::{Binomial, ContinuousCDF as _, DiscreteCDF as _, Normal};
use statrs::stats_tests::{Alternative, fishers_exact};

/// The part of values that are above the 95th percentile.
const ABOVE_P95: f64 = 0.05;

/// So many of so many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) count: u64,
    pub(super) of: u64,
}

/// The exact binomial test: each of `seen.of` is one of those counted with a probability of at most
/// `most`.
pub(super) fn more_than(seen: Part, most: f64) -> f64 {
    let Some(fewer) = seen.count.checked_sub(1) else { return 1.0 };
    Binomial::new(most, seen.of).map_or(1.0, |distribution| distribution.sf(fewer))
}

/// The conditional binomial test of Przyborowski and Wilenski: the rate of `new` is at most `times`
/// that of `old`. Of all that were counted, the new version then has its share at most.
pub(super) fn more_often(new: Part, old: Part, times: f64) -> f64 {
    let (new_of, old_of) = (new.of as f64 * times, old.of as f64);
    more_than(Part { count: new.count, of: new.count + old.count }, new_of / (new_of + old_of))
}

/// The test above for what is above the 95th percentile: at most one in twenty of `new` is above
/// `limit`.
pub(super) fn longer_than(new: &[f64], limit: f64) -> f64 {
    more_than(Part { count: above(new, limit), of: new.len() as u64 }, ABOVE_P95)
}

/// Mood's test, taken at the 95th percentile of both samples together instead of the median: Fisher's
/// exact test of whether more of `new` than of `old` are above it. Where several values are just that,
/// they are among those above if there are nearer to one in twenty of them then.
pub(super) fn longer_tail(new: &[f64], old: &[f64]) -> f64 {
    let mut all = [new, old].concat();
    all.sort_by(f64::total_cmp);
    let wanted = (all.len() as f64 * ABOVE_P95) as usize;
    let limit = all.len().checked_sub(wanted + 1).and_then(|index| all.get(index));
    let Some(limit) = limit else { return 1.0 };
    let fewest = all.iter().filter(|value| *value > limit).count();
    let most = all.iter().filter(|value| *value >= limit).count();
    let with_limit = most - wanted < wanted - fewest;
    let long = |values: &[f64]| {
        let is_long = |value: &&f64| *value > limit || with_limit && *value >= limit;
        values.iter().filter(is_long).count() as u64
    };
    let (new_long, old_long) = (long(new), long(old));
    let (new_short, old_short) = (new.len() as u64 - new_long, old.len() as u64 - old_long);
    let table = [new_long, new_short, old_long, old_short];
    fishers_exact(&table, Alternative::Greater).unwrap_or(1.0)
}

/// The rank test of Mann and Whitney: a value of `new` is not above one of `old` more often than below.
/// By the normal approximation, corrected for ties and for continuity.
pub(super) fn larger(new: &[f64], old: &[f64]) -> f64 {
    let marked = new.iter().map(|value| (*value, true));
    let mut all: Vec<_> = marked.chain(old.iter().map(|value| (*value, false))).collect();
    all.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let (mut ranks, mut ties, mut before) = (0.0, 0.0, 0.0);
    for same in all.chunk_by(|(one, _), (other, _)| one.total_cmp(other).is_eq()) {
        let size = same.len() as f64;
        let own = same.iter().filter(|(_, is_new)| *is_new).count() as f64;
        ranks += own * (before + (size + 1.0) / 2.0);
        ties += size * (size * size - 1.0);
        before += size;
    }
    let (n, m, all) = (new.len() as f64, old.len() as f64, all.len() as f64);
    let above = ranks - n * (n + 1.0) / 2.0;
    let variance = n * m / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    let z = (above - n * m / 2.0 - 0.5) / variance.sqrt();
    // There is none where all values are the same, or none are there.
    if z.is_finite() { Normal::standard().sf(z) } else { 1.0 }
}

/// The sign test: at most half of `new` are above `limit`.
pub(super) fn larger_than(new: &[f64], limit: f64) -> f64 {
    more_than(Part { count: above(new, limit), of: new.len() as u64 }, 0.5)
}

fn above(values: &[f64], limit: f64) -> u64 {
    values.iter().filter(|value| **value > limit).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64) {
        assert!((value / expected - 1.0).abs() < 1e-6, "{value} is not {expected}");
    }

    fn part(count: u64, of: u64) -> Part {
        Part { count, of }
    }

    #[test]
    fn binomial_tests_are_exact() {
        near(more_than(part(3, 3), 0.1), 0.001);
        near(more_than(part(1, 2), 0.5), 0.75);
        near(more_than(part(0, 9), 0.5), 1.0);
        // Of four failures all are of the version with a tenth of the events.
        near(more_often(part(4, 10), part(0, 90), 1.0), 0.0001);
        near(more_often(part(1, 10), part(0, 90), 9.0), 0.5);
        near(more_often(part(0, 10), part(0, 90), 1.0), 1.0);
    }

    #[test]
    fn tails_and_ranks_are_compared() {
        let fast: Vec<f64> = (0..100).map(f64::from).collect();
        let slow: Vec<f64> = (0..100).map(|n| f64::from(n) + 200.0).collect();
        assert!(longer_tail(&slow, &fast) < 0.03 && longer_tail(&fast, &slow) > 0.9);
        assert!(longer_tail(&fast, &fast) > 0.5);
        assert!(larger(&slow, &fast) < 1e-9 && larger(&fast, &slow) > 0.999);
        // As scipy has it.
        let (one, other) = ([19.0, 22.0, 16.0, 29.0, 24.0], [20.0, 11.0, 17.0, 12.0]);
        near(larger(&one, &other), 0.055_673_443_266_570_2);
        assert!(
            (larger(&[], &one) - 1.0).abs() < 1e-9 && (longer_tail(&[], &[]) - 1.0).abs() < 1e-9
        );
        let same = vec![7.0; 50];
        assert!(larger(&same, &same) > 0.4 && longer_tail(&same, &same) > 0.9);
        assert!(longer_than(&slow, 100.0) < 1e-9 && longer_than(&slow, 295.0) > 0.4);
        assert!(larger_than(&slow, 100.0) < 1e-9 && larger_than(&slow, 250.0) > 0.4);
    }

    #[test]
    fn the_middle_may_stay_where_it_is_while_the_tail_grows() {
        let old: Vec<f64> = (0..400).map(|n| 10.0 + f64::from(n % 20)).collect();
        let new: Vec<f64> =
            (0..400).map(|n| if n % 8 == 0 { 500.0 } else { 10.0 + f64::from(n % 20) }).collect();
        assert!(longer_tail(&new, &old) < 1e-6);
    }
}
