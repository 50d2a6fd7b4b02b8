//! The host's side of access to a guest's memory.

use std::sync::Arc;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, WasmList};

use super::INTERFACE;
use super::modules::Import;
use crate::cost;
use crate::snapshot::{Snapshot, Transfer};
use crate::store_data::Host;

/// How much is put in place at a time, so that others run in between.
const PIECE_BYTES: usize = 1 << 20;

/// Adds what the modules import that a component has access to its memory by.
pub(crate) fn link<T: Send + 'static>(linker: &mut Linker<Host<T>>) -> wasmtime::Result<()> {
    let mut interface = linker.instance(INTERFACE)?;
    interface.func_wrap(Import::Keep.name(), keep)?;
    interface.func_wrap(Import::Pages.name(), |mut store: StoreContextMut<'_, Host<T>>, ()| {
        Ok((restored(&mut store)?.0.pages,))
    })?;
    interface.func_wrap(
        Import::Address.name(),
        |mut store: StoreContextMut<'_, Host<T>>, ()| {
            let (snapshot, run, done) = restored(&mut store)?;
            let piece = snapshot.piece(*run, *done, PIECE_BYTES);
            Ok((piece.map_or(-1, |(address, _)| i64::from(address)),))
        },
    )?;
    interface.func_wrap(Import::Piece.name(), |mut store: StoreContextMut<'_, Host<T>>, ()| {
        let (snapshot, run, done) = restored(&mut store)?;
        let piece = snapshot.piece(*run, *done, PIECE_BYTES);
        let piece = piece.map(|(_, bytes)| bytes.to_vec()).unwrap_or_default();
        *done += piece.len();
        if piece.len() < PIECE_BYTES {
            (*run, *done) = (*run + 1, 0);
        }
        store.data_mut().charge(cost::CALL + cost::bytes(piece.len()));
        Ok((piece,))
    })?;
    interface.func_wrap(Import::Word.name(), |mut store: StoreContextMut<'_, Host<T>>, ()| {
        Ok((restored(&mut store)?.0.word,))
    })?;
    Ok(())
}

fn keep<T: 'static>(
    mut store: StoreContextMut<'_, Host<T>>,
    (memory,): (WasmList<u8>,),
) -> wasmtime::Result<()> {
    let transfer = store.data_mut().transfer.take().ok_or_else(unasked)?;
    // At most as much is kept of it.
    store.data().limiter.hold().grow(memory.len() as u64)?;
    let kept = transfer.keep(memory.as_le_slice(&store));
    store.data_mut().transfer = Some(Box::new(kept));
    Ok(())
}

/// The snapshot that is put in place, and how far that is.
fn restored<'a, T>(
    store: &'a mut StoreContextMut<'_, Host<T>>,
) -> wasmtime::Result<(Arc<Snapshot>, &'a mut usize, &'a mut usize)> {
    match store.data_mut().transfer.as_deref_mut() {
        Some(Transfer::Restored { snapshot, run, done }) => Ok((snapshot.clone(), run, done)),
        _ => Err(unasked()),
    }
}

/// Nobody but the host calls what the modules export.
fn unasked() -> wasmtime::Error {
    wasmtime::Error::msg("no memory is saved or restored")
}
