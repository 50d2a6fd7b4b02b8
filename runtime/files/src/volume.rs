//! What a tree needs of a volume that is mounted in it.

use std::sync::Arc;
use std::time::SystemTime;

use crate::IO_BYTES_MAX;
use crate::error::ErrorCode;
use crate::metadata::{Kind, Stat};

/// The names in a volume: files and directories by number, which several instances look up and
/// change at once.
///
/// The number of what was removed does not come again, so whoever has one of before gets
/// [`ErrorCode::NoEntry`] and never another file. Each call is done whole or not at all, and none
/// is seen half done. Calls may block.
///
/// Once the volume is deleted every call is [`ErrorCode::Gone`].
pub trait Volume: Send + Sync + 'static {
    /// Whether the volume was deleted.
    fn is_gone(&self) -> bool;

    /// Whether nothing can be changed by this.
    fn is_read_only(&self) -> bool {
        false
    }

    /// What a directory has of this name.
    ///
    /// # Errors
    /// `NoEntry`: the directory was removed; `Io`.
    fn child(&self, directory: u64, name: &str) -> Result<Option<(u64, Kind)>, ErrorCode>;

    /// The directory that contains another, which is not the root.
    ///
    /// # Errors
    /// `NoEntry`: it was removed; `Io`.
    fn parent(&self, directory: u64) -> Result<u64, ErrorCode>;

    /// Opens a file or directory. It is there, though it may have no name any more, until what
    /// is returned is dropped.
    ///
    /// # Errors
    /// `NoEntry`: it was removed; `Io`.
    fn hold(&self, number: u64) -> Result<Arc<dyn VolumeNode>, ErrorCode>;

    /// Makes an empty file or directory of a name that is free: of many that do so at once one
    /// is successful.
    ///
    /// # Errors
    /// `Exist`; `NoEntry`: the directory was removed; `InsufficientSpace`, `ReadOnly`, `Io`.
    fn create(&self, directory: u64, name: &str, kind: Kind) -> Result<u64, ErrorCode>;

    /// Removes the name of a file, or an empty directory.
    ///
    /// # Errors
    /// `NoEntry`, `IsDirectory`, `NotDirectory`, `NotEmpty`, `ReadOnly`, `Io`.
    fn remove(&self, directory: u64, name: &str, kind: Kind) -> Result<(), ErrorCode>;

    /// Gives a file or directory another name, in the place of what has it: whoever looks finds
    /// the one or the other.
    ///
    /// # Errors
    /// `NoEntry`, `IsDirectory`, `NotDirectory`, `NotEmpty`, `Invalid` (into itself),
    /// `ReadOnly`, `Io`.
    fn rename(&self, from: (u64, &str), to: (u64, &str)) -> Result<(), ErrorCode>;

    /// The first `limit` entries of a directory whose names follow `after`, by name. What is
    /// there all the while is found once by whoever goes on with the last name, whatever others
    /// change.
    ///
    /// # Errors
    /// `NoEntry`: the directory was removed; `Io`.
    fn entries(
        &self,
        directory: u64,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Kind)>, ErrorCode>;
}

/// A file or directory of a volume that is open. Calls may block.
pub trait VolumeNode: Send + Sync + 'static {
    /// What is known of it.
    ///
    /// # Errors
    /// `WouldBlock`: it must not wait and would; `Gone`, `Io`.
    fn stat(&self, may_wait: bool) -> Result<Stat, ErrorCode>;

    /// Fills as much of the buffer as the file has from an offset; returns how much. What was
    /// written before by anyone is read.
    ///
    /// # Errors
    /// `WouldBlock`: it must not wait and would; `IsDirectory`, `Gone`, `Io`.
    fn read(&self, buffer: &mut [u8], offset: u64, may_wait: bool) -> Result<usize, ErrorCode>;

    /// Writes at an offset, or without one at the end, which no other write comes between.
    /// Returns how many bytes there was room for, at least one.
    ///
    /// # Errors
    /// `InsufficientSpace`, `FileTooLarge`, `IsDirectory`, `ReadOnly`, `Gone`, `Io`.
    fn write(&self, bytes: &[u8], offset: Option<u64>) -> Result<usize, ErrorCode>;

    /// Cuts the file, or lets it end in zeroes.
    ///
    /// # Errors
    /// `InsufficientSpace`, `FileTooLarge`, `IsDirectory`, `ReadOnly`, `Gone`, `Io`.
    fn set_size(&self, size: u64) -> Result<(), ErrorCode>;

    /// Changes when it was read and written, as far as a time is given.
    ///
    /// # Errors
    /// `ReadOnly`, `Gone`, `Io`.
    fn set_times(
        &self,
        accessed: Option<SystemTime>,
        modified: Option<SystemTime>,
    ) -> Result<(), ErrorCode>;

    /// Returns once what was written to the file, and every change of names before, survives a
    /// power cut.
    ///
    /// # Errors
    /// `Gone`, `Io`.
    fn sync(&self) -> Result<(), ErrorCode>;
}

impl dyn VolumeNode {
    /// Reads up to `len` bytes, and no more than [`IO_BYTES_MAX`]; none at the end.
    ///
    /// # Errors
    /// See [`VolumeNode::read`].
    pub fn read_some(&self, len: usize, offset: u64, may_wait: bool) -> Result<Vec<u8>, ErrorCode> {
        let mut buffer = vec![0; len.min(IO_BYTES_MAX)];
        let count = self.read(&mut buffer, offset, may_wait)?;
        buffer.truncate(count);
        Ok(buffer)
    }
}

/// A volume of which nothing can be changed.
pub struct ReadOnly(Arc<dyn Volume>);

impl ReadOnly {
    /// The same volume, read-only: whatever it is asked to change it refuses by itself.
    #[must_use]
    pub fn of(volume: Arc<dyn Volume>) -> Arc<dyn Volume> {
        Arc::new(Self(volume))
    }
}

impl Volume for ReadOnly {
    fn is_gone(&self) -> bool {
        self.0.is_gone()
    }

    fn is_read_only(&self) -> bool {
        true
    }

    fn child(&self, directory: u64, name: &str) -> Result<Option<(u64, Kind)>, ErrorCode> {
        self.0.child(directory, name)
    }

    fn parent(&self, directory: u64) -> Result<u64, ErrorCode> {
        self.0.parent(directory)
    }

    fn hold(&self, number: u64) -> Result<Arc<dyn VolumeNode>, ErrorCode> {
        Ok(Arc::new(ReadOnlyNode(self.0.hold(number)?)))
    }

    fn create(&self, _: u64, _: &str, _: Kind) -> Result<u64, ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn remove(&self, _: u64, _: &str, _: Kind) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn rename(&self, _: (u64, &str), _: (u64, &str)) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn entries(
        &self,
        directory: u64,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Kind)>, ErrorCode> {
        self.0.entries(directory, after, limit)
    }
}

struct ReadOnlyNode(Arc<dyn VolumeNode>);

impl VolumeNode for ReadOnlyNode {
    fn stat(&self, may_wait: bool) -> Result<Stat, ErrorCode> {
        self.0.stat(may_wait)
    }

    fn read(&self, buffer: &mut [u8], offset: u64, may_wait: bool) -> Result<usize, ErrorCode> {
        self.0.read(buffer, offset, may_wait)
    }

    fn write(&self, _: &[u8], _: Option<u64>) -> Result<usize, ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn set_size(&self, _: u64) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn set_times(&self, _: Option<SystemTime>, _: Option<SystemTime>) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn sync(&self) -> Result<(), ErrorCode> {
        self.0.sync()
    }
}
