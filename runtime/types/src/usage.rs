use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::alias::AliasName;
use crate::name::FunctionName;
use crate::version_number::VersionNumber;

/// What invocations used, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Used {
    /// How many.
    pub invocations: u64,
    /// Those that ended in anything but `ok`.
    pub failures: u64,
    /// Fuel, by the operator-cost table of this release.
    pub fuel: u64,
    /// Microseconds of wall clock.
    pub duration_us: u64,
    /// Duration times memory limit, in MiB-milliseconds; what Lambda bills as GB-seconds.
    pub mib_ms: u64,
    /// Bytes taken in.
    pub bytes_in: u64,
    /// Bytes given out.
    pub bytes_out: u64,
}

impl Used {
    /// Adds another sum.
    pub fn add(&mut self, other: &Self) {
        self.invocations = self.invocations.saturating_add(other.invocations);
        self.failures = self.failures.saturating_add(other.failures);
        self.fuel = self.fuel.saturating_add(other.fuel);
        self.duration_us = self.duration_us.saturating_add(other.duration_us);
        self.mib_ms = self.mib_ms.saturating_add(other.mib_ms);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
    }
}

/// What one version of a function used in one hour, by one way that it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageRecord {
    /// The function.
    #[schema(value_type = String)]
    pub function: FunctionName,
    /// The version that ran; absent from hours before versions were told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub version: Option<VersionNumber>,
    /// The alias that it was asked for by, if it was by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub alias: Option<AliasName>,
    /// The beginning of the hour.
    #[schema(value_type = String, format = DateTime)]
    pub hour: Timestamp,
    /// What it used.
    #[serde(flatten)]
    pub used: Used,
}

impl UsageRecord {
    /// Returns what tells it from others of its hour, in lower case: the function, then version and
    /// alias as far as there are any.
    #[must_use]
    pub fn key(&self) -> String {
        let version = self.version.map(|version| format!(":{version}"));
        let alias = self.alias.as_ref().map(|alias| format!(":{alias}"));
        let (version, alias) = (version.unwrap_or_default(), alias.unwrap_or_default());
        format!("{}{version}{alias}", self.function).to_ascii_lowercase()
    }
}
