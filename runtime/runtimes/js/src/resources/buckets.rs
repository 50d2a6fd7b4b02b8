//! Objects, over `wasi:blobstore`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Error, Object, Result, TypedArray, Value};

use super::refused;
use crate::bindings::wasi::blobstore::blobstore;
use crate::bindings::wasi::blobstore::container::{Container, StreamObjectNames};
use crate::bindings::wasi::blobstore::types::{IncomingValue, ObjectId, OutgoingValue};
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};
use crate::files::bytes_of;

/// Names of objects that are asked for at once.
const PAGE: u64 = 1000;
/// What is said of a stream that is not open any more.
const CLOSED: &str = "the object is closed, or was opened in an invocation that has ended or before \
                      the snapshot that this instance started from; open it in the handler";

/// What is under way, under the numbers that the library has.
enum Stream {
    Reading(InputStream),
    // The stream is dropped before its value.
    Writing(OutputStream, OutgoingValue),
    Listing(StreamObjectNames),
}

#[derive(Default)]
struct Open {
    buckets: BTreeMap<String, Container>,
    streams: BTreeMap<u32, Stream>,
    /// Numbers are never given twice, so that none means another stream after a snapshot.
    last: u32,
}

thread_local! {
    static OPEN: RefCell<Open> = RefCell::default();
}

/// Closes what is open; says whether anything was.
pub(super) fn close_streams() -> bool {
    OPEN.with_borrow_mut(|open| !std::mem::take(&mut open.streams).is_empty())
}

/// Gives up every handle.
pub(super) fn reset() {
    close_streams();
    OPEN.with_borrow_mut(|open| open.buckets.clear());
}

/// Adds the functions to an object.
pub(super) fn add(object: &Object<'_>) -> Result<()> {
    object.set("openReading", Func::from(open_reading))?;
    object.set("readPiece", Func::from(read_piece))?;
    object.set("openWriting", Func::from(open_writing))?;
    object.set("writePiece", Func::from(write_piece))?;
    object.set("finish", Func::from(finish))?;
    object.set("openListing", Func::from(open_listing))?;
    object.set("readNames", Func::from(read_names))?;
    object.set(
        "close",
        Func::from(|number: u32| drop(OPEN.with_borrow_mut(|open| open.streams.remove(&number)))),
    )?;
    object.set("info", Func::from(info))?;
    object.set("hasObject", Func::from(has_object))?;
    object.set("deleteObjects", Func::from(delete_objects))?;
    object.set("copy", Func::from(copy))?;
    object.set("move", Func::from(rename))
}

/// Does something with a bucket.
fn with<T>(
    ctx: &Ctx<'_>,
    name: &str,
    work: impl FnOnce(&Container) -> std::result::Result<T, String>,
) -> Result<T> {
    let done = OPEN.with_borrow_mut(|open| {
        if !open.buckets.contains_key(name) {
            open.buckets.insert(name.to_owned(), blobstore::get_container(name)?);
        }
        work(&open.buckets[name])
    });
    done.map_err(|text: String| refused(ctx, &text))
}

fn keep(stream: Stream) -> u32 {
    OPEN.with_borrow_mut(|open| {
        open.last += 1;
        open.streams.insert(open.last, stream);
        open.last
    })
}

/// Begins to read an object, from a byte to another, both included.
fn open_reading(
    ctx: Ctx<'_>,
    name: String,
    key: String,
    start: f64,
    last: Option<f64>,
) -> Result<u32> {
    let last = last.map_or(u64::MAX, |last| last as u64);
    with(&ctx, &name, |bucket| {
        let value = bucket.get_data(&key, start as u64, last)?;
        IncomingValue::incoming_value_consume_async(value).map(Stream::Reading)
    })
    .map(keep)
}

/// The next bytes; null at the end.
fn read_piece<'js>(ctx: Ctx<'js>, number: u32, most: u32) -> Result<Value<'js>> {
    let read = OPEN.with_borrow(|open| {
        let Some(Stream::Reading(stream)) = open.streams.get(&number) else {
            return Err(CLOSED.to_owned());
        };
        loop {
            match stream.blocking_read(most.into()) {
                Ok(piece) if piece.is_empty() => {}
                Ok(piece) => return Ok(Some(piece)),
                Err(StreamError::Closed) => return Ok(None),
                Err(error) => return Err(text(&error)),
            }
        }
    });
    match read.map_err(|text| refused(&ctx, &text))? {
        Some(piece) => Ok(TypedArray::<u8>::new(ctx.clone(), piece)?.into_value()),
        None => Ok(Value::new_null(ctx)),
    }
}

/// Begins to write an object.
fn open_writing(ctx: Ctx<'_>, name: String, key: String) -> Result<u32> {
    with(&ctx, &name, |bucket| {
        let value = OutgoingValue::new_outgoing_value();
        let stream = value.outgoing_value_write_body().map_err(|()| "the object has no body")?;
        bucket.write_data(&key, &value)?;
        Ok(Stream::Writing(stream, value))
    })
    .map(keep)
}

/// Writes bytes, and waits while the bucket takes no more.
fn write_piece<'js>(ctx: Ctx<'js>, number: u32, data: Value<'js>) -> Result<()> {
    let data = bytes_of(&ctx, &data)?;
    let written = OPEN.with_borrow(|open| match open.streams.get(&number) {
        Some(Stream::Writing(stream, _)) => write_all(stream, &data).map_err(Some),
        _ => Err(None),
    });
    match written {
        Ok(()) => Ok(()),
        Err(None) => Err(refused(&ctx, CLOSED)),
        Err(Some(error)) => Err(why_refused(&ctx, number, &error)),
    }
}

fn write_all(stream: &OutputStream, mut data: &[u8]) -> std::result::Result<(), StreamError> {
    while !data.is_empty() {
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (piece, rest) = data.split_at(room.min(data.len()));
        stream.write(piece)?;
        data = rest;
    }
    Ok(())
}

/// Why the bucket takes no more, which it says when the value is finished.
fn why_refused(ctx: &Ctx<'_>, number: u32, error: &StreamError) -> Error {
    match finish(ctx.clone(), number) {
        Err(why) => why,
        Ok(()) => refused(ctx, &text(error)),
    }
}

fn text(error: &StreamError) -> String {
    match error {
        StreamError::Closed => "the bucket takes no more".to_owned(),
        StreamError::LastOperationFailed(error) => error.to_debug_string(),
    }
}

/// Makes what was written the object.
fn finish(ctx: Ctx<'_>, number: u32) -> Result<()> {
    let stream = OPEN.with_borrow_mut(|open| open.streams.remove(&number));
    let Some(Stream::Writing(stream, value)) = stream else {
        return Err(refused(&ctx, CLOSED));
    };
    // What is wrong is said below.
    let _ = stream.blocking_flush();
    drop(stream);
    OutgoingValue::finish(value).map_err(|text| refused(&ctx, &text))
}

fn open_listing(ctx: Ctx<'_>, name: String) -> Result<u32> {
    with(&ctx, &name, |bucket| bucket.list_objects().map(Stream::Listing)).map(keep)
}

/// The next names, and whether they are the last.
fn read_names<'js>(ctx: Ctx<'js>, number: u32) -> Result<Object<'js>> {
    let read = OPEN.with_borrow(|open| match open.streams.get(&number) {
        Some(Stream::Listing(names)) => names.read_stream_object_names(PAGE),
        _ => Err(CLOSED.to_owned()),
    });
    let (names, over) = read.map_err(|text| refused(&ctx, &text))?;
    let told = Object::new(ctx)?;
    told.set("names", names)?;
    told.set("over", over)?;
    Ok(told)
}

fn info<'js>(ctx: Ctx<'js>, name: String, key: String) -> Result<Object<'js>> {
    let info = with(&ctx, &name, |bucket| bucket.object_info(&key))?;
    let told = Object::new(ctx)?;
    told.set("size", info.size as f64)?;
    told.set("created", info.created_at as f64)?;
    Ok(told)
}

fn has_object(ctx: Ctx<'_>, name: String, key: String) -> Result<bool> {
    with(&ctx, &name, |bucket| bucket.has_object(&key))
}

fn delete_objects(ctx: Ctx<'_>, name: String, keys: Vec<String>) -> Result<()> {
    with(&ctx, &name, |bucket| bucket.delete_objects(&keys))
}

fn copy(ctx: Ctx<'_>, from: String, key: String, to: String, new: String) -> Result<()> {
    let (source, target) = (id(from, key), id(to, new));
    blobstore::copy_object(&source, &target).map_err(|text| refused(&ctx, &text))
}

fn rename(ctx: Ctx<'_>, from: String, key: String, to: String, new: String) -> Result<()> {
    let (source, target) = (id(from, key), id(to, new));
    blobstore::move_object(&source, &target).map_err(|text| refused(&ctx, &text))
}

fn id(container: String, object: String) -> ObjectId {
    ObjectId { container, object }
}
