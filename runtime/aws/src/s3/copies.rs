//! Copies of objects, whole and as parts of uploads.

use std::ops::Range;

use lambent_service::{CopyObject, PutPart};
use lambent_types::{ErrorCode, VersionId, bounds};
use s3s::dto::{
    self, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETag,
    MetadataDirective, TaggingDirective, UploadPartCopyInput, UploadPartCopyOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::caller::{Buckets, bucket};
use super::checksum::give;
use super::description::{check_features, taken};
use super::intake::{self, Expected};
use super::limits::{check_key, version};
use super::{conditions, description, error, found, multipart, time};

/// The bucket, the key and perhaps the version of what is copied.
fn source(source: &CopySource) -> S3Result<(&str, &str, Option<VersionId>)> {
    match source {
        CopySource::Bucket { bucket, key, version_id } => {
            Ok((bucket, key, version(version_id.as_deref())?))
        }
        CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => {
            Err(error::not_served("access points"))
        }
    }
}

pub(super) async fn copy(
    buckets: &Buckets,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let mut input = request.input;
    check_features!(input)?;
    check_key(&input.key)?;
    if input.copy_source_sse_customer_algorithm.is_some() {
        return Err(error::not_served("server-side encryption"));
    }
    let (from, key, version) = source(&input.copy_source)?;
    let (from, key) = (from.to_owned(), key.to_owned());
    let replaces = |directive: Option<&str>| directive == Some(MetadataDirective::REPLACE);
    let keeps_metadata =
        !replaces(input.metadata_directive.as_ref().map(MetadataDirective::as_str));
    let keeps_tags = !replaces(input.tagging_directive.as_ref().map(TaggingDirective::as_str));
    if keeps_metadata
        && keeps_tags
        && from == input.bucket
        && key == input.key
        && version.is_none()
        && input.storage_class.is_none()
    {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself \
                 without changing the object's metadata, storage class, website redirect \
                 location or encryption attributes."
        ));
    }
    let scope = buckets.scope().await?;
    let (from, to) = (bucket(&scope, &from)?, bucket(&scope, &input.bucket)?);
    let condition = conditions::precondition(
        (input.copy_source_if_match.as_ref(), input.copy_source_if_none_match.as_ref()),
        (
            input.copy_source_if_modified_since.as_ref(),
            input.copy_source_if_unmodified_since.as_ref(),
        ),
    );
    let put = taken!(input).put()?;
    let copy = CopyObject {
        version,
        source: conditions::condition(condition),
        put,
        keeps_metadata,
        keeps_tags,
    };
    let copied = to.copy_object((&from, &key), &input.key, copy).await;
    let object = copied.map_err(|failed| match failed.code() {
        ErrorCode::DeleteMarker => of_marker(),
        _ => error::of(&failed),
    })?;
    let mut result = CopyObjectResult {
        e_tag: Some(description::etag(&object)),
        last_modified: Some(time::out(object.modified)),
        ..Default::default()
    };
    result.checksum_type = give!(result, object.checksum.as_ref());
    let output = CopyObjectOutput {
        copy_object_result: Some(result),
        copy_source_version_id: version.map(|version| version.to_string()),
        version_id: found::made(&object),
        ..Default::default()
    };
    Ok(S3Response::new(output))
}

fn of_marker() -> S3Error {
    s3_error!(
        InvalidRequest,
        "The source of a copy request may not specifically refer to a delete marker by version id."
    )
}

/// `bytes=FIRST-LAST`, both of which the source has.
fn range(text: &str, size: u64) -> S3Result<Range<u64>> {
    let malformed = || {
        s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first \
                 and last are the zero-based offsets of the first and last bytes to copy"
        )
    };
    match dto::Range::parse(text).map_err(|_| malformed())? {
        dto::Range::Int { first, last: Some(last) } if last < size => Ok(first..last + 1),
        dto::Range::Int { last: Some(_), .. } => Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {size}"
        )),
        _ => Err(malformed()),
    }
}

pub(super) async fn copy_part(
    buckets: &Buckets,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let input = request.input;
    if input.sse_customer_algorithm.is_some() || input.copy_source_sse_customer_algorithm.is_some()
    {
        return Err(error::not_served("server-side encryption"));
    }
    let (from, key, version) = source(&input.copy_source)?;
    let scope = buckets.scope().await?;
    let (from, to) = (bucket(&scope, from)?, bucket(&scope, &input.bucket)?);
    let upload = multipart::upload(&to, &input.key, &input.upload_id).await?;
    let part_number = multipart::part_number(input.part_number)?;
    let object = found::found(&from, key, version).await.map_err(|failed| {
        let is_marker = *failed.code() == S3ErrorCode::MethodNotAllowed;
        if is_marker { of_marker() } else { failed }
    })?;
    let condition = conditions::precondition(
        (input.copy_source_if_match.as_ref(), input.copy_source_if_none_match.as_ref()),
        (
            input.copy_source_if_modified_since.as_ref(),
            input.copy_source_if_unmodified_since.as_ref(),
        ),
    );
    let unmet = |_| conditions::unmet(lambent_types::Unmet::Changed);
    condition.check(Some(object.validators())).map_err(unmet)?;
    let range =
        input.copy_source_range.as_deref().map(|text| range(text, object.size)).transpose()?;
    let bytes = range.as_ref().map_or(object.size, |range| range.end - range.start);
    if bytes > bounds::PART_BYTES_MAX {
        return Err(s3_error!(
            InvalidRequest,
            "The specified copy source is larger than the maximum allowable size for a copy \
                 source: {}",
            bounds::PART_BYTES_MAX
        ));
    }
    let (found, bytes) =
        from.get_version((key, version), range).await.map_err(|error| error::of(&error))?;
    if found.sequence != object.sequence {
        return Err(s3_error!(
            OperationAborted,
            "The source was changed while it was copied; try again"
        ));
    }
    let part = PutPart::from(part_number);
    let kind = upload.checksum.map(|kind| (kind.algorithm, None));
    let expected = Expected { checksum: kind, ..Expected::default() };
    let body = intake::outgoing(bytes);
    let (bytes, refused) = intake::stream(Some(body), expected, part.checksum.clone())?;
    let part = to.put_part(&upload.id, part, bytes).await.map_err(|failed| refused.or(&failed))?;
    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(part.etag)),
        last_modified: Some(time::out(jiff::Timestamp::now())),
        ..Default::default()
    };
    give!(result, part.checksum.as_ref());
    let output = UploadPartCopyOutput {
        copy_part_result: Some(result),
        copy_source_version_id: version.map(|version| version.to_string()),
        ..Default::default()
    };
    Ok(S3Response::new(output))
}
