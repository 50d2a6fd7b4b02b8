use std::io;

use bytes::Bytes;
use futures::StreamExt;
use lambent_engine::wasi::async_trait;
use lambent_engine::wasi::p2::{DynInputStream, InputStream, Pollable, StreamError, StreamResult};
use lambent_engine::wasmtime::component::Resource;
use lambent_engine::{Host, cost, wasmtime};
use lambent_service::ByteStream;

use crate::ctx::Ctx;
use crate::error::{Error, settle};
use crate::interfaces::blobstore::IncomingValue;
use crate::interfaces::blobstore::bindings::wasi::blobstore::types;
use crate::object_streams::ObjectStream;

/// Bytes that can be had at once; more is streamed.
const SYNC_BYTES_MAX: u64 = 8 << 20;

type Handle = Resource<IncomingValue>;

impl types::Host for Host<Ctx> {}

impl types::HostIncomingValue for Host<Ctx> {
    async fn incoming_value_consume_sync(
        &mut self,
        value: Handle,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        let value = self.table().delete(value)?;
        let collected = collect(value).await;
        self.charge(cost::bytes(collected.as_ref().map_or(0, Vec::len)));
        settle(collected)
    }

    async fn incoming_value_consume_async(
        &mut self,
        value: Handle,
    ) -> wasmtime::Result<Result<Resource<DynInputStream>, String>> {
        let IncomingValue { bytes, stream, .. } = self.table().delete(value)?;
        let reader = Reader { bytes, next: None, ended: false, _stream: stream };
        let reader: DynInputStream = Box::new(reader);
        Ok(Ok(self.table().push(reader)?))
    }

    fn size(&mut self, value: Handle) -> wasmtime::Result<u64> {
        Ok(self.table().get(&value)?.size)
    }

    async fn drop(&mut self, value: Handle) -> wasmtime::Result<()> {
        self.table().delete(value)?;
        Ok(())
    }
}

async fn collect(mut value: IncomingValue) -> Result<Vec<u8>, Error> {
    if value.size > SYNC_BYTES_MAX {
        return Err(Error::Other(format!(
            "the value is {} bytes; take more than {SYNC_BYTES_MAX} as a stream, with \
             incoming-value-consume-async",
            value.size
        )));
    }
    let mut all = Vec::with_capacity(usize::try_from(value.size).unwrap_or(0));
    while let Some(bytes) = value.bytes.next().await {
        all.extend_from_slice(&bytes.map_err(|error| unreadable(&error))?);
    }
    Ok(all)
}

fn unreadable(error: &io::Error) -> Error {
    tracing::error!(%error, "an object could not be read to its end");
    Error::Other("the object could not be read to its end; see the server's log".into())
}

/// What a guest reads an object from; holds one piece of it.
struct Reader {
    bytes: ByteStream,
    next: Option<io::Result<Bytes>>,
    ended: bool,
    _stream: ObjectStream,
}

#[async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {
        while self.next.is_none() && !self.ended {
            match self.bytes.next().await {
                Some(Ok(bytes)) if bytes.is_empty() => {}
                Some(piece) => self.next = Some(piece),
                None => self.ended = true,
            }
        }
    }
}

impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        match self.next.take() {
            Some(Ok(mut bytes)) => {
                let piece = bytes.split_to(size.min(bytes.len()));
                if !bytes.is_empty() {
                    self.next = Some(Ok(bytes));
                }
                Ok(piece)
            }
            Some(Err(error)) => {
                self.ended = true;
                let text = match unreadable(&error).text() {
                    Ok(text) => text,
                    Err(error) => return Err(StreamError::Trap(error)),
                };
                Err(StreamError::LastOperationFailed(wasmtime::format_err!("{text}")))
            }
            None if self.ended => Err(StreamError::Closed),
            None => Ok(Bytes::new()),
        }
    }
}
