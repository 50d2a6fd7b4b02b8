//! Versions of objects, in buckets that keep them.

use std::ops::Range;

use lambent_storage::{ByteStream, Condition, Deleted, ListVersions, Object, Version, VersionPage};
use lambent_types::{Error, VersionId};

use crate::buckets::BucketHandle;
use crate::operation::Operation;

impl BucketHandle<'_> {
    /// A version of an object, or its newest; either may be a delete marker.
    ///
    /// # Errors
    /// `BucketNotFound`, `ObjectNotFound`, `ObjectVersionNotFound`; the store failed.
    pub async fn find(&self, key: &str, version: Option<VersionId>) -> Result<Version, Error> {
        self.perform(Operation::GetObject, async {
            let (namespace, name) = self.place();
            let found = self.stores().objects.find(namespace, name, key, version).await;
            found.map_err(self.refused(key))
        })
        .await
    }

    /// A version of an object, or its newest, with its bytes, or those of `range`.
    ///
    /// # Errors
    /// `BucketNotFound`, `ObjectNotFound`, `ObjectVersionNotFound`, `DeleteMarker`,
    /// `RangeNotSatisfiable`; the store failed.
    pub async fn get_version(
        &self,
        version: (&str, Option<VersionId>),
        range: Option<Range<u64>>,
    ) -> Result<(Object, ByteStream), Error> {
        self.perform(Operation::GetObject, async {
            let (namespace, name) = self.place();
            let found = self.stores().objects.get_version(namespace, name, version, range).await;
            found.map_err(self.refused(version.0))
        })
        .await
    }

    /// Deletes one version for good, whatever it is, if it is there; without one, deletes the
    /// object, for which a bucket that keeps versions makes a delete marker.
    ///
    /// # Errors
    /// `BucketNotFound`, `PreconditionFailed`, `QuotaExceeded` (for the delete marker); the store
    /// failed.
    pub async fn delete_version(
        &self,
        version: (&str, Option<VersionId>),
        condition: Condition,
    ) -> Result<Deleted, Error> {
        self.perform(Operation::DeleteObject, async {
            let (namespace, name) = self.place();
            let (objects, origin) = (&self.stores().objects, self.data_scope().change_origin()?);
            let deleted = objects.delete_version(namespace, name, version, condition, origin).await;
            deleted.map_err(self.refused(version.0))
        })
        .await
    }

    /// Lists versions.
    ///
    /// # Errors
    /// `BucketNotFound`; the store failed.
    pub async fn list_versions(&self, list: ListVersions) -> Result<VersionPage, Error> {
        self.perform(Operation::ListObjects, async {
            let (namespace, name) = self.place();
            let page = self.stores().objects.list_versions(namespace, name, list).await;
            page.map_err(self.refused(""))
        })
        .await
    }
}
