//! Keys and their values, over `wasi:keyvalue`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rquickjs::prelude::Func;
use rquickjs::{Array, Ctx, Error, IntoJs, Object, Result, TypedArray, Value};

use super::refused;
use crate::bindings::wasi::keyvalue::atomics::{self, Cas, CasError};
use crate::bindings::wasi::keyvalue::batch;
use crate::bindings::wasi::keyvalue::store::{self, Bucket};
use crate::files::bytes_of;
use crate::native::throw;

thread_local! {
    /// Those that were opened, by their names.
    static OPEN: RefCell<BTreeMap<String, Bucket>> = RefCell::default();
}

/// Gives up every handle.
pub(super) fn reset() {
    OPEN.take();
}

/// Adds the functions to an object.
pub(super) fn add(object: &Object<'_>) -> Result<()> {
    object.set("get", Func::from(get))?;
    object.set("getMany", Func::from(get_many))?;
    object.set("setMany", Func::from(set_many))?;
    object.set("deleteMany", Func::from(delete_many))?;
    object.set("hasKey", Func::from(has_key))?;
    object.set("keys", Func::from(keys))?;
    object.set("increment", Func::from(increment))?;
    object.set("swap", Func::from(swap))
}

/// Does something with a keyspace. Whether nothing was granted of it, or something else than what
/// is wanted, is two errors.
fn with<T>(
    ctx: &Ctx<'_>,
    name: &str,
    work: impl FnOnce(&Bucket) -> std::result::Result<T, store::Error>,
) -> Result<T> {
    OPEN.with_borrow_mut(|open| {
        if !open.contains_key(name) {
            let bucket = store::open(name).map_err(|error| thrown(ctx, &error, "not-granted"))?;
            open.insert(name.to_owned(), bucket);
        }
        work(&open[name]).map_err(|error| thrown(ctx, &error, "granted-otherwise"))
    })
}

fn thrown(ctx: &Ctx<'_>, error: &store::Error, denied: &str) -> Error {
    match error {
        store::Error::Other(text) => refused(ctx, text),
        store::Error::AccessDenied => throw(ctx, denied, "access denied"),
        store::Error::NoSuchStore => throw(ctx, "no-keyspace", "no such keyspace"),
    }
}

/// A value; null if there is none.
fn told<'js>(ctx: &Ctx<'js>, value: Option<Vec<u8>>) -> Result<Value<'js>> {
    match value {
        Some(bytes) => Ok(TypedArray::<u8>::new(ctx.clone(), bytes)?.into_value()),
        None => Ok(Value::new_null(ctx.clone())),
    }
}

fn get<'js>(ctx: Ctx<'js>, name: String, key: String) -> Result<Value<'js>> {
    let value = with(&ctx, &name, |bucket| bucket.get(&key))?;
    told(&ctx, value)
}

fn get_many<'js>(ctx: Ctx<'js>, name: String, keys: Vec<String>) -> Result<Vec<Value<'js>>> {
    let values = with(&ctx, &name, |bucket| batch::get_many(bucket, &keys))?;
    values.into_iter().map(|(_, value)| told(&ctx, value)).collect()
}

/// Sets keys, which come with their values as pairs.
fn set_many<'js>(ctx: Ctx<'js>, name: String, pairs: Vec<Array<'js>>) -> Result<()> {
    let pair = |pair: Array<'js>| Ok((pair.get(0)?, bytes_of(&ctx, &pair.get(1)?)?));
    let values = pairs.into_iter().map(pair).collect::<Result<Vec<(String, Vec<u8>)>>>()?;
    with(&ctx, &name, |bucket| batch::set_many(bucket, &values))
}

fn delete_many(ctx: Ctx<'_>, name: String, keys: Vec<String>) -> Result<()> {
    with(&ctx, &name, |bucket| batch::delete_many(bucket, &keys))
}

fn has_key(ctx: Ctx<'_>, name: String, key: String) -> Result<bool> {
    with(&ctx, &name, |bucket| bucket.exists(&key))
}

/// A page of keys, and what to go on with.
fn keys<'js>(ctx: Ctx<'js>, name: String, cursor: Option<String>) -> Result<Object<'js>> {
    let page = with(&ctx, &name, |bucket| bucket.list_keys(cursor.as_deref()))?;
    let told = Object::new(ctx.clone())?;
    told.set("keys", page.keys)?;
    let cursor =
        page.cursor.map_or_else(|| Ok(Value::new_null(ctx.clone())), |cursor| cursor.into_js(&ctx));
    told.set("cursor", cursor?)?;
    Ok(told)
}

/// Adds to a counter. Numbers are text, since JavaScript's have not all of these.
fn increment(ctx: Ctx<'_>, name: String, key: String, by: String) -> Result<String> {
    let by = by.parse().map_err(|_| refused(&ctx, "what is added is beyond 64 bits"))?;
    with(&ctx, &name, |bucket| atomics::increment(bucket, &key, by)).map(|sum| sum.to_string())
}

/// A handle to a value, if that is what is expected; else nothing.
fn expected<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    key: &str,
    old: Option<&Vec<u8>>,
) -> Result<Option<Cas>> {
    with(ctx, name, |bucket| {
        let cas = Cas::new(bucket, key)?;
        Ok((cas.current()?.as_ref() == old).then_some(cas))
    })
}

/// Whether a value was the expected one, and is the new one now. What fails says whether that was
/// the reading, or the writing.
fn swap<'js>(
    ctx: Ctx<'js>,
    name: String,
    key: String,
    old: Value<'js>,
    new: Value<'js>,
) -> Result<bool> {
    let old = if old.is_null() { None } else { Some(bytes_of(&ctx, &old)?) };
    let new = bytes_of(&ctx, &new)?;
    let Some(cas) = expected(&ctx, &name, &key, old.as_ref())? else { return Ok(false) };
    match atomics::swap(cas, &new) {
        Ok(()) => Ok(true),
        Err(CasError::CasFailed(_)) => Ok(false),
        Err(CasError::StoreError(error)) => Err(thrown(&ctx, &error, "not-writable")),
    }
}
