//! The engine of Lambent for hosts that call C.
//!
//! The functions are described in the header, `include/lambent_engine.h`, which is made of the
//! comments of this crate's; how values are written as JSON is described in the README.
//!
//! Rules for all of them: a pointer that is returned is freed with the function that its type has
//! for that, once, and not used after that; texts are UTF-8 and end with a byte 0; a function
//! that fails returns null, or false, and then `lambent_last_error` says why. Engines, components
//! and plugins may be used by several threads at once, builders by one. Freeing an engine or a
//! component while others made of it live is allowed: they keep what they need.

mod call;
mod component;
mod engine;
mod error;
mod import;
mod options;
mod plugin;
mod types;
mod value;

use std::ffi::{CStr, CString, c_char};

pub use self::component::*;
pub use self::engine::*;
use self::error::{Error, string};
pub use self::import::{LambentFunction, LambentReply};
pub use self::plugin::*;

/// The version of what this library's functions take and do; it grows when something is not as
/// it was. A host compares it with `LAMBENT_ABI_VERSION` of the header that it was compiled with.
pub const LAMBENT_ABI_VERSION: u32 = 1;

/// The version of the library.
#[unsafe(no_mangle)]
pub extern "C" fn lambent_abi_version() -> u32 {
    LAMBENT_ABI_VERSION
}

/// Why the last function that this thread called has failed, as `{"code": …, "message": …}`; null
/// if it has not. Valid until this thread calls another function.
#[unsafe(no_mangle)]
pub extern "C" fn lambent_last_error() -> *const c_char {
    error::last()
}

/// Frees a text that a function has returned, unless it says otherwise.
///
/// # Safety
/// It is one, or null, and was not freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_string_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: promised by the caller.
        drop(unsafe { CString::from_raw(text) });
    }
}

/// Bytes that belong to the library.
#[repr(C)]
pub struct LambentBytes {
    /// The first of them, or null.
    pub data: *mut u8,
    /// How many there are.
    pub length: usize,
}

/// Frees bytes that a function has returned.
///
/// # Safety
/// They are such, and were not freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_bytes_free(bytes: LambentBytes) {
    if !bytes.data.is_null() {
        // SAFETY: promised by the caller.
        drop(unsafe {
            Box::from_raw(std::ptr::slice_from_raw_parts_mut(bytes.data, bytes.length))
        });
    }
}

/// A text of the host's; none if it is null.
///
/// # Safety
/// It is null, or ends with a byte 0 and stays as it is for `'a`.
unsafe fn text<'a>(text: *const c_char, of: &str) -> Result<Option<&'a str>, Error> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: promised by the caller.
    let text = unsafe { CStr::from_ptr(text) };
    let text = text.to_str().map_err(|error| Error::new("bad-text", format!("{of}: {error}")))?;
    Ok(Some(text))
}

/// A text of the host's that there has to be.
///
/// # Safety
/// As of [`text`].
unsafe fn wanted<'a>(pointer: *const c_char, of: &str) -> Result<&'a str, Error> {
    // SAFETY: promised by the caller.
    let text = unsafe { text(pointer, of) }?;
    text.ok_or_else(|| Error::new("null", format!("{of} is null")))
}

/// What a pointer of the host's leads to.
///
/// # Safety
/// It is null, or one of this library's that was not freed.
unsafe fn given<'a, V>(pointer: *const V, of: &str) -> Result<&'a V, Error> {
    // SAFETY: promised by the caller.
    let value = unsafe { pointer.as_ref() };
    value.ok_or_else(|| Error::new("null", format!("{of} is null")))
}

/// Bytes of the host's.
///
/// # Safety
/// There are so many, and they stay as they are for `'a`.
unsafe fn bytes<'a>(data: *const u8, length: usize) -> Result<&'a [u8], Error> {
    if data.is_null() {
        return Err(Error::new("null", "the bytes are null"));
    }
    // SAFETY: promised by the caller.
    Ok(unsafe { std::slice::from_raw_parts(data, length) })
}

/// Gives a text to the host.
fn give(text: &str) -> *mut c_char {
    string(text).into_raw()
}

/// Frees what a pointer leads to.
///
/// # Safety
/// It is null, or was made by `Box::into_raw` and was not freed.
unsafe fn free<V>(pointer: *mut V) {
    if !pointer.is_null() {
        let freed = || {
            // SAFETY: promised by the caller.
            drop(unsafe { Box::from_raw(pointer) });
            Ok(())
        };
        error::guarded((), freed);
    }
}
