use bytes::Bytes;
use lambent_dispatch::Delivered;
use lambent_storage::{Message, QueueAttributes};
use lambent_types::{DeliveryPolicy, Event, Outcome, Retry, bounds};
use serde_json::{Value, json};

use super::{Node, all, event, failed, next, to};
use crate::fixture::returned;

fn record(message: &Message) -> Value {
    serde_json::from_slice(&message.body).unwrap()
}

fn once() -> DeliveryPolicy {
    DeliveryPolicy { attempts_max: 1, ..DeliveryPolicy::default() }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_with_its_event_and_its_cause() {
    let node = Node::new();
    let told = node.queue("told", QueueAttributes::default()).await;
    let f = node.function("f", DeliveryPolicy { on_failure: to("queue:told"), ..once() }).await;
    let mut seen = node.answer(|_| failed(Retry::Policy));
    node.run();
    node.invoke(&f, event("1")).await;
    assert_eq!(all(&mut seen).await.len(), 1);
    let messages = node.received(&told).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].all_attributes()["type"], "lambent.delivery.failed.v1");
    let record = record(&messages[0]);
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 1);
    assert_eq!(record["event"]["data"], json!({"total": 1}));
    assert_eq!(record["responsePayload"]["errorType"], "Oops");
}

#[tokio::test(start_paused = true)]
async fn a_success_is_told_to_a_function_that_knows_where_it_comes_from() {
    let node = Node::new();
    let policy = DeliveryPolicy { on_success: to("function:after"), ..once() };
    let f = node.function("f", policy).await;
    node.function("after", DeliveryPolicy::default()).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    node.fixture.on_event(move |call, event| {
        send.send((call, event)).unwrap();
        async { Ok(returned("{\"ok\":true}")) }
    });
    node.run();
    node.invoke(&f, event("1")).await;
    next(&mut seen).await;
    let (call, told) = next(&mut seen).await;
    assert_eq!(call.function.name.to_string(), "after");
    assert_eq!(
        call.origin.lineage,
        call.origin.lineage.merge(&super::Lineage::default().enter(&f.name).unwrap())
    );
    assert_eq!(
        (&*told.kind, told.subject.as_deref()),
        ("lambent.delivery.succeeded.v1", Some("1"))
    );
    let record: Value = serde_json::from_slice(&told.data).unwrap();
    assert_eq!(record["responsePayload"], json!({"ok": true}));
    assert_eq!(all(&mut seen).await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_is_gone_is_counted_and_holds_nothing_up() {
    for destination in ["queue:gone", "queue:gone.fifo", "function:gone"] {
        let node = Node::new();
        let f = node.function("f", DeliveryPolicy { dead_letter: to(destination), ..once() }).await;
        let mut seen = node.answer(|_| failed(Retry::Policy));
        node.run();
        node.invoke(&f, event("1")).await;
        assert_eq!(all(&mut seen).await.len(), 1);
        assert_eq!(node.count(Delivered::DestinationLost), 1);
        assert_eq!((node.count(Delivered::GivenUp), node.waiting("f").await), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn different_dead_letters_are_never_taken_for_duplicates() {
    let node = Node::new();
    let dead = node.queue("dead.fifo", QueueAttributes::default()).await;
    let policy = DeliveryPolicy { dead_letter: to("queue:dead.fifo"), ..once() };
    let f = node.function("f", policy.clone()).await;
    let g = node.function("g", policy).await;
    let mut seen = node.answer(|_| failed(Retry::Policy));
    node.run();
    let long = "https://example.com/events/in/a/long/path/";
    for function in [&f, &g] {
        node.invoke(function, event(&format!("{long}1"))).await;
        node.invoke(function, event(&format!("{long}2"))).await;
        let elsewhere = Event { source: "/elsewhere".into(), ..event(&format!("{long}1")) };
        node.invoke(function, elsewhere).await;
    }
    assert_eq!(all(&mut seen).await.len(), 6);
    assert_eq!(node.received(&dead).await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn the_largest_event_still_fits_a_dead_letter_and_a_record() {
    let node = Node::new();
    let dead = node.queue("dead", QueueAttributes::default()).await;
    let told = node.queue("told", QueueAttributes::default()).await;
    let policy =
        DeliveryPolicy { dead_letter: to("queue:dead"), on_failure: to("queue:told"), ..once() };
    let f = node.function("f", policy).await;
    let mut seen = node.answer(|_| failed(Retry::Policy));
    node.run();
    let data = Bytes::from(vec![0xff; bounds::VALUE_BYTES_MAX]);
    let large = Event { data: data.clone(), content_type: None, ..event("1") };
    node.invoke(&f, large).await;
    assert_eq!(all(&mut seen).await.len(), 1);
    assert_eq!(node.received(&dead).await[0].body, data);
    let record = record(&node.received(&told).await[0]);
    assert_eq!(record["omitted"], json!(["responsePayload", "event"]));
    assert_eq!(record["event"]["id"], "1");
    assert_eq!(node.count(Delivered::DestinationLost), 0);
}
#[tokio::test(start_paused = true)]
async fn what_is_handled_is_no_dead_letter() {
    let node = Node::new();
    let dead = node.queue("dead", QueueAttributes::default()).await;
    let policy = DeliveryPolicy {
        dead_letter: to("queue:dead"),
        on_failure: to("queue:dead"),
        ..DeliveryPolicy::default()
    };
    let f = node.function("f", policy).await;
    let mut seen = node.answer(|event| match event.attempt {
        1 => failed(Retry::Policy),
        _ => Outcome::Ok,
    });
    node.run();
    node.invoke(&f, event("1")).await;
    assert_eq!(all(&mut seen).await.len(), 2);
    assert_eq!(node.received(&dead).await, []);
}
