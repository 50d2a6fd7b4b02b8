//! CRuby, as it offers itself to a host.

use std::sync::atomic::{AtomicU32, Ordering};

#[link(wasm_import_module = "ruby")]
unsafe extern "C" {
    #[link_name = "rb-eval-string-protect: func(str: string) -> tuple<handle<rb-abi-value>, s32>"]
    fn eval_string(text: *const u8, length: usize) -> *const [u32; 2];
    #[link_name = "rb-funcallv-protect: func(recv: handle<rb-abi-value>, mid: u32, args: list<handle<rb-abi-value>>) -> tuple<handle<rb-abi-value>, s32>"]
    fn funcall(receiver: u32, method: u32, arguments: *const u32, count: usize) -> *const [u32; 2];
    #[link_name = "rb-intern: func(name: string) -> u32"]
    fn intern(name: *const u8, length: usize) -> u32;
    #[link_name = "rb-clear-errinfo: func() -> ()"]
    fn clear_error();
    /// As C's `realloc`, which ends the instance if there is no memory.
    #[link_name = "cabi_realloc"]
    fn reallocate(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8;
}

/// What of the part that is written in Ruby is called from here.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Method {
    /// Loads the handler.
    Start,
    /// Answers an event.
    Handle,
    /// Does what is done at deploy.
    Prepare,
    /// Readies the memory to be kept.
    BeforeSnapshot,
    /// Renews what must not be the same in all instances that start from it.
    AfterRestore,
}

/// Their names, in the order of their numbers.
const NAMES: [&str; 5] =
    ["start\0", "handle\0", "prepare\0", "before_snapshot\0", "after_restore\0"];

static RECEIVER: AtomicU32 = AtomicU32::new(0);
static METHODS: [AtomicU32; 5] = [const { AtomicU32::new(0) }; 5];

/// Evaluates the text whose value has the methods, and keeps it; false if that raises. It is
/// called once, before the state that all instances start in is taken.
#[unsafe(export_name = "boot")]
extern "C" fn boot(text: *const u8, length: usize) -> bool {
    // SAFETY: whoever calls it gives a text with its length, and the results are in CRuby's
    // own memory until it is called again. Names end with a NUL, as it wants.
    unsafe {
        let [value, state] = *eval_string(text, length);
        RECEIVER.store(value, Ordering::Relaxed);
        for (name, method) in NAMES.iter().zip(&METHODS) {
            method.store(intern(name.as_ptr(), name.len() - 1), Ordering::Relaxed);
        }
        state == 0
    }
}

/// Calls a method; false if it raised, which it does not unless CRuby itself is at its end.
pub(crate) fn call(method: Method) -> bool {
    let method = METHODS[method as usize].load(Ordering::Relaxed);
    // SAFETY: the receiver was lent when it was made and is never given back. The arguments are
    // none, whose address is not looked at.
    unsafe {
        let [_, state] = *funcall(RECEIVER.load(Ordering::Relaxed), method, [].as_ptr(), 0);
        if state != 0 {
            clear_error();
        }
        state == 0
    }
}

/// How CRuby reaches its host: a request is text, whose answer is kept, and then asked for. This
/// is JavaScript's `eval` elsewhere.
#[unsafe(export_name = "eval-js")]
extern "C" fn request(text: *const u8, length: usize, result: *mut [u32; 2]) {
    // SAFETY: CRuby gives a text, which it keeps, and a place for a variant, whose first case has
    // a handle. All handles are alike, since there is one answer.
    unsafe {
        *result = [0, 0];
        crate::door::request(std::slice::from_raw_parts(text, length));
    }
}

/// The answer to the last request.
#[unsafe(export_name = "js-value-to-string")]
extern "C" fn answer(_handle: u32, result: *mut [usize; 2]) {
    let answer = crate::door::take_answer();
    // SAFETY: CRuby gives a place for an address and a length, and frees what is at the address
    // as it frees what it allocated itself, unless the length is 0.
    unsafe {
        *result = [1, 0];
        if answer.is_empty() {
            return;
        }
        let copy = reallocate(std::ptr::null_mut(), 0, 1, answer.len());
        copy.copy_from_nonoverlapping(answer.as_ptr(), answer.len());
        *result = [copy as usize, answer.len()];
    }
}

#[unsafe(export_name = "resource_drop_js-abi-value")]
extern "C" fn drop_answer(_handle: u32) {}

/// A handle of a value is the value: each is lent once, and none is given back.
#[unsafe(export_name = "resource_new_rb-abi-value")]
extern "C" fn new_handle(value: u32) -> u32 {
    value
}

#[unsafe(export_name = "resource_get_rb-abi-value")]
extern "C" fn value_of(handle: u32) -> u32 {
    handle
}
