//! Keys and their values, over `wasi:keyvalue`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{Answer, Asked, Error, refused, told};
use crate::bindings::wasi::keyvalue::atomics::{self, Cas, CasError};
use crate::bindings::wasi::keyvalue::batch;
use crate::bindings::wasi::keyvalue::store::{self, Bucket};

thread_local! {
    /// Those that were opened, by their names.
    static OPEN: RefCell<BTreeMap<String, Bucket>> = const { RefCell::new(BTreeMap::new()) };
}

/// Gives up every handle.
pub(super) fn reset() {
    OPEN.take();
}

/// Does it, if it is about keyspaces.
pub(super) fn done(what: &str, asked: &Asked<'_>) -> Option<Answer> {
    let name = asked.text(1);
    Some(match what {
        "get_many" => with(&name, |bucket| batch::get_many(bucket, &asked.texts(2)))
            .map(|values| values.into_iter().flat_map(|(_, value)| found(value)).collect()),
        "set_many" => with(&name, |bucket| batch::set_many(bucket, &asked.pairs(2))).map(nothing),
        "delete_many" => {
            with(&name, |bucket| batch::delete_many(bucket, &asked.texts(2))).map(nothing)
        }
        "has_key" => with(&name, |bucket| bucket.exists(&asked.text(2))).map(told),
        "keys" => keys(&name, asked),
        "increment" => asked.number(3).and_then(|by| {
            let sum = with(&name, |bucket| atomics::increment(bucket, &asked.text(2), by))?;
            Ok(vec![sum.to_string().into_bytes()])
        }),
        "swap" => swap(&name, asked).map(told),
        _ => return None,
    })
}

fn nothing((): ()) -> Vec<Vec<u8>> {
    Vec::new()
}

/// A value as two texts: whether there is one, and what it is.
fn found(value: Option<Vec<u8>>) -> [Vec<u8>; 2] {
    match value {
        Some(value) => [b"1".to_vec(), value],
        None => [Vec::new(), Vec::new()],
    }
}

/// Does something with a keyspace. Whether nothing was granted of it, or something else than what
/// is wanted, is two errors.
fn with<T>(name: &str, work: impl FnOnce(&Bucket) -> Result<T, store::Error>) -> Result<T, Error> {
    OPEN.with_borrow_mut(|open| {
        if !open.contains_key(name) {
            let bucket = store::open(name).map_err(|error| told_by(error, "not-granted"))?;
            open.insert(name.to_owned(), bucket);
        }
        work(&open[name]).map_err(|error| told_by(error, "granted-otherwise"))
    })
}

fn told_by(error: store::Error, denied: &'static str) -> Error {
    match error {
        store::Error::Other(text) => refused(text),
        store::Error::AccessDenied => Error(denied, String::new()),
        store::Error::NoSuchStore => Error("no-keyspace", String::new()),
    }
}

/// Whether there are more keys, what to go on with, and keys.
fn keys(name: &str, asked: &Asked<'_>) -> Answer {
    let cursor = (asked.bytes(2) == b"1").then(|| asked.text(3));
    let page = with(name, |bucket| bucket.list_keys(cursor.as_deref()))?;
    let [more, cursor] = found(page.cursor.map(String::into_bytes));
    Ok([more, cursor].into_iter().chain(page.keys.into_iter().map(String::into_bytes)).collect())
}

/// Whether a value was the expected one, and is the new one now.
fn swap(name: &str, asked: &Asked<'_>) -> Result<bool, Error> {
    let old = (asked.bytes(3) == b"1").then(|| asked.bytes(4).to_vec());
    let cas = with(name, |bucket| {
        let cas = Cas::new(bucket, &asked.text(2))?;
        Ok((cas.current()? == old).then_some(cas))
    })?;
    let Some(cas) = cas else { return Ok(false) };
    match atomics::swap(cas, asked.bytes(5)) {
        Ok(()) => Ok(true),
        Err(CasError::CasFailed(_)) => Ok(false),
        Err(CasError::StoreError(error)) => Err(told_by(error, "not-writable")),
    }
}
