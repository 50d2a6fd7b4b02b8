//! An idle node costs next to nothing, and is there at once.

use std::time::{Duration, Instant};

use crate::client::PATIENCE;
use crate::node::Node;

/// A build for tests takes 81 MiB, of which 50 are pages of its binary that the system can drop. What
/// grows by a fifth is found out by this and not by an operator with a small box.
const RESIDENT_BYTES_MAX: u64 = 96 << 20;

/// Prints the figures of `runtime/PERFORMANCE.md`, which are those of a release build:
/// `cargo test --release --test e2e idle -- --nocapture`
#[tokio::test]
async fn an_idle_node_is_small_and_soon_ready() {
    let began = Instant::now();
    let node = Node::start(&[]);
    while node.ask("GET", "/readyz").send().await.status != 200 {
        assert!(began.elapsed() < PATIENCE, "the node does not become ready");
    }
    let ready = began.elapsed();
    // What it does after its start is part of what it costs.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let resident = node.rss();
    println!("idle node: {} KiB resident, ready {ready:.1?} after exec", resident >> 10);
    assert!(resident < RESIDENT_BYTES_MAX, "{resident} bytes are resident");
}
