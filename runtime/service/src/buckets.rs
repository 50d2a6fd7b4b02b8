use lambent_storage::{Bucket, Condition, ListVersions, ObjectError, Stores};
use lambent_types::{
    Access, BucketName, Configuration, Error, ErrorCode, Grant, Namespace, VersionId, Versioning,
    bounds,
};

use crate::client_errors;
use crate::contents::{Contained, check_stays, gone};
use crate::data_scope::DataScope;
use crate::handle::{Handle, Put};
use crate::operation::Operation;
use crate::resource_name::ResourceName;
use crate::scope::Scope;

/// A bucket and its objects.
pub type BucketHandle<'s> = Handle<'s, BucketName>;

impl ResourceName for BucketName {
    const NOUN: &'static str = "bucket";
    const NOT_FOUND: ErrorCode = ErrorCode::BucketNotFound;
    const IS_CREATED_BY_NAME: bool = true;

    type Scope = DataScope;

    fn granted(&self, configuration: &Configuration) -> Option<Access> {
        configuration.grants.buckets.get(self).copied()
    }

    fn grant(&self, _: &Configuration, access: Access) -> Option<Grant> {
        Some(Grant::Bucket(self.clone(), access))
    }

    async fn is_there(&self, stores: &Stores, namespace: &Namespace) -> bool {
        let found = stores.objects.bucket(namespace, self).await;
        !matches!(found, Ok(None))
    }
}

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

    /// Creates the bucket, if it is not there already, and has it keep versions as is said, if
    /// anything is.
    ///
    /// # Errors
    /// As [`Self::create`] and [`Self::set_versioning`].
    pub async fn put_bucket(&self, versioning: Option<Versioning>) -> Result<Put<Bucket>, Error> {
        let Put { value, created } = self.create().await?;
        let value = match versioning.filter(|wanted| *wanted != value.versioning) {
            Some(wanted) => self.set_versioning(wanted).await?,
            None => value,
        };
        Ok(Put { value, created })
    }

    /// Has the bucket keep former versions of its objects, or no new ones from now on.
    ///
    /// # Errors
    /// `BucketNotFound`, `InvalidRequest` (one that ever kept versions can only be suspended); the
    /// store failed.
    pub async fn set_versioning(&self, versioning: Versioning) -> Result<Bucket, Error> {
        self.perform(Operation::PutBucket, async {
            let (namespace, name) = self.place();
            let set = self.stores().objects.set_versioning(namespace, name, versioning).await;
            set.map_err(|error| client_errors::object(namespace, name, "", error))
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
            found.ok_or_else(|| self.not_found())
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
            let objects = &self.stores().objects;
            let bucket = objects.bucket(namespace, name).await?;
            let deleted = objects.delete_bucket(namespace, name).await;
            deleted.map_err(|error| client_errors::object(namespace, name, "", error))?;
            match bucket {
                Some(bucket) => self.forget_settings(&bucket).await,
                None => Ok(()),
            }
        })
        .await
    }
}

impl Contained for BucketName {
    async fn held(scope: &Scope) -> Result<Vec<Self>, Error> {
        Ok(scope.buckets().await?.into_iter().map(|bucket| bucket.name).collect())
    }

    async fn delete_all(scope: &Scope) -> Result<(), Error> {
        for name in Self::held(scope).await? {
            empty_and_delete(&scope.named(name)).await?;
        }
        Ok(())
    }
}

async fn empty_and_delete(bucket: &BucketHandle<'_>) -> Result<(), Error> {
    for upload in bucket.uploads().await? {
        gone(bucket.abort_upload(&upload.id).await)?;
    }
    loop {
        let list = ListVersions { limit: bounds::PAGE_MAX, ..ListVersions::default() };
        let page = bucket.list_versions(list).await?;
        if page.versions.is_empty() {
            return gone(bucket.delete().await);
        }
        for listed in page.versions {
            check_stays(bucket.scope())?;
            let version = listed.version.id().unwrap_or(VersionId::Null);
            let one = (listed.version.key(), Some(version));
            bucket.delete_version(one, Condition::None).await?;
        }
    }
}
