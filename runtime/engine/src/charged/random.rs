//! `wasi:random`: every byte, in pieces.

use wasmtime::component::Linker;
use wasmtime::{Result, StoreContextMut, bail};
use wasmtime_wasi::random::{WasiRandomCtx, WasiRandomView};
use wasmtime_wasi::{p2, p3};

use super::{WASI_02, WASI_03};
use crate::cost;
use crate::options::{RANDOM_BYTES_AT_ONCE, RANDOM_BYTES_MAX};
use crate::store_data::Host;

type Fill = fn(&mut WasiRandomCtx, u64) -> Result<Vec<u8>>;

/// A function of 0.2 has to give as many bytes as were asked for. It lets other tasks
/// run in between.
pub(super) fn link_02<T: Send + 'static>(linker: &mut Linker<Host<T>>) -> Result<()> {
    use p2::bindings::random::{insecure, random};
    let secure: Fill = random::Host::get_random_bytes;
    let insecure: Fill = insecure::Host::get_insecure_random_bytes;
    for (interface, name, fill) in [
        ("random", "get-random-bytes", secure),
        ("insecure", "get-insecure-random-bytes", insecure),
    ] {
        let mut instance = linker.instance(&format!("wasi:random/{interface}@{WASI_02}"))?;
        instance.func_wrap_async(name, move |store: StoreContextMut<'_, Host<T>>, (len,)| {
            Box::new(async move { Ok((pieces(store, len, fill).await?,)) })
        })?;
    }
    Ok(())
}

/// A function of 0.3 may give fewer.
pub(super) fn link_03<T: Send + 'static>(linker: &mut Linker<Host<T>>) -> Result<()> {
    use p3::bindings::random::{insecure, random};
    let secure: Fill = random::Host::get_random_bytes;
    let insecure: Fill = insecure::Host::get_insecure_random_bytes;
    for (interface, name, fill) in [
        ("random", "get-random-bytes", secure),
        ("insecure", "get-insecure-random-bytes", insecure),
    ] {
        let mut instance = linker.instance(&format!("wasi:random/{interface}@{WASI_03}"))?;
        instance.func_wrap(name, move |mut store: StoreContextMut<'_, Host<T>>, (len,)| {
            let len = u64::min(len, RANDOM_BYTES_AT_ONCE);
            Ok((piece(store.data_mut(), len, fill)?,))
        })?;
    }
    Ok(())
}

fn piece<T: Send>(host: &mut Host<T>, len: u64, fill: Fill) -> Result<Vec<u8>> {
    host.charge(len.saturating_mul(cost::RANDOM_BYTE));
    fill(host.random(), len)
}

async fn pieces<T: Send>(
    mut store: StoreContextMut<'_, Host<T>>,
    len: u64,
    fill: Fill,
) -> Result<Vec<u8>> {
    if len > RANDOM_BYTES_MAX {
        bail!("{len} random bytes at once; the most is {RANDOM_BYTES_MAX}");
    }
    let mut bytes = piece(store.data_mut(), len.min(RANDOM_BYTES_AT_ONCE), fill)?;
    while let left @ 1.. = len - bytes.len() as u64 {
        crate::scheduler::yield_now().await;
        bytes.extend(piece(store.data_mut(), left.min(RANDOM_BYTES_AT_ONCE), fill)?);
    }
    Ok(bytes)
}
