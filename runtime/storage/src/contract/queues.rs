use std::time::Duration;

use lambent_types::{Namespace, Origin, QueueName};

use super::samples::namespace;
use crate::queues::{
    MoveBack, NewMessage, QueueAttributes, QueueError, Queues, Redrive, Visibility,
};

fn queue(text: &str) -> QueueName {
    text.parse().unwrap()
}

async fn redriven(store: &dyn Queues, ns: &Namespace, dead: &QueueName) -> u64 {
    let what = MoveBack { limit: 10, ..MoveBack::default() };
    store.redrive(ns, dead, what).await.unwrap().count
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
    // A receipt is good until the message is received again, also once that is possible.
    store.send(&ns, &q, vec![message("b", None)], &origin).await.unwrap();
    let held = store.receive(&ns, &q, 1, Visibility::Queue, Duration::ZERO).await.unwrap();
    let receipt = held[0].receipt.clone();
    store.change_visibility(&ns, &q, &receipt, Duration::ZERO).await.unwrap();
    let depth = store.depth(&ns, &q).await.unwrap();
    assert_eq!((depth.ready, depth.in_flight, depth.delayed), (1, 0, 0));
    assert_eq!(store.delete(&ns, &q, &[receipt]).await.unwrap(), [true]);
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

pub(super) async fn what_is_released_was_never_received(store: &dyn Queues) {
    let (ns, q, dead) = (namespace("contract-release"), queue("q.fifo"), queue("dead.fifo"));
    let plain = QueueAttributes { content_deduplication: true, ..Default::default() };
    let redrive = Some(Redrive { queue: dead.clone(), receives_max: 1 });
    store.put_queue(&ns, &dead, plain.clone()).await.unwrap();
    store.put_queue(&ns, &q, QueueAttributes { redrive, ..plain }).await.unwrap();
    let messages = ["1", "2", "3"].map(|body| message(body, Some("a")));
    store.send(&ns, &q, messages.to_vec(), &Origin::default()).await.unwrap();
    let (zero, alive) = (Duration::ZERO, Visibility::WhileAlive(Duration::from_secs(60)));
    for _ in 0..3 {
        let taken = store.receive(&ns, &q, 10, alive, zero).await.unwrap();
        let told: Vec<_> = taken.iter().map(|one| (&one.body[..], one.receives)).collect();
        assert_eq!(told, [(&b"1"[..], 1), (b"2", 1), (b"3", 1)]);
        let mut receipts: Vec<_> = taken.into_iter().map(|one| (one.receipt, zero)).collect();
        receipts.push(receipts[0].clone());
        // Each receipt is good once.
        let released = store.release(&ns, &q, &receipts).await.unwrap();
        assert_eq!(released, [true, true, true, false]);
    }
    assert_eq!(store.depth(&ns, &dead).await.unwrap().ready, 0);
    let taken = store.receive(&ns, &q, 1, alive, zero).await.unwrap();
    let too_long = [(taken[0].receipt.clone(), Duration::MAX)];
    let refused = store.release(&ns, &q, &too_long).await;
    assert!(matches!(refused, Err(QueueError::Invalid(_))), "{refused:?}");
    // One that comes again later holds its group up until then.
    let later = [(taken[0].receipt.clone(), Duration::from_secs(60))];
    assert_eq!(store.release(&ns, &q, &later).await.unwrap(), [true]);
    assert_eq!(store.receive(&ns, &q, 10, alive, zero).await.unwrap(), []);
    let depth = store.depth(&ns, &q).await.unwrap();
    assert_eq!((depth.ready, depth.in_flight, depth.delayed), (2, 0, 1));
}

pub(super) async fn firsts_are_the_first_of_each_group(store: &dyn Queues) {
    let (ns, q, origin) = (namespace("contract-firsts"), queue("q.fifo"), Origin::default());
    let attributes = QueueAttributes { content_deduplication: true, ..Default::default() };
    store.put_queue(&ns, &q, attributes).await.unwrap();
    let messages = [("1", "a"), ("2", "a"), ("3", "b"), ("4", "a"), ("5", "b"), ("6", "c")];
    let messages = messages.map(|(body, group)| message(body, Some(group)));
    store.send(&ns, &q, messages.to_vec(), &origin).await.unwrap();
    let take = async |limit| {
        let firsts = store.receive_firsts(&ns, &q, limit, Visibility::Queue, Duration::ZERO);
        let firsts = firsts.await.unwrap();
        let bodies = firsts.iter().map(|one| one.body.to_vec()).collect::<Vec<_>>();
        (bodies, firsts.into_iter().map(|one| one.receipt).collect::<Vec<_>>())
    };
    let (bodies, mut receipts) = take(2).await;
    assert_eq!(bodies, [b"1", b"3"]);
    assert_eq!(take(10).await.0, [b"6"]);
    assert!(take(10).await.0.is_empty());
    store.delete(&ns, &q, &[receipts.remove(0)]).await.unwrap();
    assert_eq!(take(10).await.0, [b"2"]);
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
    assert_eq!(redriven(store, &ns, &dead).await, 1);
    store.change_visibility(&ns, &dead, &first.receipt, Duration::ZERO).await.unwrap();
    assert_eq!(redriven(store, &ns, &dead).await, 2);
    let back = take(&q, 10, zero).await;
    let back: Vec<_> = back.iter().filter(|one| one.group.as_deref() == Some("a")).collect();
    assert_eq!(back.iter().map(|one| &one.body[..]).collect::<Vec<_>>(), [b"1", b"2"]);

    // Another queue of the same name is not where they came from.
    assert!(take(&q, 10, zero).await.is_empty());
    store.delete_queue(&ns, &q).await.unwrap();
    store.put_queue(&ns, &q, attributes).await.unwrap();
    assert_eq!(redriven(store, &ns, &dead).await, 0);
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
    let letter = take(&dead).await.unwrap().remove(0);
    assert_eq!(&letter.body[..], b"a");
    let said = letter.all_attributes();
    let facts = ["cause", "attempts", "from"].map(|name| said[name].as_str());
    assert_eq!(facts, ["ReceivesExhausted", "1", "queue:q"]);
    let refused = store.delete_queue(&ns, &dead).await;
    assert!(matches!(refused, Err(QueueError::InUse(_))), "{refused:?}");
    assert_eq!(redriven(store, &ns, &dead).await, 1);
    let back = take(&q).await.unwrap().remove(0);
    assert_eq!((back.receives, back.attributes.len()), (1, 0));
}
