//! Makes the component of the Ruby runtime from CRuby, a core module that was built for JavaScript
//! hosts, and the glue that gives it the interfaces of a component.
//!
//! ```text
//! lambent-ruby-linker base CRUBY.wasm
//! lambent-ruby-linker merge CRUBY.wasm GLUE.wasm MERGED.wasm
//! lambent-ruby-linker finish MERGED.wasm MEMORY GLOBALS COMPONENT.wasm
//! ```

mod merge;
mod module;
mod snapshot;

use std::{env, fs};

use anyhow::{Context, Result, bail};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::ComponentEncoder;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["base", ruby] => println!("{}", module::read(&read(ruby)?)?.memory_end()?),
        ["merge", ruby, glue, merged] => {
            fs::write(merged, merge::merge(&read(ruby)?, &read(glue)?)?)?;
        }
        ["finish", merged, memory, globals, component] => {
            let globals = fs::read_to_string(globals).with_context(|| globals.to_owned())?;
            let finished = snapshot::apply(&read(merged)?, &read(memory)?, &globals)?;
            fs::write(component, encode(&finished)?)?;
        }
        _ => bail!("expected `base`, `merge` or `finish` and their files"),
    }
    Ok(())
}

fn read(path: &str) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| path.to_owned())
}

/// A component of a module that has WASI preview 1 and the glue's interfaces.
fn encode(module: &[u8]) -> Result<Vec<u8>> {
    ComponentEncoder::default()
        .module(module)?
        .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
        .validate(true)
        .encode()
}
