use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;
use jiff::Timestamp;
use lambent_storage::{UsageRecord, Used};
use lambent_types::{FunctionName, InvocationRecord, Namespace};

/// Seconds of an hour.
const HOUR: i64 = 3600;

/// What invocations used and was not stored yet, by function and hour.
#[derive(Debug, Default)]
pub(crate) struct UsageSums(Mutex<HashMap<(Namespace, FunctionName, i64), Used, RandomState>>);

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
        let hour = record.started.as_second().div_euclid(HOUR);
        let key = (record.namespace.clone(), record.function.clone(), hour);
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sums.entry(key).or_default().add(&used);
    }

    /// Takes all sums.
    pub(crate) fn take(&self) -> Vec<(Namespace, UsageRecord)> {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = std::mem::take(&mut *sums);
        let record = |((namespace, function, hour), used): ((Namespace, _, i64), Used)| {
            let hour = Timestamp::from_second(hour * HOUR).unwrap_or(Timestamp::UNIX_EPOCH);
            (namespace, UsageRecord { function, hour, used })
        };
        taken.into_iter().map(record).collect()
    }

    /// Gives back what could not be stored.
    pub(crate) fn give_back(&self, records: Vec<(Namespace, UsageRecord)>) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (namespace, record) in records {
            let hour = record.hour.as_second().div_euclid(HOUR);
            sums.entry((namespace, record.function, hour)).or_default().add(&record.used);
        }
    }
}
