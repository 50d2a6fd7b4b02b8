//! Deliveries over stores in memory. Time is tokio's, and stands still until
//! all wait for it: a test sees to the millisecond when something happened.

mod aliases;
mod attempts;
mod channels;
mod dead_letters;
mod destinations;
mod queue_properties;
mod queues;
mod recursion;
mod scheduler;
mod schedules;
mod sending;
mod streams;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambent_dispatch::{Delivered, Deliveries, DeliveryStores};
use lambent_storage::contract::samples;
use lambent_storage::{
    Channel, Message, NewMessage, QueueAttributes, Quotas, Registry as _, Stores, Visibility,
};
use lambent_types::{
    Clock, DeliveryPolicy, Event, Failure, FunctionVersion, Handler, Lineage, Namespace, Origin,
    Outcome, QualifiedFunction, QueueName, Retry, Source, Trigger, bounds,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use lambent_dispatch::{Caller, Finished, Resolved};

use crate::fixture::{Fixture, finished};

/// Longer than any pause of a delivery.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// The time of day according to tokio.
#[derive(Debug)]
struct Tokio(Instant);

impl Clock for Tokio {
    fn now(&self) -> Timestamp {
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        start.checked_add(self.0.elapsed()).unwrap()
    }
}

/// One handling of an event: what, and how long after the start.
type Seen = (Event, Duration);

struct Node {
    fixture: Fixture,
    stores: Stores,
    deliveries: Arc<Deliveries>,
    drain: CancellationToken,
    start: Instant,
}

impl Node {
    fn new() -> Self {
        Self::with(Fixture::new(), |stores| stores)
    }

    fn with(fixture: Fixture, wrap: impl FnOnce(Stores) -> Stores) -> Self {
        Self::with_clock(fixture, wrap, Arc::new(Tokio(Instant::now())))
    }

    fn with_clock(
        fixture: Fixture,
        wrap: impl FnOnce(Stores) -> Stores,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let start = Instant::now();
        let stores = wrap(Stores::memory(clock.clone(), Quotas::default()));
        let from = DeliveryStores::from(&stores);
        let deliveries = Deliveries::new(fixture.dispatcher.clone(), from, clock);
        Self { fixture, stores, deliveries, drain: CancellationToken::new(), start }
    }

    /// Begins to deliver.
    fn run(&self) -> JoinHandle<()> {
        tokio::spawn(self.deliveries.clone().run(self.drain.clone()))
    }

    /// Has every event handled by `answer`, and tells of it.
    fn answer(
        &self,
        answer: impl Fn(&Event) -> Outcome + Send + Sync + 'static,
    ) -> mpsc::UnboundedReceiver<Seen> {
        let (send, receive) = mpsc::unbounded_channel();
        let start = self.start;
        self.fixture.on_event(move |_, event| {
            let outcome = answer(&event);
            send.send((event, start.elapsed())).unwrap();
            async move { Ok(finished(outcome)) }
        });
        receive
    }

    /// A function with an event handler and this policy.
    async fn function(&self, name: &str, policy: DeliveryPolicy) -> Arc<FunctionVersion> {
        self.exporting(name, Handler::Event, |head| head.configuration.delivery = policy).await
    }

    async fn exporting(
        &self,
        name: &str,
        handler: Handler,
        change: impl FnOnce(&mut FunctionVersion),
    ) -> Arc<FunctionVersion> {
        let mut head = samples::head(&namespace(), &samples::name(name), "code");
        head.handlers = vec![handler];
        change(&mut head);
        self.fixture.registry.put(head, None).await.unwrap();
        let qualifier = lambent_types::Qualifier::Latest;
        let name = samples::name(name);
        self.fixture.dispatcher.resolve(&namespace(), &name, &qualifier).await.unwrap().first
    }

    /// Invokes a function asynchronously.
    async fn invoke(&self, function: &FunctionVersion, event: Event) {
        self.invoke_from(function, event, Origin::default()).await;
    }

    async fn invoke_from(&self, function: &FunctionVersion, event: Event, origin: Origin) {
        let caller = Caller::node(origin);
        let found = self.resolved(function.name.as_str()).await;
        self.deliveries.invoke_later(&found, &caller, event).await.unwrap();
    }

    /// What a function, or a version or an alias of one, leads to.
    async fn resolved(&self, function: &str) -> Resolved {
        let QualifiedFunction { name, qualifier } = function.parse().unwrap();
        self.fixture.dispatcher.resolve(&namespace(), &name, &qualifier).await.unwrap()
    }

    async fn queue(&self, name: &str, attributes: QueueAttributes) -> QueueName {
        let queue: QueueName = name.parse().unwrap();
        self.stores.queues.put_queue(&namespace(), &queue, attributes).await.unwrap();
        queue
    }

    async fn send(&self, queue: &QueueName, body: &'static str, group: Option<&str>) {
        let message = NewMessage {
            body: body.into(),
            group: group.map(ToOwned::to_owned),
            deduplication: group.map(|_| body.to_owned()),
            ..NewMessage::default()
        };
        self.send_from(queue, message, Origin::default()).await;
    }

    async fn send_from(&self, queue: &QueueName, message: NewMessage, origin: Origin) {
        self.stores.queues.send(&namespace(), queue, vec![message], &origin).await.unwrap();
    }

    /// Has `function` take the messages of `queue`.
    async fn trigger(&self, function: &str, queue: &QueueName, change: impl FnOnce(&mut Trigger)) {
        let mut trigger = Trigger {
            name: "t".parse().unwrap(),
            function: Some(function.parse().unwrap()),
            send_to: None,
            source: Source::Queue {
                queue: queue.clone(),
                batch_size: 10,
                batch_window_ms: 0,
                concurrency_max: 50,
                item_failures: true,
            },
            patterns: Vec::new(),
            delivery: None,
            enabled: true,
        };
        change(&mut trigger);
        self.stores.resources.of().put(&namespace(), &trigger, None).await.unwrap();
    }

    /// What a queue holds, all at once.
    async fn received(&self, queue: &QueueName) -> Vec<Message> {
        let (queues, namespace) = (&self.stores.queues, namespace());
        queues.receive(&namespace, queue, 10, Visibility::Queue, Duration::ZERO).await.unwrap()
    }

    /// How much of anything a channel of a function still holds.
    async fn waiting(&self, function: &str) -> u64 {
        let channel = Channel::Function(function.parse().unwrap());
        let depth = self.stores.events.depth(&namespace(), &channel).await.unwrap();
        depth.ready + depth.delayed + depth.in_flight
    }

    fn count(&self, what: Delivered) -> usize {
        let delivered = self.fixture.counts.delivered.lock().unwrap();
        delivered.iter().filter(|one| **one == what).count()
    }
}

fn namespace() -> Namespace {
    samples::namespace("default")
}

fn event(id: &str) -> Event {
    Event { id: id.into(), ..crate::fixture::event("{\"total\":1}") }
}

fn failed(retry: Retry) -> Outcome {
    Outcome::FunctionError(failure(retry))
}

fn failure(retry: Retry) -> Failure {
    Failure { kind: "Oops".into(), message: "not today".into(), trace: vec![], retry }
}

/// The lineage of a change that `function` may not see any more.
fn exhausted(function: &str) -> Origin {
    let name = samples::name(function);
    let enter = |lineage: Lineage, _| lineage.enter(&name).unwrap();
    let lineage = (0..bounds::RECURSION_MAX).fold(Lineage::default(), enter);
    Origin { lineage, ..Origin::default() }
}

fn to(destination: &str) -> Option<lambent_types::Destination> {
    Some(destination.parse().unwrap())
}

/// The next that comes, however late.
async fn next<T>(receive: &mut mpsc::UnboundedReceiver<T>) -> T {
    tokio::time::timeout(LONG, receive.recv()).await.unwrap().unwrap()
}

/// All that come in a long time.
async fn all<T>(receive: &mut mpsc::UnboundedReceiver<T>) -> Vec<T> {
    tokio::time::sleep(LONG).await;
    std::iter::from_fn(|| receive.try_recv().ok()).collect()
}

fn partly(failed: Vec<(u32, Failure)>) -> Finished {
    Finished { failed, ..finished(Outcome::Ok) }
}
