//! The modules of the library, which is in the component as byte code.

use rquickjs::{Ctx, Error, Function, Result};

use crate::code;

/// Names and byte code, by `build.rs`.
const MODULES: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// Where in the library the modules are that functions may load.
const PUBLIC: &str = "node/";

/// Returns whether functions may load a module of this name.
pub(crate) fn is_public(name: &str) -> bool {
    find(&format!("{PUBLIC}{name}")).is_some()
}

/// Whether a module has a name that is a package's too, unless `node:` is before it.
pub(crate) fn needs_prefix(name: &str) -> bool {
    matches!(name, "test" | "sqlite" | "sea")
}

/// Whether a package of the function goes before a module of the name, which Node does not have.
pub(crate) fn gives_way(name: &str) -> bool {
    name == "lambent"
}

/// The names of all modules that functions may load.
pub(crate) fn public() -> impl Iterator<Item = &'static str> {
    MODULES.iter().filter_map(|(name, _)| name.strip_prefix(PUBLIC))
}

/// The function that a module is the body of.
pub(crate) fn function<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Function<'js>> {
    let code = find(name).ok_or_else(|| Error::new_loading(name))?;
    let script = code::read(ctx, code)?;
    code::run(ctx, script)?.get()
}

fn find(name: &str) -> Option<&'static [u8]> {
    MODULES.iter().find(|(known, _)| *known == name).map(|(_, code)| *code)
}
