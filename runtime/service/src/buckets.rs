use lambent_storage::{Bucket, ObjectError};
use lambent_types::Error;

use crate::client_errors;
use crate::data_scope::BucketHandle;
use crate::handle::Put;
use crate::operation::Operation;
use crate::scope::Scope;

impl Scope {
    /// All buckets by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn buckets(&self) -> Result<Vec<Bucket>, Error> {
        self.perform(Operation::ListBuckets, "", async {
            Ok(self.stores().objects.buckets(self.namespace()).await?)
        })
        .await
    }
}

impl BucketHandle<'_> {
    /// Creates the bucket, if it is not there already.
    ///
    /// # Errors
    /// `QuotaExceeded`; the store failed.
    pub async fn create(&self) -> Result<Put<Bucket>, Error> {
        self.perform(Operation::PutBucket, async {
            let (namespace, name) = self.place();
            let objects = &self.stores().objects;
            loop {
                match objects.create_bucket(namespace, name).await {
                    Ok(value) => return Ok(Put { value, created: true }),
                    // Unless it was deleted in between: then it is created after all.
                    Err(ObjectError::Exists) => {
                        if let Some(value) = objects.bucket(namespace, name).await? {
                            return Ok(Put { value, created: false });
                        }
                    }
                    Err(error) => return Err(client_errors::object(namespace, name, "", error)),
                }
            }
        })
        .await
    }

    /// Reads the bucket itself.
    ///
    /// # Errors
    /// `BucketNotFound`; the store failed.
    pub async fn describe(&self) -> Result<Bucket, Error> {
        self.perform(Operation::DescribeBucket, async {
            let (namespace, name) = self.place();
            let found = self.stores().objects.bucket(namespace, name).await?;
            found.ok_or_else(|| client_errors::no_bucket(namespace, name))
        })
        .await
    }

    /// Deletes the bucket, which is empty and no trigger's.
    ///
    /// # Errors
    /// `BucketNotFound`, `Conflict`; the store failed.
    pub async fn delete(&self) -> Result<(), Error> {
        self.perform(Operation::DeleteBucket, async {
            let (namespace, name) = self.place();
            let deleted = self.stores().objects.delete_bucket(namespace, name).await;
            deleted.map_err(|error| client_errors::object(namespace, name, "", error))
        })
        .await
    }
}
