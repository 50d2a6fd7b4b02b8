//! `wasi:filesystem` 0.3, whose calls may wait while others of the same instance go on.

mod descriptor;
mod streams;

use lambent_engine::wasi::p3::bindings::filesystem::{preopens, types};
use lambent_engine::wasi::p3::filesystem::FilesystemError;
use lambent_engine::wasmtime::component::{Accessor, Linker, Resource};
use lambent_engine::{Host, wasi, wasmtime};
use lambent_files::{ErrorCode, Kind, OpenFlags};

use super::conversions::in_types_of;
use super::operations::{self, Caller, Failure};
use super::{HasFiles, Open, View, view};
use crate::ctx::Ctx;

type Descriptor = Resource<wasi::filesystem::Descriptor>;

pub(super) fn link(linker: &mut Linker<Host<Ctx>>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, HasFiles>(linker, view)?;
    preopens::add_to_linker::<_, HasFiles>(linker, view)
}

in_types_of!(types, FilesystemError);

/// A call that gives the host back while it waits.
struct Concurrent<'a>(&'a Accessor<Host<Ctx>, HasFiles>);

impl Caller for Concurrent<'_> {
    fn with<R>(&mut self, action: impl FnOnce(&mut Host<Ctx>) -> R) -> R {
        self.0.with(|mut access| action(access.get().host))
    }
}

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Descriptor, String)>> {
        let found = operations::preopen(self)?;
        Ok(found.into_iter().map(|(fd, at)| (Resource::new_own(fd), at)).collect())
    }
}

/// What a guest is told of a stream; one that ends the guest elsewhere is an error here.
fn told(failure: Failure) -> types::ErrorCode {
    match failure {
        Failure::Told(error) => code(error),
        Failure::Trap(_) => types::ErrorCode::BadDescriptor,
    }
}
