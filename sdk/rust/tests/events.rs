//! The events the runtime makes become the types the SDK has for them.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use jiff::Timestamp;
use lambent_sdk::{
    Event, FromEvent, KeyChange, KeyEvent, ObjectChange, ObjectEvent, QueueMessage, Retry,
    ScheduledEvent,
};
use lambent_types::occurrence::{
    self, KeyData, KeyValueData, MessageFacts, ObjectData, QueueFacts,
};
use serde::Deserialize;
use serde_json::json;

const TIME: Timestamp = Timestamp::constant(7, 0);

/// The event as the function gets it, at its second attempt.
fn delivered(event: lambent_types::Event) -> Event {
    Event {
        id: event.id,
        source: event.source,
        kind: event.kind,
        subject: event.subject,
        time: event.time_ns.map(|time| UNIX_EPOCH + Duration::from_nanos(time)),
        content_type: event.content_type,
        schema: event.schema,
        extensions: event.extensions,
        attempt: 2,
        data: event.data.into(),
    }
}

fn object() -> ObjectData {
    ObjectData {
        bucket: "photos".into(),
        key: "2026/a b.jpg".into(),
        size: 12,
        etag: "abc".into(),
        content_type: None,
        metadata: BTreeMap::from([("by".into(), "me".into())]),
        sequence: 3,
        version: None,
        cause: None,
    }
}

#[test]
fn an_object_event_says_what_happened_to_which_object() {
    let created = occurrence::object(lambent_types::ObjectChange::Created, &object(), TIME);
    let created = ObjectEvent::from_event(delivered(created)).unwrap();
    assert_eq!((created.change, created.attempt), (ObjectChange::Created, 2));
    assert_eq!((&*created.bucket, &*created.key), ("photos", "2026/a b.jpg"));
    assert_eq!((created.size, &*created.etag, created.sequence), (12, "abc", 3));
    assert_eq!((created.content_type, &*created.metadata["by"]), (None, "me"));
    assert_eq!(created.time, Some(UNIX_EPOCH + Duration::from_secs(7)));

    let typed = ObjectData { content_type: Some("image/jpeg".into()), ..object() };
    let deleted = occurrence::object(lambent_types::ObjectChange::Deleted, &typed, TIME);
    let deleted = ObjectEvent::from_event(delivered(deleted)).unwrap();
    assert_eq!(deleted.change, ObjectChange::Deleted);
    assert_eq!(deleted.content_type.as_deref(), Some("image/jpeg"));
}

#[test]
fn a_key_event_has_the_values_as_bytes() {
    let data = KeyData {
        keyspace: "settings".into(),
        key: "color".into(),
        revision: 9,
        old: Some(KeyValueData::Base64("/wA=".into())),
        new: Some(KeyValueData::Text("réd".into())),
        expired: false,
    };
    let set = KeyEvent::from_event(delivered(occurrence::key(&data, TIME))).unwrap();
    assert_eq!((&*set.keyspace, &*set.key, set.revision), ("settings", "color", 9));
    assert_eq!(set.change, KeyChange::Set);
    assert_eq!(set.old.as_deref(), Some(&[0xff, 0][..]));
    assert_eq!(set.new.as_deref(), Some("réd".as_bytes()));

    for (expired, change) in [(false, KeyChange::Deleted), (true, KeyChange::Expired)] {
        let gone = KeyData { new: None, expired, ..data.clone() };
        let gone = KeyEvent::from_event(delivered(occurrence::key(&gone, TIME))).unwrap();
        assert_eq!((gone.change, gone.new), (change, None));
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct Order {
    item: String,
}

#[test]
fn a_message_has_its_body_as_what_is_asked_for() {
    let facts = MessageFacts {
        id: "e1".into(),
        body: r#"{"item":"lamp"}"#.into(),
        content_type: None,
        attributes: BTreeMap::from([("tenant".into(), "t1".into())]),
        attribute_types: BTreeMap::new(),
        receipt: "41-1".into(),
        facts: QueueFacts::default(),
        group: Some("customer-1".into()),
        sequence: 41,
        sent: TIME,
        receives: 2,
    };
    let mut message = delivered(occurrence::message(&"orders".parse().unwrap(), facts));
    let order = QueueMessage::<Order>::from_event(message.clone()).unwrap();
    assert_eq!((&*order.id, &*order.queue), ("e1", "orders"));
    assert_eq!(order.body, Order { item: "lamp".into() });
    assert_eq!((order.group.as_deref(), order.sequence), (Some("customer-1"), 41));
    assert_eq!((&*order.attributes["tenant"], order.receives), ("t1", 2));

    let text = QueueMessage::<String>::from_event(message.clone()).unwrap();
    assert_eq!(text.body, r#"{"item":"lamp"}"#);
    message.data = vec![0xff];
    let bytes: QueueMessage = QueueMessage::from_event(message.clone()).unwrap();
    assert_eq!(bytes.body, [0xff]);
    let failure = QueueMessage::<Order>::from_event(message).unwrap_err();
    assert_eq!((&*failure.kind, failure.retry), ("InvalidInput", Retry::Never));
}

#[derive(Debug, PartialEq, Deserialize)]
struct Report {
    kind: String,
}

#[test]
fn a_schedule_has_its_input_if_it_has_one() {
    let name = "nightly".parse().unwrap();
    let none = delivered(occurrence::schedule(&name, None, TIME));
    let fired = ScheduledEvent::<Option<Report>>::from_event(none.clone()).unwrap();
    assert_eq!((&*fired.schedule, fired.input), ("nightly", None));
    assert_eq!(fired.time, Some(UNIX_EPOCH + Duration::from_secs(7)));
    let any: ScheduledEvent = ScheduledEvent::from_event(none).unwrap();
    assert_eq!(any.input, serde_json::Value::Null);

    let full = occurrence::schedule(&name, Some(&json!({ "kind": "full" })), TIME);
    let full = delivered(full);
    let fired = ScheduledEvent::<Report>::from_event(full).unwrap();
    assert_eq!(fired.input, Report { kind: "full".into() });
}

#[test]
fn an_event_of_another_kind_is_refused_for_good() {
    let other = || Event {
        kind: "lambent.invocation.v1".into(),
        source: "/v1/functions/f/invocations".into(),
        ..delivered(occurrence::object(lambent_types::ObjectChange::Created, &object(), TIME))
    };
    let failures = [
        ObjectEvent::from_event(other()).unwrap_err(),
        KeyEvent::from_event(other()).unwrap_err(),
        QueueMessage::<String>::from_event(other()).unwrap_err(),
        ScheduledEvent::<String>::from_event(other()).unwrap_err(),
    ];
    for (failure, takes) in failures.iter().zip(["objects", "keys", "queues", "schedules"]) {
        assert_eq!((&*failure.kind, failure.retry), ("UnexpectedEvent", Retry::Never));
        for part in [takes, "`lambent.invocation.v1`", "`/v1/functions/f/invocations`"] {
            assert!(failure.message.contains(part), "{}", failure.message);
        }
    }
}
