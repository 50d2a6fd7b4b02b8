//! Modules of LLRT, each brought in when the program first names what it has.

use llrt_utils::clone::structured_clone;
use llrt_utils::primordials::{BasePrimordials, Primordial};
use rquickjs::module::ModuleDef;
use rquickjs::prelude::Opt;
use rquickjs::{Ctx, Error, Module, Object, Result, Value};

/// Defines the global variables of a module of LLRT and returns what the module exports, if
/// it is one that exports anything.
pub(crate) fn load<'js>(ctx: Ctx<'js>, name: String) -> Result<Value<'js>> {
    BasePrimordials::init(&ctx)?;
    match name.as_str() {
        "abort" => llrt_abort::init(&ctx)?,
        "buffer" => llrt_buffer::init(&ctx)?,
        "crypto" => llrt_crypto::init(&ctx)?,
        "events" => llrt_events::init(&ctx)?,
        "exceptions" => llrt_exceptions::init(&ctx)?,
        "stream-web" => llrt_stream_web::init(&ctx)?,
        "url" => llrt_url::init(&ctx)?,
        "util" => llrt_util::init(&ctx)?,
        _ => {}
    }
    match name.as_str() {
        "buffer" => exports::<llrt_buffer::BufferModule>(&ctx, &name),
        "crypto" => exports::<llrt_crypto::CryptoModule>(&ctx, &name),
        "path" => exports::<llrt_path::PathModule>(&ctx, &name),
        "string-decoder" => exports::<llrt_string_decoder::StringDecoderModule>(&ctx, &name),
        "url" => exports::<llrt_url::UrlModule>(&ctx, &name),
        "zlib" => exports::<llrt_zlib::ZlibModule>(&ctx, &name),
        "abort" | "events" | "exceptions" | "stream-web" | "util" => Ok(Value::new_undefined(ctx)),
        _ => Err(Error::new_loading(&name)),
    }
}

fn exports<'js, D: ModuleDef>(ctx: &Ctx<'js>, name: &str) -> Result<Value<'js>> {
    let (module, promise) = Module::evaluate_def::<D, _>(ctx.clone(), format!("llrt:{name}"))?;
    promise.finish::<()>()?;
    module.get("default")
}

/// `structuredClone`.
pub(crate) fn clone<'js>(
    ctx: Ctx<'js>,
    value: Value<'js>,
    options: Opt<Object<'js>>,
) -> Result<Value<'js>> {
    BasePrimordials::init(&ctx)?;
    structured_clone(&ctx, value, options)
}
