//! Random schedules of failures, refusals, slow runs and restarts, over FIFO and
//! standard queues of both backends. Time moves only when nothing is left to do
//! at a moment, so that every case is the same whenever it is run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use lambent_dispatch::{Deliveries, DeliveryStores};
use lambent_storage::contract::samples;
use lambent_storage::{
    NewMessage, QueueAttributes, Quotas, Redrive, Registry as _, Stores, Visibility,
};
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::{
    Error, ErrorCode, Event, Handler, ManualClock, Origin, Outcome, QueueName, Retry, Source,
    Trigger,
};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::{failed, failure, namespace, partly};
use crate::fixture::{Fixture, finished};

/// How far time moves at once.
const STEP: Duration = Duration::from_millis(100);
/// After so many steps everything must be over: ten minutes.
const STEPS_MAX: usize = 6000;

/// What comes of handing a message over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Succeed,
    Fail,
    /// The node does not begin with it.
    Refuse,
    SucceedSlowly,
    FailSlowly,
}

/// How a node ends: at a step of its life, at once or after a drain.
#[derive(Debug, Clone, Copy)]
struct Stop {
    after: usize,
    drains: bool,
}

#[derive(Debug, Clone)]
struct Plan {
    fifo: bool,
    batches: bool,
    receives_max: u32,
    visibility_ms: u64,
    concurrency_max: usize,
    /// The group of each message, and what comes of it; the last again and again.
    messages: Vec<(u8, Vec<Deed>)>,
    stops: Vec<Stop>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let deed = || {
        prop_oneof![
            3 => Just(Deed::Succeed),
            3 => Just(Deed::Fail),
            2 => Just(Deed::Refuse),
            1 => Just(Deed::SucceedSlowly),
            1 => Just(Deed::FailSlowly),
        ]
    };
    // What is refused for ever is never over.
    let last = prop_oneof![Just(Deed::Succeed), Just(Deed::Fail), Just(Deed::SucceedSlowly)];
    let deeds = (prop::collection::vec(deed(), 0..4), last).prop_map(|(mut deeds, last)| {
        deeds.push(last);
        deeds
    });
    let messages = prop::collection::vec((0..3_u8, deeds), 1..10);
    let stop = (1..60_usize, any::<bool>()).prop_map(|(after, drains)| Stop { after, drains });
    let visibility = prop::sample::select(vec![1_u64, 1000, 30_000]);
    (
        prop::sample::select(vec![(true, false), (false, false), (false, true)]),
        1..4_u32,
        visibility,
        1..5_usize,
        messages,
        prop::collection::vec(stop, 0..3),
    )
        .prop_map(
            |((fifo, batches), receives_max, visibility_ms, concurrency_max, messages, stops)| {
                Plan {
                    fifo,
                    batches,
                    receives_max,
                    visibility_ms,
                    concurrency_max,
                    messages,
                    stops,
                }
            },
        )
}

/// One run of a message that began.
#[derive(Debug, Clone)]
struct Ran {
    message: usize,
    attempt: u32,
    /// Whether it succeeded; `None` if the node ended first.
    succeeded: Option<bool>,
}

/// What outlives nodes: the plan, and what happened.
struct World {
    plan: Plan,
    clock: Arc<ManualClock>,
    /// How often each message was handed over, refusals included.
    handed: Mutex<Vec<usize>>,
    ran: Mutex<Vec<Ran>>,
}

impl World {
    fn new(plan: Plan) -> Arc<Self> {
        let clock = ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap());
        let handed = Mutex::new(vec![0; plan.messages.len()]);
        Arc::new(Self { plan, clock: Arc::new(clock), handed, ran: Mutex::default() })
    }

    fn queues(&self) -> (QueueName, QueueName) {
        let (name, dead) = if self.plan.fifo { ("q.fifo", "dead.fifo") } else { ("q", "dead") };
        (name.parse().unwrap(), dead.parse().unwrap())
    }

    /// What comes of handing this over now.
    fn deed(&self, event: &Event) -> (usize, Deed) {
        let message = String::from_utf8_lossy(&event.data).parse::<usize>().unwrap();
        let mut handed = self.handed.lock().unwrap();
        let deeds = &self.plan.messages[message].1;
        let deed = deeds[handed[message].min(deeds.len() - 1)];
        handed[message] += 1;
        (message, deed)
    }

    fn begin(&self, message: usize, attempt: u32) -> usize {
        let mut ran = self.ran.lock().unwrap();
        ran.push(Ran { message, attempt, succeeded: None });
        ran.len() - 1
    }

    fn end(&self, run: usize, succeeded: bool) {
        self.ran.lock().unwrap()[run].succeeded = Some(succeeded);
    }

    async fn fill(&self, stores: &Stores) {
        let (queue, dead) = self.queues();
        let queues = &stores.queues;
        queues.put_queue(&namespace(), &dead, QueueAttributes::default()).await.unwrap();
        let redrive = Some(Redrive { queue: dead, receives_max: self.plan.receives_max });
        let visibility_timeout_ms = self.plan.visibility_ms;
        let attributes = QueueAttributes { redrive, visibility_timeout_ms, ..Default::default() };
        queues.put_queue(&namespace(), &queue, attributes).await.unwrap();
        let message = |(number, (group, _)): (usize, &(u8, Vec<Deed>))| NewMessage {
            body: number.to_string().into(),
            group: self.plan.fifo.then(|| group.to_string()),
            deduplication: self.plan.fifo.then(|| number.to_string()),
            ..NewMessage::default()
        };
        let messages = self.plan.messages.iter().enumerate().map(message).collect();
        queues.send(&namespace(), &queue, messages, &Origin::default()).await.unwrap();
        let source = Source::Queue {
            queue,
            batch_size: 10,
            batch_window_ms: 0,
            concurrency_max: 3,
            item_failures: true,
        };
        let (name, function) = ("t".parse().unwrap(), samples::name("f"));
        let trigger = Trigger {
            name,
            function: Some(function.into()),
            send_to: None,
            source,
            patterns: vec![],
            delivery: None,
            enabled: true,
        };
        stores.resources.of().put(&namespace(), &trigger, None).await.unwrap();
    }

    fn fixture(self: &Arc<Self>) -> Fixture {
        let fixture = Fixture::with_concurrency(self.plan.concurrency_max);
        let world = self.clone();
        fixture.on_event(move |_, event| {
            let (world, (message, deed)) = (world.clone(), world.deed(&event));
            async move {
                if deed == Deed::Refuse {
                    return Err(Error::new(ErrorCode::Overloaded, "no instance"));
                }
                let run = world.begin(message, event.attempt);
                if matches!(deed, Deed::SucceedSlowly | Deed::FailSlowly) {
                    tokio::time::sleep(STEP * 25).await;
                }
                let succeeds = matches!(deed, Deed::Succeed | Deed::SucceedSlowly);
                world.end(run, succeeds);
                Ok(finished(if succeeds { Outcome::Ok } else { failed(Retry::Policy) }))
            }
        });
        let world = self.clone();
        fixture.on_batch(move |_, events| {
            let deeds: Vec<_> = events.iter().map(|event| world.deed(event)).collect();
            let attempts: Vec<_> = events.iter().map(|event| event.attempt).collect();
            let world = world.clone();
            async move {
                if deeds[0].1 == Deed::Refuse {
                    return Err(Error::new(ErrorCode::Overloaded, "no instance"));
                }
                let mut failed = Vec::new();
                for (place, ((message, deed), attempt)) in (0..).zip(deeds.iter().zip(attempts)) {
                    let run = world.begin(*message, attempt);
                    let succeeds = matches!(deed, Deed::Succeed | Deed::SucceedSlowly);
                    world.end(run, succeeds);
                    if !succeeds {
                        failed.push((place, failure(Retry::Policy)));
                    }
                }
                Ok(partly(failed))
            }
        });
        fixture
    }

    /// Has a node deliver until it is to stop, or until all is over; whether it is.
    fn live(self: &Arc<Self>, stores: &Stores, stop: Option<Stop>) -> bool {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        // One thread has all blocking tasks but that which is held, so that one waits for those before.
        let runtime = builder.enable_time().start_paused(true).max_blocking_threads(2).build();
        runtime.unwrap().block_on(async {
            // Tokio moves its clock by itself only while no blocking task is there.
            let (release, held) = std::sync::mpsc::channel::<()>();
            let hold = tokio::task::spawn_blocking(move || held.recv().is_err());
            let fixture = self.fixture();
            let mut head = samples::head(&namespace(), &samples::name("f"), "code");
            head.handlers = vec![if self.plan.batches { Handler::Batch } else { Handler::Event }];
            fixture.registry.put(head, None).await.unwrap();
            let from = DeliveryStores::from(stores);
            let deliveries = Deliveries::new(fixture.dispatcher.clone(), from, self.clock.clone());
            let drain = CancellationToken::new();
            let running = tokio::spawn(deliveries.run(drain.clone()));
            let mut over = false;
            for step in 0..STEPS_MAX {
                self.settle(stores).await;
                over = self.is_over(stores).await;
                match stop {
                    _ if over || running.is_finished() => break,
                    Some(stop) if step >= stop.after && stop.drains => drain.cancel(),
                    Some(stop) if step >= stop.after => break,
                    _ => {}
                }
                self.clock.advance(STEP);
                tokio::time::advance(STEP).await;
            }
            drop(release);
            hold.await.unwrap();
            over
        })
    }

    /// Lets everything be done that can be done at this moment.
    async fn settle(&self, stores: &Stores) {
        let (queue, _) = self.queues();
        for _ in 0..8 {
            for _ in 0..16 {
                tokio::task::yield_now().await;
            }
            // Behind whatever else is to be read and to be written.
            tokio::task::spawn_blocking(|| ()).await.unwrap();
            stores.queues.delete(&namespace(), &queue, &[]).await.unwrap();
        }
    }

    async fn is_over(&self, stores: &Stores) -> bool {
        let depth = stores.queues.depth(&namespace(), &self.queues().0).await.unwrap();
        depth.ready + depth.in_flight + depth.delayed == 0
    }

    async fn check(&self, stores: &Stores) {
        let ran = self.ran.lock().unwrap().clone();
        let runs = |message| ran.iter().enumerate().filter(move |(_, ran)| ran.message == message);
        let queues = &stores.queues;
        let (ns, name) = (namespace(), self.queues().1);
        let dead = queues.receive(&ns, &name, 1000, Visibility::Queue, Duration::ZERO);
        let mut dead: Vec<usize> = dead
            .await
            .unwrap()
            .iter()
            .map(|letter| String::from_utf8_lossy(&letter.body).parse().unwrap())
            .collect();
        dead.sort_unstable();
        let mut expected = Vec::new();
        for (message, (group, _)) in self.plan.messages.iter().enumerate() {
            let attempts: Vec<_> = runs(message).map(|(_, ran)| ran.attempt).collect();
            let counted: Vec<_> = (1..).take(attempts.len()).collect();
            assert_eq!(attempts, counted, "attempts of message {message}");
            let succeeded = runs(message).filter(|(_, ran)| ran.succeeded == Some(true)).count();
            if succeeded == 0 {
                assert_eq!(attempts.len(), self.plan.receives_max as usize, "of {message}");
                expected.push(message);
            }
            assert!(succeeded <= 1, "message {message} was acknowledged and came again");
            let earlier = self.plan.messages[..message].iter().enumerate();
            for (earlier, _) in earlier.filter(|(_, (of, _))| self.plan.fifo && of == group) {
                let last = runs(earlier).map(|(place, _)| place).max();
                let first = runs(message).map(|(place, _)| place).min();
                assert!(last < first, "message {message} ran before {earlier} was over");
            }
        }
        assert_eq!(dead, expected, "the dead letters");
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// Has nodes deliver one after another over what `open` opens, the same each time.
fn agrees(plan: Plan, open: impl Fn(Option<Stores>, Arc<ManualClock>) -> Stores) {
    let world = World::new(plan);
    let mut stores = open(None, world.clock.clone());
    block_on(world.fill(&stores));
    let stops: Vec<_> = world.plan.stops.iter().copied().map(Some).chain([None]).collect();
    for stop in stops {
        let over = world.live(&stores, stop);
        if over {
            return block_on(world.check(&stores));
        }
        stores = open(Some(stores), world.clock.clone());
    }
    panic!("messages are left: {:?}", world.ran.lock().unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn in_memory_exactly_what_failed_too_often_is_a_dead_letter(plan in plan()) {
        agrees(plan, |last, clock| last.unwrap_or_else(|| Stores::memory(clock, Quotas::default())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn on_disk_exactly_what_failed_too_often_is_a_dead_letter(plan in plan()) {
        let home = tempfile::tempdir().unwrap();
        agrees(plan, |last, clock| {
            // The directory is free once these are gone.
            drop(last);
            let data = DataDir::open(home.path()).unwrap();
            lambent_storage_embedded::open(&data, Options::default(), clock).unwrap()
        });
    }
}
