//! The functions of `wasi:io` in which a guest waits for bytes, with access to its store: an
//! invocation of a program begins in one of them, with fuel of its own.

use wasmtime::component::{Linker, Resource};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::p2::bindings::io::poll::{Host as _, HostPollable as _};
use wasmtime_wasi::p2::bindings::io::streams::{self, Host as _, HostInputStream as _};
use wasmtime_wasi::p2::{DynInputStream, DynPollable, StreamResult};

use super::turn::{pause, resume};
use crate::charged::{Io, WASI_02};
use crate::store_data::Host;

type Read = (Resource<DynInputStream>, u64);

/// Replaces those that charge and know of no store.
pub(crate) fn link<T: Send + 'static>(linker: &mut Linker<Host<T>>) -> Result<()> {
    linker.allow_shadowing(true);
    let mut poll = linker.instance(&format!("wasi:io/poll@{WASI_02}"))?;
    poll.func_wrap_async(
        "poll",
        |mut store: StoreContextMut<'_, Host<T>>, (list,): (Vec<Resource<DynPollable>>,)| {
            Box::new(async move {
                pause(&mut store)?;
                let ready = Io::of(store.data_mut()).poll(list).await?;
                resume(&mut store)?;
                Ok((ready,))
            })
        },
    )?;
    poll.func_wrap_async(
        "[method]pollable.block",
        |mut store: StoreContextMut<'_, Host<T>>, (pollable,): (Resource<DynPollable>,)| {
            Box::new(async move {
                pause(&mut store)?;
                Io::of(store.data_mut()).block(pollable).await?;
                resume(&mut store)
            })
        },
    )?;
    let mut streams = linker.instance(&format!("wasi:io/streams@{WASI_02}"))?;
    streams.func_wrap_async(
        "[method]input-stream.blocking-read",
        |mut store: StoreContextMut<'_, Host<T>>, (stream, len): Read| {
            Box::new(async move {
                pause(&mut store)?;
                let read = Io::of(store.data_mut()).blocking_read(stream, len).await;
                resume(&mut store)?;
                Ok((converted(&mut store, read)?,))
            })
        },
    )?;
    streams.func_wrap_async(
        "[method]input-stream.blocking-skip",
        |mut store: StoreContextMut<'_, Host<T>>, (stream, len): Read| {
            Box::new(async move {
                pause(&mut store)?;
                let skipped = Io::of(store.data_mut()).blocking_skip(stream, len).await;
                resume(&mut store)?;
                Ok((converted(&mut store, skipped)?,))
            })
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn converted<T, R>(
    store: &mut StoreContextMut<'_, Host<T>>,
    result: StreamResult<R>,
) -> Result<Result<R, streams::StreamError>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(Io::of(store.data_mut()).convert_stream_error(error)?)),
    }
}
