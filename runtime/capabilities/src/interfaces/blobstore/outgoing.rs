use std::sync::Arc;

use lambent_engine::wasi::p2::DynOutputStream;
use lambent_engine::wasmtime::component::Resource;
use lambent_engine::{Host, wasmtime};

use crate::ctx::Ctx;
use crate::error::{Error, settle};
use crate::interfaces::blobstore::OutgoingValue;
use crate::interfaces::blobstore::bindings::wasi::blobstore::types;
use crate::interfaces::blobstore::pipe::{Pipe, PipeWriter};
use crate::object_streams::too_many;

type Handle = Resource<OutgoingValue>;

impl types::HostOutgoingValue for Host<Ctx> {
    fn new_outgoing_value(&mut self) -> wasmtime::Result<Handle> {
        // There is no error here, so one too many takes no bytes, and is refused where there is one.
        let stream = self.state().streams.open().ok();
        let pipe: Arc<Pipe> = Arc::default();
        if stream.is_none() {
            pipe.abandon();
        }
        let value = OutgoingValue { pipe, streamed: false, writing: None, stream };
        Ok(self.table().push(value)?)
    }

    fn outgoing_value_write_body(
        &mut self,
        value: Handle,
    ) -> wasmtime::Result<Result<Resource<DynOutputStream>, ()>> {
        let table = self.table();
        let outgoing = table.get_mut(&value)?;
        if std::mem::replace(&mut outgoing.streamed, true) {
            return Ok(Err(()));
        }
        let writer = PipeWriter { pipe: outgoing.pipe.clone(), _stream: outgoing.stream.clone() };
        let writer: DynOutputStream = Box::new(writer);
        // No child: the value may be finished, or dropped, while the guest has it.
        Ok(Ok(table.push(writer)?))
    }

    async fn finish(&mut self, value: Handle) -> wasmtime::Result<Result<(), String>> {
        settle(finish(self, value).await)
    }

    async fn drop(&mut self, value: Handle) -> wasmtime::Result<()> {
        self.table().delete(value)?;
        Ok(())
    }
}

async fn finish(host: &mut Host<Ctx>, value: Handle) -> Result<(), Error> {
    let mut value = host.table().delete(value)?;
    if value.stream.is_none() {
        return Err(too_many());
    }
    let Some(writing) = value.writing.take() else {
        return Err(Error::Other("the value was not given to write-data".into()));
    };
    value.pipe.finish();
    writing.await?;
    Ok(())
}
