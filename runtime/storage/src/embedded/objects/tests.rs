use std::path::Path;
use std::sync::Arc;

use lambent_types::SystemClock;

use crate::contract;
use crate::data_dir::DataDir;
use crate::embedded::objects::EmbeddedObjects;
use crate::embedded::shards::Shards;
use crate::quota::Quotas;

fn open(path: &Path) -> EmbeddedObjects {
    let data = DataDir::open(path).unwrap();
    let quotas = Quotas::default();
    let shards = Shards::open(&data, Arc::new(SystemClock), quotas).unwrap();
    EmbeddedObjects::open(&data, shards, quotas).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_keep_the_contract() {
    let home = tempfile::tempdir().unwrap();
    contract::check_objects(Arc::new(open(home.path()))).await;
}
