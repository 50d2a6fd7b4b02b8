//! Every way of being given up: each dead letter says why, how often it was tried and where it
//! was, and can go back there.

use std::time::Duration;

use lambent_dispatch::Delivered;
use lambent_storage::{Channel, Message, MoveBack, QueueAttributes, Redrive, Visibility};
use lambent_types::{DeliveryPolicy, Handler, Outcome, QueueName, Retry};

use super::{Node, all, event, failed, failure, namespace, partly, to};
use crate::fixture::finished;

/// A queue whose messages are given up after so many receipts, and where they go then.
async fn queues(node: &Node, receives_max: u32) -> (QueueName, QueueName) {
    let dead = node.queue("dead", QueueAttributes::default()).await;
    let redrive = Some(Redrive { queue: dead.clone(), receives_max });
    let queue = node.queue("q", QueueAttributes { redrive, ..Default::default() }).await;
    (queue, dead)
}

fn facts(letter: &Message) -> [String; 6] {
    let facts = ["cause", "errortype", "errormessage", "attempts", "from", "function"];
    facts.map(|name| letter.all_attributes().remove(name).unwrap_or_default())
}

async fn moved_back(node: &Node, dead: &QueueName) -> (u64, Vec<Channel>) {
    let what = MoveBack { limit: 10, ..MoveBack::default() };
    let moved = node.stores.queues.redrive(&namespace(), dead, what).await.unwrap();
    (moved.count, moved.channels.into_iter().collect())
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_receipts_are_used_up_says_the_last_error() {
    let node = Node::new();
    let (queue, dead) = queues(&node, 2).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let mut seen = node.answer(|_| failed(Retry::Policy));
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    node.send(&queue, "a", None).await;
    assert_eq!(all(&mut seen).await.len(), 2);
    assert_eq!((node.count(Delivered::Retried), node.count(Delivered::GivenUp)), (1, 1));
    let peeked = node.stores.queues.peek(&namespace(), &dead, 0, 10).await.unwrap();
    let expected = ["RetriesExhausted", "Oops", "not today", "2", "queue:q", "f"];
    assert_eq!(facts(&peeked[0].message), expected);
    // It can go back, and is given up anew.
    assert_eq!(moved_back(&node, &dead).await, (1, vec![]));
    assert_eq!(all(&mut seen).await.len(), 2);
    assert_eq!(facts(&node.received(&dead).await[0]), expected);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_rejected_goes_at_once_and_can_come_back() {
    let node = Node::new();
    let (queue, dead) = queues(&node, 5).await;
    node.exporting("f", Handler::Batch, |_| {}).await;
    node.fixture.on_batch(|_, events| {
        let failed = (0..).zip(&events).filter(|(_, event)| event.data.starts_with(b"x"));
        let failed = failed.map(|(place, _)| (place, failure(Retry::Never))).collect();
        async { Ok(partly(failed)) }
    });
    for body in ["a", "x1", "x2"] {
        node.send(&queue, body, None).await;
    }
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    let peeked = node.stores.queues.peek(&namespace(), &dead, 0, 10).await.unwrap();
    assert_eq!(peeked.len(), 2);
    for one in &peeked {
        let expected = ["Rejected", "Oops", "not today", "1", "queue:q", "f"];
        assert_eq!(facts(&one.message), expected);
    }
    let record = node.fixture.records("f").await.remove(0);
    let items = record.items.unwrap();
    assert_eq!((items.count, items.failed), (3, 2));
    let ids: Vec<_> = items.failures.iter().map(|one| &one.id).collect();
    assert_eq!(ids, [&peeked[0].message.id, &peeked[1].message.id]);
    assert_eq!((&*items.failures[0].kind, &*items.failures[0].message), ("Oops", "not today"));
    node.fixture.on_batch(|_, _| async { Ok(partly(vec![])) });
    assert_eq!(moved_back(&node, &dead).await, (2, vec![]));
    tokio::time::sleep(Duration::from_secs(100)).await;
    let depth = node.stores.queues.depth(&namespace(), &queue).await.unwrap();
    assert_eq!((depth.ready, depth.in_flight, node.received(&dead).await.len()), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_takes_too_long_says_so() {
    let node = Node::new();
    let (queue, dead) = queues(&node, 1).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let timeout = Outcome::TimedOut { limit_ms: 3000 };
    let mut seen = node.answer(move |_| timeout.clone());
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    node.send(&queue, "a", None).await;
    assert_eq!(all(&mut seen).await.len(), 1);
    let letters = node.received(&dead).await;
    let [cause, kind, message, attempts, from, _] = facts(&letters[0]);
    assert_eq!((&*cause, &*attempts, &*from), ("RetriesExhausted", "1", "queue:q"));
    assert!(!kind.is_empty() && message.contains("3"), "{kind}: {message}");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_clients_received_too_often_says_so() {
    let node = Node::new();
    let (queue, dead) = queues(&node, 1).await;
    node.send(&queue, "a", None).await;
    for count in [1, 0] {
        let zero = Visibility::For(Duration::ZERO);
        let queues = &node.stores.queues;
        let taken = queues.receive(&namespace(), &queue, 1, zero, Duration::ZERO).await.unwrap();
        assert_eq!(taken.len(), count);
    }
    let letters = node.received(&dead).await;
    assert_eq!(facts(&letters[0]), ["ReceivesExhausted", "", "", "1", "queue:q", ""]);
}

#[tokio::test(start_paused = true)]
async fn a_trigger_may_send_what_is_rejected_elsewhere_and_it_comes_back_from_there() {
    let node = Node::new();
    let elsewhere = node.queue("elsewhere", QueueAttributes::default()).await;
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let mut seen = node.answer(|event| match event.attempt {
        1 => failed(Retry::Never),
        _ => Outcome::Ok,
    });
    node.run();
    let delivery =
        Some(DeliveryPolicy { dead_letter: to("queue:elsewhere"), ..DeliveryPolicy::default() });
    node.trigger("f", &queue, |trigger| trigger.delivery = delivery).await;
    node.send(&queue, "a", None).await;
    assert_eq!(all(&mut seen).await.len(), 1);
    assert_eq!(moved_back(&node, &elsewhere).await, (1, vec![]));
    assert_eq!(all(&mut seen).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_given_up_goes_back_to_where_it_was() {
    let node = Node::new();
    let dead = node.queue("dead", QueueAttributes::default()).await;
    let policy = DeliveryPolicy {
        attempts_max: 2,
        dead_letter: to("queue:dead"),
        ..DeliveryPolicy::default()
    };
    let f = node.function("f", policy).await;
    let mut seen = node.answer(|_| failed(Retry::Policy));
    node.run();
    node.invoke(&f, event("1")).await;
    assert_eq!(all(&mut seen).await.len(), 2);
    let peeked = node.stores.queues.peek(&namespace(), &dead, 0, 10).await.unwrap();
    let letter = &peeked[0].message;
    let expected = ["RetriesExhausted", "Oops", "not today", "2", "function:f", "f"];
    assert_eq!(facts(letter), expected);
    assert_eq!(letter.all_attributes()["id"], "1");
    node.fixture.on_event(|_, _| async { Ok(finished(Outcome::Ok)) });
    let (count, channels) = moved_back(&node, &dead).await;
    assert_eq!((count, channels.len()), (1, 1));
    node.deliveries.resume(&namespace(), channels.into_iter().collect());
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!((node.waiting("f").await, node.count(Delivered::Succeeded)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_back_from_a_fifo_queue_and_fails_again_is_no_duplicate() {
    let node = Node::new();
    let dead = node.queue("dead.fifo", QueueAttributes::default()).await;
    let policy = DeliveryPolicy {
        attempts_max: 1,
        dead_letter: to("queue:dead.fifo"),
        ..DeliveryPolicy::default()
    };
    let f = node.function("f", policy).await;
    let mut seen = node.answer(|_| failed(Retry::Policy));
    node.run();
    node.invoke(&f, event("1")).await;
    for _ in 0..3 {
        assert_eq!(all(&mut seen).await.len(), 1);
        let letters = node.stores.queues.peek(&namespace(), &dead, 0, 10).await.unwrap();
        assert_eq!(letters.len(), 1);
        let (count, channels) = moved_back(&node, &dead).await;
        assert_eq!(count, 1);
        node.deliveries.resume(&namespace(), channels.into_iter().collect());
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_goes_to_a_queue_of_another_kind_says_where_it_was() {
    let node = Node::new();
    let dead = node.queue("dead.fifo", QueueAttributes::default()).await;
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let mut seen = node.answer(|_| failed(Retry::Never));
    node.run();
    let delivery =
        Some(DeliveryPolicy { dead_letter: to("queue:dead.fifo"), ..DeliveryPolicy::default() });
    node.trigger("f", &queue, |trigger| trigger.delivery = delivery).await;
    node.send(&queue, "a", None).await;
    assert_eq!(all(&mut seen).await.len(), 1);
    let letters = node.received(&dead).await;
    assert_eq!(facts(&letters[0]), ["Rejected", "Oops", "not today", "1", "queue:q", "f"]);
}

#[tokio::test(start_paused = true)]
async fn a_trigger_tells_what_failed_last_and_when_it_last_went_well() {
    let node = Node::new();
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let mut seen = node.answer(|event| match event.attempt {
        1 => failed(Retry::Policy),
        _ => Outcome::Ok,
    });
    node.run();
    let name = "t".parse().unwrap();
    let status = || node.deliveries.trigger_status(&namespace(), &name);
    assert_eq!(status(), lambent_dispatch::TriggerStatus::default());
    node.trigger("f", &queue, |_| {}).await;
    node.send(&queue, "a", None).await;
    assert_eq!(all(&mut seen).await.len(), 2);
    let (error, success) = (status().last_error.unwrap(), status().last_success.unwrap());
    assert_eq!((&*error.kind, &*error.message), ("Oops", "not today"));
    assert!(error.time < success && error.request.is_some());
    // Nothing is delivered at all while the function is gone.
    node.trigger("missing", &queue, |_| {}).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let error = status().last_error.unwrap();
    assert_eq!((&*error.kind, error.request), ("Lambent.NotDelivered", None));
    assert!(error.message.contains("missing"), "{}", error.message);
}
