use bytes::Bytes;
use futures::StreamExt as _;

use crate::objects::blobs::{Blob, Blobs, CHUNK};
use lambent_storage::backend::Reservation;
use lambent_storage::{ByteStream, ObjectError, Space, StorageError};

/// Most pieces of a block: a stream of single bytes must not become a list of them.
const PIECES_MAX: usize = 1024;

/// Stores the bytes of a stream. In memory are at most two blocks of [`CHUNK`]
/// and what the stream gives at once; all of them are reserved as they come, and
/// none is taken while the disk is nearly full.
/// Returns the blob and its etag.
pub(crate) async fn receive(
    blobs: &dyn Blobs,
    mut bytes: ByteStream,
    (reservation, space): (&mut Reservation, &Space),
) -> Result<(Blob, String), ObjectError> {
    let failed = |error| StorageError::unavailable("write an object's bytes", error);
    let mut incoming = blobs.create();
    let mut filled = 0;
    space.check()?;
    let mut block: Vec<Bytes> = Vec::new();
    while let Some(piece) = bytes.next().await {
        let piece = piece.map_err(ObjectError::Input)?;
        filled += piece.len() as u64;
        reservation.grow(piece.len() as u64)?;
        block.push(piece);
        if block.len() >= PIECES_MAX {
            block = vec![block.concat().into()];
        }
        if filled >= CHUNK {
            space.check()?;
            incoming.write(std::mem::take(&mut block)).await.map_err(failed)?;
            filled = 0;
        }
    }
    Ok(incoming.finish(block).await.map_err(failed)?)
}
