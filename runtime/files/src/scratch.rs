use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use crate::content::Content;
use crate::error::ErrorCode;
use crate::metadata::{Kind, Stat};
use crate::space::Space;

/// Memory that a file or directory takes beside its name, and the name's entry.
const NODE_BYTES: u64 = 400;
/// Removed files that somebody may still hold, before those are looked for that nobody does.
const REMOVED_KEPT: usize = 32;

/// The scratch directory: its files and directories by number.
pub(crate) struct Scratch {
    nodes: HashMap<u64, ScratchNode>,
    next: u64,
    pub(crate) space: Space,
    /// Those without a name that were held when it was removed.
    removed: Vec<u64>,
}

pub(crate) struct ScratchNode {
    /// None once its name was removed.
    pub(crate) parent: Option<u64>,
    /// Held by whoever works with it.
    pub(crate) held: Arc<()>,
    pub(crate) body: Body,
    pub(crate) accessed: SystemTime,
    pub(crate) modified: SystemTime,
    pub(crate) changed: SystemTime,
}

pub(crate) enum Body {
    Directory(BTreeMap<Box<str>, u64>),
    File(Content),
}

impl Body {
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Directory(_) => Kind::Directory,
            Self::File(_) => Kind::File,
        }
    }
}

impl Scratch {
    /// The number of the scratch directory itself.
    pub(crate) const ROOT: u64 = 0;

    pub(crate) fn new(space: Space) -> Self {
        let mut scratch = Self { nodes: HashMap::new(), next: 1, space, removed: Vec::new() };
        // The root is its own parent, so that it counts as named.
        scratch.place(Self::ROOT, Self::ROOT, Body::Directory(BTreeMap::new()));
        scratch
    }

    fn place(&mut self, number: u64, parent: u64, body: Body) {
        let now = SystemTime::now();
        let node = ScratchNode {
            parent: Some(parent),
            held: Arc::new(()),
            body,
            accessed: now,
            modified: now,
            changed: now,
        };
        self.nodes.insert(number, node);
    }

    pub(crate) fn node(&self, number: u64) -> Result<&ScratchNode, ErrorCode> {
        self.nodes.get(&number).ok_or(ErrorCode::BadDescriptor)
    }

    pub(crate) fn node_mut(&mut self, number: u64) -> Result<&mut ScratchNode, ErrorCode> {
        self.nodes.get_mut(&number).ok_or(ErrorCode::BadDescriptor)
    }

    pub(crate) fn is_empty(&self, directory: u64) -> Result<bool, ErrorCode> {
        Ok(self.children(directory)?.is_empty())
    }

    pub(crate) fn children(&self, number: u64) -> Result<&BTreeMap<Box<str>, u64>, ErrorCode> {
        match &self.node(number)?.body {
            Body::Directory(children) => Ok(children),
            Body::File(_) => Err(ErrorCode::NotDirectory),
        }
    }

    fn children_mut(&mut self, number: u64) -> Result<&mut BTreeMap<Box<str>, u64>, ErrorCode> {
        let node = self.node_mut(number)?;
        node.modified = SystemTime::now();
        node.changed = node.modified;
        match &mut node.body {
            Body::Directory(children) => Ok(children),
            Body::File(_) => Err(ErrorCode::NotDirectory),
        }
    }

    pub(crate) fn child(&self, parent: u64, name: &str) -> Result<Option<u64>, ErrorCode> {
        Ok(self.children(parent)?.get(name).copied())
    }

    /// The content of a file, and the space it is in.
    pub(crate) fn content(&mut self, number: u64) -> Result<(&mut Content, &mut Space), ErrorCode> {
        let node = self.nodes.get_mut(&number).ok_or(ErrorCode::BadDescriptor)?;
        match &mut node.body {
            Body::File(content) => Ok((content, &mut self.space)),
            Body::Directory(_) => Err(ErrorCode::IsDirectory),
        }
    }

    /// Marks a file as written.
    pub(crate) fn touch(&mut self, number: u64) -> Result<(), ErrorCode> {
        let node = self.node_mut(number)?;
        node.modified = SystemTime::now();
        node.changed = node.modified;
        Ok(())
    }

    /// Makes something of a name that is not there.
    pub(crate) fn create(&mut self, parent: u64, name: &str, body: Body) -> Result<u64, ErrorCode> {
        if self.node(parent)?.parent.is_none() {
            return Err(ErrorCode::NoEntry);
        }
        if self.child(parent, name)?.is_some() {
            return Err(ErrorCode::Exist);
        }
        self.with_room(|scratch| scratch.space.describe(NODE_BYTES + name.len() as u64))?;
        let number = self.next;
        self.next += 1;
        self.children_mut(parent)?.insert(name.into(), number);
        self.place(number, parent, body);
        Ok(number)
    }

    /// Removes a name whose rules were checked. What it named is gone when nobody holds it.
    pub(crate) fn remove(&mut self, parent: u64, name: &str) -> Result<(), ErrorCode> {
        let Some(number) = self.children_mut(parent)?.remove(name) else {
            return Err(ErrorCode::NoEntry);
        };
        self.space.forget(name.len() as u64);
        self.node_mut(number)?.parent = None;
        self.removed.push(number);
        let unheld = Arc::strong_count(&self.node(number)?.held) == 1;
        if unheld || self.removed.len() >= REMOVED_KEPT {
            self.sweep();
        }
        Ok(())
    }

    /// Gives a node another name, which must be free.
    pub(crate) fn rename(
        &mut self,
        (from, old): (u64, &str),
        (to, new): (u64, &str),
    ) -> Result<(), ErrorCode> {
        self.with_room(|scratch| scratch.space.describe(new.len() as u64))?;
        let Some(number) = self.children_mut(from)?.remove(old) else {
            return Err(ErrorCode::NoEntry);
        };
        self.space.forget(old.len() as u64);
        self.children_mut(to)?.insert(new.into(), number);
        let node = self.node_mut(number)?;
        node.parent = Some(to);
        node.changed = SystemTime::now();
        Ok(())
    }

    /// Tries again after what nobody holds any more was given back, if there is no room.
    pub(crate) fn with_room<R>(
        &mut self,
        mut action: impl FnMut(&mut Self) -> Result<R, ErrorCode>,
    ) -> Result<R, ErrorCode> {
        match action(self) {
            Err(ErrorCode::InsufficientSpace) if !self.removed.is_empty() => {
                self.sweep();
                action(self)
            }
            done => done,
        }
    }

    /// Forgets the removed that nobody holds.
    fn sweep(&mut self) {
        let Self { nodes, removed, space, .. } = self;
        removed.retain(|number| {
            let Some(node) = nodes.get_mut(number) else { return false };
            if Arc::strong_count(&node.held) > 1 {
                return true;
            }
            if let Body::File(content) = &mut node.body {
                content.clear(space);
            }
            space.forget(NODE_BYTES);
            nodes.remove(number);
            false
        });
    }

    pub(crate) fn stat(&self, number: u64) -> Result<Stat, ErrorCode> {
        let node = self.node(number)?;
        let size = match &node.body {
            Body::File(content) => content.size(),
            Body::Directory(_) => 0,
        };
        Ok(Stat {
            kind: node.body.kind(),
            links: u64::from(node.parent.is_some()),
            size,
            accessed: node.accessed,
            modified: node.modified,
            changed: node.changed,
        })
    }

    /// Whether `number` is `above`, or in a directory within it; counts the steps.
    pub(crate) fn is_within(&self, number: u64, above: u64, work: &mut u64) -> bool {
        let mut at = number;
        loop {
            if at == above {
                return true;
            }
            *work += 1;
            match self.nodes.get(&at).and_then(|node| node.parent) {
                Some(parent) if at != Self::ROOT => at = parent,
                _ => return false,
            }
        }
    }
}
