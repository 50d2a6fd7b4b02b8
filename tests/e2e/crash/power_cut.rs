//! The disk as power left it: the node runs on ext4 inside an image that is a
//! file on XFS, which is copied in an instant while the node writes. What the
//! node had acknowledged before must be in the copy.
//!
//! Needs root, loop devices, and the tools of both file systems (Debian's
//! xfsprogs and e2fsprogs):
//! `cargo test --test e2e power_cut -- --ignored --nocapture`, with
//! `LAMBENT_POWER_CUTS` for how many. The host's page cache is lost in a copy;
//! what the drive itself still held is not.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::ledger::Ledger;
use super::random::{self, Random};
use super::{check, number, producers, setup};
use crate::image::{Mount, image, run};
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
    let cuts = number("LAMBENT_POWER_CUTS").unwrap_or(CUTS);
    let seed = number("LAMBENT_CRASH_SEED").unwrap_or_else(random::seed);
    println!("{cuts} cuts, LAMBENT_CRASH_SEED={seed}");
    let mut random = Random::new(seed);
    let home = tempfile::tempdir().unwrap();
    image(&home.path().join("xfs"), 4 << 30, "mkfs.xfs");
    let xfs = Mount::new(&home.path().join("xfs"));
    let (disk, cut) = (xfs.path("disk"), xfs.path("cut"));
    let mut careless_lost = 0;
    for number in 0..cuts {
        image(&disk, 512 << 20, "mkfs.ext4");
        let running = Mount::new(&disk);
        let ledger = Arc::new(Ledger::default());
        setup::deploy(&Node::start_in(&running.directory, &[])).await;
        run("sync", &["-f", running.directory.path().to_str().unwrap()]);
        let node = Arc::new(Node::start_in(&running.directory, &[]));
        let careless = Careless::start(running.path("careless"));
        let work = producers::start(&node, &ledger, number, random.next());
        tokio::time::sleep(Duration::from_millis(random.within(50..700))).await;

        // Acknowledged before the cut, so in the copy; what is sent up to the
        // end of the copy may be in it.
        let (promised, written) = (ledger.copy(), careless.written());
        run("cp", &["--reflink=always", disk.to_str().unwrap(), cut.to_str().unwrap()]);
        let promised = promised.with_sent_of(&ledger);
        node.kill();
        producers::end(work).await;
        careless.stop();
        drop((node, running));

        let found = Mount::new(&cut);
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
