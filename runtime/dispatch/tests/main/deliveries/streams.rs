//! Changes of tables on their way to functions.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambent_dispatch::Delivered;
use lambent_storage::{QueueAttributes, TableAction, TableWrite};
use lambent_tables::{Item, KeyAttribute, KeySchema, KeyType, StreamView, TableDefinition};
use lambent_types::{
    DeliveryPolicy, Event, Handler, Origin, Outcome, Retry, Source, StreamStart, TableName,
    TableSource, Trigger,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Node, all, exhausted, failed, failure, namespace, next, partly, to};
use crate::fixture::finished;

const SECOND: Duration = Duration::from_secs(1);

/// The numbers of a batch: of each change, the attribute `n` of the new item.
fn numbers(events: &[Event]) -> Vec<u64> {
    events.iter().map(number).collect()
}

fn number(event: &Event) -> u64 {
    let record: Value = serde_json::from_slice(&event.data).unwrap();
    record["dynamodb"]["NewImage"]["n"]["N"].as_str().unwrap().parse().unwrap()
}

fn table() -> TableName {
    "orders".parse().unwrap()
}

fn definition(stream: Option<StreamView>) -> TableDefinition {
    let hash = KeyAttribute { name: "id".into(), kind: KeyType::S };
    TableDefinition { stream, ..TableDefinition::new(KeySchema { hash, range: None }) }
}

impl Node {
    /// A table with a stream of whole items.
    async fn table(&self) {
        let definition = definition(Some(StreamView::NewAndOldImages));
        self.stores.tables.create_table(&namespace(), &table(), definition).await.unwrap();
    }

    async fn set_stream(&self, stream: Option<StreamView>) {
        let (tables, new) = (&self.stores.tables, definition(stream));
        tables.update_table(&namespace(), &table(), new, None).await.unwrap();
        self.stores.stream_began.notify_waiters();
    }

    async fn write(&self, id: &str, n: u64) {
        self.write_from(id, n, Origin::default()).await;
    }

    async fn write_from(&self, id: &str, n: u64, origin: Origin) {
        let item = json!({ "id": { "S": id }, "n": { "N": n.to_string() } });
        let put = TableWrite {
            table: table(),
            action: TableAction::Put(Item::from_json(&item).unwrap()),
            condition: None,
            returns: false,
        };
        let tables = &self.stores.tables;
        tables.transact(&namespace(), vec![put], None, &origin).await.unwrap();
    }

    /// Has `f` take the changes of the table, as the service does.
    async fn follow(&self, change: impl FnOnce(&mut TableSource), rest: impl FnOnce(&mut Trigger)) {
        let mut source = TableSource::new(table());
        change(&mut source);
        let mut trigger = Trigger {
            name: "t".parse().unwrap(),
            function: Some("f".parse().unwrap()),
            send_to: None,
            source: Source::Table(source),
            patterns: Vec::new(),
            delivery: None,
            enabled: true,
        };
        rest(&mut trigger);
        trigger.validate().unwrap();
        let triggers = self.stores.resources.of::<Trigger>();
        if triggers.get(&namespace(), &trigger.name).await.unwrap().is_none() {
            self.deliveries.begin_stream(&namespace(), &trigger).await.unwrap();
        }
        triggers.put(&namespace(), &trigger, None).await.unwrap();
    }

    async fn unfollow(&self) {
        let name = "t".parse().unwrap();
        self.stores.resources.of::<Trigger>().delete(&namespace(), &name).await.unwrap();
        self.deliveries.forget_stream(&namespace(), &name).await.unwrap();
    }

    /// A function with a batch handler, of which those batches fail that `fails` says; each is told.
    async fn batches(
        &self,
        fails: impl Fn(&[u64]) -> bool + Send + Sync + 'static,
    ) -> mpsc::UnboundedReceiver<Vec<u64>> {
        self.exporting("f", Handler::Batch, |_| {}).await;
        let (send, seen) = mpsc::unbounded_channel();
        self.fixture.on_batch(move |_, events| {
            let batch = numbers(&events);
            let outcome = if fails(&batch) { failed(Retry::Policy) } else { Outcome::Ok };
            send.send(batch).unwrap();
            async move { Ok(finished(outcome)) }
        });
        seen
    }
}

#[tokio::test(start_paused = true)]
async fn changes_come_in_order_and_in_batches() {
    let node = Node::new();
    node.table().await;
    let mut seen = node.batches(|_| false).await;
    node.write("a", 0).await;
    // What was before the trigger is not for it.
    node.follow(|source| source.batch_size = 2, |_| {}).await;
    for n in 1..=5 {
        node.write("a", n).await;
    }
    node.run();
    assert_eq!(all(&mut seen).await, [vec![1, 2], vec![3, 4], vec![5]]);
    assert_eq!(node.count(Delivered::Succeeded), 5);
    // And at once, whenever one comes.
    let sent = node.start.elapsed();
    node.write("b", 6).await;
    assert_eq!(next(&mut seen).await, [6]);
    assert_eq!(node.start.elapsed(), sent);
}

#[tokio::test(start_paused = true)]
async fn a_record_is_what_lambda_gives_a_function() {
    let node = Node::new();
    node.table().await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.follow(|source| source.from = StreamStart::TrimHorizon, |_| {}).await;
    node.write("a", 1).await;
    node.run();
    let (event, _) = next(&mut seen).await;
    assert_eq!((&*event.kind, &*event.source), ("lambent.item.changed.v1", "/tables/orders"));
    let record: Value = serde_json::from_slice(&event.data).unwrap();
    let arn = record["eventSourceARN"].as_str().unwrap();
    assert!(
        arn.starts_with("arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/"),
        "{arn}"
    );
    assert_eq!(record["eventName"], "INSERT");
    assert_eq!(record["dynamodb"]["Keys"], json!({ "id": { "S": "a" } }));
    assert_eq!(record["dynamodb"]["SequenceNumber"].as_str(), event.subject.as_deref());
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_comes_again_and_what_follows_waits() {
    let node = Node::new();
    node.table().await;
    let tries = Arc::new(Mutex::new(0));
    let mut seen = node
        .batches(move |batch| {
            let mut tries = tries.lock().unwrap();
            *tries += 1;
            batch.contains(&1) && *tries < 4
        })
        .await;
    node.follow(|source| source.batch_size = 2, |_| {}).await;
    for n in 1..=3 {
        node.write("a", n).await;
    }
    node.run();
    let expected = [vec![1, 2], vec![1, 2], vec![1, 2], vec![1, 2], vec![3]];
    assert_eq!(all(&mut seen).await, expected);
}

#[tokio::test(start_paused = true)]
async fn halves_find_the_one_that_fails_and_the_rest_is_handled_once() {
    let node = Node::new();
    node.table().await;
    let failures = node.queue("failures", QueueAttributes::default()).await;
    let mut seen = node.batches(|batch| batch.contains(&3)).await;
    let delivery = DeliveryPolicy { on_failure: to("queue:failures"), ..Default::default() };
    node.follow(
        |source| {
            source.bisect = true;
            source.attempts_max = Some(2);
        },
        |trigger| trigger.delivery = Some(delivery),
    )
    .await;
    for n in 1..=5 {
        node.write("a", n).await;
    }
    node.run();
    let batches = all(&mut seen).await;
    let handled: Vec<u64> =
        batches.iter().filter(|batch| !batch.contains(&3)).flatten().copied().collect();
    assert_eq!(handled, [1, 2, 4, 5]);
    assert_eq!(batches.iter().filter(|batch| **batch == [3]).count(), 2, "{batches:?}");
    let [message] = &node.received(&failures).await[..] else { panic!("one record") };
    let record: Value = serde_json::from_slice(&message.body).unwrap();
    let info = &record["DDBStreamBatchInfo"];
    assert_eq!(record["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 2);
    assert_eq!(
        (&info["batchSize"], &info["startSequenceNumber"]),
        (&json!(1), &info["endSequenceNumber"])
    );
    assert_eq!(node.count(Delivered::GivenUp), 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_goes_on_with_the_first_that_the_function_names() {
    let node = Node::new();
    node.table().await;
    node.exporting("f", Handler::Batch, |_| {}).await;
    let (send, mut seen) = mpsc::unbounded_channel();
    node.fixture.on_batch(move |_, events| {
        let batch = numbers(&events);
        let fails = |(place, event): (u32, &Event)| {
            (number(event) == 3 && event.attempt < 3).then(|| (place, failure(Retry::Policy)))
        };
        let failed = (0..).zip(&events).filter_map(fails).collect();
        send.send(batch).unwrap();
        async { Ok(partly(failed)) }
    });
    node.follow(|_| {}, |_| {}).await;
    for n in 1..=4 {
        node.write("a", n).await;
    }
    node.run();
    assert_eq!(all(&mut seen).await, [vec![1, 2, 3, 4], vec![3, 4], vec![3, 4]]);
}

#[tokio::test(start_paused = true)]
async fn changes_that_are_too_old_are_given_up() {
    let node = Node::new();
    node.table().await;
    let mut seen = node.batches(|batch| batch.contains(&1)).await;
    node.follow(|source| source.age_max_ms = Some(60_000), |_| {}).await;
    node.write("a", 1).await;
    node.run();
    next(&mut seen).await;
    tokio::time::sleep(10 * SECOND).await;
    node.write("b", 2).await;
    // The last pause would be of up to a minute; by its end the other would be too old, too.
    tokio::time::sleep(52 * SECOND).await;
    let batches: Vec<_> = std::iter::from_fn(|| seen.try_recv().ok()).collect();
    assert_eq!(batches.last(), Some(&vec![2]));
    assert!(batches.len() < 12, "{batches:?}");
    assert_eq!(node.count(Delivered::GivenUp), 1);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_fails_holds_up_only_its_own_lane() {
    let node = Node::new();
    node.table().await;
    let mut seen = node.batches(|batch| batch.contains(&0)).await;
    node.follow(
        |source| {
            source.concurrency_max = 10;
            source.batch_size = 1;
        },
        |_| {},
    )
    .await;
    node.write("poison", 0).await;
    for n in 1..=40 {
        node.write(&format!("item-{}", n % 20), n).await;
    }
    node.run();
    tokio::time::sleep(60 * SECOND).await;
    let mut handled: Vec<u64> = Vec::new();
    while let Ok(batch) = seen.try_recv() {
        handled.extend(batch.iter().filter(|n| **n != 0));
    }
    // Those that share the lane wait; of twenty items most do not.
    assert!(handled.len() >= 20, "{handled:?}");
    for item in 0..20 {
        let of_item: Vec<_> = handled.iter().filter(|n| **n % 20 == item).collect();
        assert!(of_item.is_sorted(), "{of_item:?}");
    }
    assert!(handled.iter().collect::<std::collections::BTreeSet<_>>().len() == handled.len());
}

#[tokio::test(start_paused = true)]
async fn a_node_goes_on_where_the_one_before_was() {
    let node = Node::new();
    node.table().await;
    let mut seen = node.batches(|_| false).await;
    node.follow(|_| {}, |_| {}).await;
    node.write("a", 1).await;
    let running = node.run();
    assert_eq!(next(&mut seen).await, [1]);
    node.drain.cancel();
    running.await.unwrap();
    node.write("a", 2).await;
    let from = lambent_dispatch::DeliveryStores::from(&node.stores);
    let clock = Arc::new(super::Tokio(node.start));
    let again = lambent_dispatch::Deliveries::new(node.fixture.dispatcher.clone(), from, clock);
    tokio::spawn(again.run(tokio_util::sync::CancellationToken::new()));
    assert_eq!(all(&mut seen).await, [vec![2]]);
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_is_changed_is_not_served_twice() {
    let node = Node::new();
    node.table().await;
    node.exporting("f", Handler::Batch, |_| {}).await;
    let (send, mut seen) = mpsc::unbounded_channel();
    let running = Arc::new(Mutex::new(0));
    node.fixture.on_batch(move |_, events| {
        let (send, running) = (send.clone(), running.clone());
        async move {
            *running.lock().unwrap() += 1;
            assert_eq!(*running.lock().unwrap(), 1);
            tokio::time::sleep(SECOND).await;
            *running.lock().unwrap() -= 1;
            send.send(numbers(&events)).unwrap();
            Ok(finished(Outcome::Ok))
        }
    });
    node.run();
    node.follow(|source| source.batch_size = 1, |_| {}).await;
    for n in 1..=3 {
        node.write("a", n).await;
    }
    tokio::time::sleep(SECOND / 2).await;
    node.follow(|source| source.batch_size = 10, |_| {}).await;
    assert_eq!(all(&mut seen).await, [vec![1], vec![2, 3]]);
}

#[tokio::test(start_paused = true)]
async fn another_trigger_of_the_name_begins_anew() {
    let node = Node::new();
    node.table().await;
    let mut seen = node.batches(|_| false).await;
    node.run();
    node.follow(|_| {}, |_| {}).await;
    node.write("a", 1).await;
    assert_eq!(next(&mut seen).await, [1]);
    node.unfollow().await;
    node.write("a", 2).await;
    node.follow(|_| {}, |_| {}).await;
    node.write("a", 3).await;
    assert_eq!(all(&mut seen).await, [vec![3]]);
    node.unfollow().await;
    node.follow(|source| source.from = StreamStart::TrimHorizon, |_| {}).await;
    assert_eq!(all(&mut seen).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_what_the_patterns_match_is_handed_over() {
    let node = Node::new();
    node.table().await;
    let mut seen = node.batches(|_| false).await;
    let pattern = json!({ "data": { "eventName": ["INSERT"], "dynamodb": { "NewImage": { "n": { "N": ["2"] } } } } });
    node.follow(
        |_| {},
        |trigger| trigger.patterns = vec![serde_json::from_value(pattern).unwrap()],
    )
    .await;
    for n in 1..=3 {
        node.write(&n.to_string(), n).await;
    }
    node.run();
    assert_eq!(all(&mut seen).await, [vec![2]]);
    assert_eq!(node.count(Delivered::Unwanted), 2);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_its_own_writes_lead_to_is_stopped_and_no_other_change_with_it() {
    let node = Node::new();
    node.table().await;
    let mut seen = node.batches(|_| false).await;
    node.follow(|_| {}, |_| {}).await;
    node.write("a", 1).await;
    node.write_from("b", 2, exhausted("f")).await;
    node.write("c", 3).await;
    node.run();
    assert_eq!(all(&mut seen).await, [vec![1], vec![3]]);
    assert_eq!(node.count(Delivered::GivenUp), 1);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_gets_another_stream_is_followed_there() {
    let node = Node::new();
    node.table().await;
    let mut seen = node.batches(|_| false).await;
    node.follow(|_| {}, |_| {}).await;
    node.run();
    node.write("a", 1).await;
    assert_eq!(next(&mut seen).await, [1]);
    node.set_stream(None).await;
    node.write("a", 2).await;
    tokio::time::sleep(SECOND).await;
    node.set_stream(Some(StreamView::NewImage)).await;
    node.write("a", 3).await;
    let written = node.start.elapsed();
    assert_eq!(next(&mut seen).await, [3]);
    assert_eq!(node.start.elapsed(), written, "nobody waits for the next look");
}
