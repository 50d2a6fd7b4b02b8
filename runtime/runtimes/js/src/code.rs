//! Scripts and modules as QuickJS compiles them, and as byte code.

use std::ffi::CString;
use std::slice;

use rquickjs::{Ctx, Error, Result, Value, qjs};

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The body of a program, not strict unless it says so.
    Script,
    /// An ECMAScript module.
    Module,
}

/// Compiles a source and runs nothing of it; the result is for [`write`] and [`run`].
pub(crate) fn compile<'js>(
    ctx: &Ctx<'js>,
    source: &str,
    name: &str,
    kind: Kind,
) -> Result<Value<'js>> {
    let file = CString::new(name)?;
    let length = source.len();
    // QuickJS reads one byte beyond the text, which has to be NUL; NULs in it are its own business.
    let source = [source.as_bytes(), b"\0"].concat();
    let kind = match kind {
        Kind::Script => qjs::JS_EVAL_TYPE_GLOBAL,
        Kind::Module => qjs::JS_EVAL_TYPE_MODULE,
    };
    let flags = (kind | qjs::JS_EVAL_FLAG_COMPILE_ONLY) as i32;
    // SAFETY: the text and the name outlive the call, and the text ends with a NUL.
    let value = unsafe {
        qjs::JS_Eval(
            ctx.as_raw().as_ptr(),
            source.as_ptr().cast(),
            length as _,
            file.as_ptr(),
            flags,
        )
    };
    checked(ctx, value)
}

/// The byte code of what was compiled.
pub(crate) fn write(ctx: &Ctx<'_>, code: &Value<'_>) -> Result<Vec<u8>> {
    let raw = ctx.as_raw().as_ptr();
    // With the sources of functions, since programs look at the text of a class or function.
    let options = qjs::JS_WRITE_OBJ_BYTECODE;
    // SAFETY: the value is of this context; what is written is copied before it is freed.
    unsafe {
        let mut length = 0;
        let bytes = qjs::JS_WriteObject(raw, &mut length, code.as_raw(), options as i32);
        if bytes.is_null() {
            return Err(Error::Exception);
        }
        let written = slice::from_raw_parts(bytes, length as usize).to_vec();
        qjs::js_free(raw, bytes.cast());
        Ok(written)
    }
}

/// What was compiled, from its byte code.
///
/// Byte code that nobody of this runtime wrote can break the memory of the instance, which is
/// the function's own anyway.
pub(crate) fn read<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    let options = qjs::JS_READ_OBJ_BYTECODE as i32;
    // SAFETY: the bytes outlive the call.
    let value = unsafe {
        qjs::JS_ReadObject(ctx.as_raw().as_ptr(), bytes.as_ptr(), bytes.len() as _, options)
    };
    checked(ctx, value)
}

/// Runs what was compiled: gives the value of a script, and the promise of a module.
pub(crate) fn run<'js>(ctx: &Ctx<'js>, code: Value<'js>) -> Result<Value<'js>> {
    let raw = ctx.as_raw().as_ptr();
    // SAFETY: the call takes over a reference of its own.
    let value = unsafe { qjs::JS_EvalFunction(raw, qjs::JS_DupValue(raw, code.as_raw())) };
    checked(ctx, value)
}

fn checked<'js>(ctx: &Ctx<'js>, value: qjs::JSValue) -> Result<Value<'js>> {
    // SAFETY: the value came from this context with a reference for its owner.
    unsafe {
        if qjs::JS_IsException(value) {
            return Err(Error::Exception);
        }
        Ok(Value::from_raw(ctx.clone(), value))
    }
}
