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
    MoveBack { limit: 10, only, dry_run, to: None }
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
    let causes: Vec<_> =
        letters.iter().map(|one| one.message.all_attributes()["cause"].clone()).collect();
    assert_eq!(causes, ["One", "Two"]);
    assert_eq!(letters[0].message.id, taken[0].id);
    assert_eq!(letters[0].message.all_attributes()["own"], "hidden");
    assert_eq!(letters[0].message.attributes["own"], "a");

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

/// A receiver that gives up all it gets, at once.
async fn reject(store: &dyn Queues, ns: &Namespace, q: &QueueName, dead: &QueueName) {
    loop {
        let taken = store.receive(ns, q, 1000, Visibility::Queue, Duration::from_secs(1)).await;
        let give_up = taken.unwrap().into_iter().map(|one| GiveUp {
            receipt: one.receipt,
            to: dead.clone(),
            facts: facts("x"),
        });
        let give_up: Vec<_> = give_up.collect();
        if !give_up.is_empty() {
            store.give_up(ns, q, give_up).await.unwrap();
        }
    }
}

pub(super) async fn what_comes_straight_back_is_not_moved_again(store: &dyn Queues) {
    const COUNT: usize = 2500;
    let (ns, q, dead) = (namespace("contract-comes-back"), queue("q"), queue("dead"));
    create(store, &ns, &[&q, &dead]).await;
    let message = NewMessage { body: "a".into(), ..NewMessage::default() };
    for _ in 0..COUNT / 500 {
        store.send(&ns, &q, vec![message.clone(); 500], &Origin::default()).await.unwrap();
    }
    let rejecting = reject(store, &ns, &q, &dead);
    let redriving = async {
        depth_becomes(store, &ns, &dead, |depth| depth.ready as usize == COUNT).await;
        let all = MoveBack { limit: usize::MAX, ..MoveBack::default() };
        assert_eq!(store.redrive(&ns, &dead, all).await.unwrap().count, COUNT as u64);
    };
    tokio::select! {
        () = rejecting => unreachable!("it rejects for ever"),
        ended = tokio::time::timeout(Duration::from_secs(60), redriving) => {
            ended.unwrap();
        }
    }
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

/// What is delayed, and what waits behind another of its group, is seen too.
pub(super) async fn who_looks_sees_what_nobody_could_receive(store: &dyn Queues) {
    let (ns, q) = (namespace("contract-peek-all"), queue("q"));
    let (fifo, other) = (queue("q.fifo"), queue("other"));
    create(store, &ns, &[&q, &fifo, &other]).await;
    let delay = Some(Duration::from_secs(900));
    let message = |group: Option<&str>, body: &str| NewMessage {
        body: body.to_owned().into(),
        group: group.map(ToOwned::to_owned),
        deduplication: group.map(|_| body.to_owned()),
        ..NewMessage::default()
    };
    let origin = Origin::default();
    let delayed = NewMessage { delay, ..message(None, "later") };
    for one in [delayed, message(None, "now")] {
        store.send(&ns, &q, vec![one], &origin).await.unwrap();
        send(store, &ns, &other, "of another").await;
    }
    let seen = async |queue, limit| {
        let all = store.peek(&ns, queue, 0, limit).await.unwrap();
        let seen = all.into_iter().map(|one| (one.message.body, one.state));
        seen.collect::<Vec<_>>()
    };
    let (ready, later) = (MessageState::Ready, MessageState::Delayed);
    assert_eq!(seen(&q, 10).await, [("later".into(), later), ("now".into(), ready)]);
    let both = vec![message(Some("g"), "1"), message(Some("g"), "2"), message(Some("h"), "3")];
    store.send(&ns, &fifo, both, &origin).await.unwrap();
    let three = [("1".into(), ready), ("2".into(), ready), ("3".into(), ready)];
    assert_eq!(seen(&fifo, 10).await, three);
    assert_eq!(seen(&fifo, 2).await, three[..2]);
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
    assert_eq!(
        store.peek(&ns, &dead, 0, 1).await.unwrap()[0].message.all_attributes()["cause"],
        "x"
    );
    // Through another queue, too.
    let further = queue("further");
    create(store, &ns, &[&further]).await;
    let taken = take(store, &ns, &dead).await.remove(0);
    let facts = facts("y");
    let give_up = GiveUp { receipt: taken.receipt, to: further.clone(), facts };
    assert_eq!(store.give_up(&ns, &dead, vec![give_up]).await.unwrap(), [true]);
    let dead = further;
    let moved = store.redrive(&ns, &dead, back(None, false)).await.unwrap();
    assert_eq!((moved.count, moved.channels.into_iter().collect()), (1, vec![channel.clone()]));
    assert_eq!(store.depth(&ns, &dead).await.unwrap().ready, 0);
    let minute = Duration::from_secs(60);
    let came = events.receive(&ns, &channel, 10, minute, Duration::ZERO).await.unwrap();
    assert_eq!(came.len(), 1);
    assert_eq!(came[0].event, Event { attempt: 1, ..event });
}
