//! What the library cannot do in JavaScript, as one object of functions.

use std::io::{self, Write};

use llrt_utils::bytes::ObjectBytes;
use rquickjs::prelude::{Func, Opt};
use rquickjs::{Ctx, Error, Exception, Function, Object, Result, Value, qjs};

use crate::bindings::exports::lambent::function::handler::{Failure, Output};
use crate::bindings::lambent::function::types::Retry;
use crate::bindings::wasi::cli::environment::get_environment;
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::outcome::{self, Outcome};
use crate::resolution::{By, Format, format_of, resolve};
use crate::{
    files, http, instance, library, llrt, modules, package_json, random, resources, sources, text,
    zones,
};

unsafe extern "C" {
    // Of QuickJS as it is patched for the build.
    fn JS_GetAsyncContext(ctx: *mut qjs::JSContext) -> qjs::JSValue;
    fn JS_SetAsyncContext(ctx: *mut qjs::JSContext, value: qjs::JSValue);
}

/// The object that every module of the library gets.
pub(crate) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;
    native.set("files", files::object(ctx)?)?;
    native.set("http", http::object(ctx)?)?;
    native.set("resources", Func::from(resources::object))?;
    native.set("text", text::object(ctx)?)?;
    native.set("environment", Func::from(environment))?;
    native.set("now", Func::from(|| monotonic_clock::now() as f64 / 1e6))?;
    native.set("write", Func::from(write))?;
    native.set("random", Func::from(random::number))?;
    native.set("zoneOffset", Func::from(zones::offset))?;
    native.set("collect", Func::from(|ctx: Ctx<'_>| ctx.run_gc()))?;
    set_modules(&native)?;
    set_outcomes(&native)?;
    native.set("getAsyncContext", Func::from(get_async_context))?;
    native.set("setAsyncContext", Func::from(set_async_context))?;
    Ok(native)
}

fn set_modules(native: &Object<'_>) -> Result<()> {
    native.set("llrt", Func::from(llrt::load))?;
    native.set("clone", Func::from(llrt::clone))?;
    native.set("library", Func::from(own_module))?;
    native
        .set("builtins", Func::from(|| library::public().map(str::to_owned).collect::<Vec<_>>()))?;
    native.set("isBuiltin", Func::from(|name: String| library::is_public(&name)))?;
    native.set("resolve", Func::from(resolved))?;
    native.set("format", Func::from(|path: String| name_of(format_of(&path))))?;
    native.set(
        "packageOf",
        Func::from(|path: String| {
            package_json::nearest(package_json::parent(&path)).map(|(root, _)| root)
        }),
    )?;
    native.set("compile", Func::from(modules::compile_function))?;
    native.set("importModule", Func::from(modules::import))?;
    native.set("requireModule", Func::from(modules::require))?;
    native.set("originOf", Func::from(sources::origin_of))?;
    Ok(())
}

fn set_outcomes(native: &Object<'_>) -> Result<()> {
    native.set("done", Func::from(done))?;
    native.set(
        "fail",
        Func::from(|kind, message, trace| {
            outcome::set(Outcome::Failed(failed(kind, message, trace)))
        }),
    )?;
    native.set("end", Func::from(end))?;
    native.set("remainingTime", Func::from(instance::remaining_time))?;
    Ok(())
}

/// The function that a module of the library is.
fn own_module<'js>(ctx: Ctx<'js>, name: String) -> Result<Function<'js>> {
    library::function(&ctx, &name)
}

/// The environment, as names and values in turn.
fn environment() -> Vec<String> {
    get_environment().into_iter().flat_map(|(name, value)| [name, value]).collect()
}

/// Writes text or bytes to a standard stream.
fn write<'js>(ctx: Ctx<'js>, stream: u32, data: Value<'js>) -> Result<()> {
    let bytes = ObjectBytes::from(&ctx, &data)?.into_bytes(&ctx)?;
    // What cannot be written, as when the log is full, is not the program's fault.
    let _ = match stream {
        2 => io::stderr().write_all(&bytes),
        _ => io::stdout().write_all(&bytes).and_then(|()| io::stdout().flush()),
    };
    Ok(())
}

/// Where a module is; throws what Node throws if it is nowhere.
fn resolved(ctx: Ctx<'_>, name: String, directory: String, import: Opt<bool>) -> Result<String> {
    let by = if import.0 == Some(true) { By::Import } else { By::Require };
    resolve(&name, &directory, by).map_err(|error| modules::thrown(&ctx, &error))
}

fn name_of(format: Format) -> &'static str {
    match format {
        Format::Script => "script",
        Format::Module => "module",
        Format::Either => "either",
        Format::Json => "json",
        Format::Native => "native",
    }
}

fn failed(kind: String, message: String, trace: Vec<String>) -> Failure {
    Failure { kind, message, trace, retry: Retry::Policy }
}

/// Tells the answer of the handler.
fn done<'js>(ctx: Ctx<'js>, data: Value<'js>, content_type: Option<String>) -> Result<()> {
    let data = ObjectBytes::from(&ctx, &data)?.into_bytes(&ctx)?;
    outcome::set(Outcome::Done(Output { content_type, data }));
    Ok(())
}

/// Ends the program: nothing of it runs after this call.
fn end(ctx: Ctx<'_>, kind: String, message: String, trace: Vec<String>) -> Result<()> {
    outcome::set(Outcome::Ended(failed(kind, message, trace)));
    let raw = ctx.as_raw().as_ptr();
    let exception = Exception::from_message(ctx.clone(), "the program ended")?;
    // SAFETY: the value is of this context, which throws it below.
    unsafe { qjs::JS_SetUncatchableError(raw, exception.as_value().as_raw()) };
    Err(ctx.throw(exception.into_object().into_value()))
}

/// What the operation that runs was begun in.
fn get_async_context(ctx: Ctx<'_>) -> Value<'_> {
    // SAFETY: the value comes with a reference of its own.
    unsafe { Value::from_raw(ctx.clone(), JS_GetAsyncContext(ctx.as_raw().as_ptr())) }
}

fn set_async_context<'js>(ctx: Ctx<'js>, value: Value<'js>) {
    // SAFETY: it takes a reference of its own.
    unsafe { JS_SetAsyncContext(ctx.as_raw().as_ptr(), value.as_raw()) }
}

/// An error that the program is to catch.
pub(crate) fn throw(ctx: &Ctx<'_>, code: &str, message: &str) -> Error {
    let exception = match Exception::from_message(ctx.clone(), message) {
        Ok(exception) => exception,
        Err(error) => return error,
    };
    match exception.set("code", code) {
        Ok(()) => ctx.throw(exception.into_object().into_value()),
        Err(error) => error,
    }
}
