use std::ffi::c_char;
use std::ptr;

use lambent_engine::Plugin;

use crate::component::LambentComponent;
use crate::error::{Error, guarded};
use crate::options::{Given, parse};
use crate::types::{Export, exports};
use crate::{call, free, give, given, text, wanted};

/// One kept instance of a component, which calls are made to one after the other.
pub struct LambentPlugin {
    plugin: Plugin<()>,
    exports: Vec<Export>,
}

/// Makes a plugin of a component. `options` is null or a JSON object with any of `fuel`,
/// `timeout_ms`, `memory_bytes` and `log_bytes`, the limits of each call; `queue`, calls that may
/// wait; `restart_when_lost`, whether a fresh instance may take the place of one that was lost
/// without `lambent_plugin_restart`; `args`, `env` and `dirs`, what it is given, where a directory
/// is `{"host": "./data", "guest": "/data", "writable": false}`.
///
/// # Safety
/// `component` is one; `options` is null or a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_plugin_new(
    component: *const LambentComponent,
    options: *const c_char,
) -> *mut LambentPlugin {
    guarded(ptr::null_mut(), || {
        // SAFETY: promised by the caller.
        let component = unsafe { given(component, "the component") }?;
        // SAFETY: promised by the caller.
        let options: Given = parse(unsafe { text(options, "options") }?)?;
        options.check()?;
        let exports = exports(component.0.wasmtime());
        let plugin = component.0.plugin(options.options(), move || options.invocation());
        Ok(Box::into_raw(Box::new(LambentPlugin { plugin, exports })))
    })
}

/// Calls a function that the component exports: `name`, or `interface#name`, with its arguments
/// as a JSON array, of which null is an empty one. Returns JSON with the `value`, the `outcome`
/// (its `kind` is `ok` if the function returned), the `generation` of the instance, the `fuel`,
/// the `memory_bytes` and the `duration_us` that the call took, and its `logs`. Returns null if
/// the call was not made: then the last error has one of the codes `state-lost` (what earlier
/// calls left is gone), `queue-full`, `refused`, `bad-arguments`, `unsupported-type` and
/// `no-such-export`.
///
/// # Safety
/// `plugin` is one; `path` is a text; `args` is null or a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_plugin_call(
    plugin: *const LambentPlugin,
    path: *const c_char,
    args: *const c_char,
) -> *mut c_char {
    guarded(ptr::null_mut(), || {
        // SAFETY: promised by the caller.
        let (plugin, path) = unsafe { (given(plugin, "the plugin")?, wanted(path, "the path")?) };
        // SAFETY: promised by the caller.
        let args = unsafe { text(args, "args") }?.unwrap_or_default();
        let export = plugin.exports.iter().find(|export| export.path() == path);
        let missing = || Error::new("no-such-export", format!("there is no function {path:?}"));
        let called = call::call(&plugin.plugin, export.ok_or_else(missing)?, args)?;
        Ok(give(&called.to_string()))
    })
}

/// Has the next call start with a fresh instance.
///
/// # Safety
/// `plugin` is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_plugin_restart(plugin: *const LambentPlugin) -> bool {
    guarded(false, || {
        // SAFETY: promised by the caller.
        let plugin = unsafe { given(plugin, "the plugin") }?;
        plugin.plugin.restart_blocking().map_err(call::refused)?;
        Ok(true)
    })
}

/// The number of the instance that there is, or was last; 0 before the first call, and if the
/// plugin is null.
///
/// # Safety
/// `plugin` is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_plugin_generation(plugin: *const LambentPlugin) -> u64 {
    // SAFETY: promised by the caller.
    guarded(0, || Ok(unsafe { given(plugin, "the plugin") }?.plugin.generation()))
}

/// Frees a plugin.
///
/// # Safety
/// `plugin` is one, or null, is not used again, and no thread is in a call of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lambent_plugin_free(plugin: *mut LambentPlugin) {
    // SAFETY: promised by the caller.
    unsafe { free(plugin) }
}
