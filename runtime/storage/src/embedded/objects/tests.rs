//! The bytes of objects in an S3: in memory, and a real one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;

use lambent_types::SystemClock;
use object_store::memory::InMemory;

use crate::contract;
use crate::data_dir::DataDir;
use crate::embedded::objects::EmbeddedObjects;
use crate::embedded::objects::remote::Remote;
use crate::embedded::options::{ObjectBytes, Options, S3Options};
use crate::embedded::shards::Shards;
use crate::quota::Quotas;
use crate::space::Space;
use crate::stores::Stores;

fn open(path: &Path, store: Arc<InMemory>) -> EmbeddedObjects {
    let data = DataDir::open(path).unwrap();
    let shards =
        Shards::open(&data, Arc::new(SystemClock), (Quotas::default(), Space::unlimited()))
            .unwrap();
    EmbeddedObjects::new(shards, Arc::new(Remote::new(store, "a/b")))
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_in_an_s3_keep_the_contract() {
    let home = tempfile::tempdir().unwrap();
    let objects = Arc::new(open(home.path(), Arc::default()));
    contract::check_objects(objects.clone()).await;
    contract::check_large_object(objects, (50 << 20) + 7).await;
}

/// Against the S3 at `LAMBENT_TEST_S3_ENDPOINT`, in its bucket `lambent-test`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an S3"]
async fn a_real_s3_keeps_the_contract() {
    let home = tempfile::tempdir().unwrap();
    let s3 = S3Options {
        bucket: "lambent-test".into(),
        endpoint: std::env::var("LAMBENT_TEST_S3_ENDPOINT").ok(),
        region: Some("us-east-1".into()),
        prefix: "objects".into(),
    };
    let options = Options { objects: ObjectBytes::S3(s3), ..Options::default() };
    let data = DataDir::open(home.path()).unwrap();
    let stores = Stores::embedded(&data, options, Arc::new(SystemClock)).unwrap();
    contract::check_objects(Arc::clone(&stores.objects)).await;
    contract::check_large_object(Arc::clone(&stores.objects), (50 << 20) + 7).await;
    stores.sweep().await;
}
