use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::io::{ReadWriteFlags, preadv2};

use crate::error::ErrorCode;

/// Bytes of a block, in which scratch space is given out and counted.
pub const BLOCK_BYTES: u64 = 4096;

/// Where the bytes of scratch directories are, and how many one may have.
#[derive(Clone)]
pub struct ScratchOptions {
    /// Opens a new empty file that has no name and is gone when it is closed. It is called
    /// when the first byte is written.
    pub open: Arc<dyn Fn() -> io::Result<File> + Send + Sync>,
    /// Bytes of the files of one scratch directory together, in blocks.
    pub bytes_max: u64,
    /// Bytes of the node's memory for the names, the directories and the places of the
    /// blocks of one scratch directory together.
    pub metadata_bytes_max: u64,
    /// What scratch directories may take of the disk together.
    pub disk: Arc<DiskBudget>,
}

/// What many scratch directories may take of one disk together, so that those who write to
/// them do not fill it.
#[derive(Debug)]
pub struct DiskBudget {
    left: AtomicU64,
}

impl DiskBudget {
    /// So many bytes.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self { left: AtomicU64::new(bytes) }
    }

    /// Bytes that are not taken.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> Result<(), ErrorCode> {
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.map(drop).map_err(|_| ErrorCode::InsufficientSpace)
    }

    fn give_back(&self, bytes: u64) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// The blocks of one temporary file: those that files have, and those that are free again.
pub(crate) struct Space {
    options: ScratchOptions,
    file: Option<File>,
    /// Runs of free blocks by their first, no two of which touch.
    free: BTreeMap<u64, u64>,
    /// Blocks from here on are free.
    end: u64,
    /// Blocks up to here the file may have, which are taken of the disk.
    extent: u64,
    used: u64,
    metadata: u64,
}

impl Space {
    pub(crate) const fn new(options: ScratchOptions) -> Self {
        Self { options, file: None, free: BTreeMap::new(), end: 0, extent: 0, used: 0, metadata: 0 }
    }

    /// Bytes that files have.
    pub(crate) const fn used(&self) -> u64 {
        self.used * BLOCK_BYTES
    }

    /// Takes memory for what describes files.
    pub(crate) fn describe(&mut self, bytes: u64) -> Result<(), ErrorCode> {
        let wanted = self.metadata.saturating_add(bytes);
        if wanted > self.options.metadata_bytes_max {
            return Err(ErrorCode::InsufficientSpace);
        }
        self.metadata = wanted;
        Ok(())
    }

    pub(crate) const fn forget(&mut self, bytes: u64) {
        self.metadata = self.metadata.saturating_sub(bytes);
    }

    pub(crate) const fn metadata(&self) -> u64 {
        self.metadata
    }

    /// Takes up to `wanted` blocks that lie together; at least one.
    pub(crate) fn take(&mut self, wanted: u64) -> Result<(u64, u64), ErrorCode> {
        let left = (self.options.bytes_max / BLOCK_BYTES).saturating_sub(self.used);
        let wanted = wanted.min(left);
        if wanted == 0 {
            return Err(ErrorCode::InsufficientSpace);
        }
        if self.file.is_none() {
            self.file = Some((self.options.open)()?);
        }
        let (first, count) = match self.free.pop_first() {
            Some((first, run)) => {
                let count = run.min(wanted);
                if run > count {
                    self.free.insert(first + count, run - count);
                }
                (first, count)
            }
            None => {
                let end = self.end + wanted;
                if let Some(more) = end.checked_sub(self.extent) {
                    self.options.disk.take(more * BLOCK_BYTES)?;
                    self.extent = end;
                }
                self.end = end;
                (end - wanted, wanted)
            }
        };
        self.used += count;
        Ok((first, count))
    }

    /// Gives blocks back.
    pub(crate) fn give_back(&mut self, mut first: u64, mut count: u64) {
        self.used -= count;
        if let Some(after) = self.free.remove(&(first + count)) {
            count += after;
        }
        if let Some((&before, &run)) = self.free.range(..first).next_back()
            && before + run == first
        {
            self.free.remove(&before);
            (first, count) = (before, run + count);
        }
        if first + count == self.end {
            // The disk has them back when the next byte is written beyond; until then the
            // file is no larger than it ever was allowed to be.
            self.end = first;
            if let Some(file) = self.file.as_ref().filter(|_| first == 0) {
                // What fails to shrink is counted no less, and gone with the instance.
                if file.set_len(0).is_ok() {
                    self.options.disk.give_back(std::mem::take(&mut self.extent) * BLOCK_BYTES);
                }
            }
        } else {
            self.free.insert(first, count);
        }
    }

    pub(crate) fn write(&self, bytes: &[u8], at: u64) -> Result<(), ErrorCode> {
        let file = self.file.as_ref().ok_or(ErrorCode::Io)?;
        Ok(file.write_all_at(bytes, at)?)
    }

    pub(crate) fn read(&self, buffer: &mut [u8], at: u64, may_wait: bool) -> Result<(), ErrorCode> {
        let file = self.file.as_ref().ok_or(ErrorCode::Io)?;
        let mut done = 0;
        while done < buffer.len() {
            match read_at(file, &mut buffer[done..], at + done as u64, may_wait)? {
                0 => return Err(ErrorCode::Io),
                more => done += more,
            }
        }
        Ok(())
    }
}

impl Drop for Space {
    /// The system takes 40 ms to give a quarter of a gigabyte back, which no guest's thread
    /// waits for.
    fn drop(&mut self) {
        let (disk, bytes) = (self.options.disk.clone(), self.extent * BLOCK_BYTES);
        if let Some(file) = self.file.take() {
            let close = move || {
                drop(file);
                disk.give_back(bytes);
            };
            // Without a thread, it is closed here.
            let _ = std::thread::Builder::new().spawn(close);
        }
    }
}

/// Reads from a file; unless it may wait, only what is in memory.
pub(crate) fn read_at(
    file: &File,
    buffer: &mut [u8],
    offset: u64,
    may_wait: bool,
) -> io::Result<usize> {
    if may_wait {
        return FileExt::read_at(file, buffer, offset);
    }
    let mut slices = [IoSliceMut::new(buffer)];
    match preadv2(file, &mut slices, offset, ReadWriteFlags::NOWAIT) {
        Ok(count) => Ok(count),
        // Some file systems cannot say whether they would wait.
        Err(rustix::io::Errno::OPNOTSUPP) => Err(io::ErrorKind::WouldBlock.into()),
        Err(error) => Err(error.into()),
    }
}
