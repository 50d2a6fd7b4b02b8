//! `wasi:filesystem` over the tree of an instance, in the place of wasmtime's own, which opens
//! directories of the machine. Both versions of the interface do the same [`operations`].

mod conversions;
mod files;
mod operations;
mod p2;
mod p3;
mod volumes;

use lambent_engine::wasmtime::component::{HasData, Linker};
use lambent_engine::{Host, cost, wasmtime};
use lambent_files::{Node, Vfs};

use self::operations::Caller;
use crate::ctx::{Ctx, Mount};
pub(crate) use files::Files;

/// What a guest has a descriptor of.
#[derive(Clone)]
struct Open {
    files: Files,
    node: Node,
    write: bool,
}

struct View<'a> {
    host: &'a mut Host<Ctx>,
}

impl Caller for View<'_> {
    fn with<R>(&mut self, action: impl FnOnce(&mut Host<Ctx>) -> R) -> R {
        action(self.host)
    }
}

struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = View<'a>;
}

fn view(host: &mut Host<Ctx>) -> View<'_> {
    host.charge(cost::CALL);
    View { host }
}

/// Puts version 0.2 in the place of wasmtime's own.
pub(crate) fn link(linker: &mut Linker<Host<Ctx>>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let linked = p2::link(linker);
    linker.allow_shadowing(false);
    linked
}

/// Puts version 0.3 in the place of wasmtime's own.
pub(crate) fn link_async(linker: &mut Linker<Host<Ctx>>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let linked = p3::link(linker);
    linker.allow_shadowing(false);
    linked
}

impl Files {
    /// The instance's files, which are made when they are asked for first.
    fn of(host: &mut Host<Ctx>) -> Option<Self> {
        if let Some(files) = host.extensions().get::<Self>() {
            return Some(files.clone());
        }
        let ctx = host.state();
        let Mount { image, scratch } = ctx.mount.clone()?;
        let has_volumes = !ctx.function.configuration.mounts.0.is_empty();
        let vfs = Vfs::new(image, scratch).with_volumes(volumes::opener(ctx));
        let files = Self::new(vfs, has_volumes);
        host.extensions().insert(files.clone());
        Some(files)
    }
}
