//! What is set of a bucket besides its name: a record of the service's own for each bucket that has
//! anything set.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambent_storage::Bucket;
use lambent_types::{BucketName, Error, ErrorCode, Namespace};
use serde::{Deserialize, Serialize};

use crate::bucket_notifications::Notification;
use crate::buckets::BucketHandle;
use crate::expiry_rule::ExpiryRule;
use crate::operation::Operation;
use crate::records::{Records, Write};

const RECORDS: &str = "bucket-settings";
/// How often a change is tried that others come before.
const TRIES_MAX: usize = 100;
/// Most bytes of all that is set of a bucket: a value of the store's has a mebibyte.
const SETTINGS_BYTES_MAX: usize = 512 << 10;

/// What is set of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BucketSettings {
    /// Where the client that created it says it is. It is here all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Its tags.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Which pages of other origins may ask for its objects, in the order in which they are tried.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cors: Vec<CorsRule>,
    /// Which of its objects and uploads end by themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expiry: Vec<ExpiryRule>,
    /// Which of its changes are told to functions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notifications: Vec<Notification>,
}

/// What pages of some origins may do with a bucket, as S3 has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CorsRule {
    /// What the client calls it.
    pub id: Option<String>,
    /// Origins; one may have one `*`, which stands for anything.
    pub origins: Vec<String>,
    /// Methods.
    pub methods: Vec<String>,
    /// Header fields that a request may have; one may have one `*`.
    pub headers: Vec<String>,
    /// Header fields of responses that a page may read.
    pub exposed: Vec<String>,
    /// Seconds for which a browser may remember the answer.
    pub max_age: Option<i32>,
}

/// The settings of a bucket with what says which one it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SettingsRecord {
    pub(crate) namespace: Namespace,
    pub(crate) bucket: BucketName,
    pub(crate) created: Timestamp,
    pub(crate) settings: BucketSettings,
}

impl SettingsRecord {
    /// A bucket that is deleted and created again is another one.
    pub(crate) fn key(&self) -> String {
        key(&self.namespace, &self.bucket, self.created)
    }
}

fn key(namespace: &Namespace, bucket: &BucketName, created: Timestamp) -> String {
    format!("{}/{bucket}/{created}", namespace.key())
}

pub(crate) fn records(store: &dyn lambent_storage::KeyValue) -> Result<Records<'_>, Error> {
    Records::of(store, RECORDS)
}

impl BucketHandle<'_> {
    /// What is set of the bucket, with the bucket.
    ///
    /// # Errors
    /// `BucketNotFound`; the store failed.
    pub async fn settings(&self) -> Result<(Bucket, BucketSettings), Error> {
        let bucket = self.describe().await?;
        let records = records(&*self.stores().keyvalue)?;
        let found: Option<SettingsRecord> =
            records.get(&key(self.namespace(), &bucket.name, bucket.created)).await?;
        Ok((bucket, found.map_or_else(BucketSettings::default, |record| record.settings)))
    }

    /// Changes what is set of the bucket. `change` may be called more than once, as others change
    /// it too.
    ///
    /// # Errors
    /// `BucketNotFound`, `InvalidRequest` (there is too much of it), `Conflict`; the store failed.
    pub async fn change_settings(
        &self,
        change: impl Fn(&mut BucketSettings) + Send + Sync,
    ) -> Result<(), Error> {
        self.perform(Operation::PutBucket, async {
            let bucket = self.describe().await?;
            let records = records(&*self.stores().keyvalue)?;
            let key = key(self.namespace(), &bucket.name, bucket.created);
            for _ in 0..TRIES_MAX {
                let found: Option<(SettingsRecord, u64)> = records.get_revision(&key).await?;
                let (mut record, revision) = match found {
                    Some((record, revision)) => (record, Some(revision)),
                    None => (self.record(&bucket), None),
                };
                change(&mut record.settings);
                self.check_size(&record.settings)?;
                let write = match revision {
                    Some(revision) => Write::replace(key.clone(), &record, revision)?,
                    None => Write::create(key.clone(), &record)?,
                };
                if records.write(&[write]).await? {
                    return Ok(());
                }
            }
            let detail = format!("bucket \"{}\" is being changed all the time", self.name());
            Err(Error::new(ErrorCode::Conflict, detail))
        })
        .await
    }

    fn record(&self, bucket: &Bucket) -> SettingsRecord {
        let (namespace, name) = (self.namespace().clone(), self.name().clone());
        let settings = BucketSettings::default();
        SettingsRecord { namespace, bucket: name, created: bucket.created, settings }
    }

    fn check_size(&self, settings: &BucketSettings) -> Result<(), Error> {
        let bytes = serde_json::to_vec(settings).map_or(usize::MAX, |written| written.len());
        if bytes <= SETTINGS_BYTES_MAX {
            return Ok(());
        }
        let detail = format!(
            "all that is set of bucket \"{}\" would have {bytes} bytes; the most is \
             {SETTINGS_BYTES_MAX}",
            self.name()
        );
        Err(Error::new(ErrorCode::InvalidRequest, detail))
    }

    /// Forgets what was set of a bucket that was deleted.
    pub(crate) async fn forget_settings(&self, bucket: &Bucket) -> Result<(), Error> {
        let records = records(&*self.stores().keyvalue)?;
        records
            .write(&[Write::Delete(key(self.namespace(), &bucket.name, bucket.created))])
            .await?;
        Ok(())
    }
}
