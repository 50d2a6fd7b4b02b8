use std::sync::Arc;

use async_trait::async_trait;
use lambent_files::Volume;

use crate::error::StorageError;

/// Bytes in which the files of a volume are counted. A file of part of a block counts as all of
/// it, holes count as if they were written, and each file and directory counts as one more for
/// what describes it: so a volume never takes more of the disk than it may hold.
pub const VOLUME_BLOCK_BYTES: u64 = 4096;

/// What a file or directory of this size counts as.
pub fn volume_weight(size: u64) -> u64 {
    let blocks = size.div_ceil(VOLUME_BLOCK_BYTES).saturating_add(1);
    blocks.saturating_mul(VOLUME_BLOCK_BYTES)
}

/// How much a volume holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VolumeUsage {
    /// Bytes of its files and directories, as they are counted; those of removed files included
    /// that somebody has open.
    pub bytes: u64,
    /// Files and directories; those included.
    pub files: u64,
}

/// Why a volume was not opened.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// It was removed.
    #[error("the volume was deleted")]
    Gone,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The files of volumes. What is said of a volume, its name and its size, is among the
/// [`Resources`](crate::Resources); its files are kept under an id, which no other volume ever has.
///
/// What is promised of the files themselves is said where they are used: [`Volume`] and
/// [`VolumeNode`](lambent_files::VolumeNode). Beside that:
///
/// - *The size holds.* However many write at once, and whatever they have open, a volume never
///   counts more bytes than it may hold ([`VOLUME_BLOCK_BYTES`]), nor more files than
///   [`bounds::VOLUME_FILES_MAX`](lambent_types::bounds::VOLUME_FILES_MAX).
///   What it had before it was made smaller stays.
/// - *Durability.* What was done survives the end of the process. A power cut may undo the last
///   changes, up to what [`sync`](lambent_files::VolumeNode::sync) has returned for: changes of
///   names are undone from the last on, never one in between, and a file that was not synced
///   may be shorter, or have zeroes, where it was written last. A name never leads to
///   another file's bytes, and one that a file was renamed to leads to the old file or the new.
///
/// # Several nodes
/// A backend of one machine keeps files for that machine. One that nodes share promises the same
/// for all of them, at the least that what was synced or closed on one node is seen by whoever
/// opens it on another afterwards, and that of many who create one name exclusively one does.
/// The runtime hands no files between nodes: with a backend of one machine each node has its own.
#[async_trait]
pub trait Volumes: Send + Sync {
    /// Opens the files of a volume, which may have `max_bytes` from now on. There are none at
    /// first. Whoever opens it has the same files.
    ///
    /// # Errors
    /// `Gone`, `Storage`.
    async fn open(&self, id: &str, max_bytes: u64) -> Result<Arc<dyn Volume>, VolumeError>;

    /// Sets how many bytes a volume may have, for whoever has it open too.
    async fn resize(&self, id: &str, max_bytes: u64);

    /// How much a volume holds.
    ///
    /// # Errors
    /// `Gone`, `Storage`.
    async fn usage(&self, id: &str) -> Result<VolumeUsage, VolumeError>;

    /// Removes the files of a volume, which nobody has said anything of any more. Whoever has it
    /// open finds it gone. What is left of them where this fails is removed later.
    ///
    /// # Errors
    /// `Storage`.
    async fn remove(&self, id: &str) -> Result<(), StorageError>;
}
