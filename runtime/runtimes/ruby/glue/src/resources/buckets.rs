//! Objects, over `wasi:blobstore`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{Answer, Asked, Error, refused, told};
use crate::bindings::wasi::blobstore::blobstore;
use crate::bindings::wasi::blobstore::container::{Container, StreamObjectNames};
use crate::bindings::wasi::blobstore::types::{IncomingValue, ObjectId, OutgoingValue};
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

/// Names of objects that are asked for at once.
const PAGE: u64 = 1000;
/// What is said of a stream that is not open any more.
const CLOSED: &str = "the object is closed, or was opened in an invocation that has ended or before \
                      the snapshot that this instance started from; open it in the handler";

/// What is under way, under the numbers that Ruby has.
enum Stream {
    Reading(InputStream),
    // The stream is dropped before its value.
    Writing(OutputStream, OutgoingValue),
    Listing(StreamObjectNames),
}

struct Open {
    buckets: BTreeMap<String, Container>,
    streams: BTreeMap<u64, Stream>,
    /// Numbers are never given twice, so that none means another stream after a snapshot.
    last: u64,
}

thread_local! {
    static OPEN: RefCell<Open> = const {
        RefCell::new(Open { buckets: BTreeMap::new(), streams: BTreeMap::new(), last: 0 })
    };
}

/// Closes what is open.
pub(super) fn close_streams() {
    OPEN.with_borrow_mut(|open| open.streams.clear());
}

/// Gives up every handle.
pub(super) fn reset() {
    close_streams();
    OPEN.with_borrow_mut(|open| open.buckets.clear());
}

/// Does it, if it is about buckets.
pub(super) fn done(what: &str, asked: &Asked<'_>) -> Option<Answer> {
    let name = asked.text(1);
    Some(match what {
        "open_reading" => open_reading(&name, asked),
        "read" => read(asked),
        "open_writing" => open_writing(&name, &asked.text(2)),
        "write" => write(asked),
        "finish" => finish(asked).map(|()| Vec::new()),
        "open_listing" => {
            with(&name, |bucket| bucket.list_objects().map(Stream::Listing)).map(keep)
        }
        "names" => names(asked),
        "close" => asked.number(1).map(|number: u64| {
            OPEN.with_borrow_mut(|open| drop(open.streams.remove(&number)));
            Vec::new()
        }),
        "info" => with(&name, |bucket| bucket.object_info(&asked.text(2))).map(|info| {
            [info.size, info.created_at].map(|number| number.to_string().into_bytes()).to_vec()
        }),
        "has_object" => with(&name, |bucket| bucket.has_object(&asked.text(2))).map(told),
        "delete_objects" => {
            let deleted = with(&name, |bucket| bucket.delete_objects(&asked.texts(2)));
            deleted.map(|()| Vec::new())
        }
        "copy" => between(asked, blobstore::copy_object),
        "move" => between(asked, blobstore::move_object),
        _ => return None,
    })
}

/// Does something with a bucket.
fn with<T>(name: &str, work: impl FnOnce(&Container) -> Result<T, String>) -> Result<T, Error> {
    let done = OPEN.with_borrow_mut(|open| {
        if !open.buckets.contains_key(name) {
            open.buckets.insert(name.to_owned(), blobstore::get_container(name)?);
        }
        work(&open.buckets[name])
    });
    done.map_err(|text: String| refused(text))
}

/// Keeps a stream; gives its number.
fn keep(stream: Stream) -> Vec<Vec<u8>> {
    OPEN.with_borrow_mut(|open| {
        open.last += 1;
        open.streams.insert(open.last, stream);
        vec![open.last.to_string().into_bytes()]
    })
}

/// Begins to read an object, from a byte to another, both included.
fn open_reading(name: &str, asked: &Asked<'_>) -> Answer {
    let (start, last) = (asked.number(3)?, asked.number(4)?);
    let reading = with(name, |bucket| {
        let value = bucket.get_data(&asked.text(2), start, last)?;
        IncomingValue::incoming_value_consume_async(value).map(Stream::Reading)
    });
    reading.map(keep)
}

/// The next bytes; nothing at the end.
fn read(asked: &Asked<'_>) -> Answer {
    let (number, most): (u64, u64) = (asked.number(1)?, asked.number(2)?);
    OPEN.with_borrow(|open| {
        let Some(Stream::Reading(stream)) = open.streams.get(&number) else {
            return Err(refused(CLOSED));
        };
        loop {
            match stream.blocking_read(most) {
                Ok(piece) if piece.is_empty() => {}
                Ok(piece) => return Ok(vec![piece]),
                Err(StreamError::Closed) => return Ok(Vec::new()),
                Err(error) => return Err(refused(text(&error))),
            }
        }
    })
}

/// Begins to write an object.
fn open_writing(name: &str, key: &str) -> Answer {
    let writing = with(name, |bucket| {
        let value = OutgoingValue::new_outgoing_value();
        let stream = value.outgoing_value_write_body().map_err(|()| "the object has no body")?;
        bucket.write_data(key, &value)?;
        Ok(Stream::Writing(stream, value))
    });
    writing.map(keep)
}

/// Writes bytes, and waits while the bucket takes no more.
fn write(asked: &Asked<'_>) -> Answer {
    let number: u64 = asked.number(1)?;
    let written = OPEN.with_borrow(|open| match open.streams.get(&number) {
        Some(Stream::Writing(stream, _)) => Some(write_all(stream, asked.bytes(2))),
        _ => None,
    });
    match written {
        Some(Ok(())) => Ok(Vec::new()),
        None => Err(refused(CLOSED)),
        // Why it takes no more, the bucket says when the value is finished.
        Some(Err(error)) => {
            finish(asked)?;
            Err(refused(text(&error)))
        }
    }
}

fn write_all(stream: &OutputStream, mut data: &[u8]) -> Result<(), StreamError> {
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

fn text(error: &StreamError) -> String {
    match error {
        StreamError::Closed => "the bucket takes no more".to_owned(),
        StreamError::LastOperationFailed(error) => error.to_debug_string(),
    }
}

/// Makes what was written the object.
fn finish(asked: &Asked<'_>) -> Result<(), Error> {
    let number: u64 = asked.number(1)?;
    let stream = OPEN.with_borrow_mut(|open| open.streams.remove(&number));
    let Some(Stream::Writing(stream, value)) = stream else { return Err(refused(CLOSED)) };
    // What is wrong is said below.
    let _ = stream.blocking_flush();
    drop(stream);
    OutgoingValue::finish(value).map_err(refused)
}

/// Whether these are the last names, and the names.
fn names(asked: &Asked<'_>) -> Answer {
    let number: u64 = asked.number(1)?;
    let read = OPEN.with_borrow(|open| match open.streams.get(&number) {
        Some(Stream::Listing(names)) => names.read_stream_object_names(PAGE),
        _ => Err(CLOSED.to_owned()),
    });
    let (names, over) = read.map_err(refused)?;
    Ok(told(over).into_iter().chain(names.into_iter().map(String::into_bytes)).collect())
}

fn between(
    asked: &Asked<'_>,
    work: impl FnOnce(&ObjectId, &ObjectId) -> Result<(), String>,
) -> Answer {
    let id = |first| ObjectId { container: asked.text(first), object: asked.text(first + 1) };
    work(&id(1), &id(3)).map(|()| Vec::new()).map_err(refused)
}
