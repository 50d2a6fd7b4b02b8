//! What earlier releases wrote opens in this one, with everything that is in it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use lambent_storage::{
    Channel, CompleteUpload, Condition, ListKeys, ListObjects, LogQuery, Quota, StorageError,
    Stores, Visibility,
};
use lambent_storage_embedded::{DataDir, OpenError, Options, layout};
use lambent_types::{
    Digest, ManualClock, Namespace, Origin, Schedule, Source, SystemClock, Trigger,
};
use rusqlite::Connection;

/// A while after `tests/data/format-1` was made: nothing in it has expired.
const THEN: &str = "2026-11-29T00:00:00Z";

fn open(path: &Path) -> Stores {
    lambent_test_support::data::unpack("format-1", path);
    let data = DataDir::open(path).unwrap();
    let clock = Arc::new(ManualClock::new(THEN.parse().unwrap()));
    lambent_storage_embedded::open(&data, Options::default(), clock).unwrap()
}

fn ns() -> Namespace {
    Namespace::default()
}

#[tokio::test]
async fn functions_versions_and_code_are_there() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let registry = &stores.registry;
    let names: Vec<_> = registry.list(&ns(), None, 10).await.unwrap();
    let names: Vec<_> = names.iter().map(|function| function.latest.name.as_str()).collect();
    assert_eq!(names, ["hello", "plain"]);
    let hello = "hello".parse().unwrap();
    let function = registry.function(&ns(), &hello).await.unwrap().unwrap();
    assert_eq!((function.last_version, function.latest.handlers.len()), (2, 2));
    assert_eq!(function.latest.configuration.description, "third");
    assert!(function.latest.configuration.public);
    let versions = registry.versions(&ns(), &hello, 0, 10).await.unwrap();
    let described = versions.iter().map(|version| version.configuration.description.as_str());
    assert_eq!(described.collect::<Vec<_>>(), ["first", "second"]);
    let second = &versions[1].configuration;
    assert_eq!(second.environment.0.get("GREETING").map(String::as_str), Some("hi"));
    assert_eq!(second.limits().memory_bytes, 8 << 20);
    let digest = function.latest.code.component;
    let code = stores.code.get(digest).await.unwrap().unwrap();
    assert_eq!((Digest::of(&code), code.len() as u64), (digest, function.latest.code.bytes));
    assert_eq!(registry.digests().await.unwrap(), [digest].into());
    // A revision that a deleted function had does not come again.
    let made = registry.put((*function.latest).clone(), None).await.unwrap();
    assert!(made.revision > function.revision);
}

#[tokio::test]
async fn keys_and_objects_are_there() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let k = "settings".parse().unwrap();
    let list = ListKeys { prefix: String::new(), after: None, limit: 10 };
    let keys = stores.keyvalue.list(&ns(), &k, list).await.unwrap().keys;
    assert_eq!(keys, ["greeting", "session", "visits"]);
    let get = async |key: &str| stores.keyvalue.get(&ns(), &k, key).await.unwrap().unwrap();
    assert_eq!(&get("greeting").await.value[..], b"waits");
    assert!(get("session").await.expires.is_some());
    let counted = stores.keyvalue.increment(&ns(), &k, "visits", 1, &Origin::default()).await;
    assert_eq!(counted.unwrap(), 2);

    let b = "photos".parse().unwrap();
    let list = ListObjects { limit: 10, ..ListObjects::default() };
    let page = stores.objects.list(&ns(), &b, list).await.unwrap();
    let listed: Vec<_> = page.objects.iter().map(|one| (one.key.as_str(), one.size)).collect();
    assert_eq!(listed, [("2026/empty", 0), ("cat.jpg", 5), ("whole", (5 << 20) + 3)]);
    let (cat, bytes) = stores.objects.get(&ns(), &b, "cat.jpg", None).await.unwrap();
    assert_eq!(cat.content_type.as_deref(), Some("image/jpeg"));
    assert_eq!(cat.metadata.get("owner").map(String::as_str), Some("ada"));
    assert_eq!(bytes.try_collect::<Vec<_>>().await.unwrap().concat(), b"a cat");
    let whole = stores.objects.get(&ns(), &b, "whole", Some((5 << 20) - 1..(5 << 20) + 3)).await;
    let end = whole.unwrap().1.try_collect::<Vec<_>>().await.unwrap().concat();
    assert_eq!(end, b"\0end");
    let upload = stores.objects.uploads(&ns(), &b).await.unwrap().remove(0);
    let parts = stores.objects.parts(&ns(), &b, &upload.id).await.unwrap();
    let named = [(parts[0].number, parts[0].etag.clone())];
    let (ns, origin) = (ns(), Origin::default());
    let complete = stores.objects.complete_upload(
        &ns,
        &b,
        &upload.id,
        CompleteUpload::of(&named, Condition::None),
        &origin,
    );
    assert_eq!(complete.await.unwrap().size, 5);
}

#[tokio::test]
async fn messages_events_triggers_and_schedules_are_there() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let orders = "orders".parse().unwrap();
    let attributes = stores.queues.queue(&ns(), &orders).await.unwrap().unwrap().attributes;
    let redrive = attributes.redrive.unwrap();
    assert_eq!((redrive.queue.as_str(), redrive.receives_max), ("dead", 3));
    // The one that was received comes again after its visibility timeout, which is over.
    let receive = async |queue| {
        let all = stores.queues.receive(&ns(), queue, 10, Visibility::Queue, Duration::ZERO).await;
        let all = all.unwrap().into_iter().map(|one| (one.body, one.receives)).collect::<Vec<_>>();
        let mut all: Vec<_> = all.into_iter().map(|(body, n)| (body.to_vec(), n)).collect();
        all.sort();
        all
    };
    assert_eq!(receive(&orders).await, [(b"first".to_vec(), 2), (b"second".to_vec(), 1)]);
    let jobs = "jobs.fifo".parse().unwrap();
    assert_eq!(receive(&jobs).await, [(b"one".to_vec(), 1), (b"two".to_vec(), 1)]);

    let triggers = stores.resources.of::<Trigger>().list(&ns()).await.unwrap();
    let triggers: Vec<_> = triggers.into_iter().map(|one| one.specification).collect();
    let names: Vec<_> = triggers.iter().map(|one| (one.name.as_str(), one.enabled)).collect();
    assert_eq!(names, [("on-key", false), ("on-order", false), ("on-photo", true)]);
    assert!(matches!(&triggers[2].source, Source::Object { suffix, .. } if suffix == ".jpg"));
    let channel = Channel::Trigger("on-key".parse().unwrap());
    let lease = Duration::from_secs(60);
    let waits = stores.events.receive(&ns(), &channel, 10, lease, Duration::ZERO).await.unwrap();
    assert_eq!(waits.len(), 1, "{waits:?}");
    assert_eq!(waits[0].event.kind, "lambent.key.set.v1");

    // New events find the channels that the triggers had.
    let (key, photo) = (Channel::Trigger("on-key".parse().unwrap()), "photos".parse().unwrap());
    stores
        .keyvalue
        .increment(&ns(), &"settings".parse().unwrap(), "visits", 1, &Origin::default())
        .await
        .unwrap();
    assert_eq!(stores.events.depth(&ns(), &key).await.unwrap().ready, 1);
    let kept = stores.objects.delete_bucket(&ns(), &photo).await;
    assert!(kept.is_err(), "a trigger names it, and it is not empty");

    let schedules = stores.resources.of::<Schedule>().list(&ns()).await.unwrap();
    let names = schedules.iter().map(|one| one.specification.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["far", "nightly"]);
    assert!(schedules.iter().all(|one| one.next > Some(THEN.parse().unwrap())));
}

/// What was damaged before stays so, and keeps nothing else from being there.
#[tokio::test]
async fn a_damaged_trigger_of_before_is_left_out() {
    let home = tempfile::tempdir().unwrap();
    lambent_test_support::data::unpack("format-1", home.path());
    let files = layout::SHARD_DBS.map(|file| home.path().join(file));
    let damaged = files.iter().filter(|file| file.exists()).map(|file| {
        let sql = "UPDATE trigger_ SET body = '{' WHERE key = 'on-key'";
        Connection::open(file).unwrap().execute(sql, []).unwrap()
    });
    assert_eq!(damaged.sum::<usize>(), 1);
    let data = DataDir::open(home.path()).unwrap();
    let clock = Arc::new(SystemClock);
    let stores = lambent_storage_embedded::open(&data, Options::default(), clock).unwrap();
    let triggers = stores.resources.of::<Trigger>();
    let all = triggers.list(&ns()).await.unwrap();
    let names = all.iter().map(|one| one.specification.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["on-order", "on-photo"]);
    let key = "on-key".parse().unwrap();
    let found = triggers.get(&ns(), &key).await;
    assert!(matches!(found, Err(StorageError::Corrupt { .. })), "{found:?}");
    triggers.delete(&ns(), &key).await.unwrap();
    assert_eq!(triggers.get(&ns(), &key).await.unwrap(), None);
}

#[tokio::test]
async fn records_usage_and_what_is_held_are_there() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let query = LogQuery::new(ns(), "hello".parse().unwrap());
    let records = stores.logs.query(query).await.unwrap().records;
    assert_eq!(records.len(), 2, "{records:?}");
    let (since, until) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
    let usage = stores.usage.query(&ns(), since, until).await.unwrap();
    assert_eq!(usage.iter().map(|one| one.used.invocations).sum::<u64>(), 2);
    let held = stores.holdings(&ns()).await.unwrap();
    let of = |quota| held.iter().find(|one| one.quota == quota).unwrap().used;
    let counts = [
        (Quota::Functions, 2),
        (Quota::Versions, 2),
        (Quota::CodeBytes, 614),
        (Quota::Buckets, 1),
        (Quota::Objects, 5),
        (Quota::ObjectBytes, 5 + (5 << 20) + 3 + 5),
        (Quota::Keyspaces, 1),
        (Quota::Keys, 3),
        (Quota::Queues, 3),
        (Quota::Messages, 5),
        (Quota::Triggers, 3),
        (Quota::Schedules, 2),
    ];
    for (quota, count) in counts {
        assert_eq!(of(quota), count, "{quota:?}");
    }
}

#[test]
fn what_a_newer_release_wrote_is_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    drop(open(home.path()));
    let reopen = || {
        let data = DataDir::open(home.path()).unwrap();
        lambent_storage_embedded::open(&data, Options::default(), Arc::new(SystemClock)).map(drop)
    };
    reopen().unwrap();
    for file in [layout::CONTROL_DB, layout::SHARD_DBS[7], layout::LOGS_DB] {
        let connection = Connection::open(home.path().join(file)).unwrap();
        let version = || connection.pragma_query_value(None, "user_version", |row| row.get(0));
        let supported: i64 = version().unwrap();
        connection.pragma_update(None, "user_version", supported + 1).unwrap();
        let error = reopen().unwrap_err();
        assert!(matches!(error, OpenError::NewerFormat { .. }), "{error}");
        let text = error.to_string();
        for part in [file, "this release reads up to", "run the newer release"] {
            assert!(text.contains(part), "{text}");
        }
        // It was not touched.
        assert_eq!(version().unwrap(), supported + 1);
        connection.pragma_update(None, "user_version", supported).unwrap();
    }
    reopen().unwrap();
}
