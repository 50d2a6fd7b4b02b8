//! Objects in buckets, over `wasi:blobstore`; the feature `bucket`.
//!
//! A function reaches the buckets it was granted: `buckets = { photos = "read" }`.
//!
//! ```no_run
//! # fn main() -> Result<(), lambent_sdk::Failure> {
//! use std::io::{Read, Write};
//!
//! use lambent_sdk::bucket::Bucket;
//!
//! let photos = Bucket::open("photos")?;
//! let whole = photos.get("cat.jpg")?;
//! let mut head = [0; 16];
//! photos.reader("cat.jpg")?.read_exact(&mut head)?;
//!
//! let mut writer = photos.writer("copy.jpg")?;
//! writer.write_all(&whole)?;
//! writer.finish()?;
//! # Ok(())
//! # }
//! ```

use std::io::{self, Read, Write};
use std::ops::RangeBounds;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{error, fmt, ops};

#[cfg(target_family = "wasm")]
use crate::bindings::bucket::wasi::{blobstore, io::streams};
#[cfg(not(target_family = "wasm"))]
use crate::testing::bucket::{self as blobstore, streams};
use blobstore::blobstore as containers;
use blobstore::container::{Container, StreamObjectNames};
use blobstore::types::{IncomingValue, OutgoingValue};
use streams::{InputStream, OutputStream, StreamError};

/// How many bytes are asked for at once.
const CHUNK: u64 = 256 * 1024;

/// How many names of objects are asked for at once.
const PAGE: u64 = 1000;

/// A bucket of the function's namespace.
#[derive(Debug)]
pub struct Bucket(Container);

/// The reason why a bucket did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketError(String);

impl fmt::Display for BucketError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl error::Error for BucketError {}

/// The size and age of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// The object's size in bytes.
    pub size: u64,
    /// When the object was written, to the second.
    pub created: SystemTime,
}

impl Bucket {
    /// Opens the bucket of this name.
    ///
    /// # Errors
    /// Fails if it does not exist, or the function was not granted it.
    pub fn open(name: &str) -> Result<Self, BucketError> {
        containers::get_container(name).map(Self).map_err(BucketError)
    }

    /// Reads a whole object.
    ///
    /// # Errors
    /// Fails if the object does not exist, the function may not read it, or reading fails.
    pub fn get(&self, key: &str) -> Result<Vec<u8>, BucketError> {
        self.get_range(key, ..)
    }

    /// Reads a part of an object, as far as the object goes.
    ///
    /// # Errors
    /// Fails if the object does not exist, the function may not read it, or reading fails.
    pub fn get_range(
        &self,
        key: &str,
        range: impl RangeBounds<u64>,
    ) -> Result<Vec<u8>, BucketError> {
        let Some(value) = self.value(key, range)? else { return Ok(Vec::new()) };
        let mut bytes = Vec::with_capacity(usize::try_from(value.size()).unwrap_or_default());
        let mut reader = Reader::of(value)?;
        while let Some(chunk) = reader.chunk(CHUNK).map_err(|error| failed(key, &error))? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Reads an object piece by piece, whatever its size.
    ///
    /// # Errors
    /// Fails if the object does not exist, or the function may not read it.
    pub fn reader(&self, key: &str) -> Result<Reader, BucketError> {
        Reader::of(self.0.get_data(key, 0, u64::MAX).map_err(BucketError)?)
    }

    /// Writes a whole object, and replaces any of that key.
    ///
    /// # Errors
    /// Fails if the function may not write the bucket, or writing fails; nothing has
    /// changed then.
    pub fn put(&self, key: &str, bytes: impl AsRef<[u8]>) -> Result<(), BucketError> {
        let mut writer = self.writer(key)?;
        writer.write_all(bytes.as_ref()).map_err(|error| failed(key, &error))?;
        writer.finish()
    }

    /// Writes an object piece by piece, whatever its size. The object exists once
    /// [`Writer::finish`] has returned; a writer that is dropped leaves nothing.
    ///
    /// # Errors
    /// Fails if the function may not write the bucket.
    pub fn writer(&self, key: &str) -> Result<Writer, BucketError> {
        let value = OutgoingValue::new_outgoing_value();
        let stream = value.outgoing_value_write_body();
        let stream = stream.map_err(|()| BucketError("the object has no body".into()))?;
        self.0.write_data(key, &value).map_err(BucketError)?;
        Ok(Writer { stream, value })
    }

    /// Returns the size and age of an object.
    ///
    /// # Errors
    /// Fails if the object does not exist, or the function may not read it.
    pub fn info(&self, key: &str) -> Result<ObjectInfo, BucketError> {
        let info = self.0.object_info(key).map_err(BucketError)?;
        let created = UNIX_EPOCH + Duration::from_secs(info.created_at);
        Ok(ObjectInfo { size: info.size, created })
    }

    /// Returns whether there is an object of this key.
    ///
    /// # Errors
    /// Fails if the function may not read the bucket.
    pub fn exists(&self, key: &str) -> Result<bool, BucketError> {
        self.0.has_object(key).map_err(BucketError)
    }

    /// Deletes an object; one that does not exist is deleted already.
    ///
    /// # Errors
    /// Fails if the function may not write the bucket.
    pub fn delete(&self, key: &str) -> Result<(), BucketError> {
        self.0.delete_object(key).map_err(BucketError)
    }

    /// Lists the keys of all objects. A page is fetched when the iterator comes to it.
    ///
    /// # Errors
    /// Fails if the function may not read the bucket.
    pub fn list(&self) -> Result<Keys, BucketError> {
        let names = self.0.list_objects().map_err(BucketError)?;
        Ok(Keys { names, page: Vec::new().into_iter(), over: false })
    }

    /// Returns `None` for an empty range, which the interface cannot express.
    fn value(
        &self,
        key: &str,
        range: impl RangeBounds<u64>,
    ) -> Result<Option<IncomingValue>, BucketError> {
        let start = match range.start_bound() {
            ops::Bound::Included(start) => *start,
            ops::Bound::Excluded(before) => before.saturating_add(1),
            ops::Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            ops::Bound::Included(end) => Some(*end),
            ops::Bound::Excluded(after) => after.checked_sub(1),
            ops::Bound::Unbounded => Some(u64::MAX),
        };
        match end {
            Some(end) if start <= end => {
                self.0.get_data(key, start, end).map(Some).map_err(BucketError)
            }
            _ => Ok(None),
        }
    }
}

fn failed(key: &str, error: &io::Error) -> BucketError {
    BucketError(format!("object {key:?}: {error}"))
}

/// An object being read.
#[derive(Debug)]
pub struct Reader(InputStream);

impl Reader {
    fn of(value: IncomingValue) -> Result<Self, BucketError> {
        IncomingValue::incoming_value_consume_async(value).map(Self).map_err(BucketError)
    }

    /// Reads the next bytes, at most `most`; `None` at the end.
    fn chunk(&mut self, most: u64) -> io::Result<Option<Vec<u8>>> {
        match self.0.blocking_read(most) {
            Ok(chunk) => Ok(Some(chunk)),
            Err(StreamError::Closed) => Ok(None),
            Err(StreamError::LastOperationFailed(error)) => {
                Err(io::Error::other(error.to_debug_string()))
            }
        }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        // A stream may give nothing before its end, but a reader must not.
        loop {
            let most = CHUNK.min(buffer.len() as u64);
            let Some(chunk) = self.chunk(most)? else { return Ok(0) };
            if !chunk.is_empty() {
                buffer[..chunk.len()].copy_from_slice(&chunk);
                return Ok(chunk.len());
            }
        }
    }
}

/// An object being written.
#[derive(Debug)]
#[must_use = "the object is there once `finish` was called"]
pub struct Writer {
    // This is dropped before the value, which must outlive it.
    stream: OutputStream,
    value: OutgoingValue,
}

impl Writer {
    /// Makes the written bytes the object.
    ///
    /// # Errors
    /// Fails if the object cannot be written; nothing has changed then.
    pub fn finish(self) -> Result<(), BucketError> {
        let Self { stream, value } = self;
        stream.blocking_flush().map_err(|error| BucketError(stream_error(error).to_string()))?;
        drop(stream);
        OutgoingValue::finish(value).map_err(BucketError)
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            let free = self.stream.check_write().map_err(stream_error)?;
            if free == 0 {
                self.stream.subscribe().block();
                continue;
            }
            let count = usize::try_from(free).unwrap_or(usize::MAX).min(bytes.len());
            self.stream.write(&bytes[..count]).map_err(stream_error)?;
            return Ok(count);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.blocking_flush().map_err(stream_error)
    }
}

fn stream_error(error: StreamError) -> io::Error {
    match error {
        StreamError::Closed => {
            io::Error::new(io::ErrorKind::BrokenPipe, "the bucket takes no more")
        }
        StreamError::LastOperationFailed(error) => io::Error::other(error.to_debug_string()),
    }
}

/// The keys of a bucket.
#[derive(Debug)]
pub struct Keys {
    names: StreamObjectNames,
    page: std::vec::IntoIter<String>,
    over: bool,
}

impl Iterator for Keys {
    type Item = Result<String, BucketError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(key) = self.page.next() {
                return Some(Ok(key));
            }
            if self.over {
                return None;
            }
            match self.names.read_stream_object_names(PAGE) {
                Ok((keys, over)) => {
                    self.page = keys.into_iter();
                    self.over = over;
                }
                Err(error) => {
                    self.over = true;
                    return Some(Err(BucketError(error)));
                }
            }
        }
    }
}
