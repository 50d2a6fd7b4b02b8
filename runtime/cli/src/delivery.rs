//! The delivery flags that triggers and schedules share.

use std::time::Duration;

use clap::Args;
use lambent_types::{DeliveryPolicy, Destination};

use crate::duration;
use crate::error::CliError;

/// How events are delivered.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Delivery [default: as the function's configuration says]")]
pub(crate) struct DeliveryArgs {
    /// Most attempts, the first included
    #[arg(long, value_name = "N")]
    attempts: Option<u32>,

    /// Give an event up after this time
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    max_age: Option<Duration>,

    /// Wait so long before the second attempt; doubles with every further one
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    backoff: Option<Duration>,

    /// Where an event goes that is given up: queue:NAME or function:NAME
    #[arg(long, value_name = "DESTINATION")]
    dead_letter: Option<Destination>,

    /// Where a record goes of an event that is given up
    #[arg(long, value_name = "DESTINATION")]
    on_failure: Option<Destination>,

    /// Where a record goes of an event that was handled
    #[arg(long, value_name = "DESTINATION")]
    on_success: Option<Destination>,
}

impl DeliveryArgs {
    /// The policy these flags ask for; `None` if none was given.
    ///
    /// # Errors
    /// Usage: a value is out of bounds.
    pub(crate) fn to_policy(&self) -> Result<Option<DeliveryPolicy>, CliError> {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let default = DeliveryPolicy::default();
        let policy = DeliveryPolicy {
            attempts_max: self.attempts.unwrap_or(default.attempts_max),
            age_max_ms: self.max_age.map_or(default.age_max_ms, ms),
            backoff_ms: self.backoff.map_or(default.backoff_ms, ms),
            dead_letter: self.dead_letter.clone(),
            on_failure: self.on_failure.clone(),
            on_success: self.on_success.clone(),
        };
        policy.validate().map_err(|error| CliError::usage(error.detail()))?;
        let given = self.attempts.is_some()
            || self.max_age.is_some()
            || self.backoff.is_some()
            || self.dead_letter.is_some()
            || self.on_failure.is_some()
            || self.on_success.is_some();
        Ok(given.then_some(policy))
    }
}

/// The members of a policy, one a line.
pub(crate) fn lines(policy: &DeliveryPolicy) -> String {
    let DeliveryPolicy {
        attempts_max,
        age_max_ms,
        backoff_ms,
        dead_letter,
        on_failure,
        on_success,
    } = policy;
    let numbers = [
        ("age_max_ms", *age_max_ms),
        ("attempts_max", u64::from(*attempts_max)),
        ("backoff_ms", *backoff_ms),
    ];
    let numbers = numbers.map(|(name, number)| format!("{name} {number}"));
    let destinations =
        [("dead_letter", dead_letter), ("on_failure", on_failure), ("on_success", on_success)];
    let destinations = destinations
        .into_iter()
        .filter_map(|(name, to)| to.as_ref().map(|to| format!("{name} {to}")));
    numbers.into_iter().chain(destinations).collect::<Vec<_>>().join("\n")
}
