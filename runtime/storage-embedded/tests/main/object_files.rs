//! What only objects on disk promise: about the files of their bytes.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use lambent_storage::contract::{self, samples};
use lambent_storage::{
    ByteStream, CompleteUpload, Condition, ObjectError, PutObject, Quota, Quotas, StorageError,
    Stores,
};
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::{BucketName, Namespace, Origin, SystemClock};

const MIB: usize = 1 << 20;

fn open_with(path: &Path, quotas: Quotas) -> Stores {
    let options = Options { quotas, ..Options::default() };
    lambent_storage_embedded::open(&DataDir::open(path).unwrap(), options, Arc::new(SystemClock))
        .unwrap()
}

fn open(path: &Path) -> Stores {
    open_with(path, Quotas::default())
}

/// The files of objects, those being written included.
fn files(home: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for directory in std::fs::read_dir(home.join("objects")).unwrap() {
        for file in std::fs::read_dir(directory.unwrap().path()).unwrap() {
            files.push(file.unwrap().path());
        }
    }
    files.sort();
    files
}

fn stream(bytes: impl Into<Bytes>) -> ByteStream {
    let bytes = bytes.into();
    futures::stream::once(async move { Ok(bytes) }).boxed()
}

type Place = (Namespace, BucketName);

async fn bucket(stores: &Stores) -> Place {
    let place = (samples::namespace("ns"), "photos".parse().unwrap());
    stores.objects.create_bucket(&place.0, &place.1).await.unwrap();
    place
}

async fn put(stores: &Stores, (ns, b): &Place, key: &str, bytes: impl Into<Bytes>) {
    let (put, origin) = (PutObject::default(), Origin::default());
    stores.objects.put(ns, b, key, put, stream(bytes), &origin).await.unwrap();
}

async fn get(stores: &Stores, (ns, b): &Place, key: &str) -> Result<Vec<u8>, String> {
    let (_, bytes) = stores.objects.get(ns, b, key, None).await.map_err(|e| e.to_string())?;
    bytes.try_collect::<Vec<_>>().await.map(|bytes| bytes.concat()).map_err(|e| e.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_bound_what_a_namespace_holds() {
    let quotas = Quotas::default()
        .with(Quota::ObjectBytes, 10)
        .with(Quota::Objects, 3)
        .with(Quota::Buckets, 2);
    contract::check_object_quotas(Stores::memory(Arc::new(SystemClock), quotas).objects).await;
    let home = tempfile::tempdir().unwrap();
    contract::check_object_quotas(open_with(home.path(), quotas).objects).await;
    assert_eq!(files(home.path()).len(), 1);
}

#[tokio::test]
async fn acknowledged_objects_are_there_after_reopening() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let place = bucket(&stores).await;
    let (ns, b) = &place;
    put(&stores, &place, "../../nasty\0", "kept").await;
    let upload = stores.objects.begin_upload(ns, b, "later", PutObject::default()).await.unwrap();
    let part = stores.objects.put_part(ns, b, &upload.id, 4.into(), stream("part")).await.unwrap();
    let before = stores.objects.head(ns, b, "../../nasty\0").await.unwrap();
    drop(stores);
    let stores = open(home.path());
    assert_eq!(stores.objects.head(ns, b, "../../nasty\0").await.unwrap(), before);
    assert_eq!(get(&stores, &place, "../../nasty\0").await.unwrap(), b"kept");
    assert_eq!(stores.objects.uploads(ns, b).await.unwrap(), std::slice::from_ref(&upload));
    let named = [(4, part.etag)];
    let origin = Origin::default();
    let object = stores
        .objects
        .complete_upload(ns, b, &upload.id, CompleteUpload::of(&named, Condition::None), &origin)
        .await
        .unwrap();
    assert!(object.sequence > before.sequence);
    assert_eq!(get(&stores, &place, "later").await.unwrap(), b"part");
}

#[tokio::test]
async fn bytes_that_nobody_needs_are_deleted() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let place = bucket(&stores).await;
    let (ns, b) = &place;
    let origin = Origin::default();
    for text in ["one", "two", "two"] {
        put(&stores, &place, "k", text).await;
    }
    put(&stores, &place, "other", "two").await;
    assert_eq!(files(home.path()).len(), 2);
    stores.objects.delete(ns, b, "k", Condition::None, &origin).await.unwrap();
    assert_eq!(get(&stores, &place, "other").await.unwrap(), b"two");
    let upload = stores.objects.begin_upload(ns, b, "k", PutObject::default()).await.unwrap();
    let mut etag = String::new();
    for (number, text) in [(1, "unused"), (2, "replaced"), (2, "used")] {
        let part = stores.objects.put_part(ns, b, &upload.id, number.into(), stream(text)).await;
        etag = part.unwrap().etag;
    }
    assert_eq!(files(home.path()).len(), 3);
    let named = [(2, etag)];
    stores
        .objects
        .complete_upload(ns, b, &upload.id, CompleteUpload::of(&named, Condition::None), &origin)
        .await
        .unwrap();
    assert_eq!(files(home.path()).len(), 2);
    let upload = stores.objects.begin_upload(ns, b, "k", PutObject::default()).await.unwrap();
    stores.objects.put_part(ns, b, &upload.id, 1.into(), stream("x")).await.unwrap();
    stores.objects.abort_upload(ns, b, &upload.id).await.unwrap();
    assert_eq!(files(home.path()).len(), 2);

    // What is being read goes when its reader does.
    put(&stores, &place, "long", vec![7; 5 * MIB]).await;
    let (_, mut reader) = stores.objects.get(ns, b, "long", None).await.unwrap();
    reader.next().await.unwrap().unwrap();
    stores.objects.delete(ns, b, "long", Condition::None, &origin).await.unwrap();
    assert_eq!(files(home.path()).len(), 3);
    assert_eq!(reader.try_collect::<Vec<_>>().await.unwrap().concat().len(), 4 * MIB);
    stores.sweep().await;
    assert_eq!(files(home.path()).len(), 2);
}

#[tokio::test]
async fn bytes_that_end_early_leave_no_file() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let (ns, b) = bucket(&stores).await;
    let broken = || {
        let chunks = [Ok(Bytes::from(vec![1; 3 * MIB])), Err(std::io::Error::other("gone"))];
        futures::stream::iter(chunks).boxed()
    };
    let origin = Origin::default();
    let failed = stores.objects.put(&ns, &b, "k", PutObject::default(), broken(), &origin).await;
    assert!(matches!(failed, Err(ObjectError::Input(_))), "{failed:?}");
    stores.sweep().await;
    assert!(files(home.path()).is_empty());

    let stuck = broken().take(1).chain(futures::stream::pending()).boxed();
    let dropped = stores.objects.put(&ns, &b, "k", PutObject::default(), stuck, &origin);
    assert!(tokio::time::timeout(Duration::from_millis(50), dropped).await.is_err());
    // The last block may still be on its way to the file.
    for _ in 0..100 {
        stores.sweep().await;
        if files(home.path()).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?} is left", files(home.path()));
}

#[tokio::test]
async fn what_a_crash_left_is_cleared_away_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let place = bucket(&stores).await;
    put(&stores, &place, "k", "kept").await;
    drop(stores);
    let kept = files(home.path());
    let objects = home.path().join("objects");
    let old = SystemTime::now() - Duration::from_secs(60);
    let make = |path: PathBuf| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(&path).unwrap().set_modified(old).unwrap();
        path
    };
    let half = make(objects.join("incoming/7"));
    let orphan = format!("{}.{}", "ab".repeat(32), "0".repeat(32));
    let orphan = make(objects.join("ab").join(orphan));
    let foreign = make(objects.join("ff/README"));
    File::options().write(true).open(&kept[0]).unwrap().set_modified(old).unwrap();

    let stores = open(home.path());
    assert!(!half.exists(), "what was being written is gone at once");
    assert!(orphan.exists(), "starting does not wait for the rest");
    for _ in 0..=257 {
        stores.sweep().await;
    }
    assert!(!orphan.exists());
    assert!(foreign.exists(), "this was not ours");
    assert_eq!(get(&stores, &place, "k").await.unwrap(), b"kept");
}

/// Every way to damage a file is noticed before a wrong byte is given out.
#[tokio::test]
async fn damaged_bytes_are_not_given_out() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let place = bucket(&stores).await;
    let (ns, b) = &place;
    let size = 3 * MIB + 5;
    put(&stores, &place, "long", vec![7; size]).await;
    let file = files(home.path()).remove(0);
    let flip = |at: usize| {
        let mut file = OpenOptions::new().write(true).open(&file).unwrap();
        file.seek(SeekFrom::Start(at as u64)).unwrap();
        file.write_all(&[8]).unwrap();
    };
    let restore = std::fs::read(&file).unwrap();
    assert!(get(&stores, &place, "long").await.is_ok());
    flip(2 * MIB);
    let (_, mut reader) = stores.objects.get(ns, b, "long", None).await.unwrap();
    for _ in 0..2 {
        assert_eq!(reader.next().await.unwrap().unwrap(), vec![7; MIB]);
    }
    let error = reader.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
    assert!(reader.next().await.is_none());
    // Only what the range touches is looked at.
    let (_, bytes) = stores.objects.get(ns, b, "long", Some(5..9)).await.unwrap();
    assert_eq!(bytes.try_collect::<Vec<_>>().await.unwrap().concat(), [7; 4]);
    let corrupt = |result: Result<Vec<u8>, String>| {
        let error = result.unwrap_err();
        assert!(error.contains("damaged"), "{error}");
    };
    for at in [0, size + 1] {
        std::fs::write(&file, &restore).unwrap();
        flip(at);
        let whole = stores.objects.get(ns, b, "long", None).await;
        let whole = whole.map(|(object, _)| object);
        let Err(ObjectError::Storage(StorageError::Corrupt { .. })) = whole else {
            panic!("{whole:?}")
        };
    }
    std::fs::write(&file, &restore[..MIB]).unwrap();
    corrupt(get(&stores, &place, "long").await);
    std::fs::remove_file(&file).unwrap();
    corrupt(get(&stores, &place, "long").await);
}

#[tokio::test]
async fn a_damaged_row_is_detected_and_harms_no_other() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let place = bucket(&stores).await;
    for key in ["four", "piece", "fine it is"] {
        put(&stores, &place, key, key).await;
    }
    drop(stores);
    for index in 0..lambent_storage_embedded::layout::SHARDS {
        let path = home.path().join(lambent_storage_embedded::layout::SHARD_DBS[index]);
        if path.exists() {
            let database = rusqlite::Connection::open(path).unwrap();
            let damage = "UPDATE object SET body = replace(body, '\"size\":4', '\"size\":9');
                          UPDATE piece SET size = 6 WHERE size = 5";
            database.execute_batch(damage).unwrap();
        }
    }
    let stores = open(home.path());
    for key in ["four", "piece"] {
        let error = get(&stores, &place, key).await.unwrap_err();
        assert!(error.contains("damaged") && error.contains("checksum"), "{error}");
    }
    assert!(stores.objects.head(&place.0, &place.1, "piece").await.is_ok());
    assert_eq!(get(&stores, &place, "fine it is").await.unwrap(), b"fine it is");
}

/// With `LAMBENT_TEST_OBJECT_BYTES`, of that size; else of some hundred MiB.
#[tokio::test(flavor = "multi_thread")]
async fn large_objects_take_little_memory() {
    let size = std::env::var("LAMBENT_TEST_OBJECT_BYTES").ok();
    let size = size.map_or(300 << 20, |size| size.parse::<u64>().unwrap());
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    contract::check_large_object(stores.objects, size).await;
}
