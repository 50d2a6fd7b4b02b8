//! `wasi:io`: every byte of a stream, and every handle of a poll list.

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime::{Result, bail};
use wasmtime_wasi::p2::bindings::io::{poll, streams};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};

use crate::cost;
use crate::options::RESOURCES_MAX;
use crate::store_data::Host;

/// Bytes that one call reads, skips or writes at the most.
const STREAM_BYTES_MAX: u64 = 1 << 20;

/// The streams and pollables of a guest, and its fuel for the host's work.
pub(crate) struct Io<'a> {
    table: &'a mut ResourceTable,
    host_fuel: &'a mut u64,
}

struct HasIo;

impl HasData for HasIo {
    type Data<'a> = Io<'a>;
}

pub(super) fn link<T: Send + 'static>(linker: &mut Linker<Host<T>>) -> Result<()> {
    fn io<T>(host: &mut Host<T>) -> Io<'_> {
        Io::of(host)
    }
    poll::add_to_linker::<_, HasIo>(linker, io)?;
    streams::add_to_linker::<_, HasIo>(linker, io)
}

impl<'a> Io<'a> {
    /// Those of a guest that has called a function of them.
    pub(crate) const fn of<T>(host: &'a mut Host<T>) -> Self {
        host.charge(cost::CALL);
        Self { table: &mut host.table, host_fuel: &mut host.host_fuel }
    }
}

impl Io<'_> {
    fn charge(&mut self, fuel: u64) {
        *self.host_fuel = self.host_fuel.saturating_add(fuel);
    }

    /// Charges the bytes that were given to the guest.
    fn given(&mut self, bytes: StreamResult<Vec<u8>>) -> StreamResult<Vec<u8>> {
        if let Ok(bytes) = &bytes {
            self.charge(cost::bytes(bytes.len()));
        }
        bytes
    }

    /// Charges the bytes that were moved without the guest.
    fn moved(&mut self, count: StreamResult<u64>) -> StreamResult<u64> {
        if let Ok(count) = &count {
            self.charge(count.saturating_mul(cost::BYTE));
        }
        count
    }
}

impl poll::Host for Io<'_> {
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        self.charge(cost::list(pollables.len(), 0));
        // No more are alive, so it would be some of them several times.
        if pollables.len() > RESOURCES_MAX {
            bail!("{} pollables at once; the most is {RESOURCES_MAX}", pollables.len());
        }
        poll::Host::poll(self.table, pollables).await
    }
}

impl poll::HostPollable for Io<'_> {
    async fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        poll::HostPollable::ready(self.table, pollable).await
    }

    async fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        poll::HostPollable::block(self.table, pollable).await
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        poll::HostPollable::drop(self.table, pollable)
    }
}

impl streams::Host for Io<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> Result<streams::StreamError> {
        streams::Host::convert_stream_error(self.table, error)
    }
}

type Input = Resource<DynInputStream>;
type Output = Resource<DynOutputStream>;

impl streams::HostInputStream for Io<'_> {
    fn read(&mut self, stream: Input, len: u64) -> StreamResult<Vec<u8>> {
        let len = len.min(STREAM_BYTES_MAX);
        let bytes = streams::HostInputStream::read(self.table, stream, len);
        self.given(bytes)
    }

    async fn blocking_read(&mut self, stream: Input, len: u64) -> StreamResult<Vec<u8>> {
        let len = len.min(STREAM_BYTES_MAX);
        let bytes = streams::HostInputStream::blocking_read(self.table, stream, len).await;
        self.given(bytes)
    }

    fn skip(&mut self, stream: Input, len: u64) -> StreamResult<u64> {
        let len = len.min(STREAM_BYTES_MAX);
        let count = streams::HostInputStream::skip(self.table, stream, len);
        self.moved(count)
    }

    async fn blocking_skip(&mut self, stream: Input, len: u64) -> StreamResult<u64> {
        let len = len.min(STREAM_BYTES_MAX);
        let count = streams::HostInputStream::blocking_skip(self.table, stream, len).await;
        self.moved(count)
    }

    fn subscribe(&mut self, stream: Input) -> Result<Resource<DynPollable>> {
        streams::HostInputStream::subscribe(self.table, stream)
    }

    async fn drop(&mut self, stream: Input) -> Result<()> {
        streams::HostInputStream::drop(self.table, stream).await
    }
}

impl streams::HostOutputStream for Io<'_> {
    fn check_write(&mut self, stream: Output) -> StreamResult<u64> {
        streams::HostOutputStream::check_write(self.table, stream)
    }

    fn write(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        self.charge(cost::bytes(bytes.len()));
        streams::HostOutputStream::write(self.table, stream, bytes)
    }

    async fn blocking_write_and_flush(
        &mut self,
        stream: Output,
        bytes: Vec<u8>,
    ) -> StreamResult<()> {
        self.charge(cost::bytes(bytes.len()));
        streams::HostOutputStream::blocking_write_and_flush(self.table, stream, bytes).await
    }

    fn flush(&mut self, stream: Output) -> StreamResult<()> {
        streams::HostOutputStream::flush(self.table, stream)
    }

    async fn blocking_flush(&mut self, stream: Output) -> StreamResult<()> {
        streams::HostOutputStream::blocking_flush(self.table, stream).await
    }

    fn subscribe(&mut self, stream: Output) -> Result<Resource<DynPollable>> {
        streams::HostOutputStream::subscribe(self.table, stream)
    }

    fn write_zeroes(&mut self, stream: Output, len: u64) -> StreamResult<()> {
        self.charge(len.saturating_mul(cost::BYTE));
        // Before so many are made: no stream has ever allowed as many.
        if len > STREAM_BYTES_MAX {
            return Err(StreamError::trap("wrote more zeroes than check-write allowed"));
        }
        streams::HostOutputStream::write_zeroes(self.table, stream, len)
    }

    async fn blocking_write_zeroes_and_flush(
        &mut self,
        stream: Output,
        len: u64,
    ) -> StreamResult<()> {
        self.charge(len.saturating_mul(cost::BYTE));
        streams::HostOutputStream::blocking_write_zeroes_and_flush(self.table, stream, len).await
    }

    fn splice(&mut self, to: Output, from: Input, len: u64) -> StreamResult<u64> {
        let len = len.min(STREAM_BYTES_MAX);
        let count = streams::HostOutputStream::splice(self.table, to, from, len);
        self.moved(count)
    }

    async fn blocking_splice(&mut self, to: Output, from: Input, len: u64) -> StreamResult<u64> {
        let len = len.min(STREAM_BYTES_MAX);
        let count = streams::HostOutputStream::blocking_splice(self.table, to, from, len).await;
        self.moved(count)
    }

    async fn drop(&mut self, stream: Output) -> Result<()> {
        streams::HostOutputStream::drop(self.table, stream).await
    }
}
