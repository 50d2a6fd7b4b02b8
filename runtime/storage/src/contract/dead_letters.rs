//! What is given up on purpose, what is only looked at, and what goes back.

use std::time::Duration;

use lambent_types::{Event, Namespace, Origin, QueueName};

use super::depth_becomes;
use super::samples::namespace;
use crate::event_log::{Channel, EventLog};
use crate::queues::{
    DeadEvent, DeadFacts, GiveUp, Message, MessageState, MoveBack, NewMessage, QueueAttributes,
    Queues, Visibility,
};

fn queue(text: &str) -> QueueName {
    text.parse().unwrap()
}

async fn create(store: &dyn Queues, ns: &Namespace, queues: &[&QueueName]) {
    for queue in queues {
        store.put_queue(ns, queue, QueueAttributes::default()).await.unwrap();
    }
}

async fn send(store: &dyn Queues, ns: &Namespace, queue: &QueueName, body: &str) {
    let attributes = [("own".to_owned(), body.to_owned())].into();
    let body = body.to_owned().into();
    let message = NewMessage { body, attributes, ..NewMessage::default() };
    store.send(ns, queue, vec![message], &Origin::default()).await.unwrap();
}

async fn take(store: &dyn Queues, ns: &Namespace, queue: &QueueName) -> Vec<Message> {
    let hour = Visibility::For(Duration::from_secs(3600));
    store.receive(ns, queue, 10, hour, Duration::ZERO).await.unwrap()
}

fn facts(cause: &str) -> DeadFacts {
    [("cause".to_owned(), cause.to_owned()), ("own".to_owned(), "hidden".to_owned())].into()
}

fn back(only: Option<(&str, &str)>, dry_run: bool) -> MoveBack {
    let only = only.map(|(name, value)| (name.to_owned(), value.to_owned()));
    MoveBack { limit: 10, only, dry_run }
}

pub(super) async fn what_is_given_up_says_why_and_can_go_back(store: &dyn Queues) {
    let (ns, q, dead) = (namespace("contract-given-up"), queue("q"), queue("dead"));
    create(store, &ns, &[&q, &dead]).await;
    for body in ["a", "b"] {
        send(store, &ns, &q, body).await;
    }
    let taken = take(store, &ns, &q).await;
    let give_up = |one: &Message, to: &str, cause| GiveUp {
        receipt: one.receipt.clone(),
        to: queue(to),
        facts: facts(cause),
    };
    let lost = store.give_up(&ns, &q, vec![give_up(&taken[0], "nowhere", "x")]).await;
    assert_eq!(lost.unwrap(), [false]);
    let both = vec![give_up(&taken[0], "dead", "One"), give_up(&taken[1], "DEAD", "Two")];
    assert_eq!(store.give_up(&ns, &q, both.clone()).await.unwrap(), [true, true]);
    assert_eq!(store.give_up(&ns, &q, both).await.unwrap(), [false, false]);
    let letters = store.peek(&ns, &dead, 0, 10).await.unwrap();
    let causes: Vec<_> = letters.iter().map(|one| &one.message.attributes["cause"]).collect();
    assert_eq!(causes, ["One", "Two"]);
    assert_eq!(letters[0].message.id, taken[0].id);
    assert_eq!(letters[0].message.attributes["own"], "hidden");

    let moved = async |what| store.redrive(&ns, &dead, what).await.unwrap().count;
    assert_eq!(moved(back(None, true)).await, 2);
    assert_eq!(moved(back(Some(("cause", "Two")), true)).await, 1);
    assert_eq!(moved(back(Some(("cause", "Three")), false)).await, 0);
    assert_eq!(moved(back(Some(("cause", "Two")), false)).await, 1);
    let returned = take(store, &ns, &q).await;
    assert_eq!((&returned[0].body[..], returned[0].receives), (&b"b"[..], 1));
    assert_eq!(returned[0].attributes.keys().collect::<Vec<_>>(), ["own"]);
    assert_eq!(returned[0].attributes["own"], "b");
    assert_eq!(moved(back(None, false)).await, 1);
    assert_eq!(moved(back(None, false)).await, 0);
}

pub(super) async fn who_only_looks_changes_nothing(store: &dyn Queues) {
    let (ns, q) = (namespace("contract-peek"), queue("q"));
    create(store, &ns, &[&q]).await;
    for body in ["a", "b", "c"] {
        send(store, &ns, &q, body).await;
    }
    let first = store.receive(&ns, &q, 1, Visibility::Queue, Duration::ZERO).await.unwrap();
    depth_becomes(store, &ns, &q, |depth| depth.in_flight == 1).await;
    let peek = async |after, limit| store.peek(&ns, &q, after, limit).await.unwrap();
    for _ in 0..2 {
        let all = peek(0, 10).await;
        let seen: Vec<_> = all.iter().map(|one| (one.state, one.message.receives)).collect();
        let (held, ready) = ((MessageState::InFlight, 1), (MessageState::Ready, 0));
        assert_eq!(seen, [held, ready, ready]);
        assert_eq!(all[0].message.id, first[0].id);
        assert_eq!(all[0].message.receipt.0, "");
        let rest = peek(all[0].message.sequence, 1).await;
        assert_eq!(&rest[0].message.body[..], b"b");
        assert_eq!(peek(all[2].message.sequence, 1).await, []);
    }
    assert_eq!(store.delete(&ns, &q, &[first[0].receipt.clone()]).await.unwrap(), [true]);
    assert_eq!(take(store, &ns, &q).await.len(), 2);
}

pub(super) async fn events_that_were_given_up_go_back_to_their_channel(
    store: &dyn Queues,
    events: &dyn EventLog,
) {
    let (ns, dead) = (namespace("contract-dead-event"), queue("dead"));
    create(store, &ns, &[&dead]).await;
    let event = Event {
        id: "e1".into(),
        source: "/buckets/photos".into(),
        kind: "k".into(),
        subject: Some("cat.jpg".into()),
        time_ns: Some(7),
        content_type: Some("application/json".into()),
        schema: None,
        extensions: Vec::new(),
        attempt: 3,
        data: "{}".into(),
    };
    let channel = Channel::Function("f".parse().unwrap());
    let letter = DeadEvent { facts: facts("x"), channel: channel.clone(), event: event.clone() };
    let message =
        NewMessage { body: event.data.clone(), dead: Some(letter), ..NewMessage::default() };
    store.send(&ns, &dead, vec![message], &Origin::default()).await.unwrap();
    assert_eq!(store.peek(&ns, &dead, 0, 1).await.unwrap()[0].message.attributes["cause"], "x");
    let moved = store.redrive(&ns, &dead, back(None, false)).await.unwrap();
    assert_eq!((moved.count, moved.channels.into_iter().collect()), (1, vec![channel.clone()]));
    assert_eq!(store.depth(&ns, &dead).await.unwrap().ready, 0);
    let minute = Duration::from_secs(60);
    let came = events.receive(&ns, &channel, 10, minute, Duration::ZERO).await.unwrap();
    assert_eq!(came.len(), 1);
    assert_eq!(came[0].event, Event { attempt: 1, ..event });
}
