use std::ffi::{CString, c_char, c_void};
use std::ptr;

use lambent_engine::Engine;

use crate::error::{Error, guarded};
use crate::import::{Import, Imports, LambentFunction, LambentReply, UserData};
use crate::options::{EngineOptions, parse};
use crate::{free, text, wanted};

/// What an engine is built with.
pub struct LambentBuilder {
    options: EngineOptions,
    imports: Vec<Import>,
}

/// Compiles components and runs plugins.
pub struct LambentEngine(pub(crate) Engine<()>);

/// Begins to build an engine. `options` is null or
/// `{"instances": 1000, "without_wasi": false}`, of which each may be left out.
///
/// # Safety
/// `options` is null or a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_builder_new(options: *const c_char) -> *mut LambentBuilder {
    guarded(ptr::null_mut(), || {
        // SAFETY: promised by the caller.
        let options = parse(unsafe { text(options, "options") }?)?;
        Ok(Box::into_raw(Box::new(LambentBuilder { options, imports: Vec::new() })))
    })
}

/// Defines a function that plugins may import: `name` of the interface `interface`, such as
/// `shop:plugin/prices@1.0.0`, or of the world itself if that is null.
///
/// # Safety
/// `builder` is one. `function` can be called with `user_data` from each thread that calls a
/// plugin, as long as anything made of the engine lives, and does not unwind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_builder_import(
    builder: *mut LambentBuilder,
    interface: *const c_char,
    name: *const c_char,
    function: LambentFunction,
    user_data: *mut c_void,
) -> bool {
    guarded(false, || {
        // SAFETY: promised by the caller.
        let builder = unsafe { builder.as_mut() };
        let builder = builder.ok_or_else(|| Error::new("null", "the builder is null"))?;
        // SAFETY: promised by the caller.
        let interface = unsafe { text(interface, "interface") }?.map(str::to_owned);
        // SAFETY: promised by the caller.
        let name = unsafe { wanted(name, "name") }?.to_owned();
        let function = function.ok_or_else(|| Error::new("null", "the function is null"))?;
        let user_data = UserData(user_data);
        builder.imports.push(Import { interface, name, function, user_data });
        Ok(true)
    })
}

/// Builds the engine. The builder is gone after that, whether or not it succeeds.
///
/// # Safety
/// `builder` is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_builder_build(builder: *mut LambentBuilder) -> *mut LambentEngine {
    guarded(ptr::null_mut(), || {
        if builder.is_null() {
            return Err(Error::new("null", "the builder is null"));
        }
        // SAFETY: promised by the caller.
        let LambentBuilder { options, imports } = *unsafe { Box::from_raw(builder) };
        let mut builder = Engine::builder(options.options());
        if options.without_wasi {
            builder = builder.without_wasi();
        }
        // What the host defines comes before what there is.
        let engine = builder.replace(Imports(imports)).build();
        let engine = engine.map_err(|error| Error::new("engine", error))?;
        Ok(Box::into_raw(Box::new(LambentEngine(engine))))
    })
}

/// Frees a builder of which no engine was made.
///
/// # Safety
/// `builder` is one, or null, and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_builder_free(builder: *mut LambentBuilder) {
    // SAFETY: promised by the caller.
    unsafe { free(builder) }
}

/// Frees an engine.
///
/// # Safety
/// `engine` is one, or null, and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_engine_free(engine: *mut LambentEngine) {
    // SAFETY: promised by the caller.
    unsafe { free(engine) }
}

/// Says that a function of the host returns a value, as JSON. The text is copied.
///
/// # Safety
/// `reply` is what the function was given; `json` is a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_reply_value(reply: *mut LambentReply, json: *const c_char) {
    // SAFETY: promised by the caller.
    unsafe { answer(reply, json, Ok) }
}

/// Says that a function of the host fails, and why: the plugin ends, and its call has the outcome
/// `host-error`. The text is copied.
///
/// # Safety
/// `reply` is what the function was given; `message` is a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_reply_error(reply: *mut LambentReply, message: *const c_char) {
    // SAFETY: promised by the caller.
    unsafe { answer(reply, message, Err) }
}

/// # Safety
/// `reply` is one that nobody else uses, `text` is null or a text.
unsafe fn answer(
    reply: *mut LambentReply,
    text: *const c_char,
    of: impl FnOnce(CString) -> Result<CString, CString>,
) {
    guarded((), || {
        // SAFETY: promised by the caller.
        let (reply, text) = (unsafe { reply.as_mut() }, unsafe { wanted(text, "the reply") });
        // What cannot be read is no success either.
        let said = match &text {
            Ok(text) => of(crate::error::string(text)),
            Err(_) => {
                Err(crate::error::string("a function of the host replied with what is no text"))
            }
        };
        if let Some(reply) = reply {
            reply.set(said);
        }
        text.map(drop)
    });
}
