//! Everything that a node acknowledges, on the rig of `rig.rs`.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::ledger::Ledger;
use super::rig::Rig;
use super::{check, producers, setup};
use crate::node::Node;

const CUTS: u64 = 30;

/// Writes numbers to a file and never asks for them to be durable: what a
/// power cut must cost.
struct Careless {
    stop: Arc<AtomicBool>,
    writer: std::thread::JoinHandle<()>,
    path: PathBuf,
}

impl Careless {
    fn start(path: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, target) = (stop.clone(), path.clone());
        let writer = std::thread::spawn(move || {
            let mut file = File::create(target).unwrap();
            for number in 0_u64.. {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                writeln!(file, "{number}").unwrap();
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        Self { stop, writer, path }
    }

    fn written(&self) -> u64 {
        std::fs::metadata(&self.path).unwrap().len()
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.writer.join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root and loop devices"]
async fn nothing_acknowledged_is_lost_in_a_power_cut() {
    let mut rig = Rig::new(CUTS);
    let cuts = rig.cuts;
    let mut careless_lost = 0;
    for number in 0..cuts {
        let running = rig.disk();
        let ledger = Arc::new(Ledger::default());
        setup::deploy(&Node::start_in(&running.directory, &[])).await;
        Rig::settle(&running);
        let node = Arc::new(Node::start_in(&running.directory, &[]));
        let careless = Careless::start(running.path("careless"));
        let work = producers::start(&node, &ledger, number, rig.random.next());
        tokio::time::sleep(Duration::from_millis(rig.random.within(50..700))).await;

        // Acknowledged before the cut, so in the copy; what is sent up to the
        // end of the copy may be in it.
        let (promised, written) = (ledger.copy(), careless.written());
        rig.cut();
        let promised = promised.with_sent_of(&ledger);
        node.kill();
        producers::end(work).await;
        careless.stop();
        drop((node, running));

        let found = rig.found();
        let left = std::fs::metadata(found.path("careless")).map_or(0, |file| file.len());
        careless_lost += u64::from(left < written);
        let node = Node::start_in(&found.directory, &[]);
        check::all(&node, &promised).await;
        println!("cut {number}: {}", promised.summary());
        node.stop().await;
    }
    assert!(careless_lost > 0, "the rig lost nothing that was not made durable: it proves nothing");
    println!("what was never made durable was lost in {careless_lost} of {cuts} cuts");
}
