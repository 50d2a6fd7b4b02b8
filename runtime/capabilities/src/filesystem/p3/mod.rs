//! `wasi:filesystem` 0.3, whose calls may wait while others of the same instance go on.

mod descriptor;
mod streams;

use lambent_engine::wasi::p3::bindings::filesystem::{preopens, types};
use lambent_engine::wasi::p3::filesystem::FilesystemError;
use lambent_engine::wasmtime::component::{Accessor, Linker, Resource};
use lambent_engine::{Host, wasi, wasmtime};
use lambent_files::{ErrorCode, Kind};

use super::operations::{self, Caller, Failure};
use super::{HasFiles, View, view};
use crate::ctx::Ctx;

type Descriptor = Resource<wasi::filesystem::Descriptor>;

pub(super) fn link(linker: &mut Linker<Host<Ctx>>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, HasFiles>(linker, view)?;
    preopens::add_to_linker::<_, HasFiles>(linker, view)
}

/// A call that gives the host back while it waits.
struct Concurrent<'a>(&'a Accessor<Host<Ctx>, HasFiles>);

impl Caller for Concurrent<'_> {
    fn with<R>(&mut self, action: impl FnOnce(&mut Host<Ctx>) -> R) -> R {
        self.0.with(|mut access| action(access.get().host))
    }
}

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Descriptor, String)>> {
        let found = operations::preopen(self).map_err(trap)?;
        Ok(found.into_iter().map(|(fd, at)| (Resource::new_own(fd), at)).collect())
    }
}

/// The failure of a call that has no way to tell the guest.
fn trap(failure: Failure) -> wasmtime::Error {
    match failure {
        Failure::Told(error) => error.into(),
        Failure::Trap(error) => error,
    }
}

impl From<Failure> for FilesystemError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Told(error) => code(error).into(),
            Failure::Trap(error) => Self::trap(error),
        }
    }
}

/// What a guest is told of a stream; one that ends the guest elsewhere is an error here.
fn told(failure: Failure) -> types::ErrorCode {
    match failure {
        Failure::Told(error) => code(error),
        Failure::Trap(_) => types::ErrorCode::BadDescriptor,
    }
}

const fn kind(kind: Kind) -> types::DescriptorType {
    match kind {
        Kind::Directory => types::DescriptorType::Directory,
        Kind::File => types::DescriptorType::RegularFile,
    }
}

const fn code(error: ErrorCode) -> types::ErrorCode {
    match error {
        ErrorCode::BadDescriptor => types::ErrorCode::BadDescriptor,
        ErrorCode::Busy => types::ErrorCode::Busy,
        ErrorCode::CrossDevice => types::ErrorCode::CrossDevice,
        ErrorCode::Exist => types::ErrorCode::Exist,
        ErrorCode::FileTooLarge => types::ErrorCode::FileTooLarge,
        ErrorCode::Gone => types::ErrorCode::NoDevice,
        ErrorCode::Invalid => types::ErrorCode::Invalid,
        ErrorCode::Io => types::ErrorCode::Io,
        ErrorCode::IsDirectory => types::ErrorCode::IsDirectory,
        ErrorCode::NameTooLong => types::ErrorCode::NameTooLong,
        ErrorCode::NoEntry => types::ErrorCode::NoEntry,
        ErrorCode::InsufficientSpace => types::ErrorCode::InsufficientSpace,
        ErrorCode::NotDirectory => types::ErrorCode::NotDirectory,
        ErrorCode::NotEmpty => types::ErrorCode::NotEmpty,
        ErrorCode::NotPermitted => types::ErrorCode::NotPermitted,
        ErrorCode::ReadOnly => types::ErrorCode::ReadOnly,
        ErrorCode::WouldBlock => types::ErrorCode::Io,
    }
}
