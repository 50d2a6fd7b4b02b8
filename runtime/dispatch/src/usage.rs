use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;
use jiff::Timestamp;
use lambent_storage::{UsageRecord, Used};
use lambent_types::{AliasName, FunctionName, InvocationRecord, Namespace, VersionNumber};

/// Seconds of an hour.
const HOUR: i64 = 3600;

/// What invocations used and was not stored yet.
#[derive(Debug, Default)]
pub(crate) struct UsageSums(Mutex<HashMap<Key, Used, RandomState>>);

/// What is added up: what ran, by what it was asked for, and in which hour.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    namespace: Namespace,
    function: FunctionName,
    version: Option<VersionNumber>,
    alias: Option<AliasName>,
    hour: i64,
}

impl UsageSums {
    /// Adds a finished invocation under a memory limit to the hour it started in.
    pub(crate) fn add(&self, record: &InvocationRecord, memory_bytes: u64) {
        let meter = &record.meter;
        let duration_us = u64::try_from(meter.duration.as_micros()).unwrap_or(u64::MAX);
        let used = Used {
            invocations: 1,
            failures: u64::from(!record.outcome.is_ok()),
            fuel: meter.fuel,
            duration_us,
            mib_ms: memory_bytes.div_ceil(1 << 20).saturating_mul(duration_us.div_ceil(1000)),
            bytes_in: meter.bytes_in,
            bytes_out: meter.bytes_out,
        };
        let key = Key {
            namespace: record.namespace.clone(),
            function: record.function.clone(),
            version: Some(record.version),
            alias: record.alias.clone(),
            hour: record.started.as_second().div_euclid(HOUR),
        };
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sums.entry(key).or_default().add(&used);
    }

    /// Takes all sums.
    pub(crate) fn take(&self) -> Vec<(Namespace, UsageRecord)> {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = std::mem::take(&mut *sums);
        let record = |(key, used): (Key, Used)| {
            let Key { namespace, function, version, alias, hour } = key;
            let hour = Timestamp::from_second(hour * HOUR).unwrap_or(Timestamp::UNIX_EPOCH);
            (namespace, UsageRecord { function, version, alias, hour, used })
        };
        taken.into_iter().map(record).collect()
    }

    /// Gives back what could not be stored.
    pub(crate) fn give_back(&self, records: Vec<(Namespace, UsageRecord)>) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (namespace, record) in records {
            let UsageRecord { function, version, alias, hour, used } = record;
            let hour = hour.as_second().div_euclid(HOUR);
            let key = Key { namespace, function, version, alias, hour };
            sums.entry(key).or_default().add(&used);
        }
    }
}
