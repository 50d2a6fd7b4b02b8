//! Functions of the host that plugins import.

use std::ffi::{CStr, CString, c_char, c_void};

use lambent_engine::wasmtime::component::types::ComponentFunc;
use lambent_engine::wasmtime::component::{Linker, Type, Val};
use lambent_engine::wasmtime::{self, StoreContextMut};
use lambent_engine::{Capability, Host, cost};
use serde_json::Value;

use crate::error::string;
use crate::value::{from_json, to_json};

/// A function of the host. It is given what it was defined with, the arguments as a JSON array,
/// which is valid until it returns, and a reply, to which it says once what it returns. It is
/// called on the thread that calls the plugin. Of this library it may call nothing but `lambent_reply_value` and
/// `lambent_reply_error`; another thread may.
pub type LambentFunction = Option<
    unsafe extern "C" fn(user_data: *mut c_void, args: *const c_char, reply: *mut LambentReply),
>;

/// One that is there.
pub(crate) type Function = unsafe extern "C" fn(*mut c_void, *const c_char, *mut LambentReply);

/// What a function of the host returns.
#[derive(Default)]
pub struct LambentReply(Option<Result<CString, CString>>);

impl LambentReply {
    pub(crate) fn set(&mut self, reply: Result<CString, CString>) {
        self.0 = Some(reply);
    }
}

/// A function of the host, and where components import it from.
pub(crate) struct Import {
    pub(crate) interface: Option<String>,
    pub(crate) name: String,
    pub(crate) function: Function,
    pub(crate) user_data: UserData,
}

/// What a function is called with.
#[derive(Clone, Copy)]
pub(crate) struct UserData(pub(crate) *mut c_void);

// SAFETY: whoever defines a function promises that it can be called from every thread.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

/// An error that a function of the host returned.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct HostError(String);

/// All functions of an engine's host.
pub(crate) struct Imports(pub(crate) Vec<Import>);

impl Capability<()> for Imports {
    fn interfaces(&self) -> Vec<String> {
        let names = self.0.iter().map(|import| import.interface.as_ref().unwrap_or(&import.name));
        names.cloned().collect()
    }

    fn link(&self, linker: &mut Linker<Host<()>>) -> wasmtime::Result<()> {
        for Import { interface, name, function, user_data } in &self.0 {
            let (function, user_data) = (*function, *user_data);
            let call = move |mut store: StoreContextMut<'_, Host<()>>,
                             of: ComponentFunc,
                             args: &[Val],
                             results: &mut [Val]| {
                let bytes = call(function, user_data, &of, args, results);
                store.data_mut().called().charge(cost::bytes(*bytes.as_ref().unwrap_or(&0)));
                bytes.map(drop).map_err(|message| HostError(message).into())
            };
            match interface {
                Some(interface) => linker.instance(interface)?.func_new(name, call)?,
                None => linker.root().func_new(name, call)?,
            }
        }
        Ok(())
    }
}

/// Calls a function of the host; returns how many bytes of JSON that took.
fn call(
    function: Function,
    user_data: UserData,
    of: &ComponentFunc,
    args: &[Val],
    results: &mut [Val],
) -> Result<usize, String> {
    let values = args.iter().zip(of.params());
    let args = values.map(|(value, (_, of))| to_json(value, &of)).collect::<Result<_, _>>()?;
    let args = string(&Value::Array(args).to_string());
    let mut reply = LambentReply::default();
    // SAFETY: the host has promised that its function can be called so.
    unsafe { function(user_data.0, args.as_ptr(), &raw mut reply) };
    let text = match reply.0 {
        Some(Ok(text)) => text,
        Some(Err(message)) => return Err(message.to_string_lossy().into_owned()),
        None if results.is_empty() => return Ok(args.as_bytes().len()),
        None => return Err("a function of the host returned nothing".into()),
    };
    let of: Option<Type> = of.results().next();
    let bytes = args.as_bytes().len() + text.as_bytes().len();
    let (Some(of), Some(result)) = (of, results.first_mut()) else { return Ok(bytes) };
    let json = parse(&text)
        .map_err(|error| format!("a function of the host returned no JSON: {error}"))?;
    *result = from_json(&json, &of, "the result of a function of the host")?;
    Ok(bytes)
}

fn parse(text: &CStr) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(text.to_bytes())
}
