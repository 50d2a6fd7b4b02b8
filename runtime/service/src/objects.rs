//! The objects of a bucket, and uploads in parts.

use std::ops::Range;

use lambent_storage::{
    ByteStream, CompleteUpload, Condition, ListObjects, Object, ObjectError, ObjectPage, Part,
    PutObject, PutPart, Upload,
};
use lambent_types::{Error, bounds};

use crate::buckets::BucketHandle;
use crate::client_errors;
use crate::handle::Put;
use crate::operation::Operation;

impl BucketHandle<'_> {
    /// The error that the client reads; `what` is the key, or the upload, that was
    /// asked for.
    pub(crate) fn refused(&self, what: &str) -> impl FnOnce(ObjectError) -> Error {
        move |error| client_errors::object(self.namespace(), self.name(), what, error)
    }

    /// Lists objects.
    ///
    /// # Errors
    /// `BucketNotFound`, `InvalidRequest`; the store failed.
    pub async fn list(&self, list: ListObjects) -> Result<ObjectPage, Error> {
        self.perform(Operation::ListObjects, async {
            let (namespace, name) = self.place();
            let page = self.stores().objects.list(namespace, name, list).await;
            page.map_err(self.refused(""))
        })
        .await
    }

    /// What is known of an object.
    ///
    /// # Errors
    /// `BucketNotFound`, `ObjectNotFound`; the store failed.
    pub async fn head(&self, key: &str) -> Result<Object, Error> {
        self.perform(Operation::GetObject, async {
            let (namespace, name) = self.place();
            let head = self.stores().objects.head(namespace, name, key).await;
            head.map_err(self.refused(key))
        })
        .await
    }

    /// An object with its bytes, or those of `range`.
    ///
    /// # Errors
    /// `BucketNotFound`, `ObjectNotFound`, `RangeNotSatisfiable`; the store failed.
    pub async fn get(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<(Object, ByteStream), Error> {
        self.perform(Operation::GetObject, async {
            let (namespace, name) = self.place();
            let found = self.stores().objects.get(namespace, name, key, range).await;
            found.map_err(self.refused(key))
        })
        .await
    }

    /// The error of a range that begins after an object's end.
    #[must_use]
    pub fn range_not_satisfiable(&self, key: &str, size: u64) -> Error {
        self.refused(key)(ObjectError::Range { size })
    }

    /// Writes an object: all of it, or nothing. An [`Error`] that is the cause of
    /// the stream's is what the client is told.
    ///
    /// # Errors
    /// `BucketNotFound`, `PreconditionFailed`, `InvalidRequest`, `QuotaExceeded`;
    /// the store failed.
    pub async fn put(
        &self,
        key: &str,
        described: PutObject,
        bytes: ByteStream,
    ) -> Result<Put<Object>, Error> {
        self.perform(Operation::PutObject, async {
            let (namespace, name) = self.place();
            let known = self.stores().objects.head(namespace, name, key).await.is_ok();
            let value = self.store(key, described, bytes).await?;
            Ok(Put { value, created: !known })
        })
        .await
    }

    /// Does what [`Self::put`] does, without a look whether there is one already.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn write(
        &self,
        key: &str,
        described: PutObject,
        bytes: ByteStream,
    ) -> Result<Object, Error> {
        self.perform(Operation::PutObject, self.store(key, described, bytes)).await
    }

    async fn store(
        &self,
        key: &str,
        described: PutObject,
        bytes: ByteStream,
    ) -> Result<Object, Error> {
        let (namespace, name) = self.place();
        let (objects, origin) = (&self.stores().objects, self.data_scope().change_origin()?);
        let made = objects.put(namespace, name, key, described, bytes, origin).await;
        made.map_err(self.refused(key))
    }

    /// Deletes an object, if there is one. Says whether there was. A bucket that keeps versions
    /// makes a delete marker.
    ///
    /// # Errors
    /// `BucketNotFound`, `PreconditionFailed`, `QuotaExceeded` (for the delete marker); the store
    /// failed.
    pub async fn delete_object(&self, key: &str, condition: Condition) -> Result<bool, Error> {
        Ok(self.delete_version((key, None), condition).await?.existed)
    }

    /// Deletes every object that is there when its turn comes.
    ///
    /// # Errors
    /// `BucketNotFound`; the store failed.
    pub async fn clear(&self) -> Result<(), Error> {
        self.perform(Operation::DeleteObject, async {
            let (namespace, name) = self.place();
            let (objects, origin) = (&self.stores().objects, self.data_scope().change_origin()?);
            let mut after = None;
            loop {
                let list = ListObjects { after, limit: bounds::PAGE_MAX, ..ListObjects::default() };
                let page = objects.list(namespace, name, list).await.map_err(self.refused(""))?;
                for Object { key, .. } in &page.objects {
                    let deleted = objects.delete(namespace, name, key, Condition::None, origin);
                    deleted.await.map_err(self.refused(key))?;
                }
                match page.next {
                    Some(next) => after = Some(next),
                    None => return Ok(()),
                }
            }
        })
        .await
    }

    /// Unfinished uploads, oldest first.
    ///
    /// # Errors
    /// `BucketNotFound`; the store failed.
    pub async fn uploads(&self) -> Result<Vec<Upload>, Error> {
        self.perform(Operation::ListUploads, async {
            let (namespace, name) = self.place();
            let found = self.stores().objects.uploads(namespace, name).await;
            found.map_err(self.refused(""))
        })
        .await
    }

    /// Begins an upload in parts.
    ///
    /// # Errors
    /// `BucketNotFound`, `InvalidRequest`, `QuotaExceeded`; the store failed.
    pub async fn begin_upload(&self, key: &str, described: PutObject) -> Result<Upload, Error> {
        self.perform(Operation::BeginUpload, async {
            let (namespace, name) = self.place();
            let begun = self.stores().objects.begin_upload(namespace, name, key, described).await;
            begun.map_err(self.refused(key))
        })
        .await
    }

    /// Writes one part of an upload, or replaces it.
    ///
    /// # Errors
    /// `BucketNotFound`, `UploadNotFound`, `InvalidRequest`, `QuotaExceeded`; the
    /// store failed.
    pub async fn put_part(
        &self,
        upload: &str,
        part: impl Into<PutPart> + Send,
        bytes: ByteStream,
    ) -> Result<Part, Error> {
        let part = part.into();
        self.perform(Operation::PutPart, async {
            let (namespace, name) = self.place();
            let part = self.stores().objects.put_part(namespace, name, upload, part, bytes).await;
            part.map_err(self.refused(upload))
        })
        .await
    }

    /// What is known of an unfinished upload.
    ///
    /// # Errors
    /// `BucketNotFound`, `UploadNotFound`; the store failed.
    pub async fn upload(&self, upload: &str) -> Result<Upload, Error> {
        self.perform(Operation::DescribeUpload, async {
            let (namespace, name) = self.place();
            let found = self.stores().objects.upload(namespace, name, upload).await;
            found.map_err(self.refused(upload))
        })
        .await
    }

    /// The parts of an upload, by number.
    ///
    /// # Errors
    /// `BucketNotFound`, `UploadNotFound`; the store failed.
    pub async fn parts(&self, upload: &str) -> Result<Vec<Part>, Error> {
        self.perform(Operation::DescribeUpload, async {
            let (namespace, name) = self.place();
            let found = self.stores().objects.parts(namespace, name, upload).await;
            found.map_err(self.refused(upload))
        })
        .await
    }

    /// Makes an object of parts.
    ///
    /// # Errors
    /// `BucketNotFound`, `UploadNotFound`, `PreconditionFailed`, `InvalidRequest`;
    /// the store failed.
    pub async fn complete_upload(
        &self,
        upload: &str,
        complete: CompleteUpload,
    ) -> Result<Object, Error> {
        self.perform(Operation::CompleteUpload, async {
            let (namespace, name) = self.place();
            let (objects, origin) = (&self.stores().objects, self.data_scope().change_origin()?);
            let made = objects.complete_upload(namespace, name, upload, complete, origin);
            made.await.map_err(self.refused(upload))
        })
        .await
    }

    /// Forgets an upload and its parts.
    ///
    /// # Errors
    /// `BucketNotFound`, `UploadNotFound`; the store failed.
    pub async fn abort_upload(&self, upload: &str) -> Result<(), Error> {
        self.perform(Operation::AbortUpload, async {
            let (namespace, name) = self.place();
            let aborted = self.stores().objects.abort_upload(namespace, name, upload).await;
            aborted.map_err(self.refused(upload))
        })
        .await
    }
}
