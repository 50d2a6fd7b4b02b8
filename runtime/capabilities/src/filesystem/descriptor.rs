use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use lambent_engine::wasi::p2::bindings::clocks::wall_clock::Datetime;
use lambent_engine::wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode,
    MetadataHashValue, NewTimestamp, PathFlags,
};
use lambent_engine::wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};
use lambent_engine::wasmtime::component::Resource;
use lambent_engine::{cost, wasmtime};
use lambent_files::{IO_BYTES_MAX, Kind, OpenFlags, Stat, Vfs};

use super::streams::{Reader, Writer};
use super::{Descriptor, Entries, Open, View};

/// Entries of a directory that are read at a time.
const ENTRIES_AHEAD: usize = 32;
/// What making something durable costs beside its waiting: about what the kernel works for it.
const SYNC_COST: u64 = 50_000;

type Listing = Resource<types::DirectoryEntryStream>;

fn kind(kind: Kind) -> DescriptorType {
    match kind {
        Kind::Directory => DescriptorType::Directory,
        Kind::File => DescriptorType::RegularFile,
    }
}

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

impl View<'_> {
    fn path(&mut self, path: &str) {
        self.host.charge(cost::bytes(path.len()));
    }

    async fn at(&mut self, descriptor: &Descriptor, path: String) -> FsResult<Open> {
        self.path(&path);
        let Open { files, node, .. } = self.open(descriptor)?;
        let found = files.quick(move |vfs| vfs.lookup(&node, &path)).await;
        let node = self.done(&files, found)?;
        Ok(Open { files, node, write: false })
    }

    async fn stat_of(&mut self, open: &Open) -> FsResult<DescriptorStat> {
        let found = open.files.stat(&open.node).await;
        self.done(&open.files, found).map(stat)
    }

    fn writable(&mut self, descriptor: &Descriptor) -> FsResult<Open> {
        let open = self.open(descriptor)?;
        if open.node.kind() == Kind::Directory {
            return Err(ErrorCode::IsDirectory.into());
        }
        if !open.write {
            return Err(ErrorCode::NotPermitted.into());
        }
        Ok(open)
    }

    async fn removed(&mut self, at: &Descriptor, path: String, kind: Kind) -> FsResult<()> {
        self.path(&path);
        let Open { files, node, .. } = self.open(at)?;
        let removed = files.wait(move |vfs| vfs.remove(&node, &path, kind)).await;
        self.done(&files, removed)
    }

    async fn synced(&mut self, descriptor: &Descriptor) -> FsResult<()> {
        let Open { files, node, .. } = self.open(descriptor)?;
        if node.in_volume().is_some() {
            self.host.charge(SYNC_COST);
        }
        let synced = files.sync(&node).await;
        self.done(&files, synced)
    }

    fn hash(open: &Open) -> MetadataHashValue {
        MetadataHashValue { lower: open.node.inode(), upper: 0 }
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
        let error = self.table().get(&error)?;
        Ok(error.downcast_ref::<lambent_files::ErrorCode>().map(|error| super::code(*error)))
    }
}

impl types::HostDescriptor for View<'_> {
    async fn advise(&mut self, fd: Descriptor, _: u64, _: u64, _: Advice) -> FsResult<()> {
        let open = self.open(&fd)?;
        match open.node.kind() {
            Kind::File => Ok(()),
            Kind::Directory => Err(ErrorCode::BadDescriptor.into()),
        }
    }

    async fn sync_data(&mut self, fd: Descriptor) -> FsResult<()> {
        self.synced(&fd).await
    }

    async fn sync(&mut self, fd: Descriptor) -> FsResult<()> {
        self.synced(&fd).await
    }

    async fn get_flags(&mut self, fd: Descriptor) -> FsResult<DescriptorFlags> {
        let open = self.open(&fd)?;
        let directory = open.node.kind() == Kind::Directory;
        let mut flags = DescriptorFlags::READ;
        if directory {
            flags |= DescriptorFlags::MUTATE_DIRECTORY;
        }
        if open.write {
            flags |= DescriptorFlags::WRITE;
        }
        Ok(flags)
    }

    async fn get_type(&mut self, fd: Descriptor) -> FsResult<DescriptorType> {
        let open = self.open(&fd)?;
        Ok(kind(open.node.kind()))
    }

    async fn set_size(&mut self, fd: Descriptor, size: u64) -> FsResult<()> {
        let Open { files, node, .. } = self.writable(&fd)?;
        let set = files.set_size(&node, size).await;
        self.done(&files, set)
    }

    async fn set_times(
        &mut self,
        fd: Descriptor,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let open = self.open(&fd)?;
        let (accessed, modified) = (time(accessed)?, time(modified)?);
        let set = open.files.set_times(&open.node, accessed, modified).await;
        self.done(&open.files, set)
    }

    async fn read(&mut self, fd: Descriptor, len: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> {
        let Open { files, node, .. } = self.open(&fd)?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let read = files.read(&node, len, offset).await;
        let bytes = self.done(&files, read)?;
        self.host.charge(cost::bytes(bytes.len()));
        let end = bytes.is_empty() && len > 0;
        Ok((bytes, end))
    }

    async fn write(&mut self, fd: Descriptor, mut bytes: Vec<u8>, offset: u64) -> FsResult<u64> {
        self.host.charge(cost::bytes(bytes.len()));
        let Open { files, node, .. } = self.writable(&fd)?;
        bytes.truncate(IO_BYTES_MAX);
        let written = files.write(&node, bytes, offset).await;
        Ok(self.done(&files, written)? as u64)
    }

    async fn read_directory(&mut self, fd: Descriptor) -> FsResult<Listing> {
        let open = self.open(&fd)?;
        if open.node.kind() != Kind::Directory {
            return Err(ErrorCode::NotDirectory.into());
        }
        let listing = self.table().push(Entries { open, ahead: VecDeque::new(), last: None })?;
        Ok(Resource::new_own(listing.rep()))
    }

    async fn create_directory_at(&mut self, fd: Descriptor, path: String) -> FsResult<()> {
        self.path(&path);
        let Open { files, node, .. } = self.open(&fd)?;
        let created = files.quick(move |vfs| vfs.create_directory(&node, &path)).await;
        self.done(&files, created)
    }

    async fn stat(&mut self, fd: Descriptor) -> FsResult<DescriptorStat> {
        let open = self.open(&fd)?;
        self.stat_of(&open).await
    }

    async fn stat_at(
        &mut self,
        fd: Descriptor,
        _: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        let open = self.at(&fd, path).await?;
        self.stat_of(&open).await
    }

    async fn set_times_at(
        &mut self,
        fd: Descriptor,
        _: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let open = self.at(&fd, path).await?;
        let (accessed, modified) = (time(accessed)?, time(modified)?);
        let set = open.files.set_times(&open.node, accessed, modified).await;
        self.done(&open.files, set)
    }

    async fn link_at(
        &mut self,
        _: Descriptor,
        _: PathFlags,
        _: String,
        _: Descriptor,
        _: String,
    ) -> FsResult<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    async fn symlink_at(&mut self, _: Descriptor, _: String, _: String) -> FsResult<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    async fn readlink_at(&mut self, fd: Descriptor, path: String) -> FsResult<String> {
        // What is there is no link.
        self.at(&fd, path).await?;
        Err(ErrorCode::Invalid.into())
    }

    async fn open_at(
        &mut self,
        fd: Descriptor,
        _: PathFlags,
        path: String,
        how: types::OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Descriptor> {
        self.path(&path);
        let Open { files, node, .. } = self.open(&fd)?;
        let write = flags.contains(DescriptorFlags::WRITE);
        let how = OpenFlags {
            create: how.contains(types::OpenFlags::CREATE),
            directory: how.contains(types::OpenFlags::DIRECTORY),
            exclusive: how.contains(types::OpenFlags::EXCLUSIVE),
            truncate: how.contains(types::OpenFlags::TRUNCATE),
            write,
        };
        let opened = if how.truncate {
            files.wait(move |vfs| vfs.open(&node, &path, how)).await
        } else {
            files.quick(move |vfs| vfs.open(&node, &path, how)).await
        };
        let node = self.done(&files, opened)?;
        self.push(Open { files, node, write })
    }

    async fn remove_directory_at(&mut self, fd: Descriptor, path: String) -> FsResult<()> {
        self.removed(&fd, path, Kind::Directory).await
    }

    async fn unlink_file_at(&mut self, fd: Descriptor, path: String) -> FsResult<()> {
        self.removed(&fd, path, Kind::File).await
    }

    async fn rename_at(
        &mut self,
        fd: Descriptor,
        old: String,
        to: Descriptor,
        new: String,
    ) -> FsResult<()> {
        self.path(&old);
        self.path(&new);
        let Open { files, node, .. } = self.open(&fd)?;
        let to = self.open(&to)?.node;
        let renamed = files.wait(move |vfs| vfs.rename(&node, &old, &to, &new)).await;
        self.done(&files, renamed)
    }

    fn read_via_stream(
        &mut self,
        fd: Descriptor,
        offset: u64,
    ) -> FsResult<Resource<DynInputStream>> {
        let open = self.open(&fd)?;
        if open.node.kind() == Kind::Directory {
            return Err(ErrorCode::IsDirectory.into());
        }
        let stream: DynInputStream = Box::new(Reader::new(open, offset));
        Ok(self.table().push(stream)?)
    }

    fn write_via_stream(
        &mut self,
        fd: Descriptor,
        offset: u64,
    ) -> FsResult<Resource<DynOutputStream>> {
        let open = self.writable(&fd)?;
        let stream: DynOutputStream = Box::new(Writer::new(open, Some(offset)));
        Ok(self.table().push(stream)?)
    }

    fn append_via_stream(&mut self, fd: Descriptor) -> FsResult<Resource<DynOutputStream>> {
        let open = self.writable(&fd)?;
        let stream: DynOutputStream = Box::new(Writer::new(open, None));
        Ok(self.table().push(stream)?)
    }

    async fn is_same_object(&mut self, a: Descriptor, b: Descriptor) -> wasmtime::Result<bool> {
        let open = |view: &mut Self, fd: &Descriptor| {
            let open = Resource::<Open>::new_borrow(fd.rep());
            view.table().get(&open).map(|open| open.node.inode())
        };
        Ok(open(self, &a)? == open(self, &b)?)
    }

    async fn metadata_hash(&mut self, fd: Descriptor) -> FsResult<MetadataHashValue> {
        Ok(Self::hash(&self.open(&fd)?))
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Descriptor,
        _: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        Ok(Self::hash(&self.at(&fd, path).await?))
    }

    fn drop(&mut self, fd: Descriptor) -> wasmtime::Result<()> {
        self.table().delete(Resource::<Open>::new_own(fd.rep()))?;
        Ok(())
    }
}

impl types::HostDirectoryEntryStream for View<'_> {
    async fn read_directory_entry(&mut self, listing: Listing) -> FsResult<Option<DirectoryEntry>> {
        let listing = Resource::<Entries>::new_borrow(listing.rep());
        if self.table().get(&listing)?.ahead.is_empty() {
            let Entries { open: Open { files, node, .. }, last, .. } =
                self.table().get(&listing)?;
            let (files, node, last) = (files.clone(), node.clone(), last.clone());
            let read = move |vfs: &mut Vfs| vfs.entries(&node, last.as_deref(), ENTRIES_AHEAD);
            let found = files.quick(read).await;
            let found = self.done(&files, found)?;
            let entries = self.table().get_mut(&listing)?;
            entries.last = found.last().map(|(name, _)| name.clone()).or(entries.last.take());
            entries.ahead = found.into();
        }
        let next = self.table().get_mut(&listing)?.ahead.pop_front();
        let Some((name, of)) = next else { return Ok(None) };
        self.host.charge(cost::bytes(name.len()));
        Ok(Some(DirectoryEntry { type_: kind(of), name }))
    }

    fn drop(&mut self, listing: Listing) -> wasmtime::Result<()> {
        self.table().delete(Resource::<Entries>::new_own(listing.rep()))?;
        Ok(())
    }
}
