use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use lambent_types::{DeliveryPolicy, Retry};

/// The longest pause between two attempts; Lambda's for asynchronous
/// invocation is five minutes, but policies may begin with an hour.
const BACKOFF_MAX: Duration = Duration::from_secs(3600);
/// Pauses of events that the node had no room for; Lambda's.
const ROOM_MIN: Duration = Duration::from_secs(1);
const ROOM_MAX: Duration = Duration::from_secs(300);

/// How long to wait after a failed attempt: twice as long after each, and
/// between half and all of that, so that what failed together does not come
/// again together.
pub(super) fn backoff(policy: &DeliveryPolicy, attempt: u32, retry: Retry) -> Duration {
    let first = Duration::from_millis(policy.backoff_ms);
    let doubled =
        first.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
    let pause = scattered(doubled.min(BACKOFF_MAX));
    match retry {
        Retry::After(least) => pause.max(least),
        Retry::Policy | Retry::Never => pause,
    }
}

/// How long an event waits for room that has waited so long already.
pub(super) fn room(age: Duration) -> Duration {
    scattered((age / 2).clamp(ROOM_MIN, ROOM_MAX))
}

/// How long a message waits that the node did not begin with, and its poller
/// before it tries another: short, since whether there is room is asked first.
pub(super) fn refused() -> Duration {
    scattered(ROOM_MIN)
}

/// Between half and all of a duration, by chance.
pub(super) fn scattered(most: Duration) -> Duration {
    // A hasher of its own has a seed of its own: all the chance that is needed.
    let chance = RandomState::new().hash_one(0) % 1024;
    most / 2 + (most / 2).mul_f64(chance as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_scatter() {
        let policy = DeliveryPolicy { backoff_ms: 1000, ..DeliveryPolicy::default() };
        for (attempt, most) in [(1, 1000), (2, 2000), (3, 4000), (40, 3_600_000)] {
            let pause = backoff(&policy, attempt, Retry::Policy).as_millis();
            assert!((most / 2..=most).contains(&pause), "{attempt}: {pause}");
        }
        let asked = backoff(&policy, 1, Retry::After(Duration::from_secs(60)));
        assert_eq!(asked, Duration::from_secs(60));
        assert!(room(Duration::ZERO) >= ROOM_MIN / 2 && room(Duration::MAX) <= ROOM_MAX);
    }
}
