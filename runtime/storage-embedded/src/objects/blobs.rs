//! The bytes of objects: how they are laid out, and what can keep them.
//!
//! A blob is a whole object, or one part of a multipart upload. It is written
//! once, under an id of its own, and never changed or shared; so deleting an
//! object deletes its blobs, and nobody counts references.
//!
//! Bytes come in chunks of [`CHUNK`]. A blob of one chunk has the SHA-256 of its
//! bytes as its digest. A longer one is followed by the SHA-256s of its chunks,
//! 32 bytes each, and its digest is that of this list: so that a range can be
//! verified by reading the list and the chunks it touches.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lambent_types::Digest;
use md5::Md5;
use sha2::{Digest as _, Sha256};

use lambent_storage::backend::objects as rules;

/// Bytes that are verified together.
pub(crate) const CHUNK: u64 = 1 << 20;
/// Bytes of one chunk's digest.
pub(crate) const DIGEST_BYTES: u64 = 32;

/// Bytes that were stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blob {
    /// The id of the file: 32 hexadecimal digits.
    pub(crate) id: String,
    /// The digest of its bytes; see the module.
    pub(crate) digest: Digest,
    /// How many, without the list that follows them.
    pub(crate) size: u64,
}

impl Blob {
    /// How many chunks its list names; none where there is no list.
    pub(crate) fn listed(&self) -> u64 {
        let chunks = self.size.div_ceil(CHUNK);
        if chunks > 1 { chunks } else { 0 }
    }
}

/// What keeps blobs.
#[async_trait]
pub(crate) trait Blobs: Send + Sync {
    /// How many chunks are worth reading at once.
    fn window(&self) -> u64;

    /// Begins a blob. Dropped before it is finished, it leaves nothing for
    /// longer than to the next [`Self::tidy`].
    fn create(&self) -> Box<dyn Incoming>;

    /// Opens a blob; `NotFound` if it is not there.
    async fn open(&self, blob: &Blob) -> io::Result<Arc<dyn Opened>>;

    /// Whether blobs may be deleted now, that no row names any more: a backup that is being made
    /// may have copied a row that did.
    async fn may_delete(&self) -> bool {
        true
    }

    /// Deletes blobs; those that are not there are no error.
    async fn delete(&self, blobs: Vec<Blob>) -> io::Result<()>;

    /// Deletes what unfinished blobs left.
    async fn tidy(&self);

    /// The next of all blobs that were there before this process began, a page
    /// of them, in no order; `None` when there are no more, ever.
    async fn older(&self) -> io::Result<Option<Vec<Blob>>>;
}

/// A blob being written.
#[async_trait]
pub(crate) trait Incoming: Send {
    /// Appends. May return before it is done, but holds only a bounded part.
    async fn write(&mut self, block: Vec<Bytes>) -> io::Result<()>;

    /// Appends the last bytes. When this returns, all are durable.
    async fn finish(&mut self, block: Vec<Bytes>) -> io::Result<(Blob, String)>;
}

/// A blob being read. Goes on even if the blob is deleted, where a single one is read.
#[async_trait]
pub(crate) trait Opened: Send + Sync {
    /// Reads exactly this range, off the executor.
    async fn read(&self, range: Range<u64>) -> io::Result<Bytes>;
}

/// Digests bytes as they come.
#[derive(Default)]
pub(crate) struct Hasher {
    etag: Md5,
    chunk: Sha256,
    filled: u64,
    list: Vec<u8>,
    size: u64,
}

/// What is known of all bytes.
pub(crate) struct Hashed {
    /// To be written after them.
    pub(crate) list: Vec<u8>,
    /// Their digest.
    pub(crate) digest: Digest,
    /// Their number.
    pub(crate) size: u64,
    /// Their MD5 in hexadecimal.
    pub(crate) etag: String,
}

impl Hasher {
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        self.etag.update(bytes);
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.filled == CHUNK {
                self.end_chunk();
            }
            let room = usize::try_from(CHUNK - self.filled).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.chunk.update(now);
            self.filled += now.len() as u64;
            bytes = later;
        }
    }

    fn end_chunk(&mut self) {
        self.list.extend_from_slice(&std::mem::take(&mut self.chunk).finalize());
        self.filled = 0;
    }

    pub(crate) fn finish(mut self) -> Hashed {
        self.end_chunk();
        let Self { etag, list, size, .. } = self;
        let etag = rules::hex(&etag.finalize());
        let mut first = [0; DIGEST_BYTES as usize];
        if list.len() == first.len() {
            first.copy_from_slice(&list);
            return Hashed { list: Vec::new(), digest: Digest::from_bytes(first), size, etag };
        }
        Hashed { digest: Digest::of(&list), list, size, etag }
    }
}

/// Runs something that blocks.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_do_not_depend_on_how_bytes_arrive() {
        let bytes: Vec<u8> = (0..3 * CHUNK + 5).map(|at| (at % 251) as u8).collect();
        for len in [0, 5, CHUNK as usize, CHUNK as usize + 1, bytes.len()] {
            let bytes = &bytes[..len];
            let hashed = |piece: usize| {
                let mut hasher = Hasher::default();
                bytes.chunks(piece).for_each(|piece| hasher.update(piece));
                hasher.finish()
            };
            let (whole, pieces) = (hashed(bytes.len().max(1)), hashed(77_777));
            assert_eq!((whole.digest, &whole.list), (pieces.digest, &pieces.list));
            let list: Vec<u8> = bytes
                .chunks(CHUNK as usize)
                .flat_map(|chunk| *Digest::of(chunk).as_bytes())
                .collect();
            if len <= CHUNK as usize {
                assert_eq!((whole.digest, whole.list.len()), (Digest::of(bytes), 0));
            } else {
                assert_eq!((whole.digest, &whole.list), (Digest::of(&list), &list));
            }
        }
    }
}
