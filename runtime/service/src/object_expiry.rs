//! Objects and uploads that end by themselves, by the rules of their bucket.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use lambent_storage::{Condition, ListObjects, Object, Upload};
use lambent_types::{Error, Origin, Precondition, bounds};
use serde::{Deserialize, Serialize};

use crate::bucket_settings::{SettingsRecord, records};
use crate::buckets::BucketHandle;
use crate::contents::{check_stays, gone};
use crate::principal::Principal;
use crate::records::Write;
use crate::scope::Scope;
use crate::service::Service;

const DAY: i64 = 24 * 3600;

/// When something is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expiry {
    /// So many days after it was made, at the next midnight of UTC.
    Days(u32),
    /// From then on.
    Date(Timestamp),
}

/// Which objects and uploads of a bucket end by themselves, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExpiryRule {
    /// What the client calls it.
    pub id: String,
    /// Whether it holds.
    pub enabled: bool,
    /// Only keys that begin so.
    pub prefix: String,
    /// Only objects with these tags.
    pub tags: BTreeMap<String, String>,
    /// Only objects of more bytes.
    pub larger_than: Option<u64>,
    /// Only objects of fewer bytes.
    pub smaller_than: Option<u64>,
    /// When objects are over.
    pub objects: Option<Expiry>,
    /// How many days after they were begun unfinished uploads are over.
    pub uploads: Option<u32>,
}

impl Expiry {
    /// When something that was made then is over.
    #[must_use]
    pub fn of(self, made: Timestamp) -> Timestamp {
        match self {
            Self::Date(date) => date,
            Self::Days(days) => {
                let seconds = made.as_second().saturating_add(i64::from(days) * DAY);
                let midnight = seconds.div_euclid(DAY).saturating_add(1).saturating_mul(DAY);
                Timestamp::from_second(midnight).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

impl ExpiryRule {
    /// When an object is over by this rule, if it is one of those that it is for.
    #[must_use]
    pub fn end_of(&self, object: &Object) -> Option<Timestamp> {
        let fits = self.enabled
            && object.key.starts_with(&self.prefix)
            && self.tags.iter().all(|(key, value)| object.tags.get(key) == Some(value))
            && self.larger_than.is_none_or(|bytes| object.size > bytes)
            && self.smaller_than.is_none_or(|bytes| object.size < bytes);
        self.objects.filter(|_| fits).map(|expiry| expiry.of(object.modified))
    }

    fn end_of_upload(&self, upload: &Upload) -> Option<Timestamp> {
        let fits = self.enabled && upload.key.starts_with(&self.prefix);
        self.uploads.filter(|_| fits).map(|days| Expiry::Days(days).of(upload.started))
    }
}

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
        match bucket.describe().await {
            Ok(found) if found.created == record.created => {}
            Ok(_) => return Ok(false),
            Err(error) if error.code().status() == 404 => return Ok(false),
            Err(error) => return Err(error),
        }
        let now = self.clock.now();
        for rule in &record.settings.expiry {
            expire_objects(&scope, &bucket, rule, now).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str, modified: &str) -> Object {
        Object {
            key: key.into(),
            size: 5,
            etag: String::new(),
            content_type: None,
            headers: BTreeMap::new(),
            metadata: BTreeMap::new(),
            tags: [("a".to_owned(), "b".to_owned())].into(),
            checksum: None,
            modified: modified.parse().unwrap(),
            sequence: 1,
        }
    }

    #[test]
    fn days_end_at_the_next_midnight() {
        let rule = ExpiryRule {
            enabled: true,
            prefix: "logs/".into(),
            objects: Some(Expiry::Days(1)),
            ..ExpiryRule::default()
        };
        let end = |rule: &ExpiryRule, key| rule.end_of(&object(key, "2026-01-15T10:30:00Z"));
        assert_eq!(end(&rule, "logs/a").unwrap().to_string(), "2026-01-17T00:00:00Z");
        assert_eq!(end(&rule, "log"), None);
        let disabled = ExpiryRule { enabled: false, ..rule.clone() };
        assert_eq!(end(&disabled, "logs/a"), None);
        for (larger, smaller, fits) in [
            (Some(4), None, true),
            (Some(5), None, false),
            (None, Some(6), true),
            (None, Some(5), false),
        ] {
            let rule = ExpiryRule { larger_than: larger, smaller_than: smaller, ..rule.clone() };
            assert_eq!(end(&rule, "logs/a").is_some(), fits, "{larger:?} {smaller:?}");
        }
        let tagged = |value: &str| ExpiryRule {
            tags: [("a".to_owned(), value.to_owned())].into(),
            ..rule.clone()
        };
        assert!(end(&tagged("b"), "logs/a").is_some());
        assert!(end(&tagged("c"), "logs/a").is_none());
    }
}
