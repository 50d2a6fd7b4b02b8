//! What queues say of the messages that they take, and what messages carry.

use std::time::Duration;

use lambent_types::{Annotations, Namespace, Origin, QueueName};

use super::samples::namespace;
use crate::queues::{
    Message, MoveBack, NewMessage, QueueAttributes, QueueError, Queues, Redrive, Visibility,
};

fn queue(text: &str) -> QueueName {
    text.parse().unwrap()
}

fn message(body: &str, group: Option<&str>) -> NewMessage {
    let body = body.to_owned().into();
    NewMessage { body, group: group.map(ToOwned::to_owned), ..NewMessage::default() }
}

async fn take(store: &dyn Queues, ns: &Namespace, queue: &QueueName) -> Vec<Message> {
    let none = Duration::ZERO;
    store.receive(ns, queue, 10, Visibility::For(none), none).await.unwrap()
}

pub(super) async fn attributes_of_a_message_keep_their_types(store: &dyn Queues) {
    let (ns, q, origin) = (namespace("contract-types"), queue("q"), Origin::default());
    let set = store.put_queue(&ns, &q, QueueAttributes::default()).await.unwrap();
    assert_eq!(set.modified, set.created);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let typed = NewMessage {
        attributes: [pair("n", "7"), pair("b", "AAEC")].into(),
        attribute_types: [pair("n", "Number.int"), pair("b", "Binary")].into(),
        annotations: Annotations([pair("tool.note", "x")].into()),
        ..message("a", None)
    };
    store.send(&ns, &q, vec![typed.clone()], &origin).await.unwrap();
    assert_eq!(store.peek(&ns, &q, 0, 1).await.unwrap()[0].message.first_received, None);
    let first = take(store, &ns, &q).await.remove(0);
    assert_eq!(first.attribute_types, typed.attribute_types);
    assert_eq!((&first.annotations, &first.dead), (&typed.annotations, &None));
    let again = take(store, &ns, &q).await.remove(0);
    assert!(first.first_received.is_some_and(|time| time >= first.sent), "{first:?}");
    assert_eq!((again.first_received, again.receives), (first.first_received, 2));
    for (name, kind) in [("none", "String"), ("n", "Integer"), ("n", "")] {
        let attribute_types = [pair(name, kind)].into();
        let odd = NewMessage { attribute_types, ..typed.clone() };
        let refused = store.send(&ns, &q, vec![odd], &origin).await;
        assert!(matches!(refused, Err(QueueError::Invalid(_))), "{name} {kind}: {refused:?}");
    }
}

pub(super) async fn duplicates_are_told_in_the_queue_or_in_the_group(store: &dyn Queues) {
    let (ns, q, origin) = (namespace("contract-scopes"), queue("q.fifo"), Origin::default());
    let by = |group: &str| NewMessage {
        deduplication: Some("id".into()),
        ..message(group, Some(group))
    };
    for (deduplication_per_group, kept) in [(false, 1), (true, 2)] {
        let attributes = QueueAttributes { deduplication_per_group, ..Default::default() };
        store.put_queue(&ns, &q, attributes).await.unwrap();
        store.send(&ns, &q, vec![by("a"), by("b"), by("a")], &origin).await.unwrap();
        let received = take(store, &ns, &q).await;
        assert_eq!(received.len(), kept);
        assert_eq!(received[0].deduplication.as_deref(), Some("id"));
        store.delete_queue(&ns, &q).await.unwrap();
    }
    let attributes = QueueAttributes { deduplication_per_group: true, ..Default::default() };
    let refused = store.put_queue(&ns, &queue("plain"), attributes).await;
    assert!(matches!(refused, Err(QueueError::Invalid(_))), "{refused:?}");
}

pub(super) async fn a_queue_takes_no_larger_messages_than_it_says(store: &dyn Queues) {
    let (ns, q, origin) = (namespace("contract-sizes"), queue("q"), Origin::default());
    let attributes = QueueAttributes { message_bytes_max: 4, ..Default::default() };
    store.put_queue(&ns, &q, attributes.clone()).await.unwrap();
    let send = |body| store.send(&ns, &q, vec![message("a", None), message(body, None)], &origin);
    let refused = send("12345").await;
    assert!(
        matches!(&refused, Err(QueueError::Invalid(text)) if text.contains("message 2")),
        "{refused:?}"
    );
    assert_eq!(store.depth(&ns, &q).await.unwrap().ready, 0);
    assert_eq!(send("1234").await.unwrap().len(), 2);
    for wrong in [
        QueueAttributes { message_bytes_max: 0, ..Default::default() },
        QueueAttributes { message_bytes_max: 2 << 20, ..Default::default() },
        QueueAttributes { wait_ms: 20_001, ..Default::default() },
        QueueAttributes { tags: [(String::new(), String::new())].into(), ..Default::default() },
    ] {
        let refused = store.put_queue(&ns, &q, wrong).await;
        assert!(matches!(refused, Err(QueueError::Invalid(_))), "{refused:?}");
    }
    assert_eq!(store.queue(&ns, &q).await.unwrap().unwrap().attributes, attributes);
}

pub(super) async fn a_queue_says_whose_dead_letters_it_takes(store: &dyn Queues) {
    let (ns, dead) = (namespace("contract-allowed"), queue("dead"));
    let dead_letters_from = Some(vec![queue("Friend")]);
    let attributes = QueueAttributes { dead_letters_from, ..Default::default() };
    store.put_queue(&ns, &dead, attributes).await.unwrap();
    let redrive = Some(Redrive { queue: dead, receives_max: 1 });
    let attributes = QueueAttributes { redrive, ..Default::default() };
    let refused = store.put_queue(&ns, &queue("stranger"), attributes.clone()).await;
    assert!(matches!(refused, Err(QueueError::Invalid(_))), "{refused:?}");
    store.put_queue(&ns, &queue("friend"), attributes).await.unwrap();
}

pub(super) async fn dead_letters_go_to_another_queue(store: &dyn Queues) {
    let (ns, dead, to) = (namespace("contract-moved"), queue("dead"), queue("to"));
    for one in [&dead, &to, &queue("to.fifo")] {
        store.put_queue(&ns, one, QueueAttributes::default()).await.unwrap();
    }
    let by_hand = vec![message("1", None), message("2", None)];
    store.send(&ns, &dead, by_hand, &Origin::default()).await.unwrap();
    let moved = async |to: Option<&str>| {
        let what = MoveBack { limit: 10, to: to.map(queue), ..MoveBack::default() };
        store.redrive(&ns, &dead, what).await.map(|moved| moved.count)
    };
    assert_eq!(moved(None).await.unwrap(), 0);
    for (name, unknown) in [("nowhere", true), ("to.fifo", false), ("dead", false)] {
        let refused = moved(Some(name)).await;
        assert_eq!(matches!(refused, Err(QueueError::NoQueue)), unknown, "{refused:?}");
        assert!(refused.is_err(), "{name}");
    }
    assert_eq!(moved(Some("to")).await.unwrap(), 2);
    let received = take(store, &ns, &to).await;
    assert_eq!(received.iter().map(|one| &one.body[..]).collect::<Vec<_>>(), [b"1", b"2"]);
    assert_eq!(store.depth(&ns, &dead).await.unwrap().ready, 0);
}
