//! The backend in memory against the contract.

use std::sync::Arc;

use jiff::Timestamp;
use lambent_storage::{Quotas, Stores, contract};
use lambent_types::{ManualClock, SystemClock};

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_the_contract() {
    let stores = Stores::memory(Arc::new(SystemClock), Quotas::default());
    contract::check_registry(stores.registry.clone()).await;
    contract::check_code(stores.code.clone()).await;
    contract::check_logs(stores.logs.clone()).await;
    contract::check_objects(stores.objects.clone()).await;
    contract::check_keyvalue(stores.keyvalue.clone()).await;
    contract::check_tables(&stores).await;
    contract::check_queues(stores.queues.clone()).await;
    contract::check_event_log(stores.events.clone()).await;
    contract::check_triggers(&stores).await;
    contract::check_own_quotas(&stores).await;
    contract::check_changes(&stores).await;
    contract::check_resources(&stores).await;
    contract::check_schedules(&stores).await;
    contract::check_volumes(&stores).await;
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let timed = Stores::memory(clock.clone(), Quotas::default());
    contract::check_queues_in_time(timed.queues, &clock).await;
    contract::check_usage(stores.usage).await;
    let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
    let timed = Stores::memory(clock.clone(), Quotas::default());
    contract::check_tables_in_time(&timed, &clock).await;
}
