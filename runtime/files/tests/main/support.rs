//! A tree over a package in memory.

use std::sync::Arc;

use lambent_files::{
    DiskBudget, Entry, ErrorCode, Image, Node, OpenFlags, Package, ScratchOptions, Vfs,
};

pub(crate) const MIB: u64 = 1 << 20;

pub(crate) const WRITE: OpenFlags =
    OpenFlags { create: true, directory: false, exclusive: false, truncate: false, write: true };
pub(crate) const READ: OpenFlags =
    OpenFlags { create: false, directory: false, exclusive: false, truncate: false, write: false };

pub(crate) fn package(files: &[(&str, &str)]) -> Package {
    let mut blob = Vec::new();
    let mut entries = Vec::new();
    for (path, text) in files {
        let (offset, size) = (blob.len() as u64, text.len() as u64);
        entries.push(Entry { path: (*path).into(), offset, size });
        blob.extend_from_slice(text.as_bytes());
    }
    Package { entries, blob: Arc::new(blob) }
}

pub(crate) fn vfs(bytes_max: u64) -> Vfs {
    vfs_on(bytes_max, &Arc::new(DiskBudget::new(u64::MAX)))
}

/// One on a disk that it shares.
pub(crate) fn vfs_on(bytes_max: u64, disk: &Arc<DiskBudget>) -> Vfs {
    let package = package(&[("index.py", "import json"), ("lib/a.py", "A"), ("lib/b.py", "BB")]);
    let image = Image::new().mount("var/task", &package).unwrap();
    Vfs::new(Arc::new(image), scratch_on(bytes_max, disk))
}

/// A scratch directory of so many bytes on a disk without an end.
pub(crate) fn scratch(bytes_max: u64) -> ScratchOptions {
    scratch_on(bytes_max, &Arc::new(DiskBudget::new(u64::MAX)))
}

fn scratch_on(bytes_max: u64, disk: &Arc<DiskBudget>) -> ScratchOptions {
    let open = Arc::new(tempfile::tempfile);
    ScratchOptions { open, bytes_max, metadata_bytes_max: 4 * MIB, disk: disk.clone() }
}

pub(crate) fn open(vfs: &mut Vfs, path: &str, flags: OpenFlags) -> Result<Node, ErrorCode> {
    let root = Vfs::root();
    vfs.open(&root, path, flags)
}

/// Everything of a file, read as a guest does.
pub(crate) fn read_all(vfs: &Vfs, node: &Node) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let piece = vfs.read(node, usize::MAX, all.len() as u64, true).unwrap();
        if piece.is_empty() {
            return all;
        }
        all.extend(piece);
    }
}

pub(crate) fn names(vfs: &mut Vfs, directory: &str) -> Vec<String> {
    let node = open(vfs, directory, OpenFlags { directory: true, ..READ }).unwrap();
    let mut names: Vec<String> = Vec::new();
    while let Some((name, _)) = vfs.next_entry(&node, names.last().map(String::as_str)).unwrap() {
        names.push(name);
    }
    names
}
