use std::time::Duration;

use lambent_types::{Origin, QueueName};

use super::samples::namespace;
use crate::queues::{NewMessage, QueueAttributes, QueueError, Queues, Redrive, Visibility};

fn queue(text: &str) -> QueueName {
    text.parse().unwrap()
}

fn message(body: &str, group: Option<&str>) -> NewMessage {
    let body = body.to_owned().into();
    NewMessage { body, group: group.map(ToOwned::to_owned), ..NewMessage::default() }
}

pub(super) async fn a_message_is_received_until_it_is_deleted(store: &dyn Queues) {
    let (ns, q, origin) = (namespace("contract-queue"), queue("Q"), Origin::default());
    store.put_queue(&ns, &q, QueueAttributes::default()).await.unwrap();
    let sent = store.send(&ns, &queue("q"), vec![message("a", None)], &origin).await.unwrap();
    let first = store.receive(&ns, &q, 10, Visibility::Queue, Duration::ZERO).await.unwrap();
    assert_eq!((first.len(), &first[0].id, first[0].receives), (1, &sent[0].id, 1));
    assert!(
        store.receive(&ns, &q, 10, Visibility::Queue, Duration::ZERO).await.unwrap().is_empty()
    );
    let given_back = store.change_visibility(&ns, &q, &first[0].receipt, Duration::ZERO).await;
    given_back.unwrap();
    let again = store.receive(&ns, &q, 10, Visibility::Queue, Duration::ZERO).await.unwrap();
    assert_eq!((again[0].receives, &again[0].body[..]), (2, &b"a"[..]));
    let receipts = [first[0].receipt.clone(), again[0].receipt.clone()];
    assert_eq!(store.delete(&ns, &q, &receipts).await.unwrap(), [false, true]);
    assert_eq!(store.depth(&ns, &q).await.unwrap(), crate::Depth::default());
    let other = store.depth(&namespace("contract-queue2"), &q).await;
    assert!(matches!(other, Err(QueueError::NoQueue)), "{other:?}");
}

pub(super) async fn groups_keep_their_order(store: &dyn Queues) {
    let (ns, q, origin) = (namespace("contract-groups"), queue("q.fifo"), Origin::default());
    let attributes = QueueAttributes { content_deduplication: true, ..Default::default() };
    store.put_queue(&ns, &q, attributes).await.unwrap();
    let messages = [("1", "a"), ("2", "a"), ("3", "b"), ("1", "a")];
    let messages = messages.map(|(body, group)| message(body, Some(group)));
    let sent = store.send(&ns, &q, messages.to_vec(), &origin).await.unwrap();
    assert_eq!((sent[3].duplicate, &sent[3].id), (true, &sent[0].id));
    let take = || store.receive(&ns, &q, 1, Visibility::Queue, Duration::ZERO);
    let (one, three) = (take().await.unwrap().remove(0), take().await.unwrap().remove(0));
    assert_eq!((&one.body[..], &three.body[..]), (&b"1"[..], &b"3"[..]));
    assert!(take().await.unwrap().is_empty());
    store.delete(&ns, &q, &[one.receipt]).await.unwrap();
    assert_eq!(&take().await.unwrap()[0].body[..], b"2");
}

pub(super) async fn dead_letters_come_back_in_order(store: &dyn Queues) {
    let (ns, q, dead) = (namespace("contract-order"), queue("q.fifo"), queue("dead.fifo"));
    let plain = QueueAttributes { content_deduplication: true, ..Default::default() };
    let redrive = Some(Redrive { queue: dead.clone(), receives_max: 1 });
    let attributes = QueueAttributes { redrive, ..plain.clone() };
    store.put_queue(&ns, &dead, plain).await.unwrap();
    store.put_queue(&ns, &q, attributes.clone()).await.unwrap();
    let messages = [("1", "a"), ("2", "a"), ("3", "b")].map(|(body, g)| message(body, Some(g)));
    store.send(&ns, &q, messages.to_vec(), &Origin::default()).await.unwrap();
    let zero = Visibility::For(Duration::ZERO);
    let take = async |q, limit, visibility| {
        store.receive(&ns, q, limit, visibility, Duration::ZERO).await.unwrap()
    };
    assert_eq!(take(&q, 10, zero).await.len(), 3);
    assert!(take(&q, 10, zero).await.is_empty());
    let first = take(&dead, 1, Visibility::Queue).await.remove(0);
    assert_eq!(&first.body[..], b"1");
    // The second of its group does not overtake it.
    assert_eq!(store.redrive(&ns, &dead, 10).await.unwrap(), 1);
    store.change_visibility(&ns, &dead, &first.receipt, Duration::ZERO).await.unwrap();
    assert_eq!(store.redrive(&ns, &dead, 10).await.unwrap(), 2);
    let back = take(&q, 10, zero).await;
    let back: Vec<_> = back.iter().filter(|one| one.group.as_deref() == Some("a")).collect();
    assert_eq!(back.iter().map(|one| &one.body[..]).collect::<Vec<_>>(), [b"1", b"2"]);

    // Another queue of the same name is not where they came from.
    assert!(take(&q, 10, zero).await.is_empty());
    store.delete_queue(&ns, &q).await.unwrap();
    store.put_queue(&ns, &q, attributes).await.unwrap();
    assert_eq!(store.redrive(&ns, &dead, 10).await.unwrap(), 0);
    assert_eq!(take(&dead, 10, zero).await.len(), 3);
}

pub(super) async fn dead_letters_go_and_come_back(store: &dyn Queues) {
    let (ns, q, dead) = (namespace("contract-dead"), queue("q"), queue("dead"));
    let redrive = Some(Redrive { queue: dead.clone(), receives_max: 1 });
    let attributes = QueueAttributes { redrive, ..Default::default() };
    let missing = store.put_queue(&ns, &q, attributes.clone()).await;
    assert!(matches!(missing, Err(QueueError::Invalid(_))), "{missing:?}");
    store.put_queue(&ns, &dead, QueueAttributes::default()).await.unwrap();
    store.put_queue(&ns, &q, attributes).await.unwrap();
    store.send(&ns, &q, vec![message("a", None)], &Origin::default()).await.unwrap();
    let take = |q| store.receive(&ns, q, 1, Visibility::For(Duration::ZERO), Duration::ZERO);
    assert_eq!(take(&q).await.unwrap().len(), 1);
    assert!(take(&q).await.unwrap().is_empty());
    assert_eq!(&take(&dead).await.unwrap()[0].body[..], b"a");
    let refused = store.delete_queue(&ns, &dead).await;
    assert!(matches!(refused, Err(QueueError::InUse(_))), "{refused:?}");
    assert_eq!(store.redrive(&ns, &dead, 10).await.unwrap(), 1);
    assert_eq!(take(&q).await.unwrap()[0].receives, 1);
}
