//! The backends against the contract, and what only the embedded one promises.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod data_dir;
mod embedded;
mod events;
mod faults;
mod keyvalue_model;
mod log_retention;
mod object_files;
mod object_properties;

use std::sync::Arc;

use jiff::Timestamp;
use lambent_storage::{Quotas, contract, memory};
use lambent_types::{ManualClock, SystemClock};

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_the_contract() {
    contract::check_registry(Arc::new(memory::MemoryRegistry::default())).await;
    contract::check_code(Arc::new(memory::MemoryCode::default())).await;
    contract::check_logs(Arc::new(memory::MemoryLogs::default())).await;
    let objects = memory::MemoryObjects::new(Arc::new(SystemClock), Quotas::default());
    contract::check_objects(Arc::new(objects)).await;
    let keys = memory::MemoryKeyValue::new(Arc::new(SystemClock), Quotas::default());
    contract::check_keyvalue(Arc::new(keys)).await;
    let events = memory::MemoryEvents::new(Arc::new(SystemClock), Quotas::default());
    let events = Arc::new(events);
    contract::check_queues(events.clone()).await;
    contract::check_event_log(events.clone()).await;
    contract::check_schedules(events.clone(), events).await;
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let timed = Arc::new(memory::MemoryEvents::new(clock.clone(), Quotas::default()));
    contract::check_queues_in_time(timed, &clock).await;
    contract::check_usage(Arc::new(memory::MemoryUsage::default())).await;
}
