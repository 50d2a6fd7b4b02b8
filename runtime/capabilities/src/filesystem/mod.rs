//! `wasi:filesystem` 0.2 over the tree of an instance, in the place of wasmtime's own, which
//! opens directories of the machine.

mod descriptor;
mod files;
mod streams;
mod volumes;

use std::collections::VecDeque;

use lambent_engine::wasi::p2::FsError;
use lambent_engine::wasi::p2::bindings::filesystem::{preopens, types};
use lambent_engine::wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use lambent_engine::{Host, cost, wasi, wasmtime};
use lambent_files::{ErrorCode, Kind, Node, Vfs};

use crate::ctx::{Ctx, Mount};
pub(crate) use files::Files;

/// What a guest has a descriptor of.
#[derive(Clone)]
struct Open {
    files: Files,
    node: Node,
    write: bool,
}

/// A listing.
struct Entries {
    open: Open,
    /// What was read and not yet given.
    ahead: VecDeque<(String, Kind)>,
    /// The last name that was read.
    last: Option<String>,
}

struct View<'a> {
    host: &'a mut Host<Ctx>,
}

struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = View<'a>;
}

/// Puts it in the place of wasmtime's own.
pub(crate) fn link(linker: &mut Linker<Host<Ctx>>) -> wasmtime::Result<()> {
    fn view(host: &mut Host<Ctx>) -> View<'_> {
        host.charge(cost::CALL);
        View { host }
    }
    linker.allow_shadowing(true);
    let linked = types::add_to_linker::<_, HasFiles>(linker, view)
        .and_then(|()| preopens::add_to_linker::<_, HasFiles>(linker, view));
    linker.allow_shadowing(false);
    linked
}

type Descriptor = Resource<wasi::filesystem::Descriptor>;

impl View<'_> {
    fn table(&mut self) -> &mut ResourceTable {
        self.host.table()
    }

    /// The instance's files, which are made when they are asked for first.
    fn files(&mut self) -> Option<Files> {
        if let Some(files) = self.host.extensions().get::<Files>() {
            return Some(files.clone());
        }
        let Mount { image, scratch } = self.host.state().mount.clone()?;
        let vfs = Vfs::new(image, scratch).with_volumes(volumes::opener(self.host.state()));
        let files = Files::new(vfs);
        self.host.extensions().insert(files.clone());
        Some(files)
    }

    /// What a descriptor is of. wasmtime's type of descriptors stands in the generated
    /// signatures; what is in the table under its number is ours.
    fn open(&mut self, descriptor: &Descriptor) -> Result<Open, FsError> {
        let open = Resource::<Open>::new_borrow(descriptor.rep());
        Ok(self.table().get(&open)?.clone())
    }

    fn push(&mut self, open: Open) -> Result<Descriptor, FsError> {
        Ok(Resource::new_own(self.table().push(open)?.rep()))
    }

    /// Charges the steps that the tree has taken since.
    fn done<R>(&mut self, files: &Files, result: Result<R, ErrorCode>) -> Result<R, FsError> {
        let steps = files.lock().take_work();
        self.host.charge(steps.saturating_mul(cost::ITEM));
        result.map_err(|error| code(error).into())
    }
}

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Descriptor, String)>> {
        let Some(files) = self.files() else { return Ok(Vec::new()) };
        let node = files.lock().root();
        let open = self.table().push(Open { files, node, write: false })?;
        Ok(vec![(Resource::new_own(open.rep()), "/".to_owned())])
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
