//! `wasi:filesystem` 0.2.

mod descriptor;
mod streams;

use std::collections::VecDeque;

use lambent_engine::wasi::p2::FsError;
use lambent_engine::wasi::p2::bindings::filesystem::{preopens, types};
use lambent_engine::wasmtime::component::{Linker, Resource};
use lambent_engine::{Host, wasi, wasmtime};
use lambent_files::{ErrorCode, Kind, OpenFlags};

use super::conversions::in_types_of;
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

in_types_of!(types, FsError);

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Descriptor, String)>> {
        let found = operations::preopen(self)?;
        Ok(found.into_iter().map(|(fd, at)| (Resource::new_own(fd), at)).collect())
    }
}
