//! Makes a component of a core module.

mod helpers;
mod shift;

use std::panic;

use wit_component::ComponentEncoder;

use crate::core_module;

/// Changes when other components are made of the same modules, so that those that were compiled
/// before are compiled again.
pub(crate) const EDITION: u32 = 1;

/// Makes a component of a core module.
///
/// What is adapted is chosen by a stranger, and the encoder is made for what compilers write: it
/// panics at some of what they never do. Its memory and time are bounded by nothing but the
/// process it is in.
///
/// # Errors
/// What is wrong with the module.
pub(crate) fn adapt(wasm: &[u8]) -> Result<Vec<u8>, String> {
    panic::catch_unwind(|| encode(wasm)).unwrap_or_else(|_| {
        Err("it is put together as no compiler does it, which the adapter cannot read".into())
    })
}

fn encode(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let outline = core_module::outline(wasm).map_err(|error| error.to_string())?;
    let (name, adapter) = outline.kind.adapter();
    // Pointers that it passes to interfaces of its own are not shifted. What makes bindings for
    // those brings an allocator along.
    let shifted = if outline.is_typed { None } else { shift::shift(wasm)? };
    let wasm = shifted.as_deref().unwrap_or(wasm);
    // Whoever compiles it inspects it first.
    let encoder = ComponentEncoder::default().validate(false);
    let encoder = encoder.module(wasm).and_then(|encoder| encoder.adapter(name, adapter));
    encoder.and_then(|mut encoder| encoder.encode()).map_err(|error| format!("{error:#}"))
}
