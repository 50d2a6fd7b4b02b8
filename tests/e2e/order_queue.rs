//! A batch of messages of which some fail: each fails alone, nothing is handled
//! twice, and what nobody can handle ends in the dead-letter queue.

use lambent_api::kinds::Queue;
use serde_json::Value;

use crate::node::Node;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_that_cannot_be_handled_fail_alone() {
    let node = Node::start(&[]);
    let soon = [("visibility = \"30s\"", "visibility = \"1s\"")];
    node.apply_example("order-queue", &soon).await;
    node.set_key("stock", "lamp", r#"{"left": 5}"#).await;
    let orders = [
        r#"{"item": "lamp", "count": 2}"#,
        "{",
        r#"{"item": "sofa", "count": 1}"#,
        r#"{"item": "lamp", "count": 1}"#,
        r#"{"item": "lamp", "count": 9}"#,
    ];
    for order in orders {
        node.send_message("orders", order).await;
    }

    let mut dead: Vec<_> = node.messages("orders-dead", 3).await;
    dead.sort_by_key(|message| message["sequence"].as_u64());
    let text = |message: &Value| message["text"].as_str().unwrap().to_owned();
    let mut bodies: Vec<_> = dead.iter().map(text).collect();
    bodies.sort();
    let mut expected = vec![orders[1], orders[2], orders[4]];
    expected.sort_unstable();
    assert_eq!(bodies, expected);

    let stock: Value = serde_json::from_str(&node.get_key("stock", "lamp").await.unwrap()).unwrap();
    assert_eq!(stock["left"], 2, "{stock}");
    assert_eq!(stock["orders"].as_array().unwrap().len(), 2, "{stock}");
    let shipped = node.messages("shipments.fifo", 2).await;
    let shipped: Vec<_> = shipped.iter().map(|message| &message["group"]).collect();
    assert_eq!(shipped, ["lamp", "lamp"]);
    let depth = node.describe::<Queue>("orders").await.depth.unwrap();
    assert_eq!((depth.ready, depth.in_flight), (0, 0), "{depth:?}");
    node.stop().await;
}
