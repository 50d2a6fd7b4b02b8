mod changes;
mod held;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use lambent_types::occurrence::ObjectCause;
use lambent_types::{BucketName, Clock, Namespace, Origin, VersionId, Versioning};
use md5::{Digest as _, Md5};

use crate::error::StorageError;
use crate::ledger::{Ledger, Reservation};
use crate::memory::MemoryEvents;
use crate::namespace_quotas::NamespaceQuotas;
use crate::objects::{
    Bucket, ByteStream, CompleteUpload, Condition, CopyObject, Deleted, ListObjects, ListVersions,
    Object, ObjectError, ObjectPage, ObjectPlace, Objects, Part, PutObject, PutPart, Upload,
    Version, VersionPage, listing, rules,
};
use crate::quota::{Quota, QuotaExceeded};
use crate::sync;
use crate::upkeep::Holds;

use held::{Buckets, Held, HeldUpload, NewObject, held, holds};

/// Buckets and objects in memory, whole.
#[derive(Debug)]
pub struct MemoryObjects {
    clock: Arc<dyn Clock>,
    /// What is on its way; what is held is in `buckets`.
    ledger: Arc<Ledger>,
    events: Arc<MemoryEvents>,
    /// By namespace and name.
    buckets: Mutex<BTreeMap<(String, BucketName), Held>>,
}

impl MemoryObjects {
    /// An empty store, which appends the events of changes to `events`.
    #[must_use]
    pub fn new(
        clock: Arc<dyn Clock>,
        quotas: Arc<NamespaceQuotas>,
        events: Arc<MemoryEvents>,
    ) -> Self {
        Self { clock, ledger: Ledger::new(quotas, []), events, buckets: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        sync::lock(&self.buckets)
    }

    /// Does something with a bucket.
    fn with<R>(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        work: impl FnOnce(&mut Held) -> Result<R, ObjectError>,
    ) -> Result<R, ObjectError> {
        work(held(&mut self.lock(), namespace, bucket)?)
    }

    /// Refuses what would make a namespace hold too much, others' bytes on their
    /// way included.
    fn check_quota(
        &self,
        buckets: &Buckets,
        namespace: &Namespace,
        (objects, bytes): (i64, i64),
        reservation: Option<&Reservation>,
    ) -> Result<(), QuotaExceeded> {
        let owner = namespace.key();
        let held = holds(buckets, &owner);
        // Bytes first, as where they are counted while they arrive.
        reservation.map_or(Ok(()), |reservation| reservation.check(held.1, bytes))?;
        self.ledger.quotas(&owner).check(Quota::Objects, held.0, objects)
    }

    /// Takes in all bytes of a stream.
    async fn receive(
        &self,
        namespace: &Namespace,
        mut bytes: ByteStream,
        reservation: &mut Reservation,
    ) -> Result<(Bytes, String), ObjectError> {
        let (owner, mut all) = (namespace.key(), Vec::new());
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.map_err(ObjectError::Input)?;
            all.extend_from_slice(&chunk);
            let buckets = self.lock();
            let place = (owner.clone(), Quota::ObjectBytes);
            let held = (place, holds(&buckets, &owner).1);
            self.ledger.committed(std::iter::once(held), Vec::new());
            reservation.grow(chunk.len() as u64)?;
        }
        let etag = rules::hex(&Md5::digest(&all));
        Ok((all.into(), etag))
    }
}

#[async_trait]
impl Holds for MemoryObjects {
    async fn held(&self, namespace: &Namespace) -> Result<Vec<(Quota, u64)>, StorageError> {
        let (buckets, owner) = (self.lock(), namespace.key());
        let (objects, bytes) = holds(&buckets, &owner);
        let count = buckets.keys().filter(|(namespace, _)| *namespace == owner).count();
        Ok(vec![
            (Quota::ObjectBytes, bytes),
            (Quota::Objects, objects),
            (Quota::Buckets, count as u64),
        ])
    }
}

#[async_trait]
impl Objects for MemoryObjects {
    async fn create_bucket(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<Bucket, ObjectError> {
        let mut buckets = self.lock();
        let key = (namespace.key(), bucket.clone());
        if buckets.contains_key(&key) {
            return Err(ObjectError::Exists);
        }
        let held = buckets.keys().filter(|(owner, _)| *owner == key.0).count() as u64;
        self.ledger.quotas(&key.0).check(Quota::Buckets, held, 1)?;
        let (created, versioning) = (self.clock.now(), Versioning::Off);
        let bucket = Bucket { name: bucket.clone(), created, versioning };
        let (objects, versions, uploads) = Default::default();
        let held = Held { bucket: bucket.clone(), sequence: 0, objects, versions, uploads };
        self.events.bucket_created(namespace, &bucket.name);
        buckets.insert(key, held);
        Ok(bucket)
    }

    async fn delete_bucket(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<(), ObjectError> {
        let mut buckets = self.lock();
        let held = held(&mut buckets, namespace, bucket)?;
        if !held.objects.is_empty() || !held.versions.is_empty() || !held.uploads.is_empty() {
            return Err(ObjectError::NotEmpty);
        }
        self.events.bucket_deleted(namespace, bucket).map_err(ObjectError::Triggered)?;
        buckets.remove(&(namespace.key(), bucket.clone()));
        Ok(())
    }

    async fn set_versioning(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        versioning: Versioning,
    ) -> Result<Bucket, ObjectError> {
        self.with(namespace, bucket, |held| {
            rules::check_versioning(held.bucket.versioning, versioning)?;
            held.bucket.versioning = versioning;
            Ok(held.bucket.clone())
        })
    }

    async fn bucket(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<Option<Bucket>, StorageError> {
        Ok(held(&mut self.lock(), namespace, bucket).ok().map(|held| held.bucket.clone()))
    }

    async fn buckets(&self, namespace: &Namespace) -> Result<Vec<Bucket>, StorageError> {
        let buckets = self.lock();
        let own = buckets.iter().filter(|((owner, _), _)| *owner == namespace.key());
        Ok(own.map(|(_, held)| held.bucket.clone()).collect())
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
        let frees = self.with(namespace, bucket, |held| {
            held.check(key, &put.condition)?;
            Ok(held.replaced(key).1)
        })?;
        let name = format!("{bucket}/object/{key}");
        let mut reservation = Reservation::new(&self.ledger, namespace.key(), name, frees);
        let (bytes, etag) = self.receive(namespace, bytes, &mut reservation).await?;
        let mut buckets = self.lock();
        let target = held(&mut buckets, namespace, bucket)?;
        target.check(key, &put.condition)?;
        let (replaced, freed) = target.replaced(key);
        let delta = (1 - replaced as i64, bytes.len() as i64 - freed as i64);
        self.check_quota(&buckets, namespace, delta, Some(&reservation))?;
        let checksum = put.checksum.get();
        let part = Part { number: 1, etag: etag.clone(), size: bytes.len() as u64, checksum };
        let new = NewObject { etag, parts: vec![(part, bytes)] };
        let target = held(&mut buckets, namespace, bucket)?;
        self.write((namespace, target), (key, put), (new, ObjectCause::Put), origin)
    }

    async fn find(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        version: Option<VersionId>,
    ) -> Result<Version, ObjectError> {
        self.with(namespace, bucket, |held| Ok(held.find(key, version)?.0))
    }

    async fn get_version(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        version: (&str, Option<VersionId>),
        range: Option<Range<u64>>,
    ) -> Result<(Object, ByteStream), ObjectError> {
        let (object, parts) = self.with(namespace, bucket, |held| held.object(version))?;
        let range = rules::clip(range, object.size)?;
        let mut start = 0;
        let mut pieces = Vec::new();
        for (_, piece) in parts {
            let end = start + piece.len() as u64;
            let (from, to) = (range.start.clamp(start, end), range.end.clamp(start, end));
            if from < to {
                pieces.push(piece.slice((from - start) as usize..(to - start) as usize));
            }
            start = end;
        }
        Ok((object, futures::stream::iter(pieces.into_iter().map(Ok)).boxed()))
    }

    async fn delete_version(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        (key, version): (&str, Option<VersionId>),
        condition: Condition,
        origin: &Origin,
    ) -> Result<Deleted, ObjectError> {
        let mut buckets = self.lock();
        let target = held(&mut buckets, namespace, bucket)?;
        if version.is_none() && !target.bucket.versioning.is_off() {
            target.check(key, &condition)?;
            let delta = (1 - target.replaced(key).0 as i64, 0);
            self.check_quota(&buckets, namespace, delta, None)?;
            let target = held(&mut buckets, namespace, bucket)?;
            return self.mark(namespace, target, key, origin);
        }
        let found = match target.find(key, version) {
            Ok((found, _)) => Some(found),
            Err(ObjectError::NoObject | ObjectError::NoVersion) => None,
            Err(error) => return Err(error),
        };
        if found.is_some() || version.is_none() {
            rules::check_condition(key, &condition, found.as_ref().and_then(Version::object))?;
        }
        let Some(found) = found else { return Ok(Deleted::default()) };
        self.emit(namespace, target, (ObjectCause::Delete, &found), origin)?;
        target.forget(&found);
        let marker = matches!(found, Version::Marker(_));
        Ok(Deleted { existed: true, version: found.id(), marker })
    }

    async fn copy(
        &self,
        namespace: &Namespace,
        from: ObjectPlace<'_>,
        to: ObjectPlace<'_>,
        copy: CopyObject,
        origin: &Origin,
    ) -> Result<Object, ObjectError> {
        let mut buckets = self.lock();
        let source = held(&mut buckets, namespace, from.bucket)?;
        let found = match source.object((from.key, copy.version)) {
            Err(ObjectError::NoObject) => None,
            found => Some(found?),
        };
        rules::check_condition(from.key, &copy.source, found.as_ref().map(|(object, _)| object))?;
        let (object, parts) = found.ok_or(ObjectError::NoObject)?;
        let put = rules::copied(&object, copy);
        let target = held(&mut buckets, namespace, to.bucket)?;
        target.check(to.key, &put.condition)?;
        let (replaced, frees) = target.replaced(to.key);
        let name = format!("{}/object/{}", to.bucket, to.key);
        let mut reservation = Reservation::new(&self.ledger, namespace.key(), name, frees);
        let place = (namespace.key(), Quota::ObjectBytes);
        let held_now = (place, holds(&buckets, &namespace.key()).1);
        self.ledger.committed(std::iter::once(held_now), Vec::new());
        reservation.grow(object.size)?;
        let delta = (1 - replaced as i64, object.size as i64 - frees as i64);
        self.check_quota(&buckets, namespace, delta, Some(&reservation))?;
        let target = held(&mut buckets, namespace, to.bucket)?;
        let new = NewObject { etag: object.etag, parts };
        self.write((namespace, target), (to.key, put), (new, ObjectCause::Copy), origin)
    }

    async fn set_tags(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        version: (&str, Option<VersionId>),
        tags: BTreeMap<String, String>,
    ) -> Result<Object, ObjectError> {
        self.with(namespace, bucket, |held| {
            let (object, _) = held.object(version)?;
            held.tag(&object, &tags);
            Ok(Object { tags, ..object })
        })
    }

    async fn object_parts(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        version: (&str, Option<VersionId>),
    ) -> Result<(Object, Vec<Part>), ObjectError> {
        self.with(namespace, bucket, |held| {
            let (object, parts) = held.object(version)?;
            Ok((object, parts.into_iter().map(|(part, _)| part).collect()))
        })
    }

    async fn list_versions(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        list: ListVersions,
    ) -> Result<VersionPage, ObjectError> {
        self.with(namespace, bucket, |held| {
            let after = list.after.as_deref().zip(list.after_version);
            let found = after.and_then(|(key, version)| held.find(key, Some(version)).ok());
            let below = list.resumes_below(found.map(|(version, _)| version.sequence()));
            listing::version_page(&list, below, |from, limit| Ok(held.listed(from, limit)))
        })
    }

    async fn list(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        list: ListObjects,
    ) -> Result<ObjectPage, ObjectError> {
        self.with(namespace, bucket, |held| {
            listing::page(&list, |from, limit| {
                let objects = held.objects.values().map(|(object, _)| object);
                let from = from.key.as_slice();
                let found = objects.filter(|object| object.key.as_bytes() >= from).take(limit);
                Ok(found.cloned().collect())
            })
        })
    }

    async fn begin_upload(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        put: PutObject,
    ) -> Result<Upload, ObjectError> {
        let upload = Upload {
            id: rules::random_id()?,
            key: key.to_owned(),
            started: self.clock.now(),
            checksum: put.checksum_kind,
        };
        let mut buckets = self.lock();
        held(&mut buckets, namespace, bucket)?;
        self.check_quota(&buckets, namespace, (1, 0), None)?;
        let held = held(&mut buckets, namespace, bucket)?;
        let sequence = held.next_sequence();
        let begun = HeldUpload { upload: upload.clone(), sequence, put, parts: BTreeMap::new() };
        held.uploads.insert(upload.id.clone(), begun);
        Ok(upload)
    }

    async fn put_part(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
        part: PutPart,
        bytes: ByteStream,
    ) -> Result<Part, ObjectError> {
        let PutPart { number, checksum } = part;
        let frees = self.with(namespace, bucket, |held| {
            Ok(held.upload(upload)?.parts.get(&number).map_or(0, |(part, _)| part.size))
        })?;
        let name = format!("{bucket}/part/{upload}/{number}");
        let mut reservation = Reservation::new(&self.ledger, namespace.key(), name, frees);
        let (bytes, etag) = self.receive(namespace, bytes, &mut reservation).await?;
        let size = bytes.len() as u64;
        let part = Part { number, etag, size, checksum: checksum.get() };
        let mut buckets = self.lock();
        let target = held(&mut buckets, namespace, bucket)?.upload(upload)?;
        let old = target.parts.get(&number).map(|(part, _)| part.size);
        let delta = (i64::from(old.is_none()), part.size as i64 - old.unwrap_or_default() as i64);
        self.check_quota(&buckets, namespace, delta, Some(&reservation))?;
        let target = held(&mut buckets, namespace, bucket)?.upload(upload)?;
        target.parts.insert(number, (part.clone(), bytes));
        Ok(part)
    }

    async fn parts(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
    ) -> Result<Vec<Part>, ObjectError> {
        self.with(namespace, bucket, |held| {
            Ok(held.upload(upload)?.parts.values().map(|(part, _)| part.clone()).collect())
        })
    }

    async fn complete_upload(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
        complete: CompleteUpload,
        origin: &Origin,
    ) -> Result<Object, ObjectError> {
        self.with(namespace, bucket, |held| {
            let begun = held.upload(upload)?;
            let have = |number| begun.parts.get(&number).cloned();
            let selected = rules::select(&complete.parts, have, |(part, _)| part)?;
            let (key, put) = (begun.upload.key.clone(), begun.put.clone());
            held.check(&key, &put.condition)?;
            held.check(&key, &complete.condition)?;
            let etag = rules::multipart_etag(selected.iter().map(|(part, _)| part.etag.as_str()));
            let put = PutObject { checksum: complete.checksum.into(), ..put };
            let new = NewObject { etag, parts: selected };
            let new = (new, ObjectCause::CompleteMultipartUpload);
            let object = self.write((namespace, held), (&key, put), new, origin)?;
            held.uploads.remove(upload);
            Ok(object)
        })
    }

    async fn abort_upload(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
    ) -> Result<(), ObjectError> {
        self.with(namespace, bucket, |held| {
            held.uploads.remove(upload).map(drop).ok_or(ObjectError::NoUpload)
        })
    }

    async fn upload(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
    ) -> Result<Upload, ObjectError> {
        self.with(namespace, bucket, |held| Ok(held.upload(upload)?.upload.clone()))
    }

    async fn uploads(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<Vec<Upload>, ObjectError> {
        self.with(namespace, bucket, |held| {
            let mut uploads: Vec<_> = held.uploads.values().collect();
            uploads.sort_by_key(|held| held.sequence);
            Ok(uploads.into_iter().map(|held| held.upload.clone()).collect())
        })
    }
}
