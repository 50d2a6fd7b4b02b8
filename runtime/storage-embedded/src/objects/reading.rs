use std::collections::VecDeque;
use std::io::{Error, ErrorKind};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use lambent_types::Digest;
use tokio::task::JoinHandle;

use crate::objects::blobs::{Blob, Blobs, CHUNK, DIGEST_BYTES, Opened, blocking};
use crate::objects::trash::Pin;
use lambent_storage::{ByteStream, StorageError};

/// A range of an object, read chunk by chunk. Every byte is verified before it
/// is given out. In memory are at most two windows and the digests of one blob.
pub(crate) struct Reading {
    blobs: Arc<dyn Blobs>,
    /// What is still to be opened, with the range of each.
    rest: VecDeque<(Blob, Range<u64>)>,
    current: Option<Current>,
    _pin: Pin,
}

struct Current {
    blob: Blob,
    opened: Arc<dyn Opened>,
    /// The digests of its chunks, 32 bytes each.
    list: Bytes,
    /// What is still to be read of it.
    range: Range<u64>,
}

type Next = (Reading, std::io::Result<Option<Bytes>>);

/// The parts of blobs that a range of all their bytes falls into.
pub(crate) fn spans(blobs: Vec<Blob>, range: &Range<u64>) -> VecDeque<(Blob, Range<u64>)> {
    let mut start = 0;
    let mut spans = VecDeque::new();
    for blob in blobs {
        let end = start + blob.size;
        let (from, to) = (range.start.clamp(start, end), range.end.clamp(start, end));
        if from < to {
            spans.push_back((blob, from - start..to - start));
        }
        start = end;
    }
    spans
}

impl Reading {
    pub(crate) fn new(blobs: Arc<dyn Blobs>, rest: VecDeque<(Blob, Range<u64>)>, pin: Pin) -> Self {
        Self { blobs, rest, current: None, _pin: pin }
    }

    /// The stream, once its first bytes are there and verified.
    ///
    /// # Errors
    /// `NotFound` if the first blob is not there, `InvalidData` if it is
    /// damaged, or it cannot be read.
    pub(crate) async fn start(self) -> std::io::Result<ByteStream> {
        let (reading, first) = self.step().await;
        let first = first?;
        let ahead = first.is_some().then(|| tokio::spawn(reading.step()));
        let rest = stream::unfold(ahead, async |ahead: Option<JoinHandle<Next>>| {
            let (reading, next) = match ahead?.await {
                Ok(done) => done,
                Err(error) => return Some((Err(Error::other(error)), None)),
            };
            match next {
                Ok(None) => None,
                Ok(Some(bytes)) => Some((Ok(bytes), Some(tokio::spawn(reading.step())))),
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(stream::iter(first.map(Ok)).chain(rest).boxed())
    }

    /// Reads on, while what was read before is on its way.
    async fn step(mut self) -> Next {
        let read = self.next().await;
        (self, read)
    }

    async fn next(&mut self) -> std::io::Result<Option<Bytes>> {
        if self.current.as_ref().is_none_or(|current| current.range.is_empty()) {
            let Some((blob, range)) = self.rest.pop_front() else { return Ok(None) };
            self.current = Some(Current::open(&*self.blobs, blob, range).await?);
        }
        match &mut self.current {
            Some(current) => current.window(self.blobs.window()).await.map(Some),
            None => Ok(None),
        }
    }
}

fn damaged(blob: &Blob, what: &str) -> Error {
    let error = StorageError::corrupt(format!("object bytes {}.{}", blob.digest, blob.id), what);
    tracing::error!(%error, "an object cannot be read");
    Error::new(ErrorKind::InvalidData, error)
}

/// A file that ends early was not written so.
fn shortened(error: Error, blob: &Blob) -> Error {
    if error.kind() == ErrorKind::UnexpectedEof { damaged(blob, "they end early") } else { error }
}

impl Current {
    async fn open(blobs: &dyn Blobs, blob: Blob, range: Range<u64>) -> std::io::Result<Self> {
        let opened = blobs.open(&blob).await?;
        let end = blob.size + blob.listed() * DIGEST_BYTES;
        let mut list = Bytes::copy_from_slice(blob.digest.as_bytes());
        if end > blob.size {
            list = opened.read(blob.size..end).await.map_err(|error| shortened(error, &blob))?;
            if Digest::of(&list) != blob.digest {
                return Err(damaged(&blob, "the list of their digests has another digest"));
            }
        }
        Ok(Self { blob, opened, list, range })
    }

    /// Reads the next chunks that the range touches.
    async fn window(&mut self, chunks: u64) -> std::io::Result<Bytes> {
        let start = self.range.start / CHUNK * CHUNK;
        let end = (start + chunks * CHUNK).min(self.range.end.next_multiple_of(CHUNK));
        let end = end.min(self.blob.size);
        let read = self.opened.read(start..end).await;
        let bytes = read.map_err(|error| shortened(error, &self.blob))?;
        let first = usize::try_from(start / CHUNK).map_err(Error::other)?;
        let (list, whole) = (self.list.clone(), bytes.clone());
        let intact = blocking(move || {
            let digests = list.chunks(DIGEST_BYTES as usize).skip(first);
            Ok(whole
                .chunks(CHUNK as usize)
                .zip(digests)
                .all(|(chunk, digest)| Digest::of(chunk).as_bytes() == digest))
        });
        if !intact.await? {
            return Err(damaged(&self.blob, "they have another digest"));
        }
        let end = end.min(self.range.end);
        let within = (self.range.start - start) as usize..(end - start) as usize;
        self.range.start = end;
        Ok(bytes.slice(within))
    }
}

/// The error of a stream that could not begin.
pub(crate) fn failed(error: Error) -> StorageError {
    let kind = error.kind();
    match error.into_inner().map(|inner| inner.downcast::<StorageError>()) {
        Some(Ok(error)) => *error,
        Some(Err(error)) => StorageError::unavailable("read an object", error),
        None => StorageError::unavailable("read an object", Error::from(kind)),
    }
}
