//! Random numbers, which are not to be the same in instances that start from one snapshot.

use rand::RngExt as _;

/// A number for `Math.random`: QuickJS has its generator's state where nobody can change it.
pub(crate) fn number() -> f64 {
    rand::rng().random()
}

/// Seeds the generator anew, from the host.
pub(crate) fn reseed() {
    // Without the host's randomness there is none at all.
    if rand::rng().reseed().is_err() {
        std::process::abort();
    }
}
