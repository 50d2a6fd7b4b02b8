//! What changes do, each in its transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambent_types::occurrence::ObjectCause;
use lambent_types::{BucketName, Namespace, Origin, VersionId, Versioning};
use rusqlite::params;

use crate::emit::emit;
use crate::objects::bucket_rows::{self, BucketRow};
use crate::objects::former::Former;
use crate::objects::pieces::{self, Piece};
use crate::objects::statements;
use crate::objects::tables::{self, UploadRow};
use crate::objects::trash::{Fresh, Trash};
use crate::objects::versions;
use crate::quota::{charge, charge_reserved, count};
use crate::row::integer;
use crate::shard::Tx;
use crate::triggers::index as trigger_index;
use lambent_storage::backend::ChangeEvent;
use lambent_storage::backend::Reservation;
use lambent_storage::backend::objects as rules;
use lambent_storage::{
    Bucket, CompleteUpload, Condition, CopyObject, Deleted, Object, ObjectError, Part, PutObject,
    Quota, StorageError, Upload, Version,
};

/// Where a change is made.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) namespace: Namespace,
    pub(crate) bucket: BucketName,
    pub(crate) trash: Arc<Trash>,
}

/// Bytes that were taken in for a change.
pub(crate) struct Received {
    /// Where they are.
    pub(crate) fresh: Fresh,
    /// What they are.
    pub(crate) piece: Piece,
    /// Their part of the quota.
    pub(crate) reservation: Reservation,
}

impl Place {
    pub(super) fn row(&self, tx: &Tx<'_>) -> Result<BucketRow, ObjectError> {
        bucket_rows::existing(tx.connection, &self.namespace, &self.bucket)
    }

    pub(super) fn next(&self, tx: &Tx<'_>, row: &mut BucketRow) -> Result<i64, ObjectError> {
        Ok(bucket_rows::next_sequence(tx.connection, &self.namespace, row)?)
    }

    /// Charges for bytes that take the place of `freed` others, and for what has
    /// them if it is new.
    fn charge(
        &self,
        tx: &mut Tx<'_>,
        (size, freed): (u64, Option<u64>),
        reservation: Reservation,
    ) -> Result<(), ObjectError> {
        let new = i64::from(freed.is_none());
        charge::<ObjectError>(tx, &self.namespace, Quota::Objects, new)?;
        let bytes = integer(size) - integer(freed.unwrap_or(0));
        charge_reserved(tx, &self.namespace, bytes, reservation)
    }

    /// Counts what is no longer there.
    pub(super) fn release(&self, tx: &Tx<'_>, objects: u64, bytes: u64) {
        count(tx, &self.namespace, Quota::Objects, -integer(objects));
        count(tx, &self.namespace, Quota::ObjectBytes, -integer(bytes));
    }

    /// Deletes the bytes of an object's pieces once the deletion of their rows is certain, unless
    /// they are a copy's too: a copy has all of them, so that the first tells.
    pub(super) fn discard_unless_copied(
        &self,
        tx: &mut Tx<'_>,
        pieces: Vec<Piece>,
    ) -> Result<(), ObjectError> {
        let Some(first) = pieces.first() else { return Ok(()) };
        if !pieces::names(tx.connection, &first.blob)? {
            self.discard(tx, pieces);
        }
        Ok(())
    }

    /// Deletes the bytes of pieces that are no copy's.
    fn discard(&self, tx: &mut Tx<'_>, pieces: Vec<Piece>) {
        let trash = Arc::clone(&self.trash);
        let blobs = pieces.into_iter().map(|piece| piece.blob).collect();
        tx.after_commit(move || trash.discard(blobs));
    }

    /// Appends the event of a version that was deleted, or of a delete marker that was made.
    pub(super) fn emit(
        &self,
        tx: &mut Tx<'_>,
        cause: ObjectCause,
        version: &Version,
        (sequence, origin): (i64, &Origin),
    ) -> Result<(), ObjectError> {
        let (bucket, sequence) = (&self.bucket, sequence.unsigned_abs());
        let (key, object, version) = (version.key(), version.object(), version.id());
        let event = ChangeEvent::Object { bucket, cause, key, object, version, sequence };
        emit(tx, &self.namespace, &event, origin)
    }

    /// Appends the event of an object.
    fn emit_object(
        &self,
        tx: &mut Tx<'_>,
        cause: ObjectCause,
        (object, sequence): (&Object, i64),
        origin: &Origin,
    ) -> Result<(), ObjectError> {
        let (bucket, sequence) = (&self.bucket, sequence.unsigned_abs());
        let (key, version) = (&*object.key, object.version);
        let object = Some(object);
        let event = ChangeEvent::Object { bucket, cause, key, object, version, sequence };
        emit(tx, &self.namespace, &event, origin)
    }

    pub(crate) fn create(&self, tx: &mut Tx<'_>) -> Result<Bucket, ObjectError> {
        if bucket_rows::bucket(tx.connection, &self.namespace, &self.bucket)?.is_some() {
            return Err(ObjectError::Exists);
        }
        charge::<ObjectError>(tx, &self.namespace, Quota::Buckets, 1)?;
        let (created, versioning) = (tx.now, Versioning::Off);
        let bucket = Bucket { name: self.bucket.clone(), created, versioning };
        bucket_rows::insert_bucket(tx.connection, &self.namespace, &bucket)?;
        Ok(bucket)
    }

    pub(crate) fn set_versioning(
        &self,
        tx: &mut Tx<'_>,
        versioning: Versioning,
    ) -> Result<Bucket, ObjectError> {
        let mut row = self.row(tx)?;
        rules::check_versioning(row.bucket.versioning, versioning)?;
        if row.bucket.versioning != versioning {
            row.bucket.versioning = versioning;
            bucket_rows::update_bucket(tx.connection, &self.namespace, &row)?;
        }
        Ok(row.bucket)
    }

    pub(crate) fn remove(&self, tx: &mut Tx<'_>) -> Result<(), ObjectError> {
        let row = self.row(tx)?;
        if !bucket_rows::is_empty(tx.connection, row.id)? {
            return Err(ObjectError::NotEmpty);
        }
        let name = self.bucket.as_str();
        if let Some(trigger) = trigger_index::of_bucket(tx, &self.namespace, name)? {
            return Err(ObjectError::Triggered(trigger));
        }
        count(tx, &self.namespace, Quota::Buckets, -1);
        statements::run(tx.connection, "DELETE FROM bucket WHERE id = ?1", [row.id])?;
        Ok(())
    }

    /// Makes an object of one piece.
    pub(crate) fn put(
        &self,
        tx: &mut Tx<'_>,
        (key, put): (&str, PutObject),
        Received { fresh, piece, reservation }: Received,
        origin: &Origin,
    ) -> Result<Object, ObjectError> {
        let mut row = self.row(tx)?;
        let former = Former::of(tx.connection, &row, key)?;
        rules::check_condition(key, &put.condition, former.current())?;
        self.charge(tx, (piece.blob.size, former.freed()), reservation)?;
        let sequence = self.next(tx, &mut row)?;
        pieces::write_piece(tx.connection, row.id, sequence, &piece)?;
        let object = object(key, put, (piece.part.etag, piece.blob.size), tx, &row)?;
        self.write(tx, &row, (&object, sequence), (former, ObjectCause::Put), origin)?;
        fresh.keep();
        Ok(object)
    }

    /// Writes an object's row, and does with the former one what is to become of it.
    fn write(
        &self,
        tx: &mut Tx<'_>,
        row: &BucketRow,
        (object, content): (&Object, i64),
        (former, cause): (Former, ObjectCause),
        origin: &Origin,
    ) -> Result<(), ObjectError> {
        self.make_way(tx, row, former)?;
        tables::write_object(tx.connection, row.id, object, content)?;
        self.emit_object(tx, cause, (object, row.sequence), origin)
    }

    /// Reads an object that must be as the condition says, to copy it.
    pub(crate) fn read(
        &self,
        tx: &Tx<'_>,
        version: (&str, Option<VersionId>),
        condition: &Condition,
    ) -> Result<(Object, Vec<Piece>), ObjectError> {
        let row = self.row(tx)?;
        let found = match versions::object(tx.connection, &row, version) {
            // Told apart from a condition that does not hold, which comes first.
            Err(ObjectError::NoObject) => None,
            found => Some(found?),
        };
        let current = found.as_ref().map(|(object, _)| object);
        rules::check_condition(version.0, condition, current)?;
        let (object, content) = found.ok_or(ObjectError::NoObject)?;
        let pieces = pieces::pieces(tx.connection, row.id, content)?;
        Ok((object, pieces))
    }

    /// Makes an object of the pieces of another.
    pub(crate) fn copy(
        &self,
        tx: &mut Tx<'_>,
        (source, pieces): (Object, Vec<Piece>),
        (key, copy): (&str, CopyObject),
        origin: &Origin,
    ) -> Result<Object, ObjectError> {
        let put = rules::copied(&source, copy);
        let mut row = self.row(tx)?;
        let former = Former::of(tx.connection, &row, key)?;
        rules::check_condition(key, &put.condition, former.current())?;
        let freed = former.freed();
        let new = i64::from(freed.is_none());
        charge::<ObjectError>(tx, &self.namespace, Quota::Objects, new)?;
        let bytes = integer(source.size) - integer(freed.unwrap_or(0));
        charge::<ObjectError>(tx, &self.namespace, Quota::ObjectBytes, bytes)?;
        let sequence = self.next(tx, &mut row)?;
        for piece in &pieces {
            pieces::write_piece(tx.connection, row.id, sequence, piece)?;
        }
        let object = object(key, put, (source.etag, source.size), tx, &row)?;
        self.write(tx, &row, (&object, sequence), (former, ObjectCause::Copy), origin)?;
        Ok(object)
    }

    /// Gives an object other tags.
    pub(crate) fn set_tags(
        &self,
        tx: &mut Tx<'_>,
        version: (&str, Option<VersionId>),
        tags: BTreeMap<String, String>,
    ) -> Result<Object, ObjectError> {
        let row = self.row(tx)?;
        let (mut object, content) = versions::object(tx.connection, &row, version)?;
        object.tags = tags;
        let current = match version.1 {
            Some(_) => tables::object(tx.connection, &row, version.0)?,
            None => None,
        };
        let is_former =
            version.1.is_some() && current.is_none_or(|(one, _)| one.sequence != object.sequence);
        if is_former {
            let stored = (Version::Object(object.clone()), content);
            versions::write(tx.connection, row.id, &stored)?;
        } else {
            tables::write_object(tx.connection, row.id, &object, content)?;
        }
        Ok(object)
    }

    /// Deletes an object, or puts a delete marker in its place; `None` if that would be so and
    /// nothing may be added.
    pub(crate) fn delete(
        &self,
        tx: &mut Tx<'_>,
        key: &str,
        (condition, may_add): (&Condition, bool),
        origin: &Origin,
    ) -> Result<Option<Deleted>, ObjectError> {
        let mut row = self.row(tx)?;
        if !row.bucket.versioning.is_off() {
            if !may_add {
                return Ok(None);
            }
            let former = Former::of(tx.connection, &row, key)?;
            rules::check_condition(key, condition, former.current())?;
            return self.mark(tx, &mut row, (key, former), origin).map(Some);
        }
        let old = tables::object(tx.connection, &row, key)?;
        rules::check_condition(key, condition, old.as_ref().map(|(object, _)| object))?;
        let Some((object, content)) = old else { return Ok(Some(Deleted::default())) };
        self.release(tx, 1, object.size);
        let sequence = self.next(tx, &mut row)?;
        let deleted = pieces::delete_pieces(tx.connection, row.id, content)?;
        self.discard_unless_copied(tx, deleted)?;
        tables::delete_object(tx.connection, row.id, key)?;
        self.emit_object(tx, ObjectCause::Delete, (&object, sequence), origin)?;
        Ok(Some(Deleted { existed: true, ..Deleted::default() }))
    }

    pub(crate) fn begin(
        &self,
        tx: &mut Tx<'_>,
        id: String,
        key: String,
        put: PutObject,
    ) -> Result<Upload, ObjectError> {
        let mut row = self.row(tx)?;
        charge::<ObjectError>(tx, &self.namespace, Quota::Objects, 1)?;
        let content = self.next(tx, &mut row)?;
        let upload = Upload { id, key, started: tx.now, checksum: put.checksum_kind };
        let begun = UploadRow { content, upload, put };
        tables::insert_upload(tx.connection, row.id, &begun)?;
        Ok(begun.upload)
    }

    pub(crate) fn put_part(
        &self,
        tx: &mut Tx<'_>,
        upload: &str,
        Received { fresh, piece, reservation }: Received,
    ) -> Result<Part, ObjectError> {
        let row = self.row(tx)?;
        let begun = tables::upload(tx.connection, row.id, upload)?;
        let old = pieces::piece(tx.connection, row.id, begun.content, piece.part.number)?;
        let freed = old.as_ref().map(|old| old.blob.size);
        self.charge(tx, (piece.blob.size, freed), reservation)?;
        pieces::write_piece(tx.connection, row.id, begun.content, &piece)?;
        self.discard(tx, old.into_iter().collect());
        fresh.keep();
        Ok(piece.part)
    }

    pub(crate) fn complete(
        &self,
        tx: &mut Tx<'_>,
        upload: &str,
        complete: CompleteUpload,
        origin: &Origin,
    ) -> Result<Object, ObjectError> {
        let CompleteUpload { parts, condition, checksum } = complete;
        let mut row = self.row(tx)?;
        let UploadRow { content, upload, put } = tables::upload(tx.connection, row.id, upload)?;
        let all = pieces::pieces(tx.connection, row.id, content)?;
        let place = |number: u32| all.binary_search_by_key(&number, |piece| piece.part.number);
        let have = |number| place(number).ok().map(|place| all[place].clone());
        let selected = rules::select(&parts, have, |piece| &piece.part)?;
        let former = Former::of(tx.connection, &row, &upload.key)?;
        for condition in [&put.condition, &condition] {
            rules::check_condition(&upload.key, condition, former.current())?;
        }
        let etag = rules::multipart_etag(selected.iter().map(|piece| piece.part.etag.as_str()));
        let size = selected.iter().map(|piece| piece.blob.size).sum();
        let used = |piece: &Piece| {
            parts.binary_search_by_key(&piece.part.number, |(number, _)| *number).is_ok()
        };
        let parts_before = all.len() as u64;
        let unused: Vec<Piece> = all.into_iter().filter(|piece| !used(piece)).collect();
        let unused_bytes: u64 = unused.iter().map(|piece| piece.blob.size).sum();
        let (replaced, freed) = former.freed().map_or((0, 0), |bytes| (1, bytes));
        // The upload becomes the object, and its parts are no longer counted.
        self.release(tx, parts_before + replaced, unused_bytes + freed);
        self.next(tx, &mut row)?;
        for piece in &unused {
            pieces::delete_piece(tx.connection, row.id, content, piece.part.number)?;
        }
        for piece in unused {
            self.discard(tx, vec![piece]);
        }
        self.forget(tx, &row, &upload.id)?;
        let put = PutObject { checksum: checksum.into(), ..put };
        let object = object(&upload.key, put, (etag, size), tx, &row)?;
        let cause = ObjectCause::CompleteMultipartUpload;
        self.write(tx, &row, (&object, content), (former, cause), origin)?;
        Ok(object)
    }

    fn forget(&self, tx: &Tx<'_>, row: &BucketRow, upload: &str) -> Result<(), ObjectError> {
        let sql = "DELETE FROM upload WHERE bucket = ?1 AND id = ?2";
        statements::run(tx.connection, sql, params![row.id, upload])?;
        Ok(())
    }

    pub(crate) fn abort(&self, tx: &mut Tx<'_>, upload: &str) -> Result<(), ObjectError> {
        let row = self.row(tx)?;
        let begun = tables::upload(tx.connection, row.id, upload)?;
        let pieces = pieces::delete_pieces(tx.connection, row.id, begun.content)?;
        let bytes: u64 = pieces.iter().map(|piece| piece.blob.size).sum();
        self.release(tx, pieces.len() as u64 + 1, bytes);
        self.forget(tx, &row, upload)?;
        self.discard(tx, pieces);
        Ok(())
    }
}

/// The object of the last change of its bucket.
fn object(
    key: &str,
    put: PutObject,
    (etag, size): (String, u64),
    tx: &Tx<'_>,
    row: &BucketRow,
) -> Result<Object, StorageError> {
    let sequence = row.sequence.unsigned_abs();
    Ok(Object {
        key: key.to_owned(),
        size,
        etag,
        content_type: put.content_type,
        headers: put.headers,
        metadata: put.metadata,
        tags: put.tags,
        checksum: put.checksum.get(),
        modified: tx.now,
        sequence,
        version: rules::new_version(row.bucket.versioning, sequence)?,
    })
}
