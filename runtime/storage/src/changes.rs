//! Feeds of changes: how whoever keeps something derived from a store learns that it is stale.

use std::time::Duration;

use async_trait::async_trait;
use lambent_types::Namespace;

use crate::error::StorageError;

/// A place in a feed. Only the feed that gave it can read it: it may be of a process that is
/// gone, and is then answered with [`Batch::ListAgain`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Which feed it is of.
    pub feed: u64,
    /// How many changes were before it.
    pub sequence: u64,
}

/// A resource that was put or deleted. What it is now is to be read: it may have changed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed<N> {
    /// The namespace that it is in.
    pub namespace: Namespace,
    /// The name of the resource.
    pub name: N,
}

/// What a feed has after a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Batch<N> {
    /// Every change since, in the order in which they were made where they are of the same
    /// resource; none if none came in time.
    Changes {
        /// What changed.
        changed: Vec<Changed<N>>,
        /// Where to go on.
        next: Position,
    },
    /// The feed has no longer everything since: what is derived has to be made of a listing.
    ListAgain {
        /// Where to go on; to be taken before the listing begins.
        next: Position,
    },
}

impl<N> Batch<N> {
    /// Whether nothing changed.
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Changes { changed, .. } if changed.is_empty())
    }

    /// Where to go on.
    pub const fn next(&self) -> Position {
        match self {
            Self::Changes { next, .. } | Self::ListAgain { next } => *next,
        }
    }
}

/// The feed of the changes of one kind of resource, by any node.
///
/// A follower takes a [`position`](Self::position), lists what there is, and then reads
/// the changes [`since`](Self::since) there: nothing is missed between the two, though a change may be
/// in both. A change is in the feed when it is acknowledged. A reader that is slow costs the store
/// nothing: a feed keeps a bounded number of changes, and tells a reader that comes too late to
/// list again.
///
/// # Several nodes
/// The changes of every node are in the feed. A backend whose process is the only one that
/// writes may keep it in memory.
#[async_trait]
pub trait Changes<N>: Send + Sync {
    /// The end of the feed: every change that was acknowledged is before it.
    ///
    /// # Errors
    /// The store failed.
    async fn position(&self) -> Result<Position, StorageError>;

    /// The changes after `after`. Waits for one at most so long.
    ///
    /// # Errors
    /// The store failed.
    async fn since(&self, after: Position, wait: Duration) -> Result<Batch<N>, StorageError>;
}
