use lambent_storage::{Channel, QueueAttributes, Redrive};
use lambent_types::{
    BucketName, ConfigurationPatch, Error, ErrorCode, Event, KeyspaceName, Origin, QueueName,
    Schedule, ScheduleName, Trigger, TriggerName,
};
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
        Ok(self.scope.put_trigger(trigger(value)).await?.created)
    }
}

#[tokio::test]
async fn buckets_and_keyspaces_are_made_once() {
    let fixture = Fixture::new().await;
    let Fixture { scope, .. } = &fixture;
    let (photos, keys) = ("photos", "keys");
    says(
        &scope.handle::<BucketName>(photos).unwrap().describe().await.unwrap_err(),
        ErrorCode::BucketNotFound,
        "bucket \"photos\" does not exist in namespace \"default\"; create it first",
    );
    says(
        &scope.handle::<KeyspaceName>(keys).unwrap().describe().await.unwrap_err(),
        ErrorCode::KeyspaceNotFound,
        "keyspace \"keys\"",
    );
    let first = scope.handle::<BucketName>(photos).unwrap().create().await.unwrap();
    let again = scope.handle::<BucketName>(photos).unwrap().create().await.unwrap();
    assert!(first.created && !again.created);
    assert_eq!(first.value, again.value);
    assert_eq!(scope.buckets().await.unwrap(), [first.value]);
    assert!(scope.handle::<KeyspaceName>(keys).unwrap().create().await.unwrap().created);
    assert!(!scope.handle::<KeyspaceName>(keys).unwrap().create().await.unwrap().created);
    assert_eq!(scope.keyspaces().await.unwrap().len(), 1);
    scope.handle::<BucketName>(photos).unwrap().delete().await.unwrap();
    scope.handle::<KeyspaceName>(keys).unwrap().delete().await.unwrap();
    let error = scope.handle::<BucketName>(photos).unwrap().delete().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::BucketNotFound);
}

#[tokio::test]
async fn a_trigger_sends_to_one_place_that_can_take_its_events() {
    let fixture = Fixture::new().await;
    let Fixture { scope, .. } = &fixture;
    scope.handle::<BucketName>("photos").unwrap().create().await.unwrap();
    scope.handle::<KeyspaceName>("keys").unwrap().create().await.unwrap();
    let objects = || json!({ "kind": "object", "bucket": "photos" });
    let to = |source: Value, more: Value| {
        let mut trigger = json!({ "name": "t", "source": source, "send_to": { "queue": "q" } });
        trigger.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        trigger
    };
    let missing = fixture.put_trigger(to(objects(), json!({}))).await.unwrap_err();
    says(&missing, ErrorCode::QueueNotFound, "queue \"q\" does not exist");
    let queue = scope.handle::<QueueName>("q").unwrap();
    queue.put(QueueAttributes::default()).await.unwrap();
    let s3 = json!({ "send_to": { "queue": "q", "s3_configuration": "mine" } });
    let keys = json!({ "kind": "keyvalue", "keyspace": "keys" });
    for (trigger, phrase) in [
        (json!({ "name": "t", "source": objects() }), "either a function or a queue"),
        (to(objects(), json!({ "function": "f" })), "either a function or a queue"),
        (to(json!({ "kind": "queue", "queue": "q" }), json!({})), "are handled by a function"),
        (to(keys.clone(), s3.clone()), "changes of objects alone"),
        (to(objects(), json!({ "delivery": { "dead_letter": "queue:q" } })), "no destinations"),
    ] {
        let refused = fixture.put_trigger(trigger).await.unwrap_err();
        says(&refused, ErrorCode::InvalidConfiguration, phrase);
    }
    assert!(fixture.put_trigger(to(objects(), s3)).await.unwrap());
    let others = to(keys, json!({ "name": "u", "delivery": { "attempts_max": 9 } }));
    assert!(fixture.put_trigger(others).await.unwrap());
}

#[tokio::test]
async fn what_is_not_empty_is_not_deleted() {
    let fixture = Fixture::new().await;
    let Fixture { scope, stores, ns, .. } = &fixture;
    let (photos, keys) = ("photos", "keys");
    scope.handle::<BucketName>(photos).unwrap().create().await.unwrap();
    scope.handle::<KeyspaceName>(keys).unwrap().create().await.unwrap();
    let bytes = Box::pin(futures::stream::empty());
    let origin = Origin::default();
    stores
        .objects
        .put(ns, &photos.parse().unwrap(), "k", Default::default(), bytes, &origin)
        .await
        .unwrap();
    stores.keyvalue.increment(ns, &keys.parse().unwrap(), "k", 1, &origin).await.unwrap();
    says(
        &scope.handle::<BucketName>(photos).unwrap().delete().await.unwrap_err(),
        ErrorCode::Conflict,
        "bucket \"photos\" is not empty; delete its objects",
    );
    says(
        &scope.handle::<KeyspaceName>(keys).unwrap().delete().await.unwrap_err(),
        ErrorCode::Conflict,
        "keyspace \"keys\" is not empty; delete its keys",
    );
}

#[tokio::test]
async fn queues_take_other_attributes_and_guard_their_dead_letters() {
    let fixture = Fixture::new().await;
    let Fixture { scope, .. } = &fixture;
    let (orders, dead) = ("orders", "dead");
    let redrive = |queue: &str| QueueAttributes {
        redrive: Some(Redrive { queue: queue.parse().unwrap(), receives_max: 3 }),
        ..QueueAttributes::default()
    };
    let error = scope.handle::<QueueName>(orders).unwrap().put(redrive("dead")).await.unwrap_err();
    says(&error, ErrorCode::QueueNotFound, "queue \"dead\" does not exist");
    let error =
        scope.handle::<QueueName>(orders).unwrap().put(redrive("ORDERS")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfiguration);
    assert!(
        scope
            .handle::<QueueName>(dead)
            .unwrap()
            .put(QueueAttributes::default())
            .await
            .unwrap()
            .created
    );
    assert!(scope.handle::<QueueName>(orders).unwrap().put(redrive("dead")).await.unwrap().created);
    assert!(
        !scope.handle::<QueueName>(orders).unwrap().put(redrive("dead")).await.unwrap().created
    );
    let error = scope.handle::<QueueName>(dead).unwrap().delete().await.unwrap_err();
    says(&error, ErrorCode::Conflict, "queue \"orders\" sends its dead letters");
    let long = QueueAttributes { retention_ms: u64::MAX, ..QueueAttributes::default() };
    let error = scope.handle::<QueueName>(orders).unwrap().put(long).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfiguration);
    scope.handle::<QueueName>(orders).unwrap().delete().await.unwrap();
    scope.handle::<QueueName>(dead).unwrap().delete().await.unwrap();
}

#[tokio::test]
async fn triggers_name_only_what_is_there() {
    let fixture = Fixture::new().await;
    let Fixture { scope, .. } = &fixture;
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

    scope.handle::<BucketName>("photos").unwrap().create().await.unwrap();
    let lost = with("delivery", json!({"dead_letter": "queue:lost"})).await.unwrap_err();
    says(&lost, ErrorCode::QueueNotFound, "dead_letter of the delivery: queue \"lost\"");
    let lost = with("delivery", json!({"on_success": "function:g"})).await.unwrap_err();
    says(&lost, ErrorCode::FunctionNotFound, "on_success of the delivery: function \"g\"");
    assert_eq!(scope.all::<TriggerName>().await.unwrap(), []);
    assert_eq!(fixture.trigger_changes().await, 0);

    assert!(object().await.unwrap());
    assert!(!object().await.unwrap());
    assert_eq!(fixture.trigger_changes().await, 2);
    scope.handle::<BucketName>("other").unwrap().create().await.unwrap();
    let other = source(json!({"kind": "object", "bucket": "other"})).await.unwrap_err();
    says(&other, ErrorCode::Conflict, "trigger \"t\" is for another source");
}

#[tokio::test]
async fn a_trigger_needs_a_function_that_takes_its_events() {
    let fixture = Fixture::new().await;
    let Fixture { scope, .. } = &fixture;
    scope.handle::<BucketName>("photos").unwrap().create().await.unwrap();
    scope.handle::<KeyspaceName>("keys").unwrap().create().await.unwrap();
    scope.handle::<QueueName>("q").unwrap().put(QueueAttributes::default()).await.unwrap();
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
    let fixture = Fixture::new().await;
    let Fixture { scope, .. } = &fixture;
    let function = &fixture.handle();
    fixture.deploy("one").await.unwrap();
    let photos = "photos";
    scope.handle::<BucketName>(photos).unwrap().create().await.unwrap();
    scope.put_trigger(object_trigger()).await.unwrap();
    let error = scope.handle::<BucketName>(photos).unwrap().delete().await.unwrap_err();
    says(&error, ErrorCode::Conflict, "is the source of trigger \"t\"; delete the trigger first");
    let error = function.delete(&ANY).await.unwrap_err();
    says(&error, ErrorCode::Conflict, "function \"f\" is named by trigger \"t\"");
    let t = "t";
    scope.handle::<TriggerName>(t).unwrap().delete().await.unwrap();
    assert_eq!(fixture.trigger_changes().await, 2);
    let error = scope.handle::<TriggerName>(t).unwrap().delete().await.unwrap_err();
    says(&error, ErrorCode::TriggerNotFound, "trigger \"t\" does not exist");
    function.delete(&ANY).await.unwrap();
    scope.handle::<BucketName>(photos).unwrap().delete().await.unwrap();
}

#[tokio::test]
async fn events_of_a_deleted_function_go_with_it() {
    let fixture = Fixture::new().await;
    let Fixture { stores, ns, f, .. } = &fixture;
    let function = &fixture.handle();
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
    let channel = Channel::Function(f.clone().into());
    stores.events.append(ns, &channel, event, &Origin::default()).await.unwrap();
    assert_eq!(stores.events.depth(ns, &channel).await.unwrap().ready, 1);
    function.delete(&ANY).await.unwrap();
    assert_eq!(stores.events.depth(ns, &channel).await.unwrap().ready, 0);
}

#[tokio::test]
async fn schedules_that_never_make_sense_are_refused() {
    let fixture = Fixture::new().await;
    let Fixture { scope, .. } = &fixture;
    let malformed = json!({"name": "s", "function": "f", "expression": "every now and then"});
    let error = scope.put_schedule(schedule(malformed)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfiguration);
    assert_eq!(scope.all::<ScheduleName>().await.unwrap(), []);
    let s = "s";
    let error = scope.handle::<ScheduleName>(s).unwrap().delete().await.unwrap_err();
    says(&error, ErrorCode::ScheduleNotFound, "schedule \"s\" does not exist");
}

#[tokio::test]
async fn a_schedule_is_put_where_its_revision_is_and_keeps_its_annotations() {
    let fixture = Fixture::new().await;
    fixture.deploy("code").await.unwrap();
    let function = fixture.handle().name().to_string();
    let new = |note: Option<&str>| {
        let annotations = note.map(|note| json!({ "a": note })).unwrap_or(json!({}));
        let expression = "rate(1 day)";
        schedule(json!({
            "name": "s", "function": function, "expression": expression, "annotations": annotations,
        }))
    };
    let put = async |note: Option<&str>, expected: Option<u64>| {
        fixture.scope.put_schedule_if(new(note), expected).await.map(|put| put.value)
    };
    let first = put(Some("x"), Some(0)).await.unwrap();
    assert_eq!(put(Some("y"), Some(0)).await.unwrap_err().code(), ErrorCode::Conflict);
    let second = put(None, Some(first.revision)).await.unwrap();
    assert_eq!(second.specification.annotations.get("a"), Some("x"));
    let late = put(None, Some(first.revision)).await.unwrap_err();
    says(&late, ErrorCode::Conflict, "was changed meanwhile");
}

#[tokio::test]
async fn a_queue_keeps_its_annotations_when_none_are_given() {
    let fixture = Fixture::new().await;
    let queue = fixture.scope.handle::<QueueName>("q").unwrap();
    let noted = lambent_types::Annotations([("a".to_owned(), "x".to_owned())].into());
    let attributes = QueueAttributes { annotations: noted, ..QueueAttributes::default() };
    queue.put(attributes).await.unwrap();
    let put = queue.put(QueueAttributes { delay_ms: 1000, ..QueueAttributes::default() }).await;
    assert_eq!(put.unwrap().value.attributes.annotations.get("a"), Some("x"));
}

#[tokio::test]
async fn a_function_sends_on_to_queues_that_are_there() {
    let fixture = Fixture::new().await;
    let patch = |delivery: Value| ConfigurationPatch {
        delivery: Some(serde_json::from_value(delivery).unwrap()),
        ..ConfigurationPatch::default()
    };
    let lost = || patch(json!({"dead_letter": "queue:lost"}));
    let error = fixture.deploy_with("code", lost()).await.unwrap_err();
    says(&error, ErrorCode::QueueNotFound, "dead_letter of the delivery: queue \"lost\"");
    assert!(fixture.function().await.is_none());
    fixture.deploy("code").await.unwrap();
    let (scope, function) = (&fixture.scope, &fixture.handle());
    let error = function.configure(lost(), &ANY).await.unwrap_err();
    says(&error, ErrorCode::QueueNotFound, "queue \"lost\"");

    let queue = "lost";
    scope.handle::<QueueName>(queue).unwrap().put(QueueAttributes::default()).await.unwrap();
    function.configure(lost(), &ANY).await.unwrap();
    scope.handle::<QueueName>(queue).unwrap().delete().await.unwrap();
    // What it had may have gone since, and holds up nothing else.
    function.configure(crate::fixture::description("new"), &ANY).await.unwrap();
    // Two functions may name each other.
    function.configure(patch(json!({"on_success": "function:later"})), &ANY).await.unwrap();
}
