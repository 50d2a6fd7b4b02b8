//! Functions of WASI that are linked in place of wasmtime's own: they do the same
//! and charge what depends on their arguments and results. Every other function
//! is charged as one call, where the host's state is looked up for it.

mod fields;
mod io;
mod random;

use wasmtime::component::Linker;

pub(crate) use self::io::Io;
use crate::store_data::Host;

/// The version of WASI 0.2 whose interfaces are served, to name those that a capability is put in
/// the place of.
pub const WASI_02: &str = "0.2.12";
/// The version of WASI 0.3 whose interfaces are served.
pub const WASI_03: &str = "0.3.0";

/// Replaces functions of WASI 0.2.
pub(crate) fn link<T: Send + 'static>(linker: &mut Linker<Host<T>>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    io::link(linker)?;
    random::link_02(linker)?;
    fields::link_02(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Replaces functions of WASI 0.3.
pub(crate) fn link_async<T: Send + 'static>(linker: &mut Linker<Host<T>>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    random::link_03(linker)?;
    fields::link_03(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}
