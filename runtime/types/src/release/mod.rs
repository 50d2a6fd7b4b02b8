//! Releases: how an alias goes over from one version of a function to another, by steps, and back.

mod bound;
mod plan;
mod statistics;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::bound::{Bound, BoundValue, Bounds, Increase, InvalidBound};
pub use self::plan::{ReleasePlan, Step};
pub use self::statistics::{ReleaseStatistics, VersionStatistics};
use crate::version_number::VersionNumber;

/// How it stands with a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseState {
    /// It goes from step to step as time passes.
    Running,
    /// It stays at its step until it is resumed.
    Paused,
    /// The new version handles everything.
    Promoted,
    /// The version before handles everything again.
    RolledBack,
}

impl ReleaseState {
    /// Returns the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled-back",
        }
    }
}

/// How far a release has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// The step that it is at, counted from 0.
    pub step: usize,
    /// How many milliseconds of that step are left. Only time during which a node drives the
    /// release counts.
    pub left_ms: u64,
    /// How often the two versions have been compared.
    pub looks: u32,
}

impl Progress {
    /// Returns how much of the step is left.
    #[must_use]
    pub const fn left(&self) -> Duration {
        Duration::from_millis(self.left_ms)
    }
}

/// How an alias goes, or went, over from one version to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Release {
    /// The version before.
    #[schema(value_type = String)]
    pub from: VersionNumber,
    /// The new version, by its number.
    pub to: u64,
    /// The steps; none if all events went over at once.
    pub steps: Vec<Step>,
    /// What takes it back by itself.
    #[serde(default, skip_serializing_if = "Bounds::is_empty")]
    pub bounds: Bounds,
    /// How it stands.
    pub state: ReleaseState,
    /// Why it was rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How far it has come.
    #[serde(flatten)]
    pub progress: Progress,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started: Timestamp,
    /// When it last went on to another step or state.
    #[schema(value_type = String, format = DateTime)]
    pub changed: Timestamp,
}

impl Release {
    /// Returns whether it is under way: running or paused.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self.state, ReleaseState::Running | ReleaseState::Paused)
    }

    /// Returns the step that it is at, if it is under way.
    #[must_use]
    pub fn step(&self) -> Option<&Step> {
        self.steps.get(self.progress.step).filter(|_| self.is_active())
    }
}
