//! `wasi:io/error.to-debug-string`: what a guest reads of an error of the host.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::IoError;

use crate::store_data::Host;

/// The interface as the bindings of wasmtime 48 name it.
const INTERFACE: &str = "wasi:io/error@0.2.12";

/// Puts a definition of our own in the place of wasmtime's, which prints the
/// error with the native stack of the host where one was captured: the guest
/// gets the error and its causes, whatever the environment of the host says.
///
/// # Errors
/// The name is taken by something else than an interface.
pub(crate) fn link<T: 'static>(linker: &mut Linker<Host<T>>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let linked = linker
        .instance(INTERFACE)
        .and_then(|mut interface| interface.func_wrap("[method]error.to-debug-string", text));
    linker.allow_shadowing(false);
    linked
}

fn text<T: 'static>(
    mut store: StoreContextMut<'_, Host<T>>,
    (error,): (Resource<IoError>,),
) -> wasmtime::Result<(String,)> {
    let error = store.data_mut().table().get(&error)?;
    Ok((format!("{error:#}"),))
}
