use bytes::Bytes;
use futures::StreamExt as _;

use crate::embedded::objects::blobs::{Blob, Blobs, CHUNK};
use crate::error::StorageError;
use crate::objects::{ByteStream, ObjectError, rules};
use crate::quota::QuotaExceeded;

/// Most pieces of a block: a stream of single bytes must not become a list of them.
const PIECES_MAX: usize = 1024;

/// How much of a namespace's quota bytes may take while they come; that of all
/// is checked again when they are there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// The quota.
    pub(crate) limit: u64,
    /// What is held without these bytes.
    pub(crate) held: u64,
}

/// Stores the bytes of a stream. In memory are at most two blocks of [`CHUNK`]
/// and what the stream gives at once. Returns the blob and its etag.
pub(crate) async fn receive(
    blobs: &dyn Blobs,
    mut bytes: ByteStream,
    allowance: Allowance,
) -> Result<(Blob, String), ObjectError> {
    let failed = |error| StorageError::unavailable("write an object's bytes", error);
    let mut incoming = blobs.create();
    let (mut size, mut filled) = (0, 0);
    let mut block: Vec<Bytes> = Vec::new();
    while let Some(piece) = bytes.next().await {
        let piece = piece.map_err(ObjectError::Input)?;
        size += piece.len() as u64;
        filled += piece.len() as u64;
        rules::check_size(size)?;
        let wanted = allowance.held.saturating_add(size);
        if wanted > allowance.limit {
            let limit = allowance.limit;
            return Err(QuotaExceeded { what: "bytes of objects", limit, wanted }.into());
        }
        block.push(piece);
        if block.len() >= PIECES_MAX {
            block = vec![block.concat().into()];
        }
        if filled >= CHUNK {
            incoming.write(std::mem::take(&mut block)).await.map_err(failed)?;
            filled = 0;
        }
    }
    Ok(incoming.finish(block).await.map_err(failed)?)
}
