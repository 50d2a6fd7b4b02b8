//! Versions of objects that end by themselves, by the rules of their bucket.

use jiff::Timestamp;
use lambent_storage::{Condition, DeleteMarker, ListVersions, Version};
use lambent_types::{Error, VersionId, bounds};

use crate::buckets::BucketHandle;
use crate::contents::{check_stays, gone};
use crate::expiry_rule::ExpiryRule;

/// What was seen of a key so far, the newest first.
struct Seen {
    key: String,
    /// When the version that was seen last was made: since then the next one is no longer the newest.
    since: Timestamp,
    /// How many were seen that are no longer the newest.
    former: usize,
    /// The newest, if it is a delete marker and nothing else was seen.
    marker: Option<DeleteMarker>,
}

/// Deletes the versions that are over by a rule: those that are no longer the newest, and delete
/// markers that are all that is left of their key.
pub(crate) async fn expire(
    bucket: &BucketHandle<'_>,
    rule: &ExpiryRule,
    now: Timestamp,
) -> Result<(), Error> {
    let prefix = rule.prefix.clone();
    let mut list = ListVersions { prefix, limit: bounds::PAGE_MAX, ..ListVersions::default() };
    let mut seen: Option<Seen> = None;
    loop {
        let page = bucket.list_versions(list.clone()).await?;
        for listed in page.versions {
            let version = listed.version;
            match seen.take() {
                Some(before) if before.key == version.key() => {
                    let end = rule.end_of_former(&version, before.since, before.former);
                    if end.is_some_and(|end| end <= now) {
                        delete_former(bucket, &version).await?;
                    }
                    seen = Some(Seen {
                        since: version.modified(),
                        former: before.former + 1,
                        marker: None,
                        ..before
                    });
                }
                before => {
                    expire_marker(bucket, rule, before, now).await?;
                    let (key, since) = (version.key().to_owned(), version.modified());
                    let marker = match version {
                        Version::Marker(marker) => Some(marker),
                        Version::Object(_) => None,
                    };
                    seen = Some(Seen { key, since, former: 0, marker });
                }
            }
        }
        let Some((key, version)) = page.next else { break };
        (list.after, list.after_version) = (Some(key), version);
    }
    expire_marker(bucket, rule, seen, now).await
}

async fn expire_marker(
    bucket: &BucketHandle<'_>,
    rule: &ExpiryRule,
    seen: Option<Seen>,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(marker) = seen.and_then(|seen| seen.marker) else { return Ok(()) };
    match rule.end_of_marker(&marker).filter(|end| *end <= now) {
        Some(_) => delete(bucket, &marker.key, marker.version).await,
        None => Ok(()),
    }
}

async fn delete_former(bucket: &BucketHandle<'_>, version: &Version) -> Result<(), Error> {
    // It may be the newest again, if what came after it was deleted meanwhile.
    match bucket.find(version.key(), None).await {
        Ok(newest) if newest.sequence() == version.sequence() => Ok(()),
        Ok(_) => delete(bucket, version.key(), version.id().unwrap_or(VersionId::Null)).await,
        Err(error) => gone(Err(error)),
    }
}

async fn delete(bucket: &BucketHandle<'_>, key: &str, version: VersionId) -> Result<(), Error> {
    check_stays(bucket.scope())?;
    gone(bucket.delete_version((key, Some(version)), Condition::None).await.map(drop))
}
