use std::fs::File;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lambent_files::{Blob, ErrorCode, Kind, SIZE_MAX, Stat, VolumeNode};
use lambent_storage::backend::sync;
use lambent_storage::volume_weight;
use rustix::fs::{Timespec, Timestamps, UTIME_OMIT, futimens};

use crate::volumes::held::{Held, State};
use crate::volumes::volume::EmbeddedVolume;

/// A file or directory that one has open.
pub(crate) struct OpenNode {
    volume: Arc<EmbeddedVolume>,
    held: Arc<Held>,
}

impl OpenNode {
    pub(crate) const fn new(volume: Arc<EmbeddedVolume>, held: Arc<Held>) -> Self {
        Self { volume, held }
    }

    fn check_is_file(&self) -> Result<(), ErrorCode> {
        self.volume.check()?;
        if self.held.kind == Kind::Directory { Err(ErrorCode::IsDirectory) } else { Ok(()) }
    }

    fn io<R>(&self, done: std::io::Result<R>) -> Result<R, ErrorCode> {
        done.map_err(|error| self.volume.failed(&error))
    }

    fn file(&self) -> Result<Option<Arc<File>>, ErrorCode> {
        self.io(self.volume.contents.file(self.held.number))
    }

    fn size(&self, state: &mut State) -> Result<u64, ErrorCode> {
        if let Some(size) = state.size {
            return Ok(size);
        }
        let size = match self.file()? {
            Some(file) => self.io(file.metadata())?.len(),
            None => 0,
        };
        state.size = Some(size);
        Ok(size)
    }

    /// Has a file of `size` bytes reach up to `end`, as far as there is room: takes what it
    /// counts more, and returns where it may end.
    fn take(&self, size: u64, end: u64) -> u64 {
        let counted = volume_weight(size) - volume_weight(0);
        let wanted = (volume_weight(end) - volume_weight(0)).saturating_sub(counted);
        let mut taken = self.volume.room.take(wanted);
        // What was removed and is not open makes room. That this fails is as if there was none.
        if taken < wanted && self.volume.collect().is_ok() {
            taken += self.volume.room.take(wanted - taken);
        }
        end.min(counted + taken).max(size.min(end))
    }

    /// Counts a file as it is after a change that took room for `size` bytes.
    fn settle(&self, state: &mut State, counted: u64, file: &File) {
        let is = file.metadata().map_or(counted, |metadata| metadata.len());
        self.volume.room.give_back(volume_weight(counted).saturating_sub(volume_weight(is)));
        state.size = Some(is);
    }

    fn write_at(
        &self,
        state: &mut State,
        bytes: &[u8],
        (size, at): (u64, u64),
    ) -> Result<usize, ErrorCode> {
        let end = at.checked_add(bytes.len() as u64).filter(|end| *end <= SIZE_MAX);
        let wanted = end.ok_or(ErrorCode::FileTooLarge)?;
        let file = self.io(self.volume.contents.file_or_new(self.held.number))?;
        let end = self.take(size, wanted);
        let larger = size.max(end);
        if end <= at {
            self.settle(state, larger, &file);
            return Err(ErrorCode::InsufficientSpace);
        }
        let count = usize::try_from(end - at).unwrap_or(usize::MAX).min(bytes.len());
        let written = file.write_all_at(&bytes[..count], at);
        state.size = Some(larger);
        if let Err(error) = written {
            self.settle(state, larger, &file);
            return Err(self.volume.failed(&error));
        }
        Ok(count)
    }

    /// When it was used, as the names know it: of directories, and of files without bytes.
    fn own_times(&self) -> Result<[SystemTime; 3], ErrorCode> {
        self.volume.names()?.names()?.times(self.held.number)
    }
}

impl VolumeNode for OpenNode {
    fn stat(&self, may_wait: bool) -> Result<Stat, ErrorCode> {
        self.volume.check()?;
        let kind = self.held.kind;
        let file = match kind {
            Kind::File => self.volume.contents.opened(self.held.number),
            Kind::Directory => None,
        };
        let file = match file {
            None if !may_wait => return Err(ErrorCode::WouldBlock),
            None if kind == Kind::File => self.file()?,
            // What the system knows of a file that is open is in memory.
            opened => opened,
        };
        let links = u64::from(!self.held.is_removed());
        let (size, [accessed, modified, changed]) = match file {
            Some(file) => {
                let found = self.io(file.metadata())?;
                let changed = time(found.ctime(), found.ctime_nsec());
                let times = [self.io(found.accessed())?, self.io(found.modified())?, changed];
                (found.len(), times)
            }
            None => (0, self.own_times()?),
        };
        Ok(Stat { kind, links, size, accessed, modified, changed })
    }

    fn read(&self, buffer: &mut [u8], offset: u64, may_wait: bool) -> Result<usize, ErrorCode> {
        self.check_is_file()?;
        let file = match self.volume.contents.opened(self.held.number) {
            Some(file) => file,
            None if !may_wait => return Err(ErrorCode::WouldBlock),
            None => match self.file()? {
                Some(file) => file,
                None => return Ok(0),
            },
        };
        let mut done = 0;
        while done < buffer.len() {
            let Some(at) = offset.checked_add(done as u64) else { break };
            match Blob::read_at(&*file, &mut buffer[done..], at, may_wait) {
                Ok(0) => break,
                Ok(more) => done += more,
                // What is in memory is something.
                Err(error) if done > 0 && error.kind() == std::io::ErrorKind::WouldBlock => break,
                // An offset that no file has.
                Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => break,
                Err(error) => return Err(self.volume.failed(&error)),
            }
        }
        Ok(done)
    }

    fn write(&self, bytes: &[u8], offset: Option<u64>) -> Result<usize, ErrorCode> {
        self.check_is_file()?;
        if bytes.is_empty() {
            return Ok(0);
        }
        let mut state = sync::lock(&self.held.state);
        let size = self.size(&mut state)?;
        self.write_at(&mut state, bytes, (size, offset.unwrap_or(size)))
    }

    fn set_size(&self, size: u64) -> Result<(), ErrorCode> {
        self.check_is_file()?;
        if size > SIZE_MAX {
            return Err(ErrorCode::FileTooLarge);
        }
        let mut state = sync::lock(&self.held.state);
        let now = self.size(&mut state)?;
        if size == now {
            return Ok(());
        }
        let file = self.io(self.volume.contents.file_or_new(self.held.number))?;
        let end = self.take(now, size);
        let counted = now.max(end);
        let cut = if end < size {
            Err(ErrorCode::InsufficientSpace)
        } else {
            self.io(file.set_len(size))
        };
        self.settle(&mut state, counted, &file);
        cut
    }

    fn set_times(
        &self,
        accessed: Option<SystemTime>,
        modified: Option<SystemTime>,
    ) -> Result<(), ErrorCode> {
        self.volume.check()?;
        let file = if self.held.kind == Kind::File { self.file()? } else { None };
        let Some(file) = file else {
            return self.volume.names()?.names()?.set_times(self.held.number, accessed, modified);
        };
        let times =
            Timestamps { last_access: timespec(accessed), last_modification: timespec(modified) };
        self.io(futimens(&file, &times).map_err(Into::into))
    }

    fn sync(&self) -> Result<(), ErrorCode> {
        self.volume.check()?;
        let file = if self.held.kind == Kind::File { self.file()? } else { None };
        if let Some(file) = file {
            self.io(file.sync_data())?;
            let is_durable = sync::lock(&self.held.state).is_durable;
            if !is_durable {
                self.io(self.volume.contents.sync())?;
                sync::lock(&self.held.state).is_durable = true;
            }
        }
        self.volume.names()?.names()?.sync()
    }
}

impl Drop for OpenNode {
    fn drop(&mut self) {
        self.volume.release(self.held.number);
    }
}

fn time(seconds: i64, nanoseconds: i64) -> SystemTime {
    let within = Duration::from_nanos(nanoseconds.unsigned_abs());
    let whole = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds.unsigned_abs()));
    whole.map_or(SystemTime::UNIX_EPOCH, |whole| whole + within)
}

/// A time as the system is told it, who leaves what is absent as it is.
fn timespec(time: Option<SystemTime>) -> Timespec {
    let omitted = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let Some(time) = time else { return omitted };
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let tv_sec = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Timespec { tv_sec, tv_nsec: since.subsec_nanos().into() }
}
