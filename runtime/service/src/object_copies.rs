//! Copies of objects, and what changes of an object without its bytes.

use std::collections::BTreeMap;

use lambent_storage::{Condition, CopyObject, Object, ObjectError, ObjectPlace, Part};
use lambent_types::{Error, VersionId};

use crate::buckets::BucketHandle;
use crate::operation::Operation;
use crate::resource_name::ResourceName as _;

impl BucketHandle<'_> {
    /// Copies an object of another bucket, or of this one, to `key`. Its bytes are not read: both
    /// have the same ones.
    ///
    /// # Errors
    /// `BucketNotFound`, `ObjectNotFound`, `ObjectVersionNotFound`, `DeleteMarker`,
    /// `PreconditionFailed`, `InvalidRequest`, `QuotaExceeded`; the store failed.
    pub async fn copy_object(
        &self,
        (from, source): (&BucketHandle<'_>, &str),
        key: &str,
        copy: CopyObject,
    ) -> Result<Object, Error> {
        from.check(Operation::GetObject).await?;
        self.perform(Operation::PutObject, async {
            let place = ObjectPlace { bucket: from.name(), key: source };
            let target = ObjectPlace { bucket: self.name(), key };
            let conditional = !matches!(copy.source, Condition::None);
            let (objects, origin) = (&self.stores().objects, self.data_scope().change_origin()?);
            let done = objects.copy(self.namespace(), place, target, copy, origin).await;
            let error = match done {
                Ok(object) => return Ok(object),
                Err(error) => error,
            };
            let of_source = match &error {
                ObjectError::NoObject | ObjectError::NoVersion | ObjectError::Marker => true,
                ObjectError::NoBucket => {
                    self.name().is_there(self.stores(), self.namespace()).await
                }
                ObjectError::Condition { .. } => conditional,
                _ => false,
            };
            Err(if of_source { from.refused(source)(error) } else { self.refused(key)(error) })
        })
        .await
    }

    /// Gives an object, or a version of it, other tags.
    ///
    /// # Errors
    /// `BucketNotFound`, `ObjectNotFound`, `ObjectVersionNotFound`, `DeleteMarker`,
    /// `InvalidRequest`; the store failed.
    pub async fn tag_object(
        &self,
        version: (&str, Option<VersionId>),
        tags: BTreeMap<String, String>,
    ) -> Result<Object, Error> {
        self.perform(Operation::PutObject, async {
            let (namespace, name) = self.place();
            let done = self.stores().objects.set_tags(namespace, name, version, tags).await;
            done.map_err(self.refused(version.0))
        })
        .await
    }

    /// An object, or a version of it, and the parts that it was made of.
    ///
    /// # Errors
    /// `BucketNotFound`, `ObjectNotFound`, `ObjectVersionNotFound`, `DeleteMarker`; the store
    /// failed.
    pub async fn object_parts(
        &self,
        version: (&str, Option<VersionId>),
    ) -> Result<(Object, Vec<Part>), Error> {
        self.perform(Operation::GetObject, async {
            let (namespace, name) = self.place();
            let found = self.stores().objects.object_parts(namespace, name, version).await;
            found.map_err(self.refused(version.0))
        })
        .await
    }
}
