//! The objects of a bucket, and uploads in parts.

use std::ops::Range;

use lambent_storage::{
    ByteStream, Condition, ListObjects, Object, ObjectError, ObjectPage, Part, PutObject, Upload,
};
use lambent_types::Error;

use crate::client_errors;
use crate::scope::{BucketHandle, Put};

impl BucketHandle<'_> {
    /// The error that the client reads; `what` is the key, or the upload, that was
    /// asked for.
    fn refused(&self, what: &str) -> impl FnOnce(ObjectError) -> Error {
        move |error| client_errors::object(self.namespace(), self.name(), what, error)
    }

    /// Lists objects.
    ///
    /// # Errors
    /// `BucketNotFound`, `InvalidRequest`; the store failed.
    pub async fn list(&self, list: ListObjects) -> Result<ObjectPage, Error> {
        let (namespace, name) = self.place();
        let page = self.stores().objects.list(namespace, name, list).await;
        page.map_err(self.refused(""))
    }

    /// What is known of an object.
    ///
    /// # Errors
    /// `BucketNotFound`, `ObjectNotFound`; the store failed.
    pub async fn head(&self, key: &str) -> Result<Object, Error> {
        let (namespace, name) = self.place();
        let head = self.stores().objects.head(namespace, name, key).await;
        head.map_err(self.refused(key))
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
        let (namespace, name) = self.place();
        let found = self.stores().objects.get(namespace, name, key, range).await;
        found.map_err(self.refused(key))
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
        let (namespace, name) = self.place();
        let (objects, origin) = (&self.stores().objects, self.scope().origin());
        let known = objects.head(namespace, name, key).await.is_ok();
        let made = objects.put(namespace, name, key, described, bytes, origin).await;
        Ok(Put { value: made.map_err(self.refused(key))?, created: !known })
    }

    /// Deletes an object, if there is one. Says whether there was.
    ///
    /// # Errors
    /// `BucketNotFound`, `PreconditionFailed`; the store failed.
    pub async fn delete_object(&self, key: &str, condition: Condition) -> Result<bool, Error> {
        let (namespace, name) = self.place();
        let (objects, origin) = (&self.stores().objects, self.scope().origin());
        let deleted = objects.delete(namespace, name, key, condition, origin).await;
        deleted.map_err(self.refused(key))
    }

    /// Unfinished uploads, oldest first.
    ///
    /// # Errors
    /// `BucketNotFound`; the store failed.
    pub async fn uploads(&self) -> Result<Vec<Upload>, Error> {
        let (namespace, name) = self.place();
        let found = self.stores().objects.uploads(namespace, name).await;
        found.map_err(self.refused(""))
    }

    /// Begins an upload in parts.
    ///
    /// # Errors
    /// `BucketNotFound`, `InvalidRequest`, `QuotaExceeded`; the store failed.
    pub async fn begin_upload(&self, key: &str, described: PutObject) -> Result<Upload, Error> {
        let (namespace, name) = self.place();
        let begun = self.stores().objects.begin_upload(namespace, name, key, described).await;
        begun.map_err(self.refused(key))
    }

    /// Writes one part of an upload, or replaces it.
    ///
    /// # Errors
    /// `BucketNotFound`, `UploadNotFound`, `InvalidRequest`, `QuotaExceeded`; the
    /// store failed.
    pub async fn put_part(
        &self,
        upload: &str,
        number: u32,
        bytes: ByteStream,
    ) -> Result<Part, Error> {
        let (namespace, name) = self.place();
        let part = self.stores().objects.put_part(namespace, name, upload, number, bytes).await;
        part.map_err(self.refused(upload))
    }

    /// The parts of an upload, by number.
    ///
    /// # Errors
    /// `BucketNotFound`, `UploadNotFound`; the store failed.
    pub async fn parts(&self, upload: &str) -> Result<Vec<Part>, Error> {
        let (namespace, name) = self.place();
        let found = self.stores().objects.parts(namespace, name, upload).await;
        found.map_err(self.refused(upload))
    }

    /// Makes an object of parts: number and etag of each, in their order.
    ///
    /// # Errors
    /// `BucketNotFound`, `UploadNotFound`, `PreconditionFailed`, `InvalidRequest`;
    /// the store failed.
    pub async fn complete_upload(
        &self,
        upload: &str,
        parts: &[(u32, String)],
        condition: Condition,
    ) -> Result<Object, Error> {
        let (namespace, name) = self.place();
        let (objects, origin) = (&self.stores().objects, self.scope().origin());
        let made = objects.complete_upload(namespace, name, upload, parts, condition, origin);
        made.await.map_err(self.refused(upload))
    }

    /// Forgets an upload and its parts.
    ///
    /// # Errors
    /// `BucketNotFound`, `UploadNotFound`; the store failed.
    pub async fn abort_upload(&self, upload: &str) -> Result<(), Error> {
        let (namespace, name) = self.place();
        let aborted = self.stores().objects.abort_upload(namespace, name, upload).await;
        aborted.map_err(self.refused(upload))
    }
}
