use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use lambent_storage::contract::{self, samples};
use lambent_storage::fault::{Faults, When};
use lambent_storage::{
    ByteStream, Condition, ListObjects, ObjectError, PutObject, StorageError, Stores,
};
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::{BucketName, Digest, Namespace, Origin, SystemClock};

fn open(home: &tempfile::TempDir) -> Stores {
    let data = DataDir::open(home.path()).unwrap();
    lambent_storage_embedded::open(&data, Options::default(), Arc::new(SystemClock)).unwrap()
}

fn stream(text: &str) -> ByteStream {
    let bytes = text.to_owned().into();
    futures::stream::once(async move { Ok(bytes) }).boxed()
}

async fn put(stores: &Stores, (ns, b): &(Namespace, BucketName), key: &str, text: &str) -> bool {
    let put = PutObject::default();
    let done = stores.objects.put(ns, b, key, put, stream(text), &Origin::default()).await;
    match done {
        Ok(_) => true,
        Err(ObjectError::Storage(StorageError::Unavailable { .. })) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_no_fault_set_it_keeps_the_contract() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(&home).with_faults(&Faults::new(1));
    contract::check_registry(stores.registry).await;
    contract::check_code(stores.code).await;
    contract::check_logs(stores.logs).await;
    contract::check_objects(stores.objects).await;
}

/// What was acknowledged stays; what failed did or did not happen, whole.
#[tokio::test]
async fn what_was_acknowledged_is_kept_whatever_fails() {
    for (seed, when) in [(1, When::Before), (2, When::After)] {
        let home = tempfile::tempdir().unwrap();
        let faults = Faults::new(seed);
        let stores = open(&home).with_faults(&faults);
        let place = (samples::namespace("ns"), "photos".parse().unwrap());
        let (ns, b) = &place;
        stores.objects.create_bucket(ns, b).await.unwrap();
        faults.fail_sometimes(0.3, when);
        // By key: what the object may be.
        let mut possible: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
        for round in 0..200 {
            let key = format!("key{}", round % 7);
            let may = possible.entry(key.clone()).or_insert_with(|| vec![None]);
            let (done, new) = if round % 5 == 4 {
                let deleted =
                    stores.objects.delete(ns, b, &key, Condition::None, &Origin::default()).await;
                (deleted.is_ok(), None)
            } else {
                let text = format!("{round}");
                (put(&stores, &place, &key, &text).await, Some(text))
            };
            match (done, when) {
                (true, _) => *may = vec![new],
                (false, When::After) => may.push(new),
                (false, When::Before) => {}
            }
        }
        assert!(faults.injected() > 20);
        faults.clear();
        drop(stores);
        let stores = open(&home);
        for (key, may) in possible {
            let found = match stores.objects.get(ns, b, &key, None).await {
                Ok((_, bytes)) => {
                    let bytes = bytes.try_collect::<Vec<_>>().await.unwrap().concat();
                    Some(String::from_utf8(bytes).unwrap())
                }
                Err(ObjectError::NoObject) => None,
                Err(error) => panic!("{error}"),
            };
            assert!(may.contains(&found), "{key} is {found:?} and should be one of {may:?}");
        }
    }
}

#[tokio::test]
async fn faults_come_when_they_are_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let faults = Faults::new(0);
    let stores = open(&home).with_faults(&faults);
    let place = (samples::namespace("ns"), "photos".parse().unwrap());
    let (ns, b) = &place;
    stores.objects.create_bucket(ns, b).await.unwrap();

    faults.fail_next(2, When::Before);
    assert!(!put(&stores, &place, "a", "1").await);
    assert!(stores.objects.list(ns, b, ListObjects::default()).await.is_err());
    assert!(put(&stores, &place, "a", "1").await);
    faults.fail_next(1, When::After);
    assert!(!put(&stores, &place, "b", "2").await);
    assert_eq!(stores.objects.head(ns, b, "b").await.unwrap().size, 1);
    // A refusal is no success that could be hidden.
    faults.fail_next(1, When::After);
    let absent = PutObject { condition: Condition::Absent, ..PutObject::default() };
    let refused = stores.objects.put(ns, b, "b", absent, stream("x"), &Origin::default()).await;
    assert!(matches!(refused, Err(ObjectError::Condition { .. })), "{refused:?}");

    faults.fill_disk(true);
    let full = stores.code.put(Digest::of(b"x"), "x".into()).await.unwrap_err();
    assert_eq!(full.to_string(), "cannot write");
    let cause = full.source().unwrap().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::StorageFull);
    assert!(stores.objects.head(ns, b, "a").await.is_ok());
    faults.fill_disk(false);
    assert_eq!(faults.injected(), 5);

    faults.delay(Duration::from_millis(1));
    let begun = std::time::Instant::now();
    assert!(stores.objects.head(ns, b, "a").await.is_ok());
    assert!(begun.elapsed() >= Duration::from_millis(1));
    faults.clear();
    assert!(put(&stores, &place, "c", "3").await);
}
