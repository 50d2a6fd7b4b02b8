use std::sync::Arc;
use std::time::Duration;

use lambent_dispatch::Delivered;
use lambent_storage::fault::{Faults, When};
use lambent_types::{DeliveryPolicy, Handler, Outcome};

use super::{Node, all, event, next};
use crate::fixture::{Fixture, finished};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn an_event_does_not_wait_for_one_that_takes_long() {
    let node = Node::new();
    let f = node.function("f", DeliveryPolicy::default()).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let start = node.start;
    node.fixture.on_event(move |_, event| {
        send.send((event.id.clone(), start.elapsed())).unwrap();
        async move {
            if event.id == "long" {
                tokio::time::sleep(Duration::from_secs(70)).await;
            }
            Ok(finished(Outcome::Ok))
        }
    });
    node.run();
    node.invoke(&f, event("long")).await;
    // After the task of an idle channel would have ended.
    tokio::time::sleep(Duration::from_secs(65)).await;
    let sent = node.start.elapsed();
    node.invoke(&f, event("short")).await;
    next(&mut seen).await;
    assert_eq!(next(&mut seen).await, ("short".into(), sent));
}

#[tokio::test(start_paused = true)]
async fn many_events_are_handled_at_the_same_time() {
    let node = Node::new();
    let f = node.exporting("f", Handler::Event, |head| head.configuration.timeout_ms = 60_000);
    let f = f.await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let start = node.start;
    node.fixture.on_event(move |_, event| {
        let send = send.clone();
        async move {
            tokio::time::sleep(Duration::from_secs(10)).await;
            send.send((event.id, start.elapsed())).unwrap();
            Ok(finished(Outcome::Ok))
        }
    });
    node.run();
    for id in 0..100 {
        node.invoke(&f, event(&id.to_string())).await;
    }
    let seen = all(&mut seen).await;
    assert_eq!(seen.len(), 100);
    assert!(seen.iter().all(|(_, at)| *at == Duration::from_secs(10)));
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_end_cannot_be_stored_is_handled_again() {
    for when in [When::Before, When::After] {
        let faults = Faults::new(1);
        let node = Node::with(Fixture::new(), |stores| stores.with_faults(&faults));
        let f = node.function("f", DeliveryPolicy::default()).await;
        let (once, failing) = (Arc::new(std::sync::Once::new()), faults.clone());
        // The next call to a store is the one that settles.
        let mut seen = node.answer(move |_| {
            once.call_once(|| failing.fail_next(1, when));
            Outcome::Ok
        });
        node.run();
        node.invoke(&f, event("1")).await;
        let attempts: Vec<_> =
            all(&mut seen).await.iter().map(|(event, _)| event.attempt).collect();
        let expected: &[u32] = if when == When::Before { &[1, 2] } else { &[1] };
        assert_eq!((&attempts[..], faults.injected()), (expected, 1), "{when:?}");
        assert_eq!(node.waiting("f").await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_while_stores_fail_by_chance() {
    for seed in 0..8 {
        let faults = Faults::new(seed);
        let node = Node::with(Fixture::new(), |stores| stores.with_faults(&faults));
        let f = node.function("f", DeliveryPolicy::default()).await;
        let mut seen = node.answer(|_| Outcome::Ok);
        node.run();
        for id in 0..20 {
            node.invoke(&f, event(&id.to_string())).await;
        }
        faults.fail_sometimes(0.5, When::Before);
        tokio::time::sleep(HOUR).await;
        faults.clear();
        let seen = all(&mut seen).await;
        let ids: std::collections::BTreeSet<_> = seen.iter().map(|(event, _)| &event.id).collect();
        assert_eq!((ids.len(), node.waiting("f").await), (20, 0), "seed {seed}");
        assert!(node.count(Delivered::Succeeded) >= 20);
    }
}

/// Functions that cannot write would fail their events, and use up their attempts.
#[tokio::test(start_paused = true)]
async fn events_wait_while_the_disk_is_nearly_full() {
    let faults = Faults::new(1);
    let node = Node::with(Fixture::new(), |stores| stores.with_faults(&faults));
    let f = node.function("f", DeliveryPolicy::default()).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    // What came before.
    node.invoke(&f, event("1")).await;
    faults.reach_reserve(true);
    node.run();
    tokio::time::sleep(HOUR).await;
    assert!(seen.try_recv().is_err());
    assert_eq!(node.waiting("f").await, 1);
    faults.reach_reserve(false);
    let seen = all(&mut seen).await;
    assert_eq!(seen.iter().map(|(event, _)| event.attempt).collect::<Vec<_>>(), [1]);
    assert!(seen[0].1 >= HOUR);
}
