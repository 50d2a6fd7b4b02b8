use std::sync::Arc;
use std::time::Duration;

use lambent_dispatch::Delivered;
use lambent_storage::Channel;
use lambent_storage::contract::samples;
use lambent_types::{DeliveryPolicy, Origin, Outcome, Retry};
use tokio::sync::Notify;

use super::{Node, all, event, failed, namespace, next, to};
use crate::fixture::{Fixture, finished};

fn seconds(least: u64, most: u64) -> std::ops::RangeInclusive<Duration> {
    Duration::from_secs(least)..=Duration::from_secs(most)
}

#[tokio::test(start_paused = true)]
async fn an_event_is_handled_at_once_and_is_then_over() {
    let node = Node::new();
    let f = node.function("f", DeliveryPolicy::default()).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    for id in ["1", "2"] {
        let sent = node.start.elapsed();
        node.invoke(&f, event(id)).await;
        let (event, at) = next(&mut seen).await;
        assert_eq!((&*event.id, event.attempt, at), (id, 1, sent), "nothing waits for a timer");
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    assert_eq!((all(&mut seen).await, node.waiting("f").await), (vec![], 0));
    assert_eq!(node.count(Delivered::Succeeded), 2);
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_later_and_later_and_then_given_up() {
    let node = Node::new();
    let dead = node.queue("dead", lambent_storage::QueueAttributes::default()).await;
    let policy = DeliveryPolicy { dead_letter: to("queue:dead"), ..DeliveryPolicy::default() };
    let f = node.function("f", policy).await;
    let mut seen = node.answer(|_| failed(Retry::Policy));
    node.run();
    node.invoke(&f, event("1")).await;
    let (_, first) = next(&mut seen).await;
    let (_, second) = next(&mut seen).await;
    let (event, third) = next(&mut seen).await;
    assert!(seconds(30, 60).contains(&(second - first)), "{:?}", second - first);
    assert!(seconds(60, 120).contains(&(third - second)), "{:?}", third - second);
    assert_eq!((&*event.id, event.attempt), ("1", 3));
    assert_eq!(all(&mut seen).await, []);
    let letters = node.received(&dead).await;
    assert_eq!((letters.len(), &letters[0].body[..]), (1, &b"{\"total\":1}"[..]));
    let attributes = letters[0].all_attributes();
    let attribute = |name: &str| attributes[name].as_str();
    assert_eq!((attribute("errortype"), attribute("errormessage")), ("Oops", "not today"));
    assert_eq!((attribute("id"), attribute("attempts")), ("1", "3"));
    assert_eq!((node.count(Delivered::Retried), node.count(Delivered::GivenUp)), (2, 1));
    assert_eq!(node.waiting("f").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_function_may_ask_for_later_or_for_never() {
    let node = Node::new();
    let f = node.function("f", DeliveryPolicy::default()).await;
    let pause = Duration::from_secs(3000);
    let mut seen = node.answer(move |event| match event.attempt {
        1 => failed(Retry::After(pause)),
        _ => failed(Retry::Never),
    });
    node.run();
    node.invoke(&f, event("1")).await;
    let (_, first) = next(&mut seen).await;
    let (_, second) = next(&mut seen).await;
    assert!(second - first >= pause);
    assert_eq!(all(&mut seen).await, []);
    assert_eq!(node.count(Delivered::GivenUp), 1);
}

#[tokio::test(start_paused = true)]
async fn want_of_room_is_no_attempt() {
    let node = Node::with(Fixture::with_concurrency(1), |stores| stores);
    let policy = DeliveryPolicy { attempts_max: 1, ..DeliveryPolicy::default() };
    let f = node.function("f", policy).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    node.fixture.on_event(move |_, event| {
        let send = send.clone();
        async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            send.send((event.id, event.attempt)).unwrap();
            Ok(finished(Outcome::Ok))
        }
    });
    node.run();
    for id in ["1", "2", "3"] {
        node.invoke(&f, event(id)).await;
    }
    let mut handled = all(&mut seen).await;
    handled.sort();
    assert_eq!(handled, [("1".into(), 1), ("2".into(), 1), ("3".into(), 1)]);
    assert!(node.count(Delivered::Postponed) >= 2);
}

#[tokio::test(start_paused = true)]
async fn what_waits_from_before_is_taken_up_and_a_function_may_come_late() {
    let node = Node::new();
    let channel = Channel::Function(samples::name("f").into());
    let events = &node.stores.events;
    events.append(&namespace(), &channel, event("1"), &Origin::default()).await.unwrap();
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    tokio::time::sleep(Duration::from_secs(5)).await;
    node.function("f", DeliveryPolicy::default()).await;
    let (event, _) = next(&mut seen).await;
    assert_eq!((&*event.id, event.attempt), ("1", 2));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_too_old_is_given_up_after_one_attempt_at_least() {
    let node = Node::new();
    let policy = DeliveryPolicy { attempts_max: 100, age_max_ms: 90_000, ..Default::default() };
    node.function("f", policy).await;
    let mut seen = node.answer(|_| failed(Retry::Policy));
    let channel = Channel::Function(samples::name("f").into());
    let events = &node.stores.events;
    events.append(&namespace(), &channel, event("1"), &Origin::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    node.run();
    assert_eq!(all(&mut seen).await.len(), 1);
    assert_eq!(node.count(Delivered::GivenUp), 1);
}

#[tokio::test(start_paused = true)]
async fn what_runs_when_the_node_drains_ends_and_nothing_more_begins() {
    let node = Node::new();
    let f = node.function("f", DeliveryPolicy::default()).await;
    let (go, begun) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gates = (go.clone(), begun.clone());
    node.fixture.on_event(move |_, _| {
        let (go, begun) = gates.clone();
        async move {
            begun.notify_one();
            go.notified().await;
            Ok(finished(Outcome::Ok))
        }
    });
    let running = node.run();
    node.invoke(&f, event("1")).await;
    begun.notified().await;
    node.drain.cancel();
    tokio::time::sleep(Duration::from_secs(1)).await;
    node.invoke(&f, event("2")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!running.is_finished());
    go.notify_one();
    running.await.unwrap();
    assert_eq!((node.waiting("f").await, node.count(Delivered::Succeeded)), (1, 1));
    let (since, until) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX);
    let usage = node.stores.usage.query(&namespace(), since, until).await.unwrap();
    assert_eq!(usage.iter().map(|record| record.used.invocations).sum::<u64>(), 1);
}
