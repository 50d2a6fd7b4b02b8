use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use lambent_engine::wasi::p2::bindings::clocks::wall_clock::Datetime;
use lambent_engine::wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode,
    MetadataHashValue, NewTimestamp, PathFlags,
};
use lambent_engine::wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};
use lambent_engine::wasmtime;
use lambent_engine::wasmtime::component::Resource;
use lambent_files::{Kind, Stat};

use super::streams::{Reader, Writer};
use super::{Descriptor, Entries, code, flags, hash, kind, opening};
use crate::filesystem::{Open, View, operations};

type Listing = Resource<types::DirectoryEntryStream>;

fn datetime(time: SystemTime) -> Option<Datetime> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Datetime { seconds: since.as_secs(), nanoseconds: since.subsec_nanos() })
}

fn stat(stat: Stat) -> DescriptorStat {
    DescriptorStat {
        type_: kind(stat.kind),
        link_count: stat.links,
        size: stat.size,
        data_access_timestamp: datetime(stat.accessed),
        data_modification_timestamp: datetime(stat.modified),
        status_change_timestamp: datetime(stat.changed),
    }
}

/// The time that a guest gives, which may be none that the host can have.
fn time(given: NewTimestamp) -> Result<Option<SystemTime>, ErrorCode> {
    match given {
        NewTimestamp::NoChange => Ok(None),
        NewTimestamp::Now => Ok(Some(SystemTime::now())),
        NewTimestamp::Timestamp(at) => {
            let whole = Duration::from_secs(at.seconds);
            let since = whole.checked_add(Duration::from_nanos(at.nanoseconds.into()));
            let time = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
            time.map(Some).ok_or(ErrorCode::Overflow)
        }
    }
}

impl types::Host for View<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        let error = self.host.table().get(&error)?;
        Ok(error.downcast_ref::<lambent_files::ErrorCode>().map(|error| code(*error)))
    }
}

impl types::HostDescriptor for View<'_> {
    async fn advise(&mut self, fd: Descriptor, _: u64, _: u64, _: Advice) -> FsResult<()> {
        Ok(operations::advise(self, fd.rep())?)
    }

    async fn sync_data(&mut self, fd: Descriptor) -> FsResult<()> {
        Ok(operations::sync(self, fd.rep()).await?)
    }

    async fn sync(&mut self, fd: Descriptor) -> FsResult<()> {
        Ok(operations::sync(self, fd.rep()).await?)
    }

    async fn get_flags(&mut self, fd: Descriptor) -> FsResult<DescriptorFlags> {
        Ok(flags(&operations::open(self, fd.rep())?))
    }

    async fn get_type(&mut self, fd: Descriptor) -> FsResult<DescriptorType> {
        Ok(kind(operations::open(self, fd.rep())?.node.kind()))
    }

    async fn set_size(&mut self, fd: Descriptor, size: u64) -> FsResult<()> {
        Ok(operations::set_size(self, fd.rep(), size).await?)
    }

    async fn set_times(
        &mut self,
        fd: Descriptor,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let open = operations::open(self, fd.rep())?;
        Ok(operations::set_times(self, &open, time(accessed)?, time(modified)?).await?)
    }

    async fn read(&mut self, fd: Descriptor, len: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> {
        let bytes = operations::read(self, fd.rep(), len, offset).await?;
        let end = bytes.is_empty() && len > 0;
        Ok((bytes, end))
    }

    async fn write(&mut self, fd: Descriptor, bytes: Vec<u8>, offset: u64) -> FsResult<u64> {
        Ok(operations::write(self, fd.rep(), bytes, offset).await?)
    }

    async fn read_directory(&mut self, fd: Descriptor) -> FsResult<Listing> {
        let open = operations::listable(self, fd.rep())?;
        let listing = Entries { open, ahead: VecDeque::new(), last: None };
        Ok(Resource::new_own(self.host.table().push(listing)?.rep()))
    }

    async fn create_directory_at(&mut self, fd: Descriptor, path: String) -> FsResult<()> {
        Ok(operations::create_directory(self, fd.rep(), path).await?)
    }

    async fn stat(&mut self, fd: Descriptor) -> FsResult<DescriptorStat> {
        let open = operations::open(self, fd.rep())?;
        Ok(stat(operations::stat(self, &open).await?))
    }

    async fn stat_at(
        &mut self,
        fd: Descriptor,
        _: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        let open = operations::at(self, fd.rep(), path).await?;
        Ok(stat(operations::stat(self, &open).await?))
    }

    async fn set_times_at(
        &mut self,
        fd: Descriptor,
        _: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let open = operations::at(self, fd.rep(), path).await?;
        Ok(operations::set_times(self, &open, time(accessed)?, time(modified)?).await?)
    }

    async fn link_at(
        &mut self,
        _: Descriptor,
        _: PathFlags,
        _: String,
        _: Descriptor,
        _: String,
    ) -> FsResult<()> {
        Ok(operations::link()?)
    }

    async fn symlink_at(&mut self, _: Descriptor, _: String, _: String) -> FsResult<()> {
        Ok(operations::link()?)
    }

    async fn readlink_at(&mut self, fd: Descriptor, path: String) -> FsResult<String> {
        Ok(operations::read_link(self, fd.rep(), path).await?)
    }

    async fn open_at(
        &mut self,
        fd: Descriptor,
        _: PathFlags,
        path: String,
        how: types::OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Descriptor> {
        let how = opening(how, flags);
        Ok(Resource::new_own(operations::open_at(self, fd.rep(), path, how).await?))
    }

    async fn remove_directory_at(&mut self, fd: Descriptor, path: String) -> FsResult<()> {
        Ok(operations::remove(self, fd.rep(), path, Kind::Directory).await?)
    }

    async fn unlink_file_at(&mut self, fd: Descriptor, path: String) -> FsResult<()> {
        Ok(operations::remove(self, fd.rep(), path, Kind::File).await?)
    }

    async fn rename_at(
        &mut self,
        fd: Descriptor,
        old: String,
        to: Descriptor,
        new: String,
    ) -> FsResult<()> {
        Ok(operations::rename(self, (fd.rep(), old), (to.rep(), new)).await?)
    }

    fn read_via_stream(
        &mut self,
        fd: Descriptor,
        offset: u64,
    ) -> FsResult<Resource<DynInputStream>> {
        let open = operations::readable(self, fd.rep())?;
        let stream: DynInputStream = Box::new(Reader::new(open, offset));
        Ok(self.host.table().push(stream)?)
    }

    fn write_via_stream(
        &mut self,
        fd: Descriptor,
        offset: u64,
    ) -> FsResult<Resource<DynOutputStream>> {
        let open = operations::writable(self, fd.rep())?;
        let stream: DynOutputStream = Box::new(Writer::new(open, Some(offset)));
        Ok(self.host.table().push(stream)?)
    }

    fn append_via_stream(&mut self, fd: Descriptor) -> FsResult<Resource<DynOutputStream>> {
        let open = operations::writable(self, fd.rep())?;
        let stream: DynOutputStream = Box::new(Writer::new(open, None));
        Ok(self.host.table().push(stream)?)
    }

    async fn is_same_object(&mut self, a: Descriptor, b: Descriptor) -> wasmtime::Result<bool> {
        let mut inode = |fd: Descriptor| {
            let open = Resource::<Open>::new_borrow(fd.rep());
            self.host.table().get(&open).map(|open| open.node.inode())
        };
        Ok(inode(a)? == inode(b)?)
    }

    async fn metadata_hash(&mut self, fd: Descriptor) -> FsResult<MetadataHashValue> {
        Ok(hash(&operations::open(self, fd.rep())?))
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Descriptor,
        _: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        Ok(hash(&operations::at(self, fd.rep(), path).await?))
    }

    fn drop(&mut self, fd: Descriptor) -> wasmtime::Result<()> {
        self.host.table().delete(Resource::<Open>::new_own(fd.rep()))?;
        Ok(())
    }
}

impl types::HostDirectoryEntryStream for View<'_> {
    async fn read_directory_entry(&mut self, listing: Listing) -> FsResult<Option<DirectoryEntry>> {
        let listing = Resource::<Entries>::new_borrow(listing.rep());
        let Entries { open, ahead, last } = self.host.table().get(&listing)?;
        if ahead.is_empty() {
            let (open, last) = (open.clone(), last.clone());
            let found = operations::entries(self, &open, last).await?;
            let entries = self.host.table().get_mut(&listing)?;
            entries.last = found.last().map(|(name, _)| name.clone()).or(entries.last.take());
            entries.ahead = found.into();
        }
        let next = self.host.table().get_mut(&listing)?.ahead.pop_front();
        Ok(next.map(|(name, of)| DirectoryEntry { type_: kind(of), name }))
    }

    fn drop(&mut self, listing: Listing) -> wasmtime::Result<()> {
        self.host.table().delete(Resource::<Entries>::new_own(listing.rep()))?;
        Ok(())
    }
}
