use lambent_types::{DeliveryPolicy, Destination};
use serde::Deserialize;
use utoipa::ToSchema;

use super::kind::Kind;
use super::units::{Milliseconds, shown};

/// How events are delivered, and where they go in the end. A destination is `queue:NAME` or
/// `function:NAME`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a table such as { attempts = 3, dead-letter = \"queue:NAME\" }"
)]
pub(super) struct Delivery {
    /// Most attempts, the first included: 1 to 100.
    #[schema(value_type = Option<u32>, default = default_attempts)]
    pub(super) attempts: Option<u32>,
    /// An event is given up after this time: 1s to 14d.
    #[schema(value_type = Option<String>, default = default_age)]
    pub(super) age: Option<Milliseconds>,
    /// The pause before the second attempt, which doubles with every further one: 10ms to 1h.
    #[schema(value_type = Option<String>, default = default_backoff)]
    pub(super) backoff: Option<Milliseconds>,
    /// Where an event goes that is given up.
    #[schema(value_type = Option<String>)]
    pub(super) dead_letter: Option<Destination>,
    /// Where a record goes of an event that is given up.
    #[schema(value_type = Option<String>)]
    pub(super) on_failure: Option<Destination>,
    /// Where a record goes of an event that was handled.
    #[schema(value_type = Option<String>)]
    pub(super) on_success: Option<Destination>,
}

fn default_attempts() -> u32 {
    DeliveryPolicy::default().attempts_max
}

fn default_age() -> String {
    shown(DeliveryPolicy::default().age_max_ms)
}

fn default_backoff() -> String {
    shown(DeliveryPolicy::default().backoff_ms)
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

/// The resources that a policy names; of a function, whichever version or alias is named.
pub(super) fn destinations(policy: &DeliveryPolicy) -> Vec<(Kind, String)> {
    let all = [&policy.dead_letter, &policy.on_failure, &policy.on_success];
    let named = all.into_iter().flatten().map(|destination| match destination {
        Destination::Queue(queue) => (Kind::Queue, queue.to_string()),
        Destination::Function(function) => (Kind::Function, function.name.to_string()),
    });
    named.collect()
}
