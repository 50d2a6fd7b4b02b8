//! The examples do what their READMEs say, with the grants of their
//! `lambent.toml` and no others.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use lambent_capabilities::Ctx;
use lambent_engine::{Finished, Invocation};
use lambent_storage::contract::samples;
use lambent_storage::{Change, KeyValue as _, PutObject, SetOptions};
use lambent_test_support::root;
use lambent_types::occurrence::{self, KeyData, KeyValueData, ObjectData};
use lambent_types::{Event, FunctionVersion, Handler, Origin, Outcome, Output, Retry};
use serde::Serialize;
use serde_json::{Value, json};

use crate::support::{ENGINE, World, component, event, function, limits};

/// The function of an example, with the grants that its manifest says.
fn example(name: &str) -> FunctionVersion {
    let path = root().join("guest-examples").join(name).join("lambent.toml");
    let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let grants = &manifest["functions"][name]["grants"];
    function("default", serde_json::to_value(grants).unwrap())
}

fn happened(kind: &str, source: &str, data: &impl Serialize) -> Event {
    Event { kind: kind.into(), ..event(source, serde_json::to_vec(data).unwrap()) }
}

async fn run(
    world: &World,
    guest: &'static str,
    handler: Handler,
    event: Event,
) -> Finished<Output> {
    let call = (Origin::default(), limits());
    world.event((guest, handler), example(guest), call, event).await
}

async fn put(world: &World, key: &str, bytes: Vec<u8>) {
    let (namespace, bucket) = (samples::namespace("default"), "photos".parse().unwrap());
    let bytes = stream::iter([Ok(Bytes::from(bytes))]).boxed();
    let (options, origin) = (PutObject::default(), Origin::default());
    world.objects.put(&namespace, &bucket, key, options, bytes, &origin).await.unwrap();
}

async fn get(world: &World, bucket: &str, key: &str) -> Option<Vec<u8>> {
    let (namespace, bucket) = (samples::namespace("default"), bucket.parse().unwrap());
    let (_, bytes) = world.objects.get(&namespace, &bucket, key, None).await.ok()?;
    let bytes: Vec<Bytes> = bytes.try_collect().await.unwrap();
    Some(bytes.concat())
}

async fn set(world: &World, keyspace: &str, key: &str, value: &'static str) {
    let change =
        Change::Set { key: key.into(), value: value.into(), options: SetOptions::default() };
    let (namespace, keyspace) = (samples::namespace("default"), keyspace.parse().unwrap());
    world.keys.apply(&namespace, &keyspace, vec![change], &Origin::default()).await.unwrap();
}

async fn value(world: &World, keyspace: &str, key: &str) -> Option<Value> {
    let value = world.keys.value("default", keyspace, key).await?;
    Some(serde_json::from_slice(&value).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_becomes_a_thumbnail_and_metadata_until_it_is_deleted() {
    let world = World::new();
    for bucket in ["photos", "thumbnails"] {
        world.create_bucket("default", bucket).await;
    }
    world.keys.create("default", "metadata").await;
    let key = "2015/DSCOVR ↑.jpg";
    let photo = std::fs::read(root().join("guest-examples/thumbnail/photos/rocket.jpg")).unwrap();
    put(&world, key, photo.clone()).await;
    let mut data = ObjectData {
        bucket: "photos".into(),
        key: key.into(),
        size: photo.len() as u64,
        etag: "etag".into(),
        content_type: None,
        metadata: [].into(),
        sequence: 1,
        version: None,
        cause: None,
    };
    let written = happened(occurrence::OBJECT_CREATED, "/buckets/photos", &data);
    let end = run(&world, "thumbnail", Handler::Event, written).await;
    assert_eq!(end.outcome, Outcome::Ok, "{:?}", end.logs);
    let thumbnail = get(&world, "thumbnails", key).await.unwrap();
    assert!(thumbnail.starts_with(b"\xff\xd8"), "a JPEG");
    let facts = value(&world, "metadata", key).await.unwrap();
    let small = json!({ "width": 320, "height": 214, "bytes": thumbnail.len() });
    let expected = json!({
        "format": "jpg", "width": 640, "height": 427, "bytes": photo.len(), "thumbnail": small,
    });
    assert_eq!(facts, expected);

    let deleted = happened(occurrence::OBJECT_DELETED, "/buckets/photos", &data);
    let end = run(&world, "thumbnail", Handler::Event, deleted).await;
    assert_eq!(end.outcome, Outcome::Ok, "{:?}", end.logs);
    assert_eq!(get(&world, "thumbnails", key).await, None);
    assert_eq!(value(&world, "metadata", key).await, None);

    put(&world, "notes.txt", b"milk".to_vec()).await;
    data.key = "notes.txt".into();
    let written = happened(occurrence::OBJECT_CREATED, "/buckets/photos", &data);
    let end = run(&world, "thumbnail", Handler::Event, written).await;
    let Outcome::FunctionError(failure) = end.outcome else { panic!("{:?}", end.outcome) };
    assert_eq!((&*failure.kind, failure.retry), ("NotAPhoto", Retry::Never));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_order_of_a_batch_fails_alone_and_is_taken_once() {
    let world = World::new();
    world.keys.create("default", "stock").await;
    world.mailbox.create("default", "shipments.fifo");
    set(&world, "stock", "lamp", r#"{"left": 5}"#).await;
    let bodies = [
        r#"{"item": "lamp", "count": 2}"#,
        "{",
        r#"{"item": "sofa", "count": 1}"#,
        r#"{"item": "lamp", "count": 4}"#,
        r#"{"item": "lamp", "count": 1}"#,
    ];
    let events = bodies.iter().zip('a'..).map(|(body, id)| Event {
        id: id.into(),
        kind: occurrence::QUEUE_MESSAGE.into(),
        ..event("/queues/orders", *body)
    });
    let events: Vec<_> = events.collect();
    // Twice, as after a crash in between.
    for _ in 0..2 {
        let function = Arc::new(example("order-queue"));
        let ctx = Ctx::new(world.shared.clone(), function, Origin::default());
        let invocation = Invocation::new(ctx).limits(limits());
        let end = component("order-queue").await.batch(invocation, events.clone()).await.unwrap();
        assert_eq!(end.outcome, Outcome::Ok, "{:?}", end.logs);
        let failed = end.value.unwrap().into_iter();
        let failed: Vec<_> = failed.map(|(index, why)| (index, why.kind, why.retry)).collect();
        let expected = [
            (1, "InvalidInput".into(), Retry::Never),
            (2, "UnknownItem".into(), Retry::Never),
            (3, "OutOfStock".into(), Retry::Policy),
        ];
        assert_eq!(failed, expected);
        let stock = value(&world, "stock", "lamp").await.unwrap();
        assert_eq!(stock, json!({ "left": 2, "orders": ["a", "e"] }));
    }
    // What was sent twice, the queue knows by its id.
    let sent = world.mailbox.of("default", "shipments.fifo");
    let sent = sent.iter().map(|(message, _)| message);
    let ids: Vec<_> = sent.clone().map(|message| message.deduplication.as_deref()).collect();
    assert_eq!(ids, [Some("a"), Some("e"), Some("a"), Some("e")]);
    for message in sent {
        assert_eq!(message.group.as_deref(), Some("lamp"));
        assert_eq!(message.content_type.as_deref(), Some("application/json"));
        assert!(message.attributes.is_empty(), "{message:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_of_a_key_is_written_down() {
    let world = World::new();
    for keyspace in ["settings", "audit"] {
        world.keys.create("default", keyspace).await;
    }
    for new in [Some(KeyValueData::Text("réd".into())), None] {
        let kind = if new.is_some() { occurrence::KEY_SET } else { occurrence::KEY_DELETED };
        let data = KeyData {
            keyspace: "settings".into(),
            key: "color".into(),
            revision: 1,
            old: None,
            new,
            expired: false,
        };
        let changed = happened(kind, "/keyspaces/settings", &data);
        let end = run(&world, "kv-audit", Handler::Watcher2, changed).await;
        assert_eq!(end.outcome, Outcome::Ok, "{:?}", end.logs);
    }
    for (number, change, bytes) in [(1, "set", json!(4)), (2, "delete", Value::Null)] {
        let entry = value(&world, "audit", &format!("entry/{number:012}")).await.unwrap();
        assert_eq!((&entry["key"], &entry["change"]), (&json!("color"), &json!(change)));
        assert_eq!(entry["bytes"], bytes, "{entry}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_counts_what_its_schedule_names() {
    let world = World::new();
    for bucket in ["photos", "reports"] {
        world.create_bucket("default", bucket).await;
    }
    world.keys.create("default", "metadata").await;
    set(&world, "metadata", "a.jpg", "{}").await;
    put(&world, "a.jpg", vec![0; 10]).await;
    put(&world, "b.jpg", vec![0; 20]).await;
    let plan = json!({ "buckets": ["photos"], "keyspaces": ["metadata"] });
    let mut fired = happened(occurrence::SCHEDULE_FIRED, "/schedules/nightly", &plan);
    fired.time_ns = Some(1_795_222_800_000_000_000);
    let end = run(&world, "nightly-report", Handler::Event, fired).await;
    assert_eq!(end.outcome, Outcome::Ok, "{:?}", end.logs);
    let report = get(&world, "reports", "nightly/2026-11-21T01:00:00Z.json").await.unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let expected = json!({
        "time": "2026-11-21T01:00:00Z",
        "buckets": { "photos": { "objects": 2, "bytes": 30 } },
        "keyspaces": { "metadata": 1 },
    });
    assert_eq!(report, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_an_example_does_not_take_is_not_tried_again() {
    let world = World::new();
    for guest in ["thumbnail", "nightly-report"] {
        let other = happened(occurrence::INVOCATION, "/v1/functions/f/invocations", &json!({}));
        let end = run(&world, guest, Handler::Event, other).await;
        let Outcome::FunctionError(failure) = end.outcome else { panic!("{:?}", end.outcome) };
        assert_eq!((&*failure.kind, failure.retry), ("UnexpectedEvent", Retry::Never));
    }
}

/// What a component imports of the interfaces that grants are for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_not_used_imports_nothing() {
    for (guest, used) in [
        ("echo-event", &[] as &[&str]),
        ("guest-recorder", &["keyvalue"]),
        ("order-queue", &["keyvalue", "messaging"]),
        ("nightly-report", &["blobstore", "keyvalue"]),
    ] {
        let wasm = tokio::task::spawn_blocking(move || lambent_test_support::guest_bytes(guest));
        let imports = ENGINE.inspect(&wasm.await.unwrap()).unwrap().imports;
        let packages = ["blobstore", "keyvalue", "messaging"];
        let found: Vec<_> = packages
            .into_iter()
            .filter(|package| {
                imports.iter().any(|import| import.0.starts_with(&format!("wasi:{package}/")))
            })
            .collect();
        assert_eq!(found, used, "{guest}: {imports:?}");
    }
}
