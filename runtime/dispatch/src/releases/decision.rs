//! Whether a new version does worse than its bounds allow. Decided of numbers alone: adr/0070.

use std::time::Duration;

use lambent_types::{Bound, Bounds, Increase, VersionNumber, Weight, format_count};

use super::significance::{self, Part};
use super::tally::Tally;

/// How likely a release is taken back for nothing, over all its bounds and comparisons together.
const LEVEL: f64 = 0.01;
/// Fewest invocations of a version that are compared.
const INVOCATIONS_MIN: u64 = 30;
/// What a duration may differ by in any case, in microseconds: less is the machine's doing.
const DURATION_SLACK: f64 = 1000.0;

/// After how many invocations of the new version it is first compared.
pub(super) const FIRST_LOOK: u64 = INVOCATIONS_MIN;

/// After how many invocations of the new version it is compared again: a quarter more, so that a
/// million of them are compared fifty times.
pub(super) fn next_look(invocations: u64) -> u64 {
    invocations + (invocations / 4).max(10)
}

/// The level of one bound at one comparison. Over all comparisons, which are counted from 1, and all
/// bounds these sum up to [`LEVEL`] at most.
fn level(look: u32, bounds: u32) -> f64 {
    let look = f64::from(look.max(1));
    LEVEL / (look * (look + 1.0)) / f64::from(bounds.max(1))
}

/// What was seen of the two versions of a release.
#[derive(Debug, Clone)]
pub(super) struct Compared {
    pub(super) from: VersionNumber,
    pub(super) to: u64,
    pub(super) old: Tally,
    pub(super) new: Tally,
}

impl Compared {
    /// Whether enough was seen of each for these bounds.
    pub(super) fn is_enough(&self, bounds: &Bounds) -> bool {
        fn is_relative<T>(bound: Option<Bound<T>>) -> bool {
            matches!(bound, Some(Bound::Relative(_)))
        }
        let with_old = is_relative(bounds.error_rate)
            || is_relative(bounds.p95_duration)
            || is_relative(bounds.fuel);
        let old = !with_old || self.old.invocations >= INVOCATIONS_MIN;
        old && self.new.invocations >= INVOCATIONS_MIN
    }

    /// Why the new version is to be taken back, in numbers, if it is; `look` counts the comparisons
    /// from 1.
    pub(super) fn regression(&self, bounds: &Bounds, look: u32) -> Option<String> {
        if !self.is_enough(bounds) {
            return None;
        }
        let level = level(look, bounds.count());
        let told = |(what, bound, p): (String, String, f64)| {
            (p < level).then(|| format!("{what}; the bound is {bound} (p = {p:.1e} < {level:.1e})"))
        };
        let error_rate = bounds.error_rate.and_then(|bound| told(self.error_rate(bound)?));
        error_rate
            .or_else(|| told(self.p95_duration(bounds.p95_duration?)?))
            .or_else(|| told(self.fuel(bounds.fuel?)?))
    }

    /// What was seen, if it is beyond the bound, with the bound and how likely that is chance.
    fn error_rate(&self, bound: Bound<Weight>) -> Option<(String, String, f64)> {
        let part = |tally: &Tally| Part { count: tally.failures(), of: tally.invocations };
        let (new, old) = (part(&self.new), part(&self.old));
        let (most, p) = match bound {
            Bound::Absolute(most) => (most.part(), significance::more_than(new, most.part())),
            Bound::Relative(increase) => {
                let times = increase.factor();
                (self.old.error_rate() * times, significance::more_often(new, old, times))
            }
        };
        let shown = |tally: &Tally, Part { count, of }: Part| {
            let (percent, count) = (tally.error_rate() * 100.0, format_count(count));
            format!("{count} of {} ({percent:.3}%)", format_count(of))
        };
        let what = format!(
            "{} invocations of version {} failed, {} of version {}",
            shown(&self.new, new),
            self.to,
            shown(&self.old, old),
            self.from
        );
        (self.new.error_rate() > most).then(|| (what, bound.to_string(), p))
    }

    fn p95_duration(&self, bound: Bound<Duration>) -> Option<(String, String, f64)> {
        let (new, old) = (&self.new.durations, &self.old.durations);
        let p95 = new.p95()? as f64;
        let allowed = |increase: Increase, duration: f64| {
            (duration * increase.factor()).max(duration + DURATION_SLACK)
        };
        let (most, p) = match bound {
            Bound::Absolute(most) => {
                let most = most.as_micros() as f64;
                (most, significance::longer_than(&new.values(), most))
            }
            Bound::Relative(increase) => {
                let values = old.values().into_iter().map(|value| allowed(increase, value));
                let p = significance::longer_tail(&new.values(), &values.collect::<Vec<_>>());
                (allowed(increase, old.p95()? as f64), p)
            }
        };
        let shown = |p95: Option<u64>| match p95 {
            Some(micros) => format!("{:.3} ms", micros as f64 / 1000.0),
            None => "unknown".into(),
        };
        let what = format!(
            "the 95th percentile of durations is {} of version {} ({} invocations), and {} of \
             version {} ({} invocations)",
            shown(new.p95()),
            self.to,
            format_count(self.new.invocations),
            shown(old.p95()),
            self.from,
            format_count(self.old.invocations)
        );
        (p95 > most).then(|| (what, bound.to_string(), p))
    }

    fn fuel(&self, bound: Bound<u64>) -> Option<(String, String, f64)> {
        let mean = self.new.mean_fuel()?;
        let (new, old) = (self.new.fuel.values(), self.old.fuel.values());
        let (most, p) = match bound {
            Bound::Absolute(most) => (most as f64, significance::larger_than(&new, most as f64)),
            Bound::Relative(increase) => {
                let times = increase.factor();
                let allowed: Vec<_> = old.into_iter().map(|fuel| fuel * times).collect();
                let most = self.old.mean_fuel()? as f64 * times;
                (most, significance::larger(&new, &allowed))
            }
        };
        let shown = |fuel: Option<u64>| fuel.map_or_else(|| "unknown".into(), format_count);
        let what = format!(
            "an invocation of version {} uses {} fuel on average, and one of version {} {}",
            self.to,
            format_count(mean),
            self.from,
            shown(self.old.mean_fuel())
        );
        (mean as f64 > most).then(|| (what, bound.to_string(), p))
    }
}

#[cfg(test)]
mod tests;
