//! What a client says of a release.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bound::Bounds;
use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::limits::bounds;
use crate::size::format_duration;
use crate::weight::Weight;

/// A step of a release: which part of the events the new version handles, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The part of the events: more than 0, less than 1.
    #[schema(value_type = f64)]
    pub weight: Weight,
    /// For how many milliseconds: a second to 30 days.
    pub duration_ms: u64,
}

impl Step {
    /// Returns for how long it lasts.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        Duration::from_millis(self.duration_ms)
    }

    /// Returns the steps of a release for which none are given: a tenth for five minutes, then a half
    /// for five more.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        let step = |parts| Some(Self { weight: Weight::millionths(parts)?, duration_ms: 300_000 });
        [100_000, 500_000].into_iter().filter_map(step).collect()
    }
}

/// How an alias is to go over to another version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleasePlan {
    /// The version to go over to, by its number.
    pub version: u64,
    /// The steps, whose weights grow; after the last the version handles everything. None at all
    /// (`[]`): it does so at once. If absent: a tenth for five minutes, then a half for five more.
    #[serde(default = "Step::usual")]
    pub steps: Vec<Step>,
    /// What takes the release back by itself; nothing does if absent.
    #[serde(default, skip_serializing_if = "Bounds::is_empty")]
    pub bounds: Bounds,
}

impl ReleasePlan {
    /// Checks what can be checked without knowing the function.
    ///
    /// # Errors
    /// `InvalidConfiguration`.
    pub fn validate(&self) -> Result<(), Error> {
        let invalid = |detail: String| Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        if self.version == 0 {
            return invalid("versions are numbered from 1".into());
        }
        let (count, most) = (self.steps.len(), bounds::RELEASE_STEPS_MAX);
        if count > most {
            return invalid(format!("the release has {count} steps; the most is {most}"));
        }
        if count == 0 && !self.bounds.is_empty() {
            return invalid(
                "without steps all events go over at once, and there is nothing to compare with; \
                 give steps, or no bounds"
                    .into(),
            );
        }
        let (least, longest) = (bounds::RELEASE_STEP_MIN, bounds::RELEASE_STEP_MAX);
        for step in &self.steps {
            if !(least..=longest).contains(&step.duration()) {
                return invalid(format!(
                    "a step lasts {}; it must be between {} and {}",
                    format_duration(step.duration()),
                    format_duration(least),
                    format_duration(longest)
                ));
            }
            if step.weight.get() == Weight::WHOLE {
                return invalid(
                    "a step gives the new version a part, so that there is something to compare it \
                     with; after the last it handles everything anyway: leave out the step of 100%"
                        .into(),
                );
            }
        }
        if let Some((first, second)) =
            self.steps.iter().zip(self.steps.iter().skip(1)).find(|(a, b)| a.weight >= b.weight)
        {
            let (first, second) = (first.weight, second.weight);
            return invalid(format!(
                "a step of {second} follows one of {first}; each gives the new version more than \
                 the one before"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(json: &str) -> Result<ReleasePlan, String> {
        let plan: ReleasePlan = serde_json::from_str(json).map_err(|error| error.to_string())?;
        plan.validate().map_err(|error| error.detail().to_owned())?;
        Ok(plan)
    }

    #[test]
    fn a_version_is_enough() {
        let plan = plan(r#"{"version":7}"#).unwrap();
        let weights: Vec<_> = plan.steps.iter().map(|step| step.weight.get()).collect();
        assert_eq!((weights, plan.bounds.is_empty()), (vec![100_000, 500_000], true));
    }

    #[test]
    fn what_is_no_plan_is_said() {
        let steps = |steps: &str| plan(&format!(r#"{{"version":7,"steps":[{steps}]}}"#));
        assert!(steps("").is_ok());
        assert!(steps(r#"{"weight":0.1,"duration_ms":1000}"#).is_ok());
        let twice = r#"{"weight":0.5,"duration_ms":1000},{"weight":0.5,"duration_ms":1000}"#;
        let many = vec![r#"{"weight":0.5,"duration_ms":1000}"#; 21].join(",");
        for (wrong, told) in [
            (plan(r#"{"version":0}"#), "numbered from 1"),
            (plan(r#"{"version":7,"steps":[],"bounds":{"fuel":"+1%"}}"#), "without steps"),
            (plan(r#"{"version":7,"step":[]}"#), "unknown field"),
            (steps(r#"{"weight":1,"duration_ms":1000}"#), "leave out the step of 100%"),
            (steps(r#"{"weight":0.5,"duration_ms":999}"#), "between 1s and 720h"),
            (steps(r#"{"weight":0.5,"duration_ms":2592000001}"#), "between 1s and 720h"),
            (steps(twice), "follows one of 50%"),
            (steps(&many), "21 steps"),
        ] {
            let error = wrong.unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
