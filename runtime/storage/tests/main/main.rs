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
mod reserve;

use std::sync::Arc;

use jiff::Timestamp;
use lambent_storage::{DataDir, Options, Quota, Quotas, Stores, contract};
use lambent_types::{ManualClock, SystemClock};

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_the_contract() {
    let stores = Stores::memory(Arc::new(SystemClock), Quotas::default());
    contract::check_registry(stores.registry.clone()).await;
    contract::check_code(stores.code.clone()).await;
    contract::check_logs(stores.logs.clone()).await;
    contract::check_objects(stores.objects.clone()).await;
    contract::check_keyvalue(stores.keyvalue.clone()).await;
    contract::check_queues(stores.queues.clone()).await;
    contract::check_event_log(stores.events.clone()).await;
    contract::check_triggers(&stores).await;
    contract::check_schedules(stores.schedules.clone(), stores.events.clone()).await;
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let timed = Stores::memory(clock.clone(), Quotas::default());
    contract::check_queues_in_time(timed.queues, &clock).await;
    contract::check_usage(stores.usage).await;
}

#[tokio::test]
async fn quotas_of_functions_are_enforced() {
    let quotas = Quotas::default()
        .with(Quota::Functions, 2)
        .with(Quota::Versions, 2)
        .with(Quota::CodeBytes, 10);
    let memory = Stores::memory(Arc::new(SystemClock), quotas);
    contract::check_registry_quotas(memory.registry.clone()).await;
    let home = tempfile::tempdir().unwrap();
    let data = DataDir::open(home.path()).unwrap();
    let options = Options { quotas, ..Options::default() };
    let embedded = Stores::embedded(&data, options, Arc::new(SystemClock)).unwrap();
    contract::check_registry_quotas(embedded.registry.clone()).await;
    let ns = contract::samples::namespace("contract-quota");
    let held = embedded.holdings(&ns).await.unwrap();
    assert_eq!(held, memory.holdings(&ns).await.unwrap());
    assert_eq!(held.len(), Quota::ALL.len());
    let code = held.iter().find(|one| one.quota == Quota::CodeBytes).unwrap();
    assert_eq!((code.used, code.limit), (10, Some(10)));
}
