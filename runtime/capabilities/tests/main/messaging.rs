//! `wasi:messaging`: sending.

use lambent_types::{Lineage, Outcome};
use serde_json::{Value, json};

use crate::support::World;

fn send(topic: &str, metadata: &Value) -> Value {
    json!({ "use": "messaging", "do": "send", "topic": topic, "data": "hi", "metadata": metadata })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_arrives_with_all_it_has() {
    let world = World::new();
    world.mailbox.create("default", "orders");
    world.mailbox.create("default", "jobs.fifo");
    let grants = json!({ "queues": { "orders": "write", "jobs.fifo": "read-write" } });
    let fifo = json!([["lambent-group", "g"], ["lambent-deduplication", "d"], ["k", "v"]]);
    let calls = json!([send("orders", &json!([["k", "v"]])), send("jobs.fifo", &fifo)]);
    let run = world.run(grants, calls).await;
    run.ok(0);
    run.ok(1);
    let [(message, origin)] = &world.mailbox.of("default", "orders")[..] else { panic!("not one") };
    assert_eq!(message.body, "hi");
    assert_eq!(message.content_type.as_deref(), Some("text/plain"));
    assert_eq!(message.attributes, [("k".to_owned(), "v".to_owned())].into());
    assert_eq!((&message.group, &message.deduplication), (&None, &None));
    assert_eq!(origin.lineage, Lineage::default().enter(&"f".parse().unwrap()).unwrap());
    let [(message, _)] = &world.mailbox.of("default", "jobs.fifo")[..] else { panic!("not one") };
    assert_eq!(message.group.as_deref(), Some("g"));
    assert_eq!(message.deduplication.as_deref(), Some("d"));
    assert_eq!(message.attributes.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sending_needs_a_grant_and_a_queue() {
    let world = World::new();
    for queue in ["orders", "jobs.fifo", "read"] {
        world.mailbox.create("default", queue);
    }
    world.mailbox.create("other", "gone");
    let none = json!([]);
    let topics = ["orders", "jobs.fifo", "read", "gone", "not a name"];
    let calls = topics.map(|topic| send(topic, &none));
    let grants = json!({ "queues": { "read": "read", "gone": "write" } });
    let run = world.run(grants, json!(calls)).await;
    let refusal = "function \\\"f\\\" may not send to queue \\\"orders\\\"; grant it: \
                   lambent grant add f queue:orders=write";
    assert!(run.error(0).contains("PermissionDenied"), "{}", run.error(0));
    assert!(run.error(0).contains(refusal), "{}", run.error(0));
    assert!(run.error(1).contains("queue:jobs.fifo=write"), "{}", run.error(1));
    assert!(run.error(2).contains("read-write"), "{}", run.error(2));
    assert!(run.error(3).contains("lambent queue create gone"), "{}", run.error(3));
    assert!(run.error(4).contains("queue name"), "{}", run.error(4));
    assert!(world.mailbox.of("default", "orders").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_wait_for_a_reply_are_refused_in_words() {
    let call = json!([{ "use": "messaging", "do": "request", "topic": "orders" }]);
    let run = World::new().run(json!({}), call).await;
    assert!(run.error(0).contains("queues carry no replies"), "{}", run.error(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_a_guest_holds_are_bounded_together() {
    let world = World::new();
    let hold = |deed: &str, count: u32| json!([{ "use": "messaging", "do": deed, "count": count, "bytes": 1 << 20 }]);
    world.run(json!({}), hold("hoard", 15)).await.ok(0);
    world.run(json!({}), hold("churn", 100)).await.ok(0);
    let end = world.try_run("default", json!({}), hold("hoard", 17)).await;
    let Outcome::Trapped { message, .. } = end.outcome else { panic!("{:?}", end.outcome) };
    assert!(message.contains("holds messages of more than"), "{message}");
}
