//! What is promised about messages and time. The clock is the check's.

use std::sync::Arc;
use std::time::Duration;

use lambent_types::{ManualClock, Namespace, Origin, QueueName};
use tokio::task::JoinHandle;

use super::samples::namespace;
use crate::queues::{
    Depth, NewMessage, QueueAttributes, QueueError, Queues, Receipt, Redrive, Visibility,
};

const SECOND: Duration = Duration::from_secs(1);

fn message(body: &str) -> NewMessage {
    NewMessage { body: body.to_owned().into(), ..NewMessage::default() }
}

async fn bodies(store: &dyn Queues, ns: &str, q: &QueueName) -> Vec<String> {
    let got =
        store.receive(&namespace(ns), q, 10, Visibility::Queue, Duration::ZERO).await.unwrap();
    got.iter().map(|one| String::from_utf8_lossy(&one.body).into_owned()).collect()
}

/// Waits until a queue's depth is as expected: what was just received may be
/// counted as ready until that is committed.
///
/// # Panics
/// A depth that is not reached after five seconds fails the check.
pub async fn depth_becomes(
    store: &dyn Queues,
    namespace: &Namespace,
    queue: &QueueName,
    expected: impl Fn(&Depth) -> bool,
) {
    let mut depth = Depth::default();
    for _ in 0..500 {
        depth = store.depth(namespace, queue).await.unwrap();
        if expected(&depth) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{queue}: {depth:?}");
}

pub(super) async fn delay_visibility_and_retention_end(store: &dyn Queues, clock: &ManualClock) {
    let (ns, q): (_, QueueName) = ("contract-time", "q".parse().unwrap());
    let (owner, origin) = (namespace(ns), Origin::default());
    let attributes = QueueAttributes {
        visibility_timeout_ms: 2000,
        delay_ms: 1000,
        retention_ms: 10_000,
        ..QueueAttributes::default()
    };
    store.put_queue(&owner, &q, attributes).await.unwrap();
    let soon = NewMessage { delay: Some(Duration::ZERO), ..message("soon") };
    store.send(&owner, &q, vec![message("later"), soon], &origin).await.unwrap();
    let depth = store.depth(&owner, &q).await.unwrap();
    assert_eq!((depth.ready, depth.delayed), (1, 1));
    assert_eq!(bodies(store, ns, &q).await, ["soon"]);
    clock.advance(SECOND);
    assert_eq!(bodies(store, ns, &q).await, ["later"]);
    let taken = |depth: &Depth| depth.in_flight == 2;
    depth_becomes(store, &owner, &q, taken).await;
    clock.advance(SECOND);
    assert_eq!(bodies(store, ns, &q).await, ["soon"]);
    clock.advance(SECOND * 7);
    assert_eq!(bodies(store, ns, &q).await.len(), 2);
    clock.advance(SECOND);
    assert!(bodies(store, ns, &q).await.is_empty());
    clock.advance(SECOND * 2);
    assert!(bodies(store, ns, &q).await.is_empty());
}

pub(super) async fn duplicates_are_known_for_five_minutes(store: &dyn Queues, clock: &ManualClock) {
    let (ns, q) = (namespace("contract-duplicates"), "q.fifo".parse().unwrap());
    store.put_queue(&ns, &q, QueueAttributes::default()).await.unwrap();
    let one =
        NewMessage { group: Some("g".into()), deduplication: Some("once".into()), ..message("a") };
    let origin = Origin::default();
    let send =
        || async { store.send(&ns, &q, vec![one.clone()], &origin).await.unwrap().remove(0) };
    let first = send().await;
    let got = store.receive(&ns, &q, 1, Visibility::Queue, Duration::ZERO).await.unwrap();
    store.delete(&ns, &q, &[got[0].receipt.clone()]).await.unwrap();
    clock.advance(SECOND * 299);
    let second = send().await;
    assert_eq!((second.duplicate, &second.id), (true, &first.id));
    clock.advance(SECOND);
    assert!(!send().await.duplicate);
}

pub(super) async fn stale_receipts_do_nothing(store: &dyn Queues, clock: &ManualClock) {
    let (ns, q) = (namespace("contract-stale"), "q".parse().unwrap());
    store.put_queue(&ns, &q, QueueAttributes::default()).await.unwrap();
    store.send(&ns, &q, vec![message("a")], &Origin::default()).await.unwrap();
    let take =
        || async { store.receive(&ns, &q, 1, Visibility::Queue, Duration::ZERO).await.unwrap() };
    let old = take().await.remove(0).receipt;
    clock.advance(SECOND * 30);
    let new = take().await.remove(0);
    assert_eq!(new.receives, 2);
    for receipt in [old, Receipt(String::new()), Receipt("1-".into()), Receipt("x-y".into())] {
        let refused = store.change_visibility(&ns, &q, &receipt, Duration::ZERO).await;
        assert!(matches!(refused, Err(QueueError::Receipt)), "{refused:?}");
        let nowhere = "none".parse().unwrap();
        let refused = store.change_visibility(&ns, &nowhere, &receipt, Duration::ZERO).await;
        assert!(matches!(refused, Err(QueueError::NoQueue)), "{refused:?}");
        assert_eq!(store.delete(&ns, &q, &[receipt]).await.unwrap(), [false]);
    }
    assert!(take().await.is_empty());
    store.change_visibility(&ns, &q, &new.receipt, SECOND * 60).await.unwrap();
    clock.advance(SECOND * 59);
    assert!(take().await.is_empty());
    assert_eq!(store.delete(&ns, &q, &[new.receipt]).await.unwrap(), [true]);
    // What is visible again at once comes once in one receipt.
    store.send(&ns, &q, vec![message("b")], &Origin::default()).await.unwrap();
    let zero = Visibility::For(Duration::ZERO);
    assert_eq!(store.receive(&ns, &q, 10, zero, Duration::ZERO).await.unwrap().len(), 1);
}

/// Waits an hour for a message, in a task of its own.
fn waiter(store: &Arc<dyn Queues>, ns: &Namespace, q: &QueueName) -> JoinHandle<usize> {
    let (store, ns, q) = (Arc::clone(store), ns.clone(), q.clone());
    tokio::spawn(async move {
        store.receive(&ns, &q, 1, Visibility::Queue, SECOND * 3600).await.unwrap().len()
    })
}

pub(super) async fn whoever_waits_is_woken_by_a_send(store: &Arc<dyn Queues>) {
    let (ns, q) = (namespace("contract-wait"), "q".parse::<QueueName>().unwrap());
    store.put_queue(&ns, &q, QueueAttributes::default()).await.unwrap();
    let waiter = waiter(store, &ns, &q);
    store.send(&ns, &q, vec![message("a")], &Origin::default()).await.unwrap();
    assert_eq!(tokio::time::timeout(SECOND * 30, waiter).await.unwrap().unwrap(), 1);
}

pub(super) async fn whoever_waits_is_woken_by_a_dead_letter(store: &Arc<dyn Queues>) {
    let (ns, q) = (namespace("contract-wait-dead"), "q".parse::<QueueName>().unwrap());
    let dead: QueueName = "dead".parse().unwrap();
    store.put_queue(&ns, &dead, QueueAttributes::default()).await.unwrap();
    let redrive = Some(Redrive { queue: dead.clone(), receives_max: 1 });
    let attributes = QueueAttributes { redrive, ..QueueAttributes::default() };
    store.put_queue(&ns, &q, attributes).await.unwrap();
    store.send(&ns, &q, vec![message("a")], &Origin::default()).await.unwrap();
    let waiter = waiter(store, &ns, &dead);
    // It most likely waits by then; if not, this shows less.
    tokio::time::sleep(SECOND / 10).await;
    for expected in [1, 0] {
        let zero = Visibility::For(Duration::ZERO);
        let got = store.receive(&ns, &q, 1, zero, Duration::ZERO).await.unwrap();
        assert_eq!(got.len(), expected);
    }
    assert_eq!(tokio::time::timeout(SECOND * 30, waiter).await.unwrap().unwrap(), 1);
}

pub(super) async fn purging_leaves_nothing(store: &dyn Queues) {
    let (ns, q) = (namespace("contract-purge"), "q.fifo".parse().unwrap());
    store.put_queue(&ns, &q, QueueAttributes::default()).await.unwrap();
    let grouped = |number: u32| NewMessage {
        group: Some(format!("g{}", number % 3)),
        deduplication: Some(number.to_string()),
        ..message("a")
    };
    let send = |from| store.send(&ns, &q, (from..from + 7).map(grouped).collect(), &ORIGIN);
    send(0).await.unwrap();
    store.receive(&ns, &q, 2, Visibility::Queue, Duration::ZERO).await.unwrap();
    assert_eq!(store.purge(&ns, &q).await.unwrap(), 7);
    assert_eq!(store.depth(&ns, &q).await.unwrap(), crate::Depth::default());
    // No group waits for a message that is gone.
    send(10).await.unwrap();
    assert_eq!(
        store.receive(&ns, &q, 10, Visibility::Queue, Duration::ZERO).await.unwrap().len(),
        7
    );
}

static ORIGIN: std::sync::LazyLock<Origin> = std::sync::LazyLock::new(Origin::default);
