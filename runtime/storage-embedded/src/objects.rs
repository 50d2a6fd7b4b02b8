//! Buckets and objects: rows in the shard of their namespace, and bytes that
//! are durable before a row names them.

mod blobs;
mod bucket_rows;
mod changes;
mod files;
mod former;
mod intake;
mod pieces;
mod reading;
mod replaced;
mod statements;
mod sweep;
mod tables;
mod taking;
mod trash;
mod versions;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use lambent_types::{BucketName, Namespace, Origin, VersionId, Versioning};
use rusqlite::Connection;

use crate::data_dir::DataDir;
use crate::error::OpenError;
use crate::objects::blobs::Blobs;
use crate::objects::changes::Place;
use crate::objects::files::Files;
use crate::objects::former::Former;
use crate::objects::pieces::Piece;
use crate::objects::reading::{Reading, spans};
use crate::objects::trash::{Pin, Trash};
use crate::shard::{Growth, Tx};
use crate::shards::Shards;
use lambent_storage::backend::objects as rules;
use lambent_storage::{
    Bucket, ByteStream, CompleteUpload, Condition, CopyObject, Deleted, ListObjects, ListVersions,
    Object, ObjectError, ObjectPage, ObjectPlace, Objects, Part, PutObject, PutPart, StorageError,
    Upload, Version, VersionPage,
};
pub(crate) use tables::{SCHEMA, SCHEMA_CHECKSUMS, SCHEMA_HEADERS, SCHEMA_VERSIONS};

/// About how many bytes of rows a change writes.
const ROW: Growth = Growth::Adds(1024);
/// How often an object is looked up again because it was replaced meanwhile.
const LOOKUPS_MAX: usize = 100;

/// Buckets and objects.
pub(crate) struct EmbeddedObjects {
    shards: Arc<Shards>,
    blobs: Arc<dyn Blobs>,
    trash: Arc<Trash>,
    /// Whether every blob of former processes was looked at.
    swept: AtomicBool,
}

impl EmbeddedObjects {
    /// Opens them.
    pub(crate) fn open(data: &DataDir, shards: Arc<Shards>) -> Result<Self, OpenError> {
        let blobs: Arc<dyn Blobs> = Arc::new(Files::open(data)?);
        let trash = Trash::new(Arc::clone(&blobs));
        Ok(Self { shards, blobs, trash, swept: AtomicBool::new(false) })
    }

    fn place(&self, namespace: &Namespace, bucket: &BucketName) -> Place {
        let (namespace, bucket) = (namespace.clone(), bucket.clone());
        Place { namespace, bucket, trash: Arc::clone(&self.trash) }
    }

    /// Reads from one state of the shard.
    async fn look<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        work: impl FnOnce(&Connection) -> Result<R, ObjectError> + Send + 'static,
    ) -> Result<R, ObjectError> {
        let shard = self.shards.of(namespace).await?;
        let read = shard.readers().read(move |connection| {
            let snapshot = connection.unchecked_transaction().map_err(statements::failed)?;
            Ok(work(&snapshot))
        });
        read.await?
    }

    /// Makes a change, and deletes the bytes it leaves without a name.
    async fn change<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        growth: Growth,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R, ObjectError> + Send + 'static,
    ) -> Result<R, ObjectError> {
        let shard = self.shards.of(namespace).await?;
        let done = shard.write(growth, move |tx| tx.atomically(work)).await;
        self.trash.empty().await;
        done
    }

    /// Finds an object and keeps its bytes from being deleted. `None` if they
    /// are being deleted: the object is no longer this one.
    async fn pinned(
        &self,
        place: Place,
        (key, version): (String, Option<VersionId>),
    ) -> Result<Option<(Object, Vec<Piece>, Pin)>, ObjectError> {
        let namespace = place.namespace.clone();
        let (object, pieces) = self
            .look(&namespace, move |connection| {
                let row = bucket_rows::existing(connection, &place.namespace, &place.bucket)?;
                let (object, content) = versions::object(connection, &row, (&key, version))?;
                let pieces = pieces::pieces(connection, row.id, content)?;
                Ok((object, pieces))
            })
            .await?;
        let held: u64 = pieces.iter().map(|piece| piece.blob.size).sum();
        let Some(first) = pieces.first().filter(|_| held == object.size) else {
            let what = format!("object {:?}", object.key);
            return Err(StorageError::corrupt(what, "rows of its parts are missing").into());
        };
        let pin = self.trash.pin(&first.blob);
        Ok(pin.map(|pin| (object, pieces, pin)))
    }
}

#[async_trait]
impl Objects for EmbeddedObjects {
    async fn create_bucket(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<Bucket, ObjectError> {
        let place = self.place(namespace, bucket);
        self.change(namespace, ROW, move |tx| place.create(tx)).await
    }

    async fn delete_bucket(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<(), ObjectError> {
        let place = self.place(namespace, bucket);
        self.change(namespace, Growth::Frees, move |tx| place.remove(tx)).await
    }

    async fn set_versioning(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        versioning: Versioning,
    ) -> Result<Bucket, ObjectError> {
        let place = self.place(namespace, bucket);
        self.change(namespace, ROW, move |tx| place.set_versioning(tx, versioning)).await
    }

    async fn bucket(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<Option<Bucket>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, bucket) = (namespace.clone(), bucket.clone());
        let read = shard.readers().read(move |connection| {
            Ok(bucket_rows::bucket(connection, &namespace, &bucket)?.map(|row| row.bucket))
        });
        read.await
    }

    async fn buckets(&self, namespace: &Namespace) -> Result<Vec<Bucket>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let namespace = namespace.clone();
        shard.readers().read(move |connection| bucket_rows::buckets(connection, &namespace)).await
    }

    async fn put(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        put: PutObject,
        bytes: ByteStream,
        origin: &Origin,
    ) -> Result<Object, ObjectError> {
        let (place, origin) = (self.place(namespace, bucket), origin.clone());
        let (key, looked_up) = (key.to_owned(), key.to_owned());
        let condition = put.condition.clone();
        let name = format!("object/{key}");
        let admitted = self.admit(namespace, bucket, name, move |connection, bucket| {
            let former = Former::of(connection, bucket, &looked_up)?;
            rules::check_condition(&looked_up, &condition, former.current())?;
            Ok(former.freed().unwrap_or(0))
        });
        let reservation = admitted.await?;
        let part = PutPart { number: 1, checksum: put.checksum.clone() };
        self.change_with(namespace, part, (reservation, bytes), move |tx, received| {
            place.put(tx, (&key, put), received, &origin)
        })
        .await
    }

    async fn find(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        version: Option<VersionId>,
    ) -> Result<Version, ObjectError> {
        let (place, key) = (self.place(namespace, bucket), key.to_owned());
        self.look(namespace, move |connection| {
            let row = bucket_rows::existing(connection, &place.namespace, &place.bucket)?;
            Ok(versions::find(connection, &row, &key, version)?.0)
        })
        .await
    }

    async fn get_version(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        (key, version): (&str, Option<VersionId>),
        range: Option<Range<u64>>,
    ) -> Result<(Object, ByteStream), ObjectError> {
        let mut missing = None;
        for _ in 0..LOOKUPS_MAX {
            let (place, wanted) = (self.place(namespace, bucket), (key.to_owned(), version));
            let found = self.pinned(place, wanted).await?;
            let Some((object, pieces, pin)) = found else { continue };
            let range = rules::clip(range.clone(), object.size)?;
            let blobs = pieces.into_iter().map(|piece| piece.blob).collect();
            let reading = Reading::new(Arc::clone(&self.blobs), spans(blobs, &range), pin);
            match reading.start().await {
                Ok(bytes) => return Ok((object, bytes)),
                // Replaced after it was looked up. Still the same: really missing.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    if missing.replace(object.sequence) == Some(object.sequence) {
                        let what = format!("object {:?}", object.key);
                        return Err(StorageError::corrupt(what, "its bytes are missing").into());
                    }
                }
                Err(error) => return Err(reading::failed(error).into()),
            }
        }
        let why = "it is being replaced all the time";
        Err(StorageError::unavailable("read an object", why).into())
    }

    async fn delete_version(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        (key, version): (&str, Option<VersionId>),
        condition: Condition,
        origin: &Origin,
    ) -> Result<Deleted, ObjectError> {
        let (place, key, origin) = (self.place(namespace, bucket), key.to_owned(), origin.clone());
        if let Some(version) = version {
            let work = move |tx: &mut Tx<'_>| {
                place.remove_version(tx, (&key, version), &condition, &origin)
            };
            return self.change(namespace, Growth::Frees, work).await;
        }
        let (again, key_again) = (place.clone(), key.clone());
        let (condition_again, origin_again) = (condition.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| place.delete(tx, &key, (&condition, false), &origin);
        if let Some(deleted) = self.change(namespace, Growth::Frees, work).await? {
            return Ok(deleted);
        }
        // A delete marker takes room, which a deletion does not ask for.
        let work = move |tx: &mut Tx<'_>| {
            again.delete(tx, &key_again, (&condition_again, true), &origin_again)
        };
        Ok(self.change(namespace, ROW, work).await?.unwrap_or_default())
    }

    async fn copy(
        &self,
        namespace: &Namespace,
        from: ObjectPlace<'_>,
        to: ObjectPlace<'_>,
        copy: CopyObject,
        origin: &Origin,
    ) -> Result<Object, ObjectError> {
        let (source, target) =
            (self.place(namespace, from.bucket), self.place(namespace, to.bucket));
        let (from, to) = (from.key.to_owned(), to.key.to_owned());
        let origin = origin.clone();
        self.change(namespace, ROW, move |tx| {
            let source = source.read(tx, (&from, copy.version), &copy.source)?;
            target.copy(tx, source, (&to, copy), &origin)
        })
        .await
    }

    async fn set_tags(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        (key, version): (&str, Option<VersionId>),
        tags: BTreeMap<String, String>,
    ) -> Result<Object, ObjectError> {
        let (place, key) = (self.place(namespace, bucket), key.to_owned());
        self.change(namespace, ROW, move |tx| place.set_tags(tx, (&key, version), tags)).await
    }

    async fn object_parts(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        (key, version): (&str, Option<VersionId>),
    ) -> Result<(Object, Vec<Part>), ObjectError> {
        let (place, key) = (self.place(namespace, bucket), key.to_owned());
        self.look(namespace, move |connection| {
            let row = bucket_rows::existing(connection, &place.namespace, &place.bucket)?;
            let (object, content) = versions::object(connection, &row, (&key, version))?;
            let pieces = pieces::pieces(connection, row.id, content)?;
            Ok((object, pieces.into_iter().map(|piece| piece.part).collect()))
        })
        .await
    }

    async fn list_versions(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        list: ListVersions,
    ) -> Result<VersionPage, ObjectError> {
        let place = self.place(namespace, bucket);
        self.look(namespace, move |connection| {
            let row = bucket_rows::existing(connection, &place.namespace, &place.bucket)?;
            let found = match list.after.as_deref().zip(list.after_version) {
                None => None,
                Some((key, version)) => {
                    match versions::find(connection, &row, key, Some(version)) {
                        Err(ObjectError::NoVersion) => None,
                        found => Some(found?.0.sequence()),
                    }
                }
            };
            let fetch =
                |from: &rules::Cursor, limit| versions::listed(connection, &row, from, limit);
            Ok(rules::version_page(&list, list.resumes_below(found), fetch)?)
        })
        .await
    }

    async fn list(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        list: ListObjects,
    ) -> Result<ObjectPage, ObjectError> {
        let place = self.place(namespace, bucket);
        self.look(namespace, move |connection| {
            let row = bucket_rows::existing(connection, &place.namespace, &place.bucket)?;
            let fetch =
                |from: &rules::Cursor, limit| tables::objects(connection, &row, &from.key, limit);
            Ok(rules::page(&list, fetch)?)
        })
        .await
    }

    async fn begin_upload(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        put: PutObject,
    ) -> Result<Upload, ObjectError> {
        let (place, key) = (self.place(namespace, bucket), key.to_owned());
        let id = rules::random_id()?;
        self.change(namespace, ROW, move |tx| place.begin(tx, id, key, put)).await
    }

    async fn put_part(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
        part: PutPart,
        bytes: ByteStream,
    ) -> Result<Part, ObjectError> {
        let number = part.number;
        let (place, upload) = (self.place(namespace, bucket), upload.to_owned());
        let looked_up = upload.clone();
        let name = format!("part/{upload}/{number}");
        let admitted = self.admit(namespace, bucket, name, move |connection, bucket| {
            let begun = tables::upload(connection, bucket.id, &looked_up)?;
            let old = pieces::piece(connection, bucket.id, begun.content, number)?;
            Ok(old.map_or(0, |old| old.blob.size))
        });
        let reservation = admitted.await?;
        self.change_with(namespace, part, (reservation, bytes), move |tx, received| {
            place.put_part(tx, &upload, received)
        })
        .await
    }

    async fn parts(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
    ) -> Result<Vec<Part>, ObjectError> {
        let (place, upload) = (self.place(namespace, bucket), upload.to_owned());
        self.look(namespace, move |connection| {
            let row = bucket_rows::existing(connection, &place.namespace, &place.bucket)?;
            let begun = tables::upload(connection, row.id, &upload)?;
            let pieces = pieces::pieces(connection, row.id, begun.content)?;
            Ok(pieces.into_iter().map(|piece| piece.part).collect())
        })
        .await
    }

    async fn complete_upload(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
        complete: CompleteUpload,
        origin: &Origin,
    ) -> Result<Object, ObjectError> {
        let (place, upload) = (self.place(namespace, bucket), upload.to_owned());
        let origin = origin.clone();
        self.change(namespace, ROW, move |tx| place.complete(tx, &upload, complete, &origin)).await
    }

    async fn abort_upload(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
    ) -> Result<(), ObjectError> {
        let (place, upload) = (self.place(namespace, bucket), upload.to_owned());
        self.change(namespace, Growth::Frees, move |tx| place.abort(tx, &upload)).await
    }

    async fn upload(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
    ) -> Result<Upload, ObjectError> {
        let (place, upload) = (self.place(namespace, bucket), upload.to_owned());
        self.look(namespace, move |connection| {
            let row = bucket_rows::existing(connection, &place.namespace, &place.bucket)?;
            Ok(tables::upload(connection, row.id, &upload)?.upload)
        })
        .await
    }

    async fn uploads(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<Vec<Upload>, ObjectError> {
        let place = self.place(namespace, bucket);
        self.look(namespace, move |connection| {
            let row = bucket_rows::existing(connection, &place.namespace, &place.bucket)?;
            Ok(tables::uploads(connection, row.id)?)
        })
        .await
    }
}
