//! Killed at any moment, a node loses nothing it has acknowledged: objects,
//! keys, messages, invocations and the events of them all; it does nothing
//! twice that is promised once, and keeps the orders it promises.
//!
//! `LAMBENT_CRASH_CYCLES=200 cargo test --test e2e crash -- --nocapture` is the
//! full run; `LAMBENT_CRASH_SEED` repeats one.

mod check;
mod ledger;
mod power_cut;
mod producers;
mod random;
mod rig;
mod setup;
mod volumes;

use std::sync::Arc;
use std::time::Duration;

use self::ledger::Ledger;
use self::random::Random;
use crate::node::Node;

/// Enough in every run to be killed in each stage of the work.
const CYCLES: u64 = 8;
/// How long the node lives in one cycle, in milliseconds: from before it has
/// looked after what the last one left, to well into its own work.
const LIFE_MS: std::ops::Range<u64> = 5..400;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_a_node_is_killed() {
    let cycles = number("LAMBENT_CRASH_CYCLES").unwrap_or(CYCLES);
    let seed = number("LAMBENT_CRASH_SEED").unwrap_or_else(random::seed);
    println!("{cycles} cycles, LAMBENT_CRASH_SEED={seed}");
    let mut random = Random::new(seed);
    let data = Arc::new(tempfile::tempdir().unwrap());
    let ledger = Arc::new(Ledger::default());
    setup::deploy(&Node::start_in(&data, &[])).await;
    for cycle in 0..cycles {
        let node = Arc::new(Node::start_in(&data, &[]));
        let work = producers::start(&node, &ledger, cycle, random.next());
        tokio::time::sleep(Duration::from_millis(random.within(LIFE_MS))).await;
        node.kill();
        producers::end(work).await;
    }
    let node = Node::start_in(&data, &[]);
    check::all(&node, &ledger).await;
    println!("{}", ledger.summary());
    node.stop().await;
}
