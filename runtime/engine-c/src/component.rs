use std::ffi::c_char;
use std::ptr;

use lambent_engine::Component;
use serde_json::Value;

use crate::engine::LambentEngine;
use crate::error::{Error, guarded};
use crate::types::exports;
use crate::{LambentBytes, bytes, free, give, given, wanted};

/// A component that is compiled and linked.
pub struct LambentComponent(pub(crate) Component<()>);

/// Bytes of a key that precompiled components are signed with.
const KEY_BYTES: usize = 32;

/// # Safety
/// `key` leads to 32 bytes.
unsafe fn key<'a>(key: *const u8) -> Result<&'a [u8; KEY_BYTES], Error> {
    // SAFETY: promised by the caller.
    let bytes = unsafe { bytes(key, KEY_BYTES) }?;
    bytes.try_into().map_err(|_| Error::new("null", "the key has not 32 bytes"))
}

fn component(component: Component<()>) -> *mut LambentComponent {
    Box::into_raw(Box::new(LambentComponent(component)))
}

/// Compiles a component, or a core module of WASI preview 1, and links it. The bytes are copied.
///
/// # Safety
/// `engine` is one; there are `length` bytes at `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_component_from_bytes(
    engine: *const LambentEngine,
    data: *const u8,
    length: usize,
) -> *mut LambentComponent {
    guarded(ptr::null_mut(), || {
        // SAFETY: promised by the caller.
        let (engine, wasm) = unsafe { (given(engine, "the engine")?, bytes(data, length)?) };
        let made = engine.0.component_blocking(wasm.to_vec());
        Ok(component(made.map_err(|error| Error::new("component", error))?))
    })
}

/// Does the same with a file.
///
/// # Safety
/// `engine` is one; `path` is a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_component_from_file(
    engine: *const LambentEngine,
    path: *const c_char,
) -> *mut LambentComponent {
    guarded(ptr::null_mut(), || {
        // SAFETY: promised by the caller.
        let (engine, path) = unsafe { (given(engine, "the engine")?, wanted(path, "the path")?) };
        let wasm =
            std::fs::read(path).map_err(|error| Error::new("file", format!("{path}: {error}")))?;
        let made = engine.0.component_blocking(wasm);
        Ok(component(made.map_err(|error| Error::new("component", error))?))
    })
}

/// Compiles a component to bytes that `lambent_component_load_signed` loads with the same key, of
/// 32 bytes, in a process with the same version of this library on a machine of the same kind.
/// The `data` of what is returned is null if that fails.
///
/// # Safety
/// `engine` is one; there are `length` bytes at `data` and 32 at `secret`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_precompile_signed(
    engine: *const LambentEngine,
    data: *const u8,
    length: usize,
    secret: *const u8,
) -> LambentBytes {
    guarded(LambentBytes { data: ptr::null_mut(), length: 0 }, || {
        // SAFETY: promised by the caller.
        let (engine, wasm) = unsafe { (given(engine, "the engine")?, bytes(data, length)?) };
        // SAFETY: promised by the caller.
        let secret = unsafe { key(secret) }?;
        let made = engine.0.block_on(engine.0.precompile_signed(wasm.to_vec(), secret));
        let made = made.map_err(|error| Error::new("no-runtime", error))?;
        let made = made.map_err(|error| Error::new("component", error))?.into_boxed_slice();
        let length = made.len();
        Ok(LambentBytes { data: Box::into_raw(made).cast(), length })
    })
}

/// Links a component that was precompiled and signed with this key.
///
/// # Safety
/// `engine` is one; there are `length` bytes at `data` and 32 at `secret`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_component_load_signed(
    engine: *const LambentEngine,
    data: *const u8,
    length: usize,
    secret: *const u8,
) -> *mut LambentComponent {
    guarded(ptr::null_mut(), || {
        // SAFETY: promised by the caller.
        let (engine, code) = unsafe { (given(engine, "the engine")?, bytes(data, length)?) };
        // SAFETY: promised by the caller.
        let made = engine.0.load_signed(code, unsafe { key(secret) }?);
        Ok(component(made.map_err(|error| Error::new("precompiled", error))?))
    })
}

/// The functions that a component exports, with their types, as a JSON array.
///
/// # Safety
/// `component` is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_component_exports(
    component: *const LambentComponent,
) -> *mut c_char {
    guarded(ptr::null_mut(), || {
        // SAFETY: promised by the caller.
        let component = unsafe { given(component, "the component") }?;
        let exports = exports(component.0.wasmtime());
        let exports: Value = exports.iter().map(crate::types::Export::json).collect();
        Ok(give(&exports.to_string()))
    })
}

/// Frees a component.
///
/// # Safety
/// `component` is one, or null, and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_component_free(component: *mut LambentComponent) {
    // SAFETY: promised by the caller.
    unsafe { free(component) }
}
