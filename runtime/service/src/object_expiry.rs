//! Objects and uploads that end by themselves, by the rules of their bucket.

use std::sync::Arc;

use jiff::Timestamp;
use lambent_storage::{Condition, ListObjects};
use lambent_types::{Error, Origin, Precondition, bounds};

use crate::bucket_settings::{SettingsRecord, records};
use crate::buckets::BucketHandle;
use crate::contents::{check_stays, gone};
use crate::expiry_rule::ExpiryRule;
use crate::principal::Principal;
use crate::records::Write;
use crate::scope::Scope;
use crate::service::Service;
use crate::version_expiry;

impl Service {
    /// Deletes the objects and aborts the uploads that are over by the rules of their buckets. It
    /// is for every now and then.
    ///
    /// # Errors
    /// The store failed; the node stops.
    pub async fn expire_objects(self: &Arc<Self>) -> Result<(), Error> {
        let records = records(&*self.stores().keyvalue)?;
        for key in records.keys("").await? {
            let Some(record) = records.get::<SettingsRecord>(&key).await? else { continue };
            if record.settings.expiry.is_empty() {
                continue;
            }
            if !self.expire_in(&record).await? {
                records.write(&[Write::Delete(record.key())]).await?;
            }
        }
        Ok(())
    }

    /// Whether the bucket is still there.
    async fn expire_in(self: &Arc<Self>, record: &SettingsRecord) -> Result<bool, Error> {
        let namespace = Some(record.namespace.clone());
        let scope = match self.scope(Principal::Node, namespace, Origin::default()).await {
            Ok(scope) => scope,
            // Deleted, or being deleted.
            Err(error) if matches!(error.code().status(), 404 | 409) => return Ok(true),
            Err(error) => return Err(error),
        };
        let bucket = scope.resource(&record.bucket);
        let found = match bucket.describe().await {
            Ok(found) if found.created == record.created => found,
            Ok(_) => return Ok(false),
            Err(error) if error.code().status() == 404 => return Ok(false),
            Err(error) => return Err(error),
        };
        let now = self.clock.now();
        let keeps_versions = !found.versioning.is_off();
        for rule in &record.settings.expiry {
            expire_objects(&scope, &bucket, rule, now).await?;
            if keeps_versions && rule.enabled && rule.is_of_versions() {
                version_expiry::expire(&bucket, rule, now).await?;
            }
        }
        for upload in bucket.uploads().await? {
            let ends = record.settings.expiry.iter().filter_map(|rule| rule.end_of_upload(&upload));
            if ends.min().is_some_and(|end| end <= now) {
                gone(bucket.abort_upload(&upload.id).await)?;
            }
        }
        Ok(true)
    }
}

async fn expire_objects(
    scope: &Scope,
    bucket: &BucketHandle<'_>,
    rule: &ExpiryRule,
    now: Timestamp,
) -> Result<(), Error> {
    if !rule.enabled || rule.objects.is_none() {
        return Ok(());
    }
    let mut after = None;
    loop {
        let (prefix, limit) = (rule.prefix.clone(), bounds::PAGE_MAX);
        let page = bucket.list(ListObjects { prefix, delimiter: None, after, limit }).await?;
        for object in &page.objects {
            if rule.end_of(object).is_some_and(|end| end <= now) {
                check_stays(scope)?;
                // One that was written meanwhile stays.
                let since = Some(object.modified);
                let same = Precondition { if_unmodified_since: since, ..Precondition::NONE };
                let deleted = bucket.delete_object(&object.key, Condition::When(same)).await;
                match deleted {
                    Err(error) if error.code().status() == 412 => {}
                    other => gone(other.map(drop))?,
                }
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}
