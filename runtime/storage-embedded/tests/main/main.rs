//! The embedded backend against the contract, and what it promises beyond.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backup;
mod backup_contents;
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
mod table_crash;
mod table_model;
mod table_streams;
mod tables;
mod upgrade;
mod version_properties;
mod volumes;

use std::sync::Arc;

use lambent_storage::{Quota, Quotas, Stores, contract};
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::SystemClock;

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
    let embedded = lambent_storage_embedded::open(&data, options, Arc::new(SystemClock)).unwrap();
    contract::check_registry_quotas(embedded.registry.clone()).await;
    let ns = contract::samples::namespace("contract-quota");
    let held = embedded.holdings(&ns).await.unwrap();
    assert_eq!(held, memory.holdings(&ns).await.unwrap());
    assert_eq!(held.len(), Quota::ALL.len());
    let code = held.iter().find(|one| one.quota == Quota::CodeBytes).unwrap();
    assert_eq!((code.used, code.limit), (10, Some(10)));
}
