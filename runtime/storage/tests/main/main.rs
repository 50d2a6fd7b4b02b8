//! The backends against the contract, and what only the embedded one promises.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod data_dir;
mod embedded;
mod events;
mod faults;
mod keyvalue_model;
mod log_cost;
mod log_retention;
mod logs;
mod object_files;
mod object_properties;
mod queue_properties;

use std::sync::Arc;

use jiff::Timestamp;
use lambent_storage::{Quotas, Stores, contract, memory};
use lambent_types::{ManualClock, SystemClock};

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_the_contract() {
    contract::check_registry(Arc::new(memory::MemoryRegistry::default())).await;
    contract::check_code(Arc::new(memory::MemoryCode::default())).await;
    contract::check_logs(Arc::new(memory::MemoryLogs::default())).await;
    let stores = Stores::memory(Arc::new(SystemClock), Quotas::default());
    contract::check_objects(stores.objects.clone()).await;
    contract::check_keyvalue(stores.keyvalue.clone()).await;
    contract::check_queues(stores.queues.clone()).await;
    contract::check_event_log(stores.events.clone()).await;
    contract::check_triggers(&stores).await;
    contract::check_schedules(stores.schedules, stores.events).await;
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let timed = Stores::memory(clock.clone(), Quotas::default());
    contract::check_queues_in_time(timed.queues, &clock).await;
    contract::check_usage(Arc::new(memory::MemoryUsage::default())).await;
}
