//! Uploads in parts.

use std::collections::BTreeMap;

use lambent_service::{BucketHandle, CompleteUpload, Object, Part, PutPart, Upload};
use lambent_types::bounds;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::caller::{Buckets, bucket};
use super::checksum::{self, give, given};
use super::description::{self, check_features, number, taken};
use super::intake::{self, Expected};
use super::limits::{check_key, check_length};
use super::objects::refined;
use super::{conditions, error, found};

/// An unfinished upload of this key.
pub(super) async fn upload(bucket: &BucketHandle<'_>, key: &str, id: &str) -> S3Result<Upload> {
    let upload = bucket.upload(id).await.map_err(|error| error::of(&error))?;
    match upload.key == key {
        true => Ok(upload),
        false => Err(s3_error!(
            NoSuchUpload,
            "The specified upload does not exist. The upload ID may be invalid, or the upload \
                 may have been aborted or completed."
        )),
    }
}

pub(super) fn part_number(number: i32) -> S3Result<u32> {
    let most = bounds::PART_NUMBER_MAX;
    let number = u32::try_from(number).ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| {
        s3_error!(InvalidArgument, "Part number must be an integer between 1 and {most}, inclusive")
    })
}

pub(super) async fn create(
    buckets: &Buckets,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let mut input = request.input;
    check_features!(input)?;
    check_key(&input.key)?;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let kind = checksum::kind(input.checksum_algorithm.as_ref(), input.checksum_type.as_ref())?;
    let mut described = taken!(input).put()?;
    described.checksum_kind = kind;
    let begun = bucket.begin_upload(&input.key, described).await;
    let begun = begun.map_err(|error| error::of(&error))?;
    let output = CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(begun.id),
        checksum_algorithm: kind
            .map(|kind| ChecksumAlgorithm::from_static(checksum::name(kind.algorithm))),
        checksum_type: kind.map(checksum::type_of),
        ..Default::default()
    };
    Ok(S3Response::new(output))
}

pub(super) async fn put_part(
    buckets: &Buckets,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let S3Request { mut input, headers, trailing_headers, .. } = request;
    if input.sse_customer_algorithm.is_some() {
        return Err(error::not_served("server-side encryption"));
    }
    check_length(input.content_length)?;
    let number = part_number(input.part_number)?;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let upload = upload(&bucket, &input.key, &input.upload_id).await?;
    let sent = checksum::only(given!(input))?.map(|(algorithm, value)| (algorithm, Some(value)));
    let asked = input.checksum_algorithm.as_ref().map(|asked| checksum::named(asked.as_str()));
    let later = checksum::announced(&headers).or(asked.transpose()?);
    let given = sent.or(later.map(|algorithm| (algorithm, None)));
    let wanted = upload.checksum.map(|kind| kind.algorithm);
    if let (Some(wanted), Some((given, _))) = (wanted, &given)
        && wanted != *given
    {
        let (wanted, given) = (checksum::name(wanted), checksum::name(*given));
        return Err(s3_error!(
            InvalidRequest,
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            wanted.to_ascii_lowercase(),
            given.to_ascii_lowercase()
        ));
    }
    let expected = Expected {
        md5: input.content_md5.take(),
        checksum: given.or(wanted.map(|algorithm| (algorithm, None))),
        trailers: trailing_headers,
    };
    let part = PutPart::from(number);
    let (bytes, refused) = intake::stream(input.body.take(), expected, part.checksum.clone())?;
    let part = bucket.put_part(&upload.id, part, bytes).await;
    let part = part.map_err(|failed| refused.or(&failed))?;
    let mut output =
        UploadPartOutput { e_tag: Some(ETag::Strong(part.etag)), ..Default::default() };
    give!(output, part.checksum.as_ref());
    Ok(S3Response::new(output))
}

/// Finds the parts that a client names, and checks what it says of them.
fn named<'p>(
    named: &mut [CompletedPart],
    have: &'p BTreeMap<u32, Part>,
) -> S3Result<Vec<&'p Part>> {
    let mut found: Vec<&Part> = Vec::with_capacity(named.len());
    for part in named {
        let number = part.part_number.unwrap_or_default();
        let known = u32::try_from(number).ok().and_then(|number| have.get(&number));
        let etag = part.e_tag.as_ref().map(ETag::value);
        let sums = checksum::only(given!(part))?;
        let same = |known: &Part| {
            etag == Some(&known.etag)
                && sums.as_ref().is_none_or(|(algorithm, value)| {
                    known.checksum.as_ref().is_some_and(|kept| {
                        kept.kind.algorithm == *algorithm && kept.value == *value
                    })
                })
        };
        let known = known.filter(|known| same(known)).ok_or_else(|| {
            s3_error!(
                InvalidPart,
                "One or more of the specified parts could not be found. The part may not have \
                 been uploaded, or the specified entity tag may not match the part's entity tag."
            )
        })?;
        if let Some(before) = found.last() {
            if before.number >= known.number {
                return Err(s3_error!(
                    InvalidPartOrder,
                    "The list of parts was not in ascending order. Parts must be ordered by part \
                         number."
                ));
            }
            if before.size < bounds::PART_BYTES_MIN {
                return Err(s3_error!(
                    EntityTooSmall,
                    "Your proposed upload is smaller than the minimum allowed size"
                ));
            }
        }
        found.push(known);
    }
    Ok(found)
}

pub(super) async fn complete(
    buckets: &Buckets,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let mut input = request.input;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let upload = upload(&bucket, &input.key, &input.upload_id).await;
    let mut parts = input.multipart_upload.take().and_then(|given| given.parts).unwrap_or_default();
    if parts.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published \
                 schema"
        ));
    }
    let upload = match upload {
        Ok(upload) => upload,
        Err(gone) => {
            let made = completed(&bucket, &input.key, &parts).await.ok_or(gone)?;
            return Ok(S3Response::new(told(input, &made)));
        }
    };
    let have = bucket.parts(&upload.id).await.map_err(|error| error::of(&error))?;
    let have: BTreeMap<u32, Part> = have.into_iter().map(|part| (part.number, part)).collect();
    let found = named(&mut parts, &have)?;
    let size = found.iter().map(|part| part.size).sum();
    if input.mpu_object_size.is_some_and(|said| said != number(size)) {
        return Err(s3_error!(
            InvalidRequest,
            "The provided 'x-amz-mp-object-size' header value {} does not match what was \
                 computed: {size}",
            input.mpu_object_size.unwrap_or_default()
        ));
    }
    let kept = upload.checksum.map(|kind| checksum::of_parts(kind, &found)).transpose()?;
    if let Some((algorithm, value)) = checksum::only(given!(input))?
        && kept.as_ref().is_some_and(|kept| kept.kind.algorithm == algorithm && kept.value != value)
    {
        return Err(s3_error!(
            BadDigest,
            "The {} you specified did not match the calculated checksum.",
            checksum::name(algorithm)
        ));
    }
    let condition = conditions::of_write(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let parts = found.iter().map(|part| (part.number, part.etag.clone())).collect();
    let complete = CompleteUpload { parts, condition, checksum: kept };
    let object = match bucket.complete_upload(&upload.id, complete).await {
        Ok(object) => object,
        Err(failed) => {
            let failed = error::of(&failed);
            return Err(refined(&bucket, &input.key, input.if_match.is_some(), failed).await);
        }
    };
    Ok(S3Response::new(told(input, &object)))
}

fn told(input: CompleteMultipartUploadInput, object: &Object) -> CompleteMultipartUploadOutput {
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(description::etag(object)),
        version_id: found::made(object),
        ..Default::default()
    };
    output.checksum_type = give!(output, object.checksum.as_ref());
    output
}

/// The object that is made of these parts already: whoever did not hear that asks again.
async fn completed(
    bucket: &BucketHandle<'_>,
    key: &str,
    parts: &[CompletedPart],
) -> Option<Object> {
    let mut digests = Md5::new();
    for part in parts {
        let etag = part.e_tag.as_ref()?.value();
        let byte = |place| u8::from_str_radix(etag.get(place..place + 2)?, 16).ok();
        let digest: Option<Vec<u8>> = (0..etag.len()).step_by(2).map(byte).collect();
        digests.update(&digest?);
    }
    let digest = digests.finalize();
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let object = bucket.head(key).await.ok()?;
    (object.etag == format!("{hex}-{}", parts.len())).then_some(object)
}

pub(super) async fn abort(
    buckets: &Buckets,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let upload = upload(&bucket, &input.key, &input.upload_id).await?;
    bucket.abort_upload(&upload.id).await.map_err(|error| error::of(&error))?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}
