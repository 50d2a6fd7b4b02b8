use lambent_types::{BucketName, Namespace};
use rusqlite::Connection;

use crate::objects::blobs::Blob;
use crate::objects::bucket_rows::{self, BucketRow};
use crate::objects::changes::Received;
use crate::objects::pieces::{self, Piece};
use crate::objects::trash::Fresh;
use crate::objects::{EmbeddedObjects, ROW, intake};
use crate::shard::{Growth, Tx};
use lambent_storage::backend::Reservation;
use lambent_storage::{ByteStream, ObjectError, Part, PutPart};

impl EmbeddedObjects {
    /// Takes in bytes, and makes the change that gives them a name.
    pub(super) async fn change_with<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        named: PutPart,
        (mut reservation, bytes): (Reservation, ByteStream),
        work: impl FnOnce(&mut Tx<'_>, Received) -> Result<R, ObjectError> + Send + 'static,
    ) -> Result<R, ObjectError> {
        let limits = (&mut reservation, &**self.shards.space());
        let received = intake::receive(&*self.blobs, bytes, limits).await;
        let (blob, etag) = match received {
            Ok(received) => received,
            Err(error) => {
                self.trash.empty().await;
                return Err(error);
            }
        };
        let fresh = Fresh::new(&self.trash, blob.clone());
        let PutPart { number, checksum } = named;
        let part = Part { number, etag, size: blob.size, checksum: checksum.get() };
        let piece = Piece { part, blob: blob.clone() };
        let received = Received { fresh, piece, reservation };
        let done = self.change(namespace, ROW, move |tx| work(tx, received)).await;
        if let Err(ObjectError::Storage(_)) = &done {
            self.settle(namespace, blob).await;
        }
        done
    }

    /// After a failed commit: deletes the bytes only if it is certain that no
    /// row names them. If the store does not say, a later start will.
    async fn settle(&self, namespace: &Namespace, blob: Blob) {
        let Ok(shard) = self.shards.of(namespace).await else { return };
        let asked = blob.clone();
        let named =
            shard.write(Growth::Frees, move |tx| pieces::names(tx.connection, &asked)).await;
        if matches!(named, Ok(false)) {
            self.trash.discard(vec![blob]);
            self.trash.empty().await;
        }
    }

    /// Looks whether bytes would be accepted, before they are read: `name` in the
    /// bucket is what they are for, and `replaces` finds how many they replace.
    pub(super) async fn admit(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        name: String,
        replaces: impl FnOnce(&Connection, &BucketRow) -> Result<u64, ObjectError> + Send + 'static,
    ) -> Result<Reservation, ObjectError> {
        let (owner, bucket) = (namespace.clone(), bucket.clone());
        let looked = self.look(namespace, move |connection| {
            let row = bucket_rows::existing(connection, &owner, &bucket)?;
            Ok((row.id, replaces(connection, &row)?))
        });
        let (bucket, frees) = looked.await?;
        let shard = self.shards.of(namespace).await?;
        let name = format!("{bucket}/{name}");
        Ok(Reservation::new(shard.ledger(), namespace.key(), name, frees))
    }
}
