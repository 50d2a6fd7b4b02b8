//! What went wrong in a call of this library, for the thread that made it.

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use serde_json::json;

/// An error with a stable code.
#[derive(Debug)]
pub(crate) struct Error {
    code: &'static str,
    message: String,
}

impl Error {
    pub(crate) fn new(code: &'static str, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }
}

thread_local! {
    static LAST: RefCell<Option<CString>> = const { RefCell::new(None) };
}

/// The last error of this thread, or null.
pub(crate) fn last() -> *const c_char {
    LAST.with_borrow(|last| last.as_ref().map_or(ptr::null(), |last| last.as_ptr()))
}

/// Runs what a function of the library does. An error, or a panic, becomes the thread's last
/// error, and then the function returns `failed`; no panic leaves it.
pub(crate) fn guarded<V>(failed: V, work: impl FnOnce() -> Result<V, Error>) -> V {
    let ended = catch_unwind(AssertUnwindSafe(work));
    let ended = ended.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Error::new("internal", text.unwrap_or_else(|| "a fault of this library".into())))
    });
    let (value, error) = match ended {
        Ok(value) => (value, None),
        Err(error) => (failed, Some(error)),
    };
    let text = error.map(|Error { code, message }| json!({ "code": code, "message": message }));
    LAST.set(text.map(|text| string(&text.to_string())));
    value
}

/// JSON has no byte 0, as it escapes it.
pub(crate) fn string(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}
