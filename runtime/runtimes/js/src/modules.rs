//! Modules of the program: ECMAScript modules for QuickJS, and functions for `require`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{CString, c_char, c_int};
use std::ptr::{self, NonNull};

use rquickjs::function::Args;
use rquickjs::loader::{Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::promise::PromiseState;
use rquickjs::{
    Ctx, Error, Exception, Function, Module, Object, Persistent, Promise, Result, Value, qjs,
};

use crate::code::{self, Kind};
use crate::native::throw;
use crate::package_json::parent;
use crate::resolution::{By, Format, NotFound, format_of, resolve};
use crate::sources;

/// The function of the library that gives what `require` gives for a module.
const REQUIRED: &str = "required";

thread_local! {
    /// What modules export that QuickJS does not run itself, by their names.
    static EXPORTS: RefCell<HashMap<String, (Vec<String>, Persistent<Value<'static>>)>> = RefCell::default();
    /// A module that was compiled and that QuickJS is to be given.
    static COMPILED: Cell<*mut qjs::JSModuleDef> = const { Cell::new(ptr::null_mut()) };
    /// Modules of CommonJS that were compiled to find out that they are, by path.
    static SCRIPTS: RefCell<HashMap<String, Persistent<Value<'static>>>> = RefCell::default();
    /// Functions of the library.
    static HOOKS: RefCell<HashMap<&'static str, Persistent<Function<'static>>>> = RefCell::default();
}

/// Keeps the function of the library that loads modules which are no ECMAScript modules.
pub(crate) fn set_required<'js>(ctx: &Ctx<'js>, function: Function<'js>) {
    HOOKS.with_borrow_mut(|hooks| hooks.insert(REQUIRED, Persistent::save(ctx, function)));
}

/// The error for a module that is not there.
pub(crate) fn thrown(ctx: &Ctx<'_>, error: &NotFound) -> Error {
    throw(ctx, error.code, &error.message)
}

/// Finds modules for `import`.
pub(crate) struct Finder;

impl Resolver for Finder {
    fn resolve<'js>(&mut self, ctx: &Ctx<'js>, base: &str, name: &str) -> Result<String> {
        let directory = if base.starts_with('/') { parent(base) } else { "/var/task" };
        resolve(name, directory, By::Import).map_err(|error| thrown(ctx, &error))
    }
}

/// Loads modules for `import`.
pub(crate) struct Files;

impl Loader for Files {
    fn load<'js>(&mut self, ctx: &Ctx<'js>, name: &str) -> Result<Module<'js, Declared>> {
        if name.starts_with("node:") {
            return bridge(ctx, name);
        }
        if matches!(format_of(name), Format::Json | Format::Native) {
            return bridge(ctx, name);
        }
        let program = sources::load(ctx, name)?;
        match program.kind {
            Kind::Module => module(ctx, name, &program.code),
            Kind::Script => {
                SCRIPTS.with_borrow_mut(|scripts| {
                    scripts.insert(name.to_owned(), Persistent::save(ctx, program.code))
                });
                bridge(ctx, name)
            }
        }
    }
}

/// Makes a compiled module one that can be imported.
fn module<'js>(ctx: &Ctx<'js>, path: &str, code: &Value<'js>) -> Result<Module<'js, Declared>> {
    // SAFETY: what was compiled as a module is one, which its context keeps.
    let pointer = unsafe { qjs::JS_VALUE_GET_PTR(code.as_raw()) };
    COMPILED.set(pointer.cast());
    // SAFETY: the function gives the module that was just set.
    let module = unsafe { Module::from_load_fn(ctx.clone(), path, take_compiled)? };
    let meta = module.meta()?;
    meta.set("url", format!("file://{}", encoded(path)))?;
    meta.set("filename", path)?;
    meta.set("dirname", parent(path))?;
    let directory = parent(path).to_owned();
    let find = move |ctx: Ctx<'_>, name: String| -> Result<String> {
        let found = resolve(&name, &directory, By::Import).map_err(|error| thrown(&ctx, &error))?;
        Ok(if found.starts_with('/') { format!("file://{}", encoded(&found)) } else { found })
    };
    meta.set("resolve", Function::new(ctx.clone(), find)?)?;
    Ok(module)
}

unsafe extern "C" fn take_compiled(
    _: *mut qjs::JSContext,
    _: *const c_char,
) -> *mut qjs::JSModuleDef {
    COMPILED.replace(ptr::null_mut())
}

/// A path as part of a URL.
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~@+$!&'()*,;=:".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The function that a module of CommonJS is; nothing if it turns out to be an ECMAScript module.
pub(crate) fn compile_function<'js>(ctx: Ctx<'js>, path: String) -> Result<Option<Value<'js>>> {
    if let Some(code) = SCRIPTS.with_borrow_mut(|scripts| scripts.remove(&path)) {
        return code::run(&ctx, code.restore(&ctx)?).map(Some);
    }
    if format_of(&path) == Format::Module {
        return Ok(None);
    }
    let program = sources::load(&ctx, &path)?;
    match program.kind {
        Kind::Module => Ok(None),
        Kind::Script => code::run(&ctx, program.code).map(Some),
    }
}

/// Imports a module; gives the promise of its namespace.
pub(crate) fn import<'js>(ctx: Ctx<'js>, path: String) -> Result<Promise<'js>> {
    Module::import(&ctx, path)
}

/// The namespace of an ECMAScript module that is asked for by `require`.
pub(crate) fn require<'js>(ctx: Ctx<'js>, path: String) -> Result<Value<'js>> {
    let promise = Module::import(&ctx, path.clone())?;
    // Without `await` at its top level a module is done once what was queued for it ran.
    while promise.state() == PromiseState::Pending && ctx.execute_pending_job() {}
    promise.result().unwrap_or_else(|| {
        let message = format!("require() cannot be used on an ESM graph with top-level await. Use import() instead: {path}");
        Err(throw(&ctx, "ERR_REQUIRE_ASYNC_MODULE", &message))
    })
}

/// Declares a module that exports what `require` gives for the name: each of its properties, and
/// all as `default`.
fn bridge<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Module<'js, Declared>> {
    let function = HOOKS.with_borrow(|hooks| hooks.get(REQUIRED).cloned());
    let function = function.ok_or_else(|| Error::new_loading(name))?.restore(ctx)?;
    let exported: Value = function.call((name,))?;
    let names = exported.as_object().map_or_else(|| Ok(Vec::new()), names_of)?;
    EXPORTS.with_borrow_mut(|all| {
        all.insert(name.to_owned(), (names, Persistent::save(ctx, exported)))
    });
    // SAFETY: the function declares a module in the context that it is given.
    unsafe { Module::from_load_fn(ctx.clone(), name, declare_bridge) }
}

fn names_of(object: &Object<'_>) -> Result<Vec<String>> {
    let names = object.keys::<String>().collect::<Result<Vec<_>>>()?;
    Ok(names.into_iter().filter(|name| name != "default").collect())
}

unsafe extern "C" fn declare_bridge(
    ctx: *mut qjs::JSContext,
    name: *const c_char,
) -> *mut qjs::JSModuleDef {
    // SAFETY: QuickJS's caller gives a context that lives and a name that ends with NUL.
    unsafe {
        let module = qjs::JS_NewCModule(ctx, name, Some(fill_bridge));
        let name = std::ffi::CStr::from_ptr(name).to_string_lossy();
        let names = EXPORTS
            .with_borrow(|all| all.get(&*name).map(|(names, _)| names.clone()))
            .unwrap_or_default();
        for name in names.iter().map(String::as_str).chain(["default", "module.exports"]) {
            if let Ok(name) = CString::new(name)
                && qjs::JS_AddModuleExport(ctx, module, name.as_ptr()) < 0
            {
                return ptr::null_mut();
            }
        }
        module
    }
}

unsafe extern "C" fn fill_bridge(ctx: *mut qjs::JSContext, module: *mut qjs::JSModuleDef) -> c_int {
    let Some(raw) = NonNull::new(ctx) else { return -1 };
    // SAFETY: QuickJS calls this with a context that lives, as it evaluates the module.
    let ctx = unsafe { Ctx::from_raw(raw) };
    match fill(&ctx, module) {
        Ok(()) => 0,
        Err(Error::Exception) => -1,
        Err(error) => {
            let _ = Exception::throw_message(&ctx, &error.to_string());
            -1
        }
    }
}

fn fill(ctx: &Ctx<'_>, module: *mut qjs::JSModuleDef) -> Result<()> {
    let raw = ctx.as_raw().as_ptr();
    // SAFETY: the atom is freed with the value that is made of it.
    let name: String = unsafe {
        let atom = qjs::JS_GetModuleName(raw, module);
        let value = qjs::JS_AtomToString(raw, atom);
        qjs::JS_FreeAtom(raw, atom);
        Value::from_raw(ctx.clone(), value).get()?
    };
    let Some((names, exported)) = EXPORTS.with_borrow_mut(|all| all.remove(&name)) else {
        return Ok(());
    };
    let exported = exported.restore(ctx)?;
    for export in names {
        let value = exported
            .as_object()
            .map_or_else(|| Ok(Value::new_undefined(ctx.clone())), |object| object.get(&*export))?;
        set_export(ctx, module, &export, &value)?;
    }
    set_export(ctx, module, "default", &exported)?;
    set_export(ctx, module, "module.exports", &exported)
}

fn set_export(
    ctx: &Ctx<'_>,
    module: *mut qjs::JSModuleDef,
    name: &str,
    value: &Value<'_>,
) -> Result<()> {
    let name = CString::new(name)?;
    let raw = ctx.as_raw().as_ptr();
    // SAFETY: the call takes over a reference of its own.
    let set = unsafe {
        qjs::JS_SetModuleExport(raw, module, name.as_ptr(), qjs::JS_DupValue(raw, value.as_raw()))
    };
    if set < 0 { Err(Error::Exception) } else { Ok(()) }
}

/// Calls a function with arguments and an undefined `this`, as the library expects it.
pub(crate) fn call<'js>(
    function: &Function<'js>,
    arguments: Vec<Value<'js>>,
) -> Result<Value<'js>> {
    let mut all = Args::new(function.ctx().clone(), arguments.len());
    all.push_args(arguments)?;
    function.call_arg(all)
}
