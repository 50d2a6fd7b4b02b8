//! The disk as power left it: the node runs on ext4 inside an image that is a file on XFS, which is
//! copied in an instant while the node writes. What the node had acknowledged before must be in
//! the copy.
//!
//! Needs root, loop devices, and the tools of both file systems (Debian's xfsprogs and e2fsprogs):
//! `cargo test --test e2e power_cut -- --ignored --nocapture`, with `LAMBENT_POWER_CUTS` for how
//! many. The host's page cache is lost in a copy; what the drive itself still held is not.

use std::path::PathBuf;

use tempfile::TempDir;

use super::number;
use super::random::{self, Random};
use crate::image::{Mount, image, run};

pub(super) struct Rig {
    disk: PathBuf,
    copy: PathBuf,
    _xfs: Mount,
    _home: TempDir,
    /// How often power is cut.
    pub(super) cuts: u64,
    pub(super) random: Random,
}

impl Rig {
    /// A rig for so many cuts, if the environment does not say how many.
    pub(super) fn new(cuts: u64) -> Self {
        let cuts = number("LAMBENT_POWER_CUTS").unwrap_or(cuts);
        let seed = number("LAMBENT_CRASH_SEED").unwrap_or_else(random::seed);
        println!("{cuts} cuts, LAMBENT_CRASH_SEED={seed}");
        let home = tempfile::tempdir().unwrap();
        image(&home.path().join("xfs"), 4 << 30, "mkfs.xfs");
        let xfs = Mount::new(&home.path().join("xfs"));
        let (disk, copy) = (xfs.path("disk"), xfs.path("cut"));
        Self { disk, copy, _xfs: xfs, _home: home, cuts, random: Random::new(seed) }
    }

    /// An empty disk to run on.
    pub(super) fn disk(&self) -> Mount {
        image(&self.disk, 512 << 20, "mkfs.ext4");
        Mount::new(&self.disk)
    }

    /// Has the file system of a disk write what it has.
    pub(super) fn settle(disk: &Mount) {
        run("sync", &["-f", disk.directory.path().to_str().unwrap()]);
    }

    /// Cuts the power, though what runs does not notice.
    pub(super) fn cut(&self) {
        let (disk, copy) = (self.disk.to_str().unwrap(), self.copy.to_str().unwrap());
        run("cp", &["--reflink=always", disk, copy]);
    }

    /// The disk as the cut left it.
    pub(super) fn found(&self) -> Mount {
        Mount::new(&self.copy)
    }
}
