//! How long after a change is durable its function starts, at low load.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream;
use lambent_dispatch::{
    Body, Call, Deliveries, DeliveryStores, Dispatcher, Finish, Finished, HttpOutcome, Runner,
    Unobserved,
};
use lambent_storage::{
    Change, PutObject, QueueAttributes, SetOptions, Stores, TableAction, TableWrite,
};
use lambent_storage_embedded::{DataDir, Options};
use lambent_tables::{Item, KeyAttribute, KeySchema, KeyType, StreamView, TableDefinition};
use lambent_types::{
    Error, Event, FunctionName, Handler, Logs, Meter, Namespace, Origin, Outcome, Output, Source,
    SystemClock, TableName, TableSource, Trigger,
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::measure::{Rounds, milliseconds};
use crate::{Failed, Table};

const SAMPLES: usize = 1000;
/// Between two events: each finds everything asleep.
const PAUSE: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(10);

/// Notes when an invocation starts, and runs nothing: what it would run is
/// measured by `cargo bench -p lambent-engine`.
struct Stopwatch(mpsc::UnboundedSender<Instant>);

impl Stopwatch {
    fn start(&self) -> BoxFuture<'_, Result<Finished, Error>> {
        // After the last sample nobody listens.
        let _ = self.0.send(Instant::now());
        let (logs, output) = (Logs::default(), Some(Output::default()));
        let (outcome, meter) = (Outcome::Ok, Meter::default());
        async move { Ok(Finished { outcome, meter, logs, output, failed: Vec::new() }) }.boxed()
    }
}

impl Runner for Stopwatch {
    fn http(&self, _: Call, _: Box<http::Request<Body>>, _: Finish) -> BoxFuture<'_, HttpOutcome> {
        async { HttpOutcome::Ended(Outcome::Ok) }.boxed()
    }

    fn event(&self, _: Call, _: Event) -> BoxFuture<'_, Result<Finished, Error>> {
        self.start()
    }

    fn batch(&self, _: Call, _: Vec<Event>) -> BoxFuture<'_, Result<Finished, Error>> {
        self.start()
    }
}

/// Something that happens, and is acknowledged.
type Deed<'a> = Box<dyn Fn(usize) -> BoxFuture<'a, Result<(), Failed>> + 'a>;

/// How long after the acknowledgement of each change its function started; less
/// than nothing if it was first.
async fn starts(
    change: &Deed<'_>,
    started: &mut mpsc::UnboundedReceiver<Instant>,
) -> Result<Rounds, Failed> {
    let mut rounds = Rounds::default();
    for number in 0..SAMPLES {
        tokio::time::sleep(PAUSE).await;
        change(number).await?;
        let committed = Instant::now();
        let start = tokio::time::timeout(PATIENCE, started.recv()).await?;
        let start = start.ok_or("nothing runs any more")?;
        let late = milliseconds(start.saturating_duration_since(committed));
        rounds.push(late - milliseconds(committed.saturating_duration_since(start)));
    }
    Ok(rounds)
}

async fn prepare(stores: &Stores, ns: &Namespace) -> Result<(), Failed> {
    let function: FunctionName = "f".parse()?;
    let mut head = crate::sample::head(ns, &function);
    head.handlers = vec![Handler::Event];
    stores.registry.put(head, None).await?;
    let (bucket, keyspace, queue) = ("bench".parse()?, "bench".parse()?, "bench".parse()?);
    stores.objects.create_bucket(ns, &bucket).await?;
    stores.keyvalue.create_keyspace(ns, &keyspace).await?;
    stores.queues.put_queue(ns, &queue, QueueAttributes::default()).await?;
    let table: TableName = "bench".parse()?;
    let hash = KeyAttribute { name: "id".into(), kind: KeyType::S };
    let definition = TableDefinition {
        stream: Some(StreamView::NewAndOldImages),
        ..TableDefinition::new(KeySchema { hash, range: None })
    };
    stores.tables.create_table(ns, &table, definition).await?;
    let everything = || (Vec::new(), String::new(), String::new());
    let (changes, prefix, suffix) = everything();
    for (name, source) in [
        ("objects", Source::Object { bucket, changes, prefix, suffix }),
        ("keys", Source::KeyValue { keyspace, prefix: String::new() }),
        (
            "messages",
            Source::Queue {
                queue,
                batch_size: 10,
                batch_window_ms: 0,
                concurrency_max: 10,
                item_failures: true,
            },
        ),
        ("items", Source::Table(TableSource::new(table))),
    ] {
        let (name, function) = (name.parse()?, function.clone());
        let (patterns, delivery) = (Vec::new(), None);
        let trigger = Trigger {
            name,
            function: Some(function.into()),
            send_to: None,
            source,
            patterns,
            delivery,
            enabled: true,
        };
        stores.resources.of().put(ns, &trigger, None).await?;
    }
    Ok(())
}

/// Makes an item another.
async fn write_item(
    ns: &Namespace,
    stores: &Stores,
    origin: &Origin,
    number: usize,
) -> Result<(), Failed> {
    let item = json!({ "id": { "S": "item" }, "n": { "N": number.to_string() } });
    let put = TableWrite {
        table: "bench".parse()?,
        action: TableAction::Put(Item::from_json(&item)?),
        condition: None,
        returns: false,
    };
    stores.tables.transact(ns, vec![put], None, origin).await?;
    Ok(())
}

pub(crate) async fn run(directory: &Path, table: &mut Table) -> Result<(), Failed> {
    let data = DataDir::open(directory.join("latency"))?;
    let clock = Arc::new(SystemClock);
    let stores = lambent_storage_embedded::open(&data, Options::default(), clock.clone())?;
    let ns = "bench".parse()?;
    prepare(&stores, &ns).await?;
    let (watch, mut started) = mpsc::unbounded_channel();
    let dispatcher = Dispatcher::new(
        (stores.registry.clone(), stores.quotas.clone()),
        Arc::new(Stopwatch(watch)),
        stores.logs.clone(),
        Arc::new(Unobserved),
        lambent_dispatch::Options { concurrency_max: 1000, ..Default::default() },
    );
    let deliveries = Deliveries::new(dispatcher, DeliveryStores::from(&stores), clock);
    let drain = CancellationToken::new();
    let running = tokio::spawn(deliveries.run(drain.clone()));

    let (ns, stores, origin) = (&ns, &stores, &Origin::default());
    let put: Deed<'_> = Box::new(move |number| {
        async move {
            let (key, put) = (number.to_string(), PutObject::default());
            let bytes = Box::pin(stream::once(async { Ok(Bytes::from_static(b"an object")) }));
            stores.objects.put(ns, &"bench".parse()?, &key, put, bytes, origin).await?;
            Ok(())
        }
        .boxed()
    });
    let set: Deed<'_> = Box::new(move |number| {
        async move {
            let (value, options) = (number.to_string().into(), SetOptions::default());
            let set = vec![Change::Set { key: "key".into(), value, options }];
            stores.keyvalue.apply(ns, &"bench".parse()?, set, origin).await?;
            Ok(())
        }
        .boxed()
    });
    let send: Deed<'_> = Box::new(move |_| {
        async move {
            let messages = vec![crate::enqueue::message()];
            stores.queues.send(ns, &"bench".parse()?, messages, origin).await?;
            Ok(())
        }
        .boxed()
    });
    let write: Deed<'_> = Box::new(move |number| write_item(ns, stores, origin, number).boxed());
    for (what, change, asked) in [
        ("object put", put, "≤ 3"),
        ("key set", set, "≤ 3"),
        ("message sent", send, "≤ 3"),
        ("item changed", write, "≤ 15"),
    ] {
        let late = starts(&change, &mut started).await?;
        table.value(&format!("{what}, to start: median"), late.median(), " ms", asked);
        table.value(&format!("{what}, to start: p99"), late.quantile(0.99), " ms", "≤ 10");
    }
    drain.cancel();
    running.await?;
    Ok(())
}
