//! Tags of objects and of buckets.

use std::collections::BTreeMap;

use lambent_types::bounds;
use s3s::dto::{
    DeleteBucketTaggingInput, DeleteBucketTaggingOutput, DeleteObjectTaggingInput,
    DeleteObjectTaggingOutput, GetBucketTaggingInput, GetBucketTaggingOutput,
    GetObjectTaggingInput, GetObjectTaggingOutput, PutBucketTaggingInput, PutBucketTaggingOutput,
    PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::caller::{Buckets, bucket};
use super::error;
use super::found;
use super::limits::version;

/// Most tags of a bucket; S3's.
const BUCKET_TAGS_MAX: usize = 50;

type Tags = BTreeMap<String, String>;

/// The tags that a header field gives, which has them as a URL's query has its parameters.
pub(super) fn of_header(text: &str) -> S3Result<Tags> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(text).map_err(|_| {
        s3_error!(
            InvalidArgument,
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query \
             parameters without tag name duplicates."
        )
    })?;
    unique(pairs, bounds::OBJECT_TAGS_MAX)
}

/// The tags that XML gives.
pub(super) fn of_xml(tags: Vec<Tag>, most: usize) -> S3Result<Tags> {
    let pairs =
        tags.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
    unique(pairs.collect(), most)
}

fn unique(pairs: Vec<(String, String)>, most: usize) -> S3Result<Tags> {
    let given = pairs.len();
    if given > most {
        return Err(match most {
            bounds::OBJECT_TAGS_MAX => error::other(
                "BadRequest",
                http::StatusCode::BAD_REQUEST,
                format!("Object tags cannot be greater than {most}"),
            ),
            _ => s3_error!(InvalidTag, "Bucket tags cannot be greater than {most}"),
        });
    }
    let tags: Tags = pairs.into_iter().collect();
    if tags.len() < given {
        return Err(s3_error!(InvalidTag, "Cannot provide multiple Tags with the same key"));
    }
    for (key, value) in &tags {
        if !(1..=bounds::TAG_KEY_CHARS_MAX).contains(&key.chars().count()) {
            return Err(s3_error!(InvalidTag, "The TagKey you have provided is invalid"));
        }
        if value.chars().count() > bounds::TAG_VALUE_CHARS_MAX {
            return Err(s3_error!(InvalidTag, "The TagValue you have provided is invalid"));
        }
    }
    Ok(tags)
}

pub(super) fn shown(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
}

pub(super) async fn of_object(
    buckets: &Buckets,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    let version = version(input.version_id.as_deref())?;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let object = found::found(&bucket, &input.key, version).await?;
    let version_id = found::id(&object);
    Ok(S3Response::new(GetObjectTaggingOutput { tag_set: shown(object.tags), version_id }))
}

/// Gives a version of an object these tags, and tells which one it is.
async fn set(
    buckets: &Buckets,
    name: &str,
    (key, named): (&str, Option<&str>),
    tags: Tags,
) -> S3Result<Option<String>> {
    let version = version(named)?;
    let scope = buckets.scope().await?;
    let done = bucket(&scope, name)?.tag_object((key, version), tags).await;
    done.map(|object| found::id(&object)).map_err(|error| error::of(&error))
}

pub(super) async fn tag_object(
    buckets: &Buckets,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    let tags = of_xml(input.tagging.tag_set, bounds::OBJECT_TAGS_MAX)?;
    let version = (&*input.key, input.version_id.as_deref());
    let version_id = set(buckets, &input.bucket, version, tags).await?;
    Ok(S3Response::new(PutObjectTaggingOutput { version_id }))
}

pub(super) async fn untag_object(
    buckets: &Buckets,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let input = request.input;
    let version = (&*input.key, input.version_id.as_deref());
    let version_id = set(buckets, &input.bucket, version, Tags::new()).await?;
    Ok(S3Response::new(DeleteObjectTaggingOutput { version_id }))
}

pub(super) async fn of_bucket(
    buckets: &Buckets,
    request: S3Request<GetBucketTaggingInput>,
) -> S3Result<S3Response<GetBucketTaggingOutput>> {
    let scope = buckets.scope().await?;
    let settings = bucket(&scope, &request.input.bucket)?.settings().await;
    let (_, settings) = settings.map_err(|error| error::of(&error))?;
    if settings.tags.is_empty() {
        return Err(s3_error!(NoSuchTagSet, "The TagSet does not exist"));
    }
    Ok(S3Response::new(GetBucketTaggingOutput { tag_set: shown(settings.tags) }))
}

async fn set_of_bucket(buckets: &Buckets, name: &str, tags: Tags) -> S3Result<()> {
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, name)?;
    let done = bucket.change_settings(|settings| settings.tags.clone_from(&tags)).await;
    done.map_err(|error| error::of(&error))
}

pub(super) async fn tag_bucket(
    buckets: &Buckets,
    request: S3Request<PutBucketTaggingInput>,
) -> S3Result<S3Response<PutBucketTaggingOutput>> {
    let tags = of_xml(request.input.tagging.tag_set, BUCKET_TAGS_MAX)?;
    set_of_bucket(buckets, &request.input.bucket, tags).await?;
    Ok(S3Response::new(PutBucketTaggingOutput::default()))
}

pub(super) async fn untag_bucket(
    buckets: &Buckets,
    request: S3Request<DeleteBucketTaggingInput>,
) -> S3Result<S3Response<DeleteBucketTaggingOutput>> {
    set_of_bucket(buckets, &request.input.bucket, Tags::new()).await?;
    Ok(S3Response::new(DeleteBucketTaggingOutput::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_fields_have_tags_as_a_query() {
        let tags = of_header("a=1&b%20c=%C3%A9&d=").unwrap();
        assert_eq!(tags["b c"], "é");
        assert_eq!(tags["d"], "");
        assert!(of_header("a=1&a=2").is_err());
        let many: Vec<String> = (0..11).map(|n| format!("k{n}=v")).collect();
        assert!(of_header(&many.join("&")).is_err());
        assert!(of_header(&format!("{}=v", "k".repeat(129))).is_err());
        assert!(of_header(&format!("k={}", "v".repeat(257))).is_err());
        assert!(of_header("=v").is_err());
    }
}
