use std::iter;
use std::time::{Duration, SystemTime};

use lambent_engine::wasi::p3::bindings::clocks::system_clock::Instant;
use lambent_engine::wasi::p3::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode,
    MetadataHashValue, NewTimestamp, PathFlags,
};
use lambent_engine::wasi::p3::filesystem::{FilesystemError, FilesystemResult};
use lambent_engine::wasmtime::component::{
    Access, Accessor, FutureReader, Lift, Lower, Resource, StreamReader,
};
use lambent_engine::{Host, wasmtime};
use lambent_files::{Kind, Stat};
use tokio::sync::oneshot;

use super::streams::{End, Entries, Reader, Writer};
use super::{Concurrent, Descriptor, flags, hash, kind, opening, told};
use crate::ctx::Ctx;
use crate::filesystem::operations::{self, Failure};
use crate::filesystem::{HasFiles, View};

type Calls = Accessor<Host<Ctx>, HasFiles>;
type Store<'a> = Access<'a, Host<Ctx>, HasFiles>;
/// What came of a stream, when it has ended.
type Ended = FutureReader<Result<(), ErrorCode>>;

fn instant(time: SystemTime) -> Option<Instant> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let seconds = i64::try_from(since.as_secs()).ok()?;
    Some(Instant { seconds, nanoseconds: since.subsec_nanos() })
}

fn stat(stat: Stat) -> DescriptorStat {
    DescriptorStat {
        type_: kind(stat.kind),
        link_count: stat.links,
        size: stat.size,
        data_access_timestamp: instant(stat.accessed),
        data_modification_timestamp: instant(stat.modified),
        status_change_timestamp: instant(stat.changed),
    }
}

/// The time that a guest gives, which may be none that the host can have.
fn time(given: NewTimestamp) -> Result<Option<SystemTime>, ErrorCode> {
    let Instant { seconds, nanoseconds } = match given {
        NewTimestamp::NoChange => return Ok(None),
        NewTimestamp::Now => return Ok(Some(SystemTime::now())),
        NewTimestamp::Timestamp(at) => at,
    };
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let epoch = SystemTime::UNIX_EPOCH;
    let time = if seconds < 0 { epoch.checked_sub(whole) } else { epoch.checked_add(whole) };
    let time = time.and_then(|time| time.checked_add(Duration::from_nanos(nanoseconds.into())));
    time.map(Some).ok_or(ErrorCode::Overflow)
}

/// A stream of nothing, whose end says why.
fn closed<T>(
    store: &mut Store<'_>,
    failure: Failure,
    ended: End,
) -> wasmtime::Result<StreamReader<T>>
where
    T: Lower + Lift + Send + Sync + 'static,
{
    // Whoever made the channel has its other end still.
    let _ = ended.send(Err(told(failure)));
    StreamReader::new(store, iter::empty())
}

/// Has what a guest writes into a stream written into a file.
fn written(
    mut store: Store<'_>,
    fd: &Descriptor,
    mut data: StreamReader<u8>,
    offset: Option<u64>,
) -> wasmtime::Result<Ended> {
    let (ended, end) = oneshot::channel();
    match operations::writable(&mut store.get(), fd.rep()) {
        Ok(open) => data.pipe(&mut store, Writer::new(open, offset, ended))?,
        Err(failure) => {
            data.close(&mut store)?;
            // The other end is below.
            let _ = ended.send(Err(told(failure)));
        }
    }
    FutureReader::new(&mut store, end)
}

impl types::Host for View<'_> {
    fn convert_error_code(&mut self, error: FilesystemError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }
}

impl types::HostDescriptor for View<'_> {
    fn drop(&mut self, fd: Descriptor) -> wasmtime::Result<()> {
        Ok(operations::close(self, fd.rep())?)
    }
}

impl types::HostDescriptorWithStore<Host<Ctx>> for HasFiles {
    fn read_via_stream(
        mut store: Store<'_>,
        fd: Descriptor,
        offset: u64,
    ) -> wasmtime::Result<(StreamReader<u8>, Ended)> {
        let (ended, end) = oneshot::channel();
        let stream = match operations::readable(&mut store.get(), fd.rep()) {
            Ok(open) => StreamReader::new(&mut store, Reader::new(open, offset, ended))?,
            Err(failure) => closed(&mut store, failure, ended)?,
        };
        Ok((stream, FutureReader::new(&mut store, end)?))
    }

    fn write_via_stream(
        store: Store<'_>,
        fd: Descriptor,
        data: StreamReader<u8>,
        offset: u64,
    ) -> wasmtime::Result<Ended> {
        written(store, &fd, data, Some(offset))
    }

    fn append_via_stream(
        store: Store<'_>,
        fd: Descriptor,
        data: StreamReader<u8>,
    ) -> wasmtime::Result<Ended> {
        written(store, &fd, data, None)
    }

    fn read_directory(
        mut store: Store<'_>,
        fd: Descriptor,
    ) -> wasmtime::Result<(StreamReader<DirectoryEntry>, Ended)> {
        let (ended, end) = oneshot::channel();
        let stream = match operations::listable(&mut store.get(), fd.rep()) {
            Ok(open) => StreamReader::new(&mut store, Entries::new(open, ended))?,
            Err(failure) => closed(&mut store, failure, ended)?,
        };
        Ok((stream, FutureReader::new(&mut store, end)?))
    }

    async fn advise(
        calls: &Calls,
        fd: Descriptor,
        _: u64,
        _: u64,
        _: Advice,
    ) -> FilesystemResult<()> {
        Ok(operations::advise(&mut Concurrent(calls), fd.rep())?)
    }

    async fn sync_data(calls: &Calls, fd: Descriptor) -> FilesystemResult<()> {
        Ok(operations::sync(&mut Concurrent(calls), fd.rep()).await?)
    }

    async fn sync(calls: &Calls, fd: Descriptor) -> FilesystemResult<()> {
        Ok(operations::sync(&mut Concurrent(calls), fd.rep()).await?)
    }

    async fn get_flags(calls: &Calls, fd: Descriptor) -> FilesystemResult<DescriptorFlags> {
        Ok(flags(&operations::open(&mut Concurrent(calls), fd.rep())?))
    }

    async fn get_type(calls: &Calls, fd: Descriptor) -> FilesystemResult<DescriptorType> {
        Ok(kind(operations::open(&mut Concurrent(calls), fd.rep())?.node.kind()))
    }

    async fn set_size(calls: &Calls, fd: Descriptor, size: u64) -> FilesystemResult<()> {
        Ok(operations::set_size(&mut Concurrent(calls), fd.rep(), size).await?)
    }

    async fn set_times(
        calls: &Calls,
        fd: Descriptor,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FilesystemResult<()> {
        let caller = &mut Concurrent(calls);
        let open = operations::open(caller, fd.rep())?;
        Ok(operations::set_times(caller, &open, time(accessed)?, time(modified)?).await?)
    }

    async fn create_directory_at(
        calls: &Calls,
        fd: Descriptor,
        path: String,
    ) -> FilesystemResult<()> {
        Ok(operations::create_directory(&mut Concurrent(calls), fd.rep(), path).await?)
    }

    async fn stat(calls: &Calls, fd: Descriptor) -> FilesystemResult<DescriptorStat> {
        let caller = &mut Concurrent(calls);
        let open = operations::open(caller, fd.rep())?;
        Ok(stat(operations::stat(caller, &open).await?))
    }

    async fn stat_at(
        calls: &Calls,
        fd: Descriptor,
        _: PathFlags,
        path: String,
    ) -> FilesystemResult<DescriptorStat> {
        let caller = &mut Concurrent(calls);
        let open = operations::at(caller, fd.rep(), path).await?;
        Ok(stat(operations::stat(caller, &open).await?))
    }

    async fn set_times_at(
        calls: &Calls,
        fd: Descriptor,
        _: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FilesystemResult<()> {
        let caller = &mut Concurrent(calls);
        let open = operations::at(caller, fd.rep(), path).await?;
        Ok(operations::set_times(caller, &open, time(accessed)?, time(modified)?).await?)
    }

    async fn link_at(
        _: &Calls,
        _: Descriptor,
        _: PathFlags,
        _: String,
        _: Descriptor,
        _: String,
    ) -> FilesystemResult<()> {
        Ok(operations::link()?)
    }

    async fn symlink_at(_: &Calls, _: Descriptor, _: String, _: String) -> FilesystemResult<()> {
        Ok(operations::link()?)
    }

    async fn readlink_at(calls: &Calls, fd: Descriptor, path: String) -> FilesystemResult<String> {
        Ok(operations::read_link(&mut Concurrent(calls), fd.rep(), path).await?)
    }

    async fn open_at(
        calls: &Calls,
        fd: Descriptor,
        _: PathFlags,
        path: String,
        how: types::OpenFlags,
        flags: DescriptorFlags,
    ) -> FilesystemResult<Descriptor> {
        let how = opening(how, flags);
        let opened = operations::open_at(&mut Concurrent(calls), fd.rep(), path, how).await?;
        Ok(Resource::new_own(opened))
    }

    async fn remove_directory_at(
        calls: &Calls,
        fd: Descriptor,
        path: String,
    ) -> FilesystemResult<()> {
        let caller = &mut Concurrent(calls);
        Ok(operations::remove(caller, fd.rep(), path, Kind::Directory).await?)
    }

    async fn unlink_file_at(calls: &Calls, fd: Descriptor, path: String) -> FilesystemResult<()> {
        Ok(operations::remove(&mut Concurrent(calls), fd.rep(), path, Kind::File).await?)
    }

    async fn rename_at(
        calls: &Calls,
        fd: Descriptor,
        old: String,
        to: Descriptor,
        new: String,
    ) -> FilesystemResult<()> {
        let caller = &mut Concurrent(calls);
        Ok(operations::rename(caller, (fd.rep(), old), (to.rep(), new)).await?)
    }

    async fn is_same_object(calls: &Calls, a: Descriptor, b: Descriptor) -> wasmtime::Result<bool> {
        let inode = |fd: Descriptor| {
            let open = operations::open(&mut Concurrent(calls), fd.rep())?;
            wasmtime::error::Ok(open.node.inode())
        };
        Ok(inode(a)? == inode(b)?)
    }

    async fn metadata_hash(calls: &Calls, fd: Descriptor) -> FilesystemResult<MetadataHashValue> {
        Ok(hash(&operations::open(&mut Concurrent(calls), fd.rep())?))
    }

    async fn metadata_hash_at(
        calls: &Calls,
        fd: Descriptor,
        _: PathFlags,
        path: String,
    ) -> FilesystemResult<MetadataHashValue> {
        Ok(hash(&operations::at(&mut Concurrent(calls), fd.rep(), path).await?))
    }
}
