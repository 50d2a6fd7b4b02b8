//! Rules by which objects and uploads end, which the node keeps to by itself.

use std::collections::BTreeMap;

use lambent_service::{Expiry, ExpiryRule, FormerExpiry};
use s3s::dto::{
    AbortIncompleteMultipartUpload, DeleteBucketLifecycleInput, DeleteBucketLifecycleOutput,
    ExpirationStatus, GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput,
    LifecycleExpiration, LifecycleRule, LifecycleRuleAndOperator, LifecycleRuleFilter,
    NoncurrentVersionExpiration, PutBucketLifecycleConfigurationInput,
    PutBucketLifecycleConfigurationOutput, Tag,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::bucket_configuration::settings;
use super::caller::{Buckets, bucket};
use super::{error, tagging, time};

/// Most rules of a bucket; S3's.
const RULES_MAX: usize = 1000;
const ID_CHARS_MAX: usize = 255;
/// Most former versions that a rule keeps; S3's.
const FORMER_KEPT_MAX: u32 = 100;

fn days(days: i32, what: &str) -> S3Result<u32> {
    u32::try_from(days).ok().filter(|days| *days > 0).ok_or_else(|| {
        s3_error!(InvalidArgument, "'{what}' for Expiration action must be a positive integer")
    })
}

fn bytes(bytes: Option<i64>) -> S3Result<Option<u64>> {
    let bytes = bytes.map(u64::try_from).transpose();
    bytes.map_err(|_| s3_error!(InvalidRequest, "A size of objects must not be negative"))
}

fn read_rule(rule: LifecycleRule, place: usize) -> S3Result<ExpiryRule> {
    if rule.transitions.is_some() || rule.noncurrent_version_transitions.is_some() {
        return Err(error::not_served("transitions to other storage classes"));
    }
    let id = rule.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("rule-{place}"));
    if id.chars().count() > ID_CHARS_MAX {
        return Err(s3_error!(
            InvalidArgument,
            "ID length should not exceed allowed limit of {ID_CHARS_MAX}"
        ));
    }
    let enabled = match rule.status.as_str() {
        ExpirationStatus::ENABLED => true,
        ExpirationStatus::DISABLED => false,
        _ => return Err(s3_error!(MalformedXML, "The status of a rule is Enabled or Disabled")),
    };
    let former = rule.noncurrent_version_expiration.map(read_former).transpose()?;
    let mut read = ExpiryRule { id, enabled, former, ..ExpiryRule::default() };
    read.prefix = rule.prefix.unwrap_or_default();
    if let Some(filter) = rule.filter {
        read_filter(&mut read, filter)?;
    }
    if let Some(expiration) = rule.expiration {
        read.lone_markers = expiration.expired_object_delete_marker == Some(true);
        read.objects = match (expiration.days, expiration.date) {
            (None, None) if expiration.expired_object_delete_marker.is_some() => None,
            _ if read.lone_markers => {
                return Err(s3_error!(
                    MalformedXML,
                    "ExpiredObjectDeleteMarker stands without Days and without a Date"
                ));
            }
            (Some(given), None) => Some(Expiry::Days(days(given, "Days")?)),
            (None, Some(date)) => {
                let date = time::read(&date).filter(|date| date.as_second() % 86_400 == 0);
                Some(Expiry::Date(
                    date.ok_or_else(|| {
                        s3_error!(InvalidArgument, "'Date' must be at midnight GMT")
                    })?,
                ))
            }
            _ => return Err(s3_error!(MalformedXML, "An expiration has either Days or a Date")),
        };
    }
    if let Some(abort) = rule.abort_incomplete_multipart_upload {
        let given = abort.days_after_initiation.unwrap_or_default();
        read.uploads = Some(days(given, "DaysAfterInitiation")?);
    }
    if !read.tags.is_empty() && read.lone_markers {
        return Err(s3_error!(
            InvalidRequest,
            "ExpiredObjectDeleteMarker does not go with a filter by tags"
        ));
    }
    if !read.is_of_versions() && read.uploads.is_none() {
        return Err(s3_error!(
            InvalidRequest,
            "At least one action needs to be specified in a rule"
        ));
    }
    Ok(read)
}

fn read_former(given: NoncurrentVersionExpiration) -> S3Result<FormerExpiry> {
    let days = days(given.noncurrent_days.unwrap_or_default(), "NoncurrentDays")?;
    let most = i32::try_from(FORMER_KEPT_MAX).unwrap_or(i32::MAX);
    let kept = match given.newer_noncurrent_versions {
        None => None,
        Some(kept) if (1..=most).contains(&kept) => u32::try_from(kept).ok(),
        Some(_) => {
            return Err(s3_error!(
                InvalidArgument,
                "'NewerNoncurrentVersions' must be an integer from 1 to {FORMER_KEPT_MAX}"
            ));
        }
    };
    Ok(FormerExpiry { days, kept })
}

fn read_filter(rule: &mut ExpiryRule, filter: LifecycleRuleFilter) -> S3Result<()> {
    let and = filter.and.unwrap_or_default();
    rule.prefix = filter.prefix.or(and.prefix).unwrap_or_else(|| rule.prefix.clone());
    let tags = filter.tag.into_iter().chain(and.tags.unwrap_or_default()).collect();
    rule.tags = tagging::of_xml(tags, RULES_MAX)?;
    rule.larger_than = bytes(filter.object_size_greater_than.or(and.object_size_greater_than))?;
    rule.smaller_than = bytes(filter.object_size_less_than.or(and.object_size_less_than))?;
    Ok(())
}

fn shown(rule: ExpiryRule) -> LifecycleRule {
    let expiration = rule.objects.map(|expiry| match expiry {
        Expiry::Days(days) => {
            LifecycleExpiration { days: i32::try_from(days).ok(), ..Default::default() }
        }
        Expiry::Date(date) => {
            LifecycleExpiration { date: Some(time::out(date)), ..Default::default() }
        }
    });
    let expiration = expiration.or_else(|| {
        rule.lone_markers.then(|| LifecycleExpiration {
            expired_object_delete_marker: Some(true),
            ..Default::default()
        })
    });
    let former = rule.former.map(|former| NoncurrentVersionExpiration {
        newer_noncurrent_versions: former.kept.and_then(|kept| kept.try_into().ok()),
        noncurrent_days: former.days.try_into().ok(),
    });
    let abort = rule.uploads.map(|days| AbortIncompleteMultipartUpload {
        days_after_initiation: i32::try_from(days).ok(),
    });
    let status = if rule.enabled { ExpirationStatus::ENABLED } else { ExpirationStatus::DISABLED };
    LifecycleRule {
        id: Some(rule.id.clone()),
        status: ExpirationStatus::from_static(status),
        expiration,
        abort_incomplete_multipart_upload: abort,
        filter: Some(shown_filter(rule)),
        noncurrent_version_expiration: former,
        noncurrent_version_transitions: None,
        prefix: None,
        transitions: None,
    }
}

fn shown_filter(rule: ExpiryRule) -> LifecycleRuleFilter {
    let (larger, smaller) = (
        rule.larger_than.and_then(|bytes| bytes.try_into().ok()),
        rule.smaller_than.and_then(|bytes| bytes.try_into().ok()),
    );
    let prefix = Some(rule.prefix).filter(|prefix| !prefix.is_empty());
    let tags: Vec<Tag> = tagging::shown(rule.tags);
    let parts = usize::from(prefix.is_some())
        + tags.len()
        + usize::from(larger.is_some())
        + usize::from(smaller.is_some());
    if parts > 1 {
        let and = LifecycleRuleAndOperator {
            object_size_greater_than: larger,
            object_size_less_than: smaller,
            prefix,
            tags: (!tags.is_empty()).then_some(tags),
        };
        return LifecycleRuleFilter { and: Some(and), ..Default::default() };
    }
    let tag = tags.into_iter().next();
    // One for all objects has an empty prefix.
    let prefix = prefix.or_else(|| (parts == 0).then(String::new));
    LifecycleRuleFilter {
        object_size_greater_than: larger,
        object_size_less_than: smaller,
        prefix,
        tag,
        ..Default::default()
    }
}

pub(super) async fn put(
    buckets: &Buckets,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> S3Result<S3Response<PutBucketLifecycleConfigurationOutput>> {
    let input = request.input;
    let rules = input.lifecycle_configuration.map(|given| given.rules).unwrap_or_default();
    if rules.is_empty() || rules.len() > RULES_MAX {
        return Err(s3_error!(MalformedXML, "A lifecycle has 1 to {RULES_MAX} rules"));
    }
    let rules = (1..)
        .zip(rules)
        .map(|(place, rule)| read_rule(rule, place))
        .collect::<S3Result<Vec<_>>>()?;
    let ids: BTreeMap<&str, ()> = rules.iter().map(|rule| (rule.id.as_str(), ())).collect();
    if ids.len() < rules.len() {
        return Err(s3_error!(
            InvalidArgument,
            "Rule ID must be unique. Found same ID for more than one rule"
        ));
    }
    set(buckets, &input.bucket, rules).await?;
    Ok(S3Response::new(PutBucketLifecycleConfigurationOutput::default()))
}

async fn set(buckets: &Buckets, name: &str, rules: Vec<ExpiryRule>) -> S3Result<()> {
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, name)?;
    let set = bucket.change_settings(|settings| settings.expiry.clone_from(&rules)).await;
    set.map_err(|error| error::of(&error))
}

pub(super) async fn get(
    buckets: &Buckets,
    request: S3Request<GetBucketLifecycleConfigurationInput>,
) -> S3Result<S3Response<GetBucketLifecycleConfigurationOutput>> {
    let (_, settings) = settings(buckets, &request.input.bucket).await?;
    if settings.expiry.is_empty() {
        return Err(s3_error!(
            NoSuchLifecycleConfiguration,
            "The lifecycle configuration does not exist"
        ));
    }
    let rules = Some(settings.expiry.into_iter().map(shown).collect());
    Ok(S3Response::new(GetBucketLifecycleConfigurationOutput { rules, ..Default::default() }))
}

pub(super) async fn delete(
    buckets: &Buckets,
    request: S3Request<DeleteBucketLifecycleInput>,
) -> S3Result<S3Response<DeleteBucketLifecycleOutput>> {
    set(buckets, &request.input.bucket, Vec::new()).await?;
    Ok(S3Response::new(DeleteBucketLifecycleOutput::default()))
}
