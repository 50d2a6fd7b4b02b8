//! Below the reserve of free disk what needs more room is refused, and all else
//! goes on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use lambent_storage::contract::samples;
use lambent_storage::fault::Faults;
use lambent_storage::{
    ByteStream, Change, Channel, Condition, Expect, NewMessage, PutObject, QueueAttributes, Quotas,
    SetOptions, Settlement, StorageError, Stores, Visibility,
};
use lambent_storage_embedded::layout::SHARD_DBS;
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::{
    BucketName, Digest, Event, KeyspaceName, Namespace, Origin, QueueName, SystemClock, occurrence,
};

struct Names {
    ns: Namespace,
    bucket: BucketName,
    keyspace: KeyspaceName,
    queue: QueueName,
    channel: Channel,
}

fn names() -> Names {
    Names {
        ns: samples::namespace("ns"),
        bucket: "photos".parse().unwrap(),
        keyspace: "keys".parse().unwrap(),
        queue: "work".parse().unwrap(),
        channel: Channel::Function(samples::name("f").into()),
    }
}

fn open(path: &Path, disk_reserve: Option<u64>) -> Stores {
    let options = Options { disk_reserve, ..Options::default() };
    lambent_storage_embedded::open(&DataDir::open(path).unwrap(), options, Arc::new(SystemClock))
        .unwrap()
}

fn stream(bytes: &'static [u8]) -> ByteStream {
    futures::stream::iter([Ok(Bytes::from_static(bytes))]).boxed()
}

fn set(key: &str, value: Vec<u8>) -> Vec<Change> {
    vec![Change::Set { key: key.into(), value: value.into(), options: SetOptions::default() }]
}

fn event() -> Event {
    let name = "s".parse().unwrap();
    occurrence::schedule(&name, None, "2026-01-01T00:00:00Z".parse().unwrap())
}

/// One of everything.
async fn fill(stores: &Stores) {
    let Names { ns, bucket, keyspace, queue, channel } = &names();
    let origin = &Origin::default();
    stores.objects.create_bucket(ns, bucket).await.unwrap();
    let put = PutObject::default();
    stores.objects.put(ns, bucket, "k", put, stream(b"one"), origin).await.unwrap();
    stores.keyvalue.create_keyspace(ns, keyspace).await.unwrap();
    stores.keyvalue.apply(ns, keyspace, set("k", vec![1]), origin).await.unwrap();
    stores.queues.put_queue(ns, queue, QueueAttributes::default()).await.unwrap();
    let message = NewMessage { body: "m".into(), ..NewMessage::default() };
    stores.queues.send(ns, queue, vec![message], origin).await.unwrap();
    stores.events.append(ns, channel, event(), origin).await.unwrap();
    let head = samples::head(ns, &samples::name("f"), "code");
    stores.registry.put(head, None).await.unwrap();
}

fn refused<T: std::fmt::Debug, E: Into<lambent_types::Error>>(made: Result<T, E>) {
    let error = made.unwrap_err().into();
    assert_eq!(error.code(), lambent_types::ErrorCode::DiskReserve, "{error}");
    assert!(error.detail().contains("--disk-reserve"), "{error}");
}

/// The error of the store in another.
macro_rules! storage {
    ($made:expr, $error:path) => {
        $made.map_err(|error| match error {
            $error(error) => error,
            other => panic!("{other:?}"),
        })
    };
}

/// With little space left.
async fn only_what_needs_no_room_is_done(stores: &Stores) {
    use lambent_storage::{AppendError, KeyValueError, ObjectError, QueueError, WriteError};
    let Names { ns, bucket, keyspace, queue, channel } = &names();
    let origin = &Origin::default();
    let (objects, keys, queues) = (&stores.objects, &stores.keyvalue, &stores.queues);
    assert!(stores.space.look().low);
    let put = objects.put(ns, bucket, "new", PutObject::default(), stream(b"x"), origin);
    refused(storage!(put.await, ObjectError::Storage));
    let begun = objects.begin_upload(ns, bucket, "new", PutObject::default());
    refused(storage!(begun.await, ObjectError::Storage));
    refused(storage!(
        keys.apply(ns, keyspace, set("new", vec![1]), origin).await,
        KeyValueError::Storage
    ));
    refused(storage!(keys.increment(ns, keyspace, "n", 1, origin).await, KeyValueError::Storage));
    let message = NewMessage { body: "m".into(), ..NewMessage::default() };
    refused(storage!(queues.send(ns, queue, vec![message], origin).await, QueueError::Storage));
    let appended = stores.events.append(ns, channel, event(), origin);
    refused(storage!(appended.await, AppendError::Storage));
    let head = samples::head(ns, &samples::name("g"), "other");
    refused(storage!(stores.registry.put(head, None).await, WriteError::Storage));
    refused(stores.code.put(Digest::of(b"x"), "x".into()).await);

    assert_eq!(objects.head(ns, bucket, "k").await.unwrap().size, 3);
    assert!(keys.get(ns, keyspace, "k").await.unwrap().is_some());
    let visibility = Visibility::For(Duration::from_secs(60));
    let taken = queues.receive(ns, queue, 1, visibility, Duration::ZERO).await.unwrap();
    let receipts: Vec<_> = taken.into_iter().map(|message| message.receipt).collect();
    assert_eq!(queues.delete(ns, queue, &receipts).await.unwrap(), [true]);
    let lease = Duration::from_secs(60);
    let due = stores.events.receive(ns, channel, 1, lease, Duration::ZERO).await.unwrap();
    let settled = due.into_iter().map(|one| (one.receipt, Settlement::Done)).collect::<Vec<_>>();
    assert_eq!(settled.len(), 1);
    stores.events.settle(ns, channel, settled).await.unwrap();
    assert!(objects.delete(ns, bucket, "k", Condition::None, origin).await.unwrap());
    let unset = vec![Change::Delete { key: "k".into(), expect: Expect::Any }];
    assert!(keys.apply(ns, keyspace, unset, origin).await.unwrap()[0].is_some());
    stores.registry.delete(ns, &samples::name("f"), None).await.unwrap();
}

#[tokio::test]
async fn only_what_needs_no_room_is_done_on_a_disk_that_is_nearly_full() {
    let home = tempfile::tempdir().unwrap();
    fill(&open(home.path(), None)).await;
    without_room_inside(home.path());
    // More than any disk has.
    let stores = open(home.path(), Some(u64::MAX / 4));
    only_what_needs_no_room_is_done(&stores).await;
    drop(stores);
    fill_again(&open(home.path(), Some(0))).await;
}

#[tokio::test]
async fn only_what_needs_no_room_is_done_by_stores_with_that_fault() {
    let faults = Faults::new(0);
    let stores = Stores::memory(Arc::new(SystemClock), Quotas::default()).with_faults(&faults);
    fill(&stores).await;
    faults.reach_reserve(true);
    only_what_needs_no_room_is_done(&stores).await;
    faults.reach_reserve(false);
    fill_again(&stores).await;
}

/// Gives the disk back what no table of a shard needs, since it would be written to.
fn without_room_inside(home: &Path) {
    for file in SHARD_DBS.map(|file| home.join(file)).iter().filter(|file| file.exists()) {
        rusqlite::Connection::open(file).unwrap().execute_batch("VACUUM").unwrap();
    }
}

/// There is room again.
async fn fill_again(stores: &Stores) {
    let Names { ns, bucket, .. } = &names();
    assert!(!stores.space.look().low);
    let (put, origin) = (PutObject::default(), Origin::default());
    stores.objects.put(ns, bucket, "k", put, stream(b"one"), &origin).await.unwrap();
}

/// What was deleted from a database gives the disk nothing back, and makes room
/// inside.
#[tokio::test]
async fn a_database_with_room_inside_is_written_to() {
    let home = tempfile::tempdir().unwrap();
    let Names { ns, bucket, keyspace, .. } = &names();
    let origin = &Origin::default();
    let stores = open(home.path(), None);
    fill(&stores).await;
    stores.keyvalue.apply(ns, keyspace, set("large", vec![1; 1 << 19]), origin).await.unwrap();
    drop(stores);

    let stores = open(home.path(), Some(u64::MAX / 4));
    let write = || stores.keyvalue.apply(ns, keyspace, set("new", vec![1; 1 << 10]), origin);
    write().await.unwrap_err();
    let unset = vec![Change::Delete { key: "large".into(), expect: Expect::Any }];
    stores.keyvalue.apply(ns, keyspace, unset, origin).await.unwrap();
    write().await.unwrap();
    // The bytes of an object would take of the disk.
    let put = stores.objects.put(ns, bucket, "new", PutObject::default(), stream(b"x"), origin);
    put.await.unwrap_err();
    // More than there is room inside.
    let large = set("large", vec![1; 1 << 20]);
    stores.keyvalue.apply(ns, keyspace, large, origin).await.unwrap_err();
}

#[test]
fn what_it_is_called_says_what_to_do() {
    let error = StorageError::NoSpace { free: 1 << 20, reserve: 1 << 30 }.to_string();
    for part in ["1.0 MiB", "1.0 GiB", "only deletes", "--disk-reserve"] {
        assert!(error.contains(part), "{error}");
    }
}
