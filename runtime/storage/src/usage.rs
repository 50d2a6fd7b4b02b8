use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{FunctionName, Namespace};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::StorageError;

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

/// What one function used in one hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageRecord {
    /// The function.
    #[schema(value_type = String)]
    pub function: FunctionName,
    /// The beginning of the hour.
    #[schema(value_type = String, format = DateTime)]
    pub hour: Timestamp,
    /// What it used.
    #[serde(flatten)]
    pub used: Used,
}

/// Usage by namespace, function and hour. Nodes add to the same sums. What was recorded is durable; what
/// the process still holds back, at most a few seconds, is lost in a crash.
#[async_trait]
pub trait Usage: Send + Sync {
    /// Adds to the sums, all of one namespace or none.
    ///
    /// # Errors
    /// The store failed; what some of the namespaces used may have been added.
    async fn record(&self, records: Vec<(Namespace, UsageRecord)>) -> Result<(), StorageError>;

    /// The sums of hours that begin in `since..until`, by hour and function.
    ///
    /// # Errors
    /// The store failed.
    async fn query(
        &self,
        namespace: &Namespace,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<UsageRecord>, StorageError>;
}
