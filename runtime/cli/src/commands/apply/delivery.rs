use lambent_types::{DeliveryPolicy, Destination};
use serde::Deserialize;

use super::kind::Kind;
use super::milliseconds::Milliseconds;

/// A delivery policy in a `lambent.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct Delivery {
    pub(super) attempts: Option<u32>,
    pub(super) age: Option<Milliseconds>,
    pub(super) backoff: Option<Milliseconds>,
    pub(super) dead_letter: Option<Destination>,
    pub(super) on_failure: Option<Destination>,
    pub(super) on_success: Option<Destination>,
}

impl Delivery {
    /// The policy. Members that are not given have their defaults.
    pub(super) fn policy(&self) -> DeliveryPolicy {
        let default = DeliveryPolicy::default();
        DeliveryPolicy {
            attempts_max: self.attempts.unwrap_or(default.attempts_max),
            age_max_ms: self.age.map_or(default.age_max_ms, |ms| ms.0),
            backoff_ms: self.backoff.map_or(default.backoff_ms, |ms| ms.0),
            dead_letter: self.dead_letter.clone(),
            on_failure: self.on_failure.clone(),
            on_success: self.on_success.clone(),
        }
    }
}

/// The resources that a policy names.
pub(super) fn destinations(policy: &DeliveryPolicy) -> Vec<(Kind, String)> {
    let all = [&policy.dead_letter, &policy.on_failure, &policy.on_success];
    let named = all.into_iter().flatten().map(|destination| match destination {
        Destination::Queue(queue) => (Kind::Queue, queue.to_string()),
        Destination::Function(function) => (Kind::Function, function.to_string()),
    });
    named.collect()
}
