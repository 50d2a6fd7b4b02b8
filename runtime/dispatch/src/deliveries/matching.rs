use lambent_types::{Event, Namespace, Pattern, TooCostly, bounds};

use crate::deliveries::Deliveries;
use crate::deliveries::blocking::IN_PLACE_BYTES_MAX;

/// Steps that a comparison may take in place: a millisecond at the most.
const IN_PLACE_STEPS_MAX: u64 = 20_000;

impl Deliveries {
    /// Whether one of the patterns matches an event, or there are none.
    pub(super) async fn matches(
        &self,
        namespace: &Namespace,
        patterns: &[Pattern],
        event: &Event,
    ) -> Result<bool, TooCostly> {
        if patterns.is_empty() {
            return Ok(true);
        }
        if event.data.len() <= IN_PLACE_BYTES_MAX
            && let Ok(wanted) = Pattern::any_matches(patterns, event, IN_PLACE_STEPS_MAX)
        {
            return Ok(wanted);
        }
        let (patterns, event) = (patterns.to_vec(), event.clone());
        let compare = move || Pattern::any_matches(&patterns, &event, bounds::PATTERN_STEPS_MAX);
        self.blocking.run(namespace, compare).await.unwrap_or(Err(TooCostly))
    }
}
