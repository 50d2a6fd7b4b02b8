//! Random operations on the queues of the embedded backend, against those in
//! memory, with time in the hand of the test.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambent_storage::contract::samples::namespace;
use lambent_storage::{
    Message, MoveBack, NewMessage, QueueAttributes, QueueError, Quotas, Receipt, Redrive, Sent,
    Stores, Visibility,
};
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::{ManualClock, Namespace, Origin, QueueName};
use proptest::prelude::*;

/// Both are in one shard.
const NAMESPACES: [&str; 2] = ["ns1", "ns5"];
/// Each may send its dead letters to its neighbour: 0 and 1, 2 and 3.
const QUEUES: [&str; 4] = ["a", "dead", "a.fifo", "dead.fifo"];
const REST: &str = "rest";

/// A namespace and a queue, by number.
type Place = (usize, usize);

#[derive(Debug, Clone)]
enum Step {
    Put(Place, Attributes),
    Remove(Place),
    Send(Place, Vec<New>),
    /// At most so many, for so many seconds if not for as long as the queue says.
    Receive(Place, usize, Option<u64>),
    /// By receipts, counted from the last one on; some are of other queues.
    Delete(Place, Vec<usize>),
    Change(Place, usize, u64),
    /// One receipt, with a pause.
    Release(Place, usize, u64),
    /// At most so many, one of each group.
    Firsts(Place, usize),
    Purge(Place),
    Redrive(Place, usize),
    Advance(u64),
    /// A minute later, since no sweep comes sooner.
    Sweep,
    Restart,
}

#[derive(Debug, Clone)]
struct Attributes {
    visibility: u64,
    delay: u64,
    retention: u64,
    content_deduplication: bool,
    receives_max: Option<u32>,
}

#[derive(Debug, Clone)]
struct New {
    body: u8,
    delay: Option<u64>,
    group: u8,
    deduplication: Option<u8>,
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let retention = prop::sample::select(vec![2, 10, 100, 100_000, 100_000]);
    (0..4_u64, 0..3_u64, retention, any::<bool>(), prop::option::of(1..3_u32)).prop_map(
        |(visibility, delay, retention, content_deduplication, receives_max)| Attributes {
            visibility,
            delay: delay.saturating_sub(1),
            retention,
            content_deduplication,
            receives_max,
        },
    )
}

fn new() -> impl Strategy<Value = New> {
    let delay = prop_oneof![3 => Just(None), 1 => (0..3_u64).prop_map(Some)];
    let deduplication = prop_oneof![4 => Just(None), 1 => (0..3_u8).prop_map(Some)];
    (0..6_u8, delay, 0..3_u8, deduplication).prop_map(|(body, delay, group, deduplication)| New {
        body,
        delay,
        group,
        deduplication,
    })
}

fn step() -> impl Strategy<Value = Step> {
    // One queue of each pair has most of the messages.
    let queue = prop::sample::select(vec![0, 0, 1, 2, 2, 3]);
    let place = || (0..NAMESPACES.len(), queue.clone());
    let sends = prop::collection::vec(new(), 1..5);
    let visibility = prop::option::of(0..4_u64);
    let receipts = prop::collection::vec(0..8_usize, 1..4);
    prop_oneof![
        1 => (place(), attributes()).prop_map(|(at, new)| Step::Put(at, new)),
        1 => place().prop_map(Step::Remove),
        8 => (place(), sends).prop_map(|(at, messages)| Step::Send(at, messages)),
        10 => (place(), 1..5_usize, visibility)
            .prop_map(|(at, limit, visibility)| Step::Receive(at, limit, visibility)),
        4 => (place(), receipts).prop_map(|(at, receipts)| Step::Delete(at, receipts)),
        2 => (place(), 0..4_usize, 0..4_u64)
            .prop_map(|(at, receipt, visibility)| Step::Change(at, receipt, visibility)),
        3 => (place(), 0..4_usize, 0..4_u64)
            .prop_map(|(at, receipt, pause)| Step::Release(at, receipt, pause)),
        3 => (place(), 1..5_usize).prop_map(|(at, limit)| Step::Firsts(at, limit)),
        1 => place().prop_map(Step::Purge),
        2 => (place(), 1..5_usize).prop_map(|(at, limit)| Step::Redrive(at, limit)),
        5 => prop_oneof![6 => 0..4_u64, 1 => Just(300)].prop_map(Step::Advance),
        1 => Just(Step::Sweep),
        1 => Just(Step::Restart),
    ]
}

fn place((ns, queue): Place) -> (Namespace, QueueName) {
    (namespace(NAMESPACES[ns]), QUEUES[queue].parse().unwrap())
}

fn queue_attributes((_, queue): Place, new: &Attributes) -> QueueAttributes {
    let neighbour = QUEUES[queue ^ 1].parse().unwrap();
    QueueAttributes {
        visibility_timeout_ms: new.visibility * 1000,
        delay_ms: new.delay * 1000,
        retention_ms: new.retention * 1000,
        content_deduplication: new.content_deduplication && QUEUES[queue].ends_with(".fifo"),
        redrive: new.receives_max.map(|receives_max| Redrive { queue: neighbour, receives_max }),
        ..QueueAttributes::default()
    }
}

fn message((_, queue): Place, new: &New) -> NewMessage {
    let message = NewMessage {
        body: new.body.to_string().into(),
        attributes: BTreeMap::from([("a".into(), new.body.to_string())]),
        ..NewMessage::default()
    };
    if QUEUES[queue].ends_with(".fifo") {
        let deduplication = new.deduplication.map(|id| id.to_string());
        return NewMessage { group: Some(new.group.to_string()), deduplication, ..message };
    }
    NewMessage { delay: new.delay.map(Duration::from_secs), ..message }
}

/// A backend, and what of its answers is its own: ids, receipts and numbers.
struct Backend {
    stores: Stores,
    /// The ids of what was sent, by when.
    ids: HashMap<String, usize>,
    receipts: Vec<Receipt>,
    given: HashSet<(usize, Receipt)>,
    sequence: u64,
}

impl Backend {
    fn new(stores: Stores) -> Self {
        let (ids, receipts) = (HashMap::new(), Vec::new());
        Self { stores, ids, receipts, given: HashSet::new(), sequence: 0 }
    }

    fn receipt(&self, from_last: usize) -> Receipt {
        let receipt = self.receipts.iter().rev().nth(from_last);
        receipt.cloned().unwrap_or(Receipt("of nothing".into()))
    }

    /// No number of a shard comes twice, whatever happens.
    fn sent(&mut self, sent: &Sent) -> String {
        if !sent.duplicate {
            assert!(sent.sequence > self.sequence, "{sent:?} comes after {}", self.sequence);
            self.sequence = sent.sequence;
            self.ids.insert(sent.id.clone(), self.ids.len());
        }
        format!("{} {}", self.ids[&sent.id], sent.duplicate)
    }

    /// Nor does any receipt.
    fn received(&mut self, ns: usize, message: &Message) -> String {
        self.receipts.push(message.receipt.clone());
        assert!(self.given.insert((ns, message.receipt.clone())), "{message:?} comes again");
        let Message { id, body, attributes, group, sent, receives, .. } = message;
        format!("{:?}", (self.ids[id], body, attributes, group, sent, receives))
    }

    /// What a step answers, as text.
    async fn take(&mut self, step: &Step) -> String {
        let (queues, origin) = (Arc::clone(&self.stores.queues), Origin::default());
        let at = match step {
            Step::Put(at, _) | Step::Remove(at) | Step::Send(at, _) | Step::Receive(at, ..) => *at,
            Step::Delete(at, _) | Step::Change(at, ..) | Step::Purge(at) | Step::Redrive(at, _) => {
                *at
            }
            Step::Release(at, ..) | Step::Firsts(at, _) => *at,
            Step::Sweep => {
                self.stores.sweep().await;
                return String::new();
            }
            Step::Advance(_) | Step::Restart => return String::new(),
        };
        let (n, q) = place(at);
        match step {
            Step::Put(_, new) => told(queues.put_queue(&n, &q, queue_attributes(at, new)).await),
            Step::Remove(_) => told(queues.delete_queue(&n, &q).await),
            Step::Send(_, new) => {
                let messages = new.iter().map(|new| message(at, new)).collect();
                let sent = queues.send(&n, &q, messages, &origin).await;
                told(sent.map(|sent| sent.iter().map(|one| self.sent(one)).collect::<Vec<_>>()))
            }
            Step::Receive(_, limit, visibility) => {
                let visibility = visibility.map(Duration::from_secs);
                let visibility = visibility.map_or(Visibility::Queue, Visibility::For);
                let got = queues.receive(&n, &q, *limit, visibility, Duration::ZERO).await;
                let received = |one: &Message| self.received(at.0, one);
                told(got.map(|got| got.iter().map(received).collect::<Vec<_>>()))
            }
            Step::Delete(_, receipts) => {
                let receipts: Vec<_> = receipts.iter().map(|one| self.receipt(*one)).collect();
                told(queues.delete(&n, &q, &receipts).await)
            }
            Step::Change(_, receipt, seconds) => {
                let visibility = Duration::from_secs(*seconds);
                told(queues.change_visibility(&n, &q, &self.receipt(*receipt), visibility).await)
            }
            Step::Release(_, receipt, seconds) => {
                let receipts = [(self.receipt(*receipt), Duration::from_secs(*seconds))];
                told(queues.release(&n, &q, &receipts).await)
            }
            Step::Firsts(_, limit) => {
                let visibility = Visibility::Queue;
                let got = queues.receive_firsts(&n, &q, *limit, visibility, Duration::ZERO).await;
                let received = |one: &Message| self.received(at.0, one);
                told(got.map(|got| got.iter().map(received).collect::<Vec<_>>()))
            }
            Step::Purge(_) => told(queues.purge(&n, &q).await),
            Step::Redrive(_, limit) => {
                let what = MoveBack { limit: *limit, ..MoveBack::default() };
                told(queues.redrive(&n, &q, what).await)
            }
            Step::Advance(_) | Step::Sweep | Step::Restart => String::new(),
        }
    }

    /// Everything that can be read, as text.
    async fn everything(&self) -> String {
        let (queues, mut all) = (&self.stores.queues, String::new());
        for (ns, name) in NAMESPACES.into_iter().enumerate() {
            // Whatever was taken is committed before this is.
            queues.delete(&namespace(name), &REST.parse().unwrap(), &[]).await.unwrap();
            for queue in 0..QUEUES.len() {
                let (n, q) = place((ns, queue));
                let depth = queues.depth(&n, &q).await;
                // Which of them is the oldest is not exact.
                let depth = depth.map(|depth| {
                    (depth.ready, depth.in_flight, depth.delayed, depth.oldest.is_some())
                });
                all += &format!("{name} {q} {} {:?}\n", told(depth), queues.queue(&n, &q).await);
            }
            all += &format!("{:?}\n", queues.queues(&namespace(name)).await);
        }
        all
    }
}

fn told<T: std::fmt::Debug>(result: Result<T, QueueError>) -> String {
    format!("{result:?}")
}

fn open(home: &Path, clock: &Arc<ManualClock>) -> Stores {
    let data = DataDir::open(home).unwrap();
    lambent_storage_embedded::open(&data, Options::default(), clock.clone()).unwrap()
}

async fn agree(steps: Vec<Step>) {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
    let mut embedded = Backend::new(open(home.path(), &clock));
    let mut memory = Backend::new(Stores::memory(clock.clone(), Quotas::default()));
    for backend in [&embedded, &memory] {
        for name in NAMESPACES {
            let (n, rest) = (namespace(name), REST.parse().unwrap());
            backend.stores.queues.put_queue(&n, &rest, QueueAttributes::default()).await.unwrap();
        }
    }
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Advance(seconds) => clock.advance(Duration::from_secs(*seconds)),
            Step::Sweep => clock.advance(Duration::from_secs(61)),
            Step::Restart => {
                // The directory is free once these are gone.
                drop(std::mem::replace(&mut embedded.stores, memory.stores.clone()));
                embedded.stores = open(home.path(), &clock);
            }
            _ => {}
        }
        let expected = memory.take(step).await;
        assert_eq!(embedded.take(step).await, expected, "step {number}: {step:?}");
        let expected = memory.everything().await;
        assert_eq!(embedded.everything().await, expected, "after step {number}: {step:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// In every answer, and so no namespace sees anything of another.
    #[test]
    fn any_operations_do_what_they_do_in_memory(
        // Whom dead letters go to is there before those who send them.
        of_queues in prop::collection::vec(attributes(), 2 * NAMESPACES.len() * QUEUES.len()),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let places = || (0..NAMESPACES.len()).flat_map(|ns| (0..QUEUES.len()).map(move |q| (ns, q)));
        let first = places().map(|at| (at, None)).chain(places().map(|at| (at, Some(2))));
        let puts = first.zip(of_queues).map(|((at, receives_max), attributes)| {
            let receives_max = attributes.receives_max.and(receives_max);
            Step::Put(at, Attributes { receives_max, ..attributes })
        });
        let steps = puts.chain(steps).collect();
        tokio::runtime::Runtime::new().unwrap().block_on(agree(steps));
    }
}
