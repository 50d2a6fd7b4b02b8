use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use async_trait::async_trait;
use lambent_files::{ErrorCode, Kind, SIZE_MAX, Stat, VOLUME_ROOT, Volume, VolumeNode};
use lambent_types::bounds;

use crate::error::StorageError;
use crate::sync;
use crate::volumes::{VOLUME_BLOCK_BYTES, VolumeError, VolumeUsage, Volumes, volume_weight};

/// Volumes in memory.
#[derive(Default)]
pub struct MemoryVolumes(Mutex<State>);

#[derive(Default)]
struct State {
    open: HashMap<String, Arc<MemoryVolume>>,
    removed: HashSet<String>,
}

#[async_trait]
impl Volumes for MemoryVolumes {
    async fn open(&self, id: &str, max_bytes: u64) -> Result<Arc<dyn Volume>, VolumeError> {
        let State { open, removed } = &mut *sync::lock(&self.0);
        if removed.contains(id) {
            return Err(VolumeError::Gone);
        }
        let volume = open.entry(id.to_owned()).or_insert_with(MemoryVolume::new);
        volume.max_bytes.store(max_bytes, Ordering::Relaxed);
        Ok(Arc::new(Handle(Arc::clone(volume))))
    }

    async fn resize(&self, id: &str, max_bytes: u64) {
        if let Some(volume) = sync::lock(&self.0).open.get(id) {
            volume.max_bytes.store(max_bytes, Ordering::Relaxed);
        }
    }

    async fn usage(&self, id: &str) -> Result<VolumeUsage, VolumeError> {
        let State { open, removed } = &*sync::lock(&self.0);
        if removed.contains(id) {
            return Err(VolumeError::Gone);
        }
        Ok(open.get(id).map(|volume| volume.lock().usage()).unwrap_or_default())
    }

    async fn remove(&self, id: &str) -> Result<(), StorageError> {
        let State { open, removed } = &mut *sync::lock(&self.0);
        removed.insert(id.to_owned());
        if let Some(volume) = open.remove(id) {
            volume.gone.store(true, Ordering::Release);
        }
        Ok(())
    }
}

struct MemoryVolume {
    max_bytes: AtomicU64,
    gone: AtomicBool,
    tree: Mutex<Tree>,
}

struct Tree {
    nodes: HashMap<u64, Node>,
    last: u64,
}

struct Node {
    /// None once its name was removed; the root is in itself.
    parent: Option<u64>,
    held: u64,
    kind: Kind,
    children: BTreeMap<String, u64>,
    bytes: Vec<u8>,
    times: [SystemTime; 3],
}

impl Node {
    fn new(parent: u64, kind: Kind) -> Self {
        let (children, times) = (BTreeMap::new(), [SystemTime::now(); 3]);
        Self { parent: Some(parent), held: 0, kind, children, bytes: Vec::new(), times }
    }
}

impl Tree {
    /// The nodes beside the root.
    fn usage(&self) -> VolumeUsage {
        let counted = self.nodes.iter().filter(|(number, _)| **number != VOLUME_ROOT);
        let bytes = counted.clone().map(|(_, node)| volume_weight(node.bytes.len() as u64)).sum();
        let files = counted.count() as u64;
        VolumeUsage { bytes, files }
    }

    fn node(&mut self, number: u64) -> Result<&mut Node, ErrorCode> {
        self.nodes.get_mut(&number).ok_or(ErrorCode::NoEntry)
    }

    fn is_empty(&mut self, directory: u64) -> Result<bool, ErrorCode> {
        Ok(self.node(directory)?.children.is_empty())
    }

    /// A directory that was not removed.
    fn directory(&mut self, number: u64) -> Result<&mut Node, ErrorCode> {
        self.node(number).and_then(|node| node.parent.map(|_| node).ok_or(ErrorCode::NoEntry))
    }

    fn child(&mut self, directory: u64, name: &str) -> Result<Option<(u64, Kind)>, ErrorCode> {
        let Some(number) = self.directory(directory)?.children.get(name).copied() else {
            return Ok(None);
        };
        Ok(Some((number, self.node(number)?.kind)))
    }

    /// Takes the name of a node, which is gone unless it is held.
    fn unlink(&mut self, directory: u64, name: &str) -> Result<(), ErrorCode> {
        let parent = self.directory(directory)?;
        let number = parent.children.remove(name).ok_or(ErrorCode::NoEntry)?;
        let node = self.node(number)?;
        node.parent = None;
        if node.held == 0 {
            self.nodes.remove(&number);
        }
        Ok(())
    }

    fn is_within(&self, mut number: u64, above: u64) -> bool {
        while number != VOLUME_ROOT && number != above {
            let Some(parent) = self.nodes.get(&number).and_then(|node| node.parent) else {
                return false;
            };
            number = parent;
        }
        number == above
    }
}

impl MemoryVolume {
    fn new() -> Arc<Self> {
        let nodes = [(VOLUME_ROOT, Node::new(VOLUME_ROOT, Kind::Directory))].into();
        Arc::new(Self {
            max_bytes: AtomicU64::new(0),
            gone: AtomicBool::new(false),
            tree: Mutex::new(Tree { nodes, last: VOLUME_ROOT }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Tree> {
        sync::lock(&self.tree)
    }

    fn tree(&self) -> Result<MutexGuard<'_, Tree>, ErrorCode> {
        if self.gone.load(Ordering::Acquire) { Err(ErrorCode::Gone) } else { Ok(self.lock()) }
    }

    fn left(&self, tree: &Tree) -> u64 {
        let left = self.max_bytes.load(Ordering::Relaxed).saturating_sub(tree.usage().bytes);
        left / VOLUME_BLOCK_BYTES * VOLUME_BLOCK_BYTES
    }
}

struct Handle(Arc<MemoryVolume>);

impl Volume for Handle {
    fn is_gone(&self) -> bool {
        self.0.gone.load(Ordering::Acquire)
    }

    fn child(&self, directory: u64, name: &str) -> Result<Option<(u64, Kind)>, ErrorCode> {
        self.0.tree()?.child(directory, name)
    }

    fn parent(&self, directory: u64) -> Result<u64, ErrorCode> {
        self.0.tree()?.node(directory)?.parent.ok_or(ErrorCode::NoEntry)
    }

    fn hold(&self, number: u64) -> Result<Arc<dyn VolumeNode>, ErrorCode> {
        self.0.tree()?.directory(number)?.held += 1;
        Ok(Arc::new(Open { volume: Arc::clone(&self.0), number }))
    }

    fn create(&self, directory: u64, name: &str, kind: Kind) -> Result<u64, ErrorCode> {
        let mut tree = self.0.tree()?;
        if tree.child(directory, name)?.is_some() {
            return Err(ErrorCode::Exist);
        }
        let full = tree.nodes.len() as u64 > bounds::VOLUME_FILES_MAX;
        if full || self.0.left(&tree) < volume_weight(0) {
            return Err(ErrorCode::InsufficientSpace);
        }
        tree.last += 1;
        let number = tree.last;
        tree.nodes.insert(number, Node::new(directory, kind));
        tree.directory(directory)?.children.insert(name.to_owned(), number);
        Ok(number)
    }

    fn remove(&self, directory: u64, name: &str, kind: Kind) -> Result<(), ErrorCode> {
        let mut tree = self.0.tree()?;
        let (number, found) = tree.child(directory, name)?.ok_or(ErrorCode::NoEntry)?;
        found.check_gives_way(kind, || tree.is_empty(number))?;
        tree.unlink(directory, name)
    }

    fn rename(&self, from: (u64, &str), to: (u64, &str)) -> Result<(), ErrorCode> {
        let mut tree = self.0.tree()?;
        let (moved, kind) = tree.child(from.0, from.1)?.ok_or(ErrorCode::NoEntry)?;
        if kind == Kind::Directory && tree.is_within(to.0, moved) {
            return Err(ErrorCode::Invalid);
        }
        match tree.child(to.0, to.1)? {
            Some((existing, _)) if existing == moved => return Ok(()),
            Some((existing, found)) => {
                found.check_gives_way(kind, || tree.is_empty(existing))?;
                tree.unlink(to.0, to.1)?;
            }
            None => {}
        }
        tree.directory(from.0)?.children.remove(from.1);
        tree.directory(to.0)?.children.insert(to.1.to_owned(), moved);
        tree.node(moved)?.parent = Some(to.0);
        Ok(())
    }

    fn entries(
        &self,
        directory: u64,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Kind)>, ErrorCode> {
        let mut tree = self.0.tree()?;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let children =
            tree.directory(directory)?.children.range::<str, _>((from, Bound::Unbounded));
        let found: Vec<_> =
            children.take(limit).map(|(name, number)| (name.clone(), *number)).collect();
        found.into_iter().map(|(name, number)| Ok((name, tree.node(number)?.kind))).collect()
    }
}

/// A node that is held.
struct Open {
    volume: Arc<MemoryVolume>,
    number: u64,
}

impl Open {
    /// The node, which must be a file, and how much more its volume may hold.
    fn file<R>(
        &self,
        work: impl FnOnce(&mut Node, u64) -> Result<R, ErrorCode>,
    ) -> Result<R, ErrorCode> {
        let mut tree = self.volume.tree()?;
        let left = self.volume.left(&tree);
        let node = tree.node(self.number)?;
        if node.kind == Kind::Directory {
            return Err(ErrorCode::IsDirectory);
        }
        work(node, left)
    }
}

impl VolumeNode for Open {
    fn stat(&self, _: bool) -> Result<Stat, ErrorCode> {
        let mut tree = self.volume.tree()?;
        let node = tree.node(self.number)?;
        let [accessed, modified, changed] = node.times;
        let (links, size) = (u64::from(node.parent.is_some()), node.bytes.len() as u64);
        Ok(Stat { kind: node.kind, links, size, accessed, modified, changed })
    }

    fn read(&self, buffer: &mut [u8], offset: u64, _: bool) -> Result<usize, ErrorCode> {
        self.file(|node, _| {
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(node.bytes.len());
            let count = buffer.len().min(node.bytes.len() - start);
            buffer[..count].copy_from_slice(&node.bytes[start..start + count]);
            Ok(count)
        })
    }

    fn write(&self, bytes: &[u8], offset: Option<u64>) -> Result<usize, ErrorCode> {
        self.file(|node, left| {
            let size = node.bytes.len() as u64;
            let at = offset.unwrap_or(size);
            let end = at.checked_add(bytes.len() as u64).filter(|end| *end <= SIZE_MAX);
            let end = end.ok_or(ErrorCode::FileTooLarge)?;
            let room = volume_weight(size) - volume_weight(0) + left;
            let end = end.min(room.max(size));
            if end <= at && !bytes.is_empty() {
                return Err(ErrorCode::InsufficientSpace);
            }
            let (at, end) = (index(at)?, index(end)?);
            node.bytes.resize(node.bytes.len().max(end), 0);
            node.bytes[at..end].copy_from_slice(&bytes[..end - at]);
            node.times[1] = SystemTime::now();
            node.times[2] = node.times[1];
            Ok(end - at)
        })
    }

    fn set_size(&self, size: u64) -> Result<(), ErrorCode> {
        self.file(|node, left| {
            if size > SIZE_MAX {
                return Err(ErrorCode::FileTooLarge);
            }
            let more = volume_weight(size).saturating_sub(volume_weight(node.bytes.len() as u64));
            if more > left {
                return Err(ErrorCode::InsufficientSpace);
            }
            node.bytes.resize(index(size)?, 0);
            Ok(())
        })
    }

    fn set_times(
        &self,
        accessed: Option<SystemTime>,
        modified: Option<SystemTime>,
    ) -> Result<(), ErrorCode> {
        let mut tree = self.volume.tree()?;
        let times = &mut tree.node(self.number)?.times;
        *times = [accessed.unwrap_or(times[0]), modified.unwrap_or(times[1]), SystemTime::now()];
        Ok(())
    }

    fn sync(&self) -> Result<(), ErrorCode> {
        self.volume.tree().map(drop)
    }
}

fn index(offset: u64) -> Result<usize, ErrorCode> {
    usize::try_from(offset).map_err(|_| ErrorCode::FileTooLarge)
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut tree = self.volume.lock();
        let Ok(node) = tree.node(self.number) else { return };
        node.held -= 1;
        if node.held == 0 && node.parent.is_none() {
            tree.nodes.remove(&self.number);
        }
    }
}
