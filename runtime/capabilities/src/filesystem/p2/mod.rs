//! `wasi:filesystem` 0.2.

mod descriptor;
mod streams;

use std::collections::VecDeque;

use lambent_engine::wasi::p2::FsError;
use lambent_engine::wasi::p2::bindings::filesystem::{preopens, types};
use lambent_engine::wasmtime::component::{Linker, Resource};
use lambent_engine::{Host, wasi, wasmtime};
use lambent_files::{ErrorCode, Kind};

use super::operations::{self, Failure};
use super::{HasFiles, Open, View, view};
use crate::ctx::Ctx;

type Descriptor = Resource<wasi::filesystem::Descriptor>;

/// A listing.
struct Entries {
    open: Open,
    /// What was read and not yet given.
    ahead: VecDeque<(String, Kind)>,
    /// The last name that was read.
    last: Option<String>,
}

pub(super) fn link(linker: &mut Linker<Host<Ctx>>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, HasFiles>(linker, view)?;
    preopens::add_to_linker::<_, HasFiles>(linker, view)
}

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Descriptor, String)>> {
        match operations::preopen(self) {
            Ok(found) => {
                Ok(found.into_iter().map(|(fd, at)| (Resource::new_own(fd), at)).collect())
            }
            Err(Failure::Trap(error)) => Err(error),
            Err(Failure::Told(error)) => Err(error.into()),
        }
    }
}

impl From<Failure> for FsError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Told(error) => code(error).into(),
            Failure::Trap(error) => Self::trap(error),
        }
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
        ErrorCode::WouldBlock => types::ErrorCode::WouldBlock,
    }
}
