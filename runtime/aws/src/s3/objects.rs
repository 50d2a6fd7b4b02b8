//! Writing and deleting objects.

use futures::StreamExt as _;
use lambent_service::{BucketHandle, Condition, Deleted};
use lambent_types::ErrorCode;
use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETagCondition, ObjectIdentifier, PutObjectInput, PutObjectOutput,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::caller::{Buckets, bucket};
use super::checksum;
use super::checksum::{give, given};
use super::conditions;
use super::description::{self, check_features, taken};
use super::error;
use super::found;
use super::intake::{self, Expected};
use super::limits::{check_key, check_length, version};

/// Most objects that are deleted by one request; S3's.
const DELETES_MAX: usize = 1000;
/// How many of them are deleted at a time: they are made durable together.
const DELETES_AT_ONCE: usize = 32;

/// Where a write says which object must be there and none is, S3 says that there is none.
pub(super) async fn refined(
    bucket: &BucketHandle<'_>,
    key: &str,
    if_match: bool,
    failed: S3Error,
) -> S3Error {
    if if_match
        && *failed.code() == s3s::S3ErrorCode::PreconditionFailed
        && let Err(missing) = bucket.head(key).await
        && missing.code() == ErrorCode::ObjectNotFound
    {
        return error::of(&missing);
    }
    failed
}

pub(super) async fn put(
    buckets: &Buckets,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let S3Request { mut input, headers, trailing_headers, .. } = request;
    check_features!(input)?;
    check_key(&input.key)?;
    check_length(input.content_length)?;
    if input.write_offset_bytes.is_some() {
        return Err(error::not_served("appending to objects"));
    }
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let mut described = taken!(input).put()?;
    described.condition =
        conditions::of_write(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let sent = checksum::only(given!(input))?.map(|(algorithm, value)| (algorithm, Some(value)));
    let asked = input.checksum_algorithm.as_ref().map(|asked| checksum::named(asked.as_str()));
    let later =
        checksum::announced(&headers).or(asked.transpose()?).map(|algorithm| (algorithm, None));
    let expected = Expected {
        md5: input.content_md5.take(),
        checksum: sent.or(later),
        trailers: trailing_headers,
    };
    let (bytes, refused) = intake::stream(input.body.take(), expected, described.checksum.clone())?;
    let object = match bucket.write(&input.key, described, bytes).await {
        Ok(object) => object,
        Err(failed) => {
            let failed = refused.or(&failed);
            return Err(refined(&bucket, &input.key, input.if_match.is_some(), failed).await);
        }
    };
    let mut output = PutObjectOutput {
        e_tag: Some(description::etag(&object)),
        version_id: found::made(&object),
        ..Default::default()
    };
    output.checksum_type = give!(output, object.checksum.as_ref());
    Ok(S3Response::new(output))
}

pub(super) async fn delete(
    buckets: &Buckets,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let input = request.input;
    let version = version(input.version_id.as_deref())?;
    if input.if_match_last_modified_time.is_some() || input.if_match_size.is_some() {
        return Err(error::not_served("deletions by date or size"));
    }
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let condition = conditions::precondition((input.if_match.as_ref(), None), (None, None));
    let condition = conditions::condition(condition);
    let deleted = match bucket.delete_version((&input.key, version), condition).await {
        Ok(deleted) => deleted,
        Err(failed) => {
            let failed = error::of(&failed);
            let if_match = input.if_match.is_some() && version.is_none();
            return Err(refined(&bucket, &input.key, if_match, failed).await);
        }
    };
    let made = deleted.version.map(|version| version.to_string());
    let output = DeleteObjectOutput {
        delete_marker: deleted.marker.then_some(true),
        version_id: input.version_id.or(made),
        ..Default::default()
    };
    Ok(S3Response::new(output))
}

pub(super) async fn delete_many(
    buckets: &Buckets,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let DeleteObjectsInput { bucket: name, delete, .. } = request.input;
    if delete.objects.is_empty() || delete.objects.len() > DELETES_MAX {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published \
                 schema: 1 to {DELETES_MAX} objects are deleted at a time"
        ));
    }
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &name)?;
    bucket.describe().await.map_err(|error| error::of(&error))?;
    let handle = &bucket;
    let done = futures::stream::iter(delete.objects).map(|object| async move {
        let done = delete_one(handle, &object).await;
        (object, done)
    });
    let done: Vec<_> = done.buffered(DELETES_AT_ONCE).collect().await;
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for (ObjectIdentifier { key, version_id, .. }, done) in done {
        match done {
            Ok(_) if delete.quiet == Some(true) => {}
            Ok(done) => deleted.push(DeletedObject {
                delete_marker: done.marker.then_some(true),
                delete_marker_version_id: done
                    .version
                    .filter(|_| done.marker)
                    .map(|version| version.to_string()),
                key: Some(key),
                version_id,
            }),
            Err(failed) => errors.push(s3s::dto::Error {
                code: Some(failed.code().as_str().to_owned()),
                message: failed.message().map(str::to_owned),
                key: Some(key),
                version_id,
            }),
        }
    }
    let output = DeleteObjectsOutput {
        deleted: (!deleted.is_empty()).then_some(deleted),
        errors: (!errors.is_empty()).then_some(errors),
        ..Default::default()
    };
    Ok(S3Response::new(output))
}

async fn delete_one(bucket: &BucketHandle<'_>, object: &ObjectIdentifier) -> S3Result<Deleted> {
    let version = version(object.version_id.as_deref())?;
    if object.last_modified_time.is_some() || object.size.is_some() {
        return Err(error::not_served("deletions by date or size"));
    }
    let condition = match &object.e_tag {
        None => Condition::None,
        Some(etag) => {
            let matching = ETagCondition::ETag(etag.clone());
            conditions::condition(conditions::precondition((Some(&matching), None), (None, None)))
        }
    };
    let deleted = bucket.delete_version((&object.key, version), condition).await;
    deleted.map_err(|error| error::of(&error))
}
