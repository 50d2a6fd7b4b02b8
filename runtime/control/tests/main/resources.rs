use std::sync::atomic::Ordering;

use lambent_storage::{Channel, QueueAttributes, Redrive};
use lambent_types::{ConfigurationPatch, Error, ErrorCode, Event, Origin, Schedule, Trigger};
use serde_json::{Value, json};

use crate::fixture::{ANY, Fixture};

fn trigger(value: Value) -> Trigger {
    serde_json::from_value(value).unwrap()
}

fn object_trigger() -> Trigger {
    trigger(json!({
        "name": "t", "function": "f", "source": {"kind": "object", "bucket": "photos"},
    }))
}

fn schedule(value: Value) -> Schedule {
    serde_json::from_value(value).unwrap()
}

fn says(error: &Error, code: ErrorCode, phrase: &str) {
    assert_eq!(error.code(), code, "{error}");
    assert!(error.detail().contains(phrase), "{error}");
}

impl Fixture {
    async fn put_trigger(&self, value: Value) -> Result<bool, Error> {
        Ok(self.control.put_trigger(&self.ns, trigger(value)).await?.created)
    }
}

#[tokio::test]
async fn buckets_and_keyspaces_are_made_once() {
    let Fixture { control, ns, .. } = &Fixture::new();
    let (photos, keys) = ("photos".parse().unwrap(), "keys".parse().unwrap());
    says(
        &control.bucket(ns, &photos).await.unwrap_err(),
        ErrorCode::BucketNotFound,
        "bucket \"photos\" does not exist in namespace \"default\"; create it first",
    );
    says(
        &control.keyspace(ns, &keys).await.unwrap_err(),
        ErrorCode::KeyspaceNotFound,
        "keyspace \"keys\"",
    );
    let first = control.put_bucket(ns, &photos).await.unwrap();
    let again = control.put_bucket(ns, &photos).await.unwrap();
    assert!(first.created && !again.created);
    assert_eq!(first.value, again.value);
    assert_eq!(control.buckets(ns).await.unwrap(), [first.value]);
    assert!(control.put_keyspace(ns, &keys).await.unwrap().created);
    assert!(!control.put_keyspace(ns, &keys).await.unwrap().created);
    assert_eq!(control.keyspaces(ns).await.unwrap().len(), 1);
    control.delete_bucket(ns, &photos).await.unwrap();
    control.delete_keyspace(ns, &keys).await.unwrap();
    let error = control.delete_bucket(ns, &photos).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::BucketNotFound);
}

#[tokio::test]
async fn what_is_not_empty_is_not_deleted() {
    let Fixture { control, stores, ns, .. } = &Fixture::new();
    let (photos, keys) = ("photos".parse().unwrap(), "keys".parse().unwrap());
    control.put_bucket(ns, &photos).await.unwrap();
    control.put_keyspace(ns, &keys).await.unwrap();
    let bytes = Box::pin(futures::stream::empty());
    let origin = Origin::default();
    stores.objects.put(ns, &photos, "k", Default::default(), bytes, &origin).await.unwrap();
    stores.keyvalue.increment(ns, &keys, "k", 1, &origin).await.unwrap();
    says(
        &control.delete_bucket(ns, &photos).await.unwrap_err(),
        ErrorCode::Conflict,
        "bucket \"photos\" is not empty; delete its objects",
    );
    says(
        &control.delete_keyspace(ns, &keys).await.unwrap_err(),
        ErrorCode::Conflict,
        "keyspace \"keys\" is not empty; delete its keys",
    );
}

#[tokio::test]
async fn queues_take_other_attributes_and_guard_their_dead_letters() {
    let Fixture { control, ns, .. } = &Fixture::new();
    let (orders, dead) = ("orders".parse().unwrap(), "dead".parse().unwrap());
    let redrive = |queue: &str| QueueAttributes {
        redrive: Some(Redrive { queue: queue.parse().unwrap(), receives_max: 3 }),
        ..QueueAttributes::default()
    };
    let error = control.put_queue(ns, &orders, redrive("dead")).await.unwrap_err();
    says(&error, ErrorCode::QueueNotFound, "queue \"dead\" does not exist");
    let error = control.put_queue(ns, &orders, redrive("ORDERS")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfiguration);
    assert!(control.put_queue(ns, &dead, QueueAttributes::default()).await.unwrap().created);
    assert!(control.put_queue(ns, &orders, redrive("dead")).await.unwrap().created);
    assert!(!control.put_queue(ns, &orders, redrive("dead")).await.unwrap().created);
    let error = control.delete_queue(ns, &dead).await.unwrap_err();
    says(&error, ErrorCode::Conflict, "queue \"orders\" sends its dead letters");
    let long = QueueAttributes { retention_ms: u64::MAX, ..QueueAttributes::default() };
    let error = control.put_queue(ns, &orders, long).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfiguration);
    control.delete_queue(ns, &orders).await.unwrap();
    control.delete_queue(ns, &dead).await.unwrap();
}

#[tokio::test]
async fn triggers_name_only_what_is_there() {
    let fixture = Fixture::new();
    let Fixture { control, ns, .. } = &fixture;
    let with = |member: &str, value: Value| {
        let mut json = json!({
            "name": "t", "function": "f", "source": {"kind": "object", "bucket": "photos"},
        });
        json[member] = value;
        fixture.put_trigger(json)
    };
    let source = |value: Value| with("source", value);
    let object = || source(json!({"kind": "object", "bucket": "photos"}));
    says(
        &object().await.unwrap_err(),
        ErrorCode::FunctionNotFound,
        "function \"f\" does not exist",
    );
    fixture.deploy("one").await.unwrap();
    says(&object().await.unwrap_err(), ErrorCode::BucketNotFound, "bucket \"photos\"");
    let queue = json!({"kind": "queue", "queue": "q"});
    says(&source(queue).await.unwrap_err(), ErrorCode::QueueNotFound, "queue \"q\"");
    let keys = json!({"kind": "keyvalue", "keyspace": "k"});
    says(&source(keys).await.unwrap_err(), ErrorCode::KeyspaceNotFound, "keyspace \"k\"");
    let zero = json!({"kind": "queue", "queue": "q", "batch_size": 0});
    says(&source(zero).await.unwrap_err(), ErrorCode::InvalidConfiguration, "batch_size is 0");

    control.put_bucket(ns, &"photos".parse().unwrap()).await.unwrap();
    let lost = with("delivery", json!({"dead_letter": "queue:lost"})).await.unwrap_err();
    says(&lost, ErrorCode::QueueNotFound, "dead_letter of the delivery: queue \"lost\"");
    let lost = with("delivery", json!({"on_success": "function:g"})).await.unwrap_err();
    says(&lost, ErrorCode::FunctionNotFound, "on_success of the delivery: function \"g\"");
    assert_eq!(control.triggers(ns).await.unwrap(), []);
    assert_eq!(fixture.told.load(Ordering::Relaxed), 0);

    assert!(object().await.unwrap());
    assert!(!object().await.unwrap());
    assert_eq!(fixture.told.load(Ordering::Relaxed), 2);
    control.put_bucket(ns, &"other".parse().unwrap()).await.unwrap();
    let other = source(json!({"kind": "object", "bucket": "other"})).await.unwrap_err();
    says(&other, ErrorCode::Conflict, "trigger \"t\" is for another source");
}

#[tokio::test]
async fn a_trigger_needs_a_function_that_takes_its_events() {
    let fixture = Fixture::new();
    let Fixture { control, ns, .. } = &fixture;
    control.put_bucket(ns, &"photos".parse().unwrap()).await.unwrap();
    control.put_keyspace(ns, &"keys".parse().unwrap()).await.unwrap();
    control.put_queue(ns, &"q".parse().unwrap(), QueueAttributes::default()).await.unwrap();
    let put = |source: Value| {
        fixture
            .put_trigger(json!({"name": source["kind"].clone(), "function": "f", "source": source}))
    };
    let object = json!({"kind": "object", "bucket": "photos"});
    let queue = json!({"kind": "queue", "queue": "q"});
    let keys = json!({"kind": "keyvalue", "keyspace": "keys"});

    fixture.deploy("watcher").await.unwrap();
    let error = put(object.clone()).await.unwrap_err();
    says(&error, ErrorCode::NotInvocable, "exports wasi:keyvalue/watcher@0.2.0-draft, and none");
    let error = put(queue.clone()).await.unwrap_err();
    says(&error, ErrorCode::NotInvocable, "takes the messages of a queue");
    assert!(put(keys.clone()).await.unwrap());
    fixture.deploy("command").await.unwrap();
    says(&put(keys).await.unwrap_err(), ErrorCode::NotInvocable, "takes changes of keys");
    assert!(put(object).await.unwrap());
    assert!(put(queue).await.unwrap());
}

#[tokio::test]
async fn what_is_named_is_not_deleted() {
    let fixture = Fixture::new();
    let Fixture { control, ns, f, .. } = &fixture;
    fixture.deploy("one").await.unwrap();
    let photos = "photos".parse().unwrap();
    control.put_bucket(ns, &photos).await.unwrap();
    control.put_trigger(ns, object_trigger()).await.unwrap();
    let error = control.delete_bucket(ns, &photos).await.unwrap_err();
    says(&error, ErrorCode::Conflict, "is the source of trigger \"t\"; delete the trigger first");
    let error = control.delete(ns, f, &ANY).await.unwrap_err();
    says(&error, ErrorCode::Conflict, "function \"f\" is named by trigger \"t\"");
    let t = "t".parse().unwrap();
    control.delete_trigger(ns, &t).await.unwrap();
    assert_eq!(fixture.told.load(Ordering::Relaxed), 2);
    let error = control.delete_trigger(ns, &t).await.unwrap_err();
    says(&error, ErrorCode::TriggerNotFound, "trigger \"t\" does not exist");
    control.delete(ns, f, &ANY).await.unwrap();
    control.delete_bucket(ns, &photos).await.unwrap();
}

#[tokio::test]
async fn events_of_a_deleted_function_go_with_it() {
    let fixture = Fixture::new();
    let Fixture { control, stores, ns, f, .. } = &fixture;
    fixture.deploy("one").await.unwrap();
    let event = Event {
        id: "1".into(),
        source: "/x".into(),
        kind: "x".into(),
        subject: None,
        time_ns: None,
        content_type: None,
        schema: None,
        extensions: Vec::new(),
        attempt: 1,
        data: "data".into(),
    };
    let channel = Channel::Function(f.clone());
    stores.events.append(ns, &channel, event, &Origin::default()).await.unwrap();
    assert_eq!(stores.events.depth(ns, &channel).await.unwrap().ready, 1);
    control.delete(ns, f, &ANY).await.unwrap();
    assert_eq!(stores.events.depth(ns, &channel).await.unwrap().ready, 0);
}

#[tokio::test]
async fn schedules_that_never_make_sense_are_refused() {
    let fixture = Fixture::new();
    let Fixture { control, ns, .. } = &fixture;
    let malformed = json!({"name": "s", "function": "f", "expression": "every now and then"});
    let error = control.put_schedule(ns, schedule(malformed)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfiguration);
    assert_eq!(control.schedules(ns).await.unwrap(), []);
    let s = "s".parse().unwrap();
    let error = control.delete_schedule(ns, &s).await.unwrap_err();
    says(&error, ErrorCode::ScheduleNotFound, "schedule \"s\" does not exist");
}

#[tokio::test]
async fn a_function_sends_on_to_queues_that_are_there() {
    let fixture = Fixture::new();
    let patch = |delivery: Value| ConfigurationPatch {
        delivery: Some(serde_json::from_value(delivery).unwrap()),
        ..ConfigurationPatch::default()
    };
    let lost = || patch(json!({"dead_letter": "queue:lost"}));
    let error = fixture.deploy_with("code", lost()).await.unwrap_err();
    says(&error, ErrorCode::QueueNotFound, "dead_letter of the delivery: queue \"lost\"");
    assert!(fixture.function().await.is_none());
    fixture.deploy("code").await.unwrap();
    let (control, ns, f) = (&fixture.control, &fixture.ns, &fixture.f);
    let error = control.configure(ns, f, lost(), &ANY).await.unwrap_err();
    says(&error, ErrorCode::QueueNotFound, "queue \"lost\"");

    let queue = "lost".parse().unwrap();
    control.put_queue(ns, &queue, QueueAttributes::default()).await.unwrap();
    control.configure(ns, f, lost(), &ANY).await.unwrap();
    control.delete_queue(ns, &queue).await.unwrap();
    // What it had may have gone since, and holds up nothing else.
    control.configure(ns, f, crate::fixture::description("new"), &ANY).await.unwrap();
    // Two functions may name each other.
    control.configure(ns, f, patch(json!({"on_success": "function:later"})), &ANY).await.unwrap();
}
