use lambent_storage::{Bucket, ObjectError};
use lambent_types::{BucketName, Error, Namespace};

use super::Put;
use crate::control::Control;
use crate::explain;

impl Control {
    /// Creates a bucket, if it is not there already.
    ///
    /// # Errors
    /// `QuotaExceeded`; the store failed.
    pub async fn put_bucket(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<Put<Bucket>, Error> {
        loop {
            match self.stores.objects.create_bucket(namespace, bucket).await {
                Ok(value) => return Ok(Put { value, created: true }),
                // Unless it was deleted in between: then it is created after all.
                Err(ObjectError::Exists) => {
                    if let Some(value) = self.stores.objects.bucket(namespace, bucket).await? {
                        return Ok(Put { value, created: false });
                    }
                }
                Err(error) => return Err(explain::object(namespace, bucket, "", error)),
            }
        }
    }

    /// Reads one bucket.
    ///
    /// # Errors
    /// `BucketNotFound`; the store failed.
    pub async fn bucket(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<Bucket, Error> {
        let found = self.stores.objects.bucket(namespace, bucket).await?;
        found.ok_or_else(|| explain::no_bucket(namespace, bucket))
    }

    /// All buckets by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn buckets(&self, namespace: &Namespace) -> Result<Vec<Bucket>, Error> {
        Ok(self.stores.objects.buckets(namespace).await?)
    }

    /// Deletes an empty bucket that no trigger is for.
    ///
    /// # Errors
    /// `BucketNotFound`, `Conflict`; the store failed.
    pub async fn delete_bucket(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<(), Error> {
        let deleted = self.stores.objects.delete_bucket(namespace, bucket).await;
        deleted.map_err(|error| explain::object(namespace, bucket, "", error))
    }
}
