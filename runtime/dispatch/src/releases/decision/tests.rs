use lambent_storage::contract::samples::{name, namespace, record};
use lambent_types::{InvocationRecord, Meter, Outcome};

use super::*;

/// How a version behaves: which part of its invocations fails, how long they take on average, and how
/// much fuel they use at least.
#[derive(Clone, Copy)]
struct Behaviour {
    fails: f64,
    millis: f64,
    fuel: f64,
}

const GOOD: Behaviour = Behaviour { fails: 0.02, millis: 20.0, fuel: 1e6 };

impl Behaviour {
    fn invocation(self, random: &mut fastrand::Rng) -> InvocationRecord {
        // Times are spread as waiting times are, amounts of fuel evenly.
        let millis = -random.f64().max(1e-12).ln() * self.millis;
        let meter = Meter {
            fuel: (self.fuel * (1.0 + random.f64())) as u64,
            duration: Duration::from_secs_f64(millis / 1000.0),
            ..Meter::default()
        };
        let outcome =
            if random.f64() < self.fails { Outcome::Exited { code: 1 } } else { Outcome::Ok };
        InvocationRecord { outcome, meter, ..record(&namespace("ns"), &name("f"), "") }
    }
}

fn bounds(error_rate: &str, p95_duration: &str, fuel: &str) -> Bounds {
    fn some<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> Option<T> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }
    Bounds { error_rate: some(error_rate), p95_duration: some(p95_duration), fuel: some(fuel) }
}

/// Has both versions handle events, a tenth of them the new one, and compares them as a release does.
/// Returns after how many invocations of the new version that is taken back, and why.
fn release(
    (old, new): (Behaviour, Behaviour),
    bounds: &Bounds,
    seed: u64,
    events: u32,
) -> Option<(u64, String)> {
    fastrand::seed(seed);
    let mut random = fastrand::Rng::with_seed(seed);
    let from = VersionNumber::Number(1);
    let mut compared = Compared { from, to: 2, old: Tally::default(), new: Tally::default() };
    let (mut looks, mut at) = (0, FIRST_LOOK);
    for _ in 0..events {
        if random.f64() >= 0.1 {
            compared.old.add(&old.invocation(&mut random));
            continue;
        }
        compared.new.add(&new.invocation(&mut random));
        let invocations = compared.new.invocations;
        if invocations >= at && compared.is_enough(bounds) {
            (looks, at) = (looks + 1, next_look(invocations));
            if let Some(reason) = compared.regression(bounds, looks) {
                return Some((invocations, reason));
            }
        }
    }
    None
}

#[test]
fn ten_invocations_prove_nothing_whatever_they_do() {
    let worst = Behaviour { fails: 1.0, millis: 1e4, fuel: 1e9 };
    let mut random = fastrand::Rng::with_seed(1);
    let from = VersionNumber::Number(1);
    let mut compared = Compared { from, to: 2, old: Tally::default(), new: Tally::default() };
    for _ in 0..10_000 {
        compared.old.add(&GOOD.invocation(&mut random));
    }
    for _ in 0..10 {
        compared.new.add(&worst.invocation(&mut random));
        for bounds in [bounds("+0%", "+0%", "+0%"), bounds("1%", "1ms", "1")] {
            assert!(!compared.is_enough(&bounds));
            assert_eq!(compared.regression(&bounds, 1), None);
        }
    }
    // Nor do ten of the version before, where it is compared with that.
    let mut few = Compared { old: Tally::default(), ..compared };
    for _ in 0..100 {
        few.new.add(&worst.invocation(&mut random));
    }
    for _ in 0..10 {
        few.old.add(&GOOD.invocation(&mut random));
    }
    assert_eq!(few.regression(&bounds("+0%", "", ""), 1), None);
    assert!(few.regression(&bounds("1%", "", ""), 1).is_some());
}

#[test]
fn a_real_regression_is_found_and_told_in_numbers() {
    let all = bounds("+50%", "+25%", "+10%");
    for (new, told) in [
        (Behaviour { fails: 0.2, ..GOOD }, "invocations of version 2 failed"),
        (Behaviour { millis: 60.0, ..GOOD }, "95th percentile of durations"),
        (Behaviour { fuel: 1.5e6, ..GOOD }, "fuel on average"),
    ] {
        for seed in 0..20 {
            let (after, reason) = release((GOOD, new), &all, seed, 60_000).unwrap();
            assert!(reason.contains(told), "{reason}");
            assert!(reason.contains("the bound is +") && reason.contains("(p = "), "{reason}");
            assert!(after < 1500, "only after {after}: {reason}");
        }
    }
    for (bounds, new) in [
        (bounds("5%", "", ""), Behaviour { fails: 0.2, ..GOOD }),
        (bounds("", "80ms", ""), Behaviour { millis: 60.0, ..GOOD }),
        (bounds("", "", "1600000"), Behaviour { fuel: 1.5e6, ..GOOD }),
    ] {
        assert!(release((GOOD, new), &bounds, 7, 60_000).is_some(), "{bounds:?}");
    }
}

#[test]
fn what_fails_always_is_taken_back_at_the_first_look() {
    let new = Behaviour { fails: 1.0, ..GOOD };
    let (after, reason) = release((GOOD, new), &bounds("+50%", "", ""), 3, 10_000).unwrap();
    assert_eq!(after, INVOCATIONS_MIN, "{reason}");
    assert!(reason.starts_with("30 of 30 (100.000%)"), "{reason}");
}

#[test]
fn what_is_worse_within_its_bounds_goes_on() {
    let allowed = bounds("+100%", "+50%", "+30%");
    let new = Behaviour { fails: 0.03, millis: 25.0, fuel: 1.2e6 };
    for seed in 0..10 {
        assert_eq!(release((GOOD, new), &allowed, seed, 30_000), None);
    }
    // A difference that no machine keeps is none, however large a part it is.
    let (old, new) = (Behaviour { millis: 0.05, ..GOOD }, Behaviour { millis: 0.2, ..GOOD });
    assert_eq!(release((old, new), &bounds("", "+10%", ""), 5, 30_000), None);
}

/// The two versions are the same, and the bounds allow nothing more: whatever is taken back is so by
/// chance. The level says that this is one release of a hundred at most.
#[test]
fn releases_of_the_same_again_are_taken_back_as_rarely_as_the_level_says() {
    let strict = bounds("+0%", "+0%", "+0%");
    let slow = Behaviour { millis: 200.0, fails: 0.1, ..GOOD };
    let releases = 400;
    let wrong: Vec<_> =
        (0..releases).filter_map(|seed| release((slow, slow), &strict, seed, 8_000)).collect();
    // Four are expected at most; more than eleven have a probability of one in a thousand then.
    assert!(wrong.len() <= 11, "{} of {releases}: {wrong:#?}", wrong.len());
    // Versions that are as good as an absolute bound allows are left alone too.
    let limits = bounds("10%", "600ms", "1500001");
    let wrong: Vec<_> =
        (0..releases).filter_map(|seed| release((slow, slow), &limits, seed, 8_000)).collect();
    assert!(wrong.len() <= 11, "{} of {releases}: {wrong:#?}", wrong.len());
}

#[test]
fn the_levels_of_all_looks_and_bounds_sum_up_to_that_of_the_release() {
    let sum: f64 = (1..100_000).map(|look| level(look, 3) * 3.0).sum();
    assert!(sum <= LEVEL && sum > LEVEL * 0.99, "{sum}");
    let (mut looks, mut at) = (1, FIRST_LOOK);
    while at < 1_000_000 {
        (looks, at) = (looks + 1, next_look(at));
    }
    assert!(looks < 60, "{looks}");
}
