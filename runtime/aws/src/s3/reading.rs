//! Reading objects, and what is known of them.

use std::ops::Range;

use http::HeaderMap;
use lambent_service::{BucketHandle, Checksum, Object, Part};
use lambent_types::VersionId;
use s3s::dto::{
    self, ChecksumMode, GetObjectAttributesInput, GetObjectAttributesOutput,
    GetObjectAttributesParts, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
    ObjectAttributes, ObjectPart, StorageClass,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::caller::{Buckets, bucket};
use super::checksum::{self, give};
use super::description::{self, number};
use super::limits::version;
use super::{conditions, error, found, intake, time};

const TAG_COUNT: http::HeaderName = http::HeaderName::from_static("x-amz-tagging-count");
/// Most parts of an object that are told at once; S3's.
const PARTS_MAX: i32 = 1000;

/// Which bytes of an object are asked for.
struct Selected {
    range: Option<Range<u64>>,
    content_range: Option<String>,
    length: u64,
    /// How many parts the object has, if one of them was asked for and it was made of parts.
    parts: Option<i32>,
    /// The checksum of the part that was asked for.
    checksum: Option<Checksum>,
}

/// What is asked of an object that is read.
struct Asked<'i> {
    key: &'i str,
    version: Option<VersionId>,
    range: Option<dto::Range>,
    part: Option<i32>,
    precondition: lambent_types::Precondition,
}

/// The object, if the conditions hold, and which of its bytes are asked for.
async fn selected(bucket: &BucketHandle<'_>, asked: &Asked<'_>) -> S3Result<(Object, Selected)> {
    let (object, parts) = match asked.part {
        None => (found::found(bucket, asked.key, asked.version).await?, Vec::new()),
        Some(_) => found::found_with_parts(bucket, asked.key, asked.version).await?,
    };
    asked.precondition.check(Some(object.validators())).map_err(|unmet| {
        let mut refused = conditions::unmet(unmet);
        refused.set_headers(validators(&object));
        refused
    })?;
    let whole = |parts| Selected {
        range: None,
        content_range: None,
        length: object.size,
        parts,
        checksum: None,
    };
    let selected = match (asked.part, asked.range) {
        (Some(_), Some(_)) => {
            return Err(s3_error!(
                InvalidRequest,
                "Cannot specify both Range header and partNumber query parameter"
            ));
        }
        (Some(number), None) => of_part(&object, &parts, number)?,
        (None, Some(range)) => {
            let range = range.check(object.size).map_err(|_| not_satisfiable(object.size))?;
            ranged(&object, range, None)
        }
        (None, None) => whole(None),
    };
    Ok((object, selected))
}

fn not_satisfiable(size: u64) -> S3Error {
    let mut refused = s3_error!(InvalidRange, "The requested range is not satisfiable");
    let mut headers = HeaderMap::new();
    if let Ok(value) = format!("bytes */{size}").parse() {
        headers.insert(http::header::CONTENT_RANGE, value);
    }
    refused.set_headers(headers);
    refused
}

fn ranged(object: &Object, range: Range<u64>, parts: Option<i32>) -> Selected {
    let (start, length) = (range.start, range.end - range.start);
    let last = range.end.saturating_sub(1);
    let content_range = (length > 0).then(|| format!("bytes {start}-{last}/{}", object.size));
    Selected { range: Some(range), content_range, length, parts, checksum: None }
}

fn of_part(object: &Object, parts: &[Part], number: i32) -> S3Result<Selected> {
    let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let part = place.and_then(|place| Some((place, parts.get(place)?)));
    let (place, part) = part.ok_or_else(|| {
        error::other(
            "InvalidPartNumber",
            http::StatusCode::RANGE_NOT_SATISFIABLE,
            "The requested partnumber is not satisfiable",
        )
    })?;
    let start: u64 = parts.iter().take(place).map(|part| part.size).sum();
    let count = i32::try_from(parts.len()).unwrap_or(i32::MAX);
    let count = object.etag.contains('-').then_some(count);
    let mut selected = ranged(object, start..start + part.size, count);
    selected.checksum.clone_from(&part.checksum);
    if object.size == 0 {
        selected.range = None;
    }
    Ok(selected)
}

/// What a client compares with what it has.
fn validators(object: &Object) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(value) = format!("\"{}\"", object.etag).parse() {
        headers.insert(http::header::ETAG, value);
    }
    if let Some(Ok(value)) = time::http_date(&time::out(object.modified)).map(|text| text.parse()) {
        headers.insert(http::header::LAST_MODIFIED, value);
    }
    headers
}

/// The checksum of what is given out: there is none of a range.
fn checksum_of<'o>(
    object: &'o Object,
    selected: &'o Selected,
    mode: Option<&ChecksumMode>,
) -> Option<&'o Checksum> {
    let asked = mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
    let whole = object.checksum.as_ref().filter(|_| selected.range.is_none());
    selected.checksum.as_ref().or(whole).filter(|_| asked)
}

pub(super) async fn get(
    buckets: &Buckets,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let input = request.input;
    let version = version(input.version_id.as_deref())?;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let asked = Asked {
        key: &input.key,
        version,
        range: input.range,
        part: input.part_number,
        precondition: conditions::precondition(
            (input.if_match.as_ref(), input.if_none_match.as_ref()),
            (input.if_modified_since.as_ref(), input.if_unmodified_since.as_ref()),
        ),
    };
    let (mut object, mut selected_) = selected(&bucket, &asked).await?;
    // It may be replaced between the look at it and the read: what is told is of what is read.
    let (found, bytes) = loop {
        let (found, bytes) = bucket
            .get_version((&input.key, version), selected_.range.clone())
            .await
            .map_err(|error| error::of(&error))?;
        if found.sequence == object.sequence {
            break (found, bytes);
        }
        (object, selected_) = selected(&bucket, &asked).await?;
    };
    let mut output = GetObjectOutput {
        accept_ranges: Some("bytes".into()),
        body: Some(intake::outgoing(bytes)),
        cache_control: description::header(&found, "cache-control"),
        content_disposition: description::header(&found, "content-disposition"),
        content_encoding: description::header(&found, "content-encoding"),
        content_language: description::header(&found, "content-language"),
        content_length: Some(number(selected_.length)),
        content_range: selected_.content_range.clone(),
        content_type: Some(description::media_type(&found)),
        e_tag: Some(description::etag(&found)),
        expires: description::expires(&found),
        last_modified: Some(time::out(found.modified)),
        metadata: description::metadata(&found),
        parts_count: selected_.parts,
        tag_count: i32::try_from(found.tags.len()).ok().filter(|count| *count > 0),
        version_id: found::id(&found),
        ..Default::default()
    };
    let kept = checksum_of(&found, &selected_, input.checksum_mode.as_ref());
    let kind = give!(output, kept);
    // That of the object, also where one of its parts is read.
    let whole = found.checksum.as_ref().map(|whole| checksum::type_of(whole.kind));
    output.checksum_type = kind.and_then(|kind| whole.or(Some(kind)));
    Ok(S3Response::new(output))
}

pub(super) async fn head(
    buckets: &Buckets,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = request.input;
    let version = version(input.version_id.as_deref())?;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let asked = Asked {
        key: &input.key,
        version,
        range: input.range,
        part: input.part_number,
        precondition: conditions::precondition(
            (input.if_match.as_ref(), input.if_none_match.as_ref()),
            (input.if_modified_since.as_ref(), input.if_unmodified_since.as_ref()),
        ),
    };
    let (found, selected) = selected(&bucket, &asked).await?;
    let mut output = HeadObjectOutput {
        accept_ranges: Some("bytes".into()),
        cache_control: description::header(&found, "cache-control"),
        content_disposition: description::header(&found, "content-disposition"),
        content_encoding: description::header(&found, "content-encoding"),
        content_language: description::header(&found, "content-language"),
        content_length: Some(number(selected.length)),
        content_range: selected.content_range.clone(),
        content_type: Some(description::media_type(&found)),
        e_tag: Some(description::etag(&found)),
        expires: description::expires(&found),
        last_modified: Some(time::out(found.modified)),
        metadata: description::metadata(&found),
        parts_count: selected.parts,
        version_id: found::id(&found),
        ..Default::default()
    };
    let kept = checksum_of(&found, &selected, input.checksum_mode.as_ref());
    let kind = give!(output, kept);
    // That of the object, also where one of its parts is read.
    let whole = found.checksum.as_ref().map(|whole| checksum::type_of(whole.kind));
    output.checksum_type = kind.and_then(|kind| whole.or(Some(kind)));
    // As S3 does, though its model does not say so.
    let mut headers = HeaderMap::new();
    if !found.tags.is_empty() {
        headers.insert(TAG_COUNT, found.tags.len().into());
    }
    Ok(S3Response::with_headers(output, headers))
}

pub(super) async fn attributes(
    buckets: &Buckets,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<S3Response<GetObjectAttributesOutput>> {
    let input = request.input;
    let version = version(input.version_id.as_deref())?;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let (object, parts) = found::found_with_parts(&bucket, &input.key, version).await?;
    // One header field may name several, which `s3s` leaves together.
    let asked = input.object_attributes.iter().flat_map(|asked| asked.as_str().split(','));
    let asked: Vec<&str> = asked.map(str::trim).collect();
    let asked = |name: &str| asked.contains(&name);
    let standard = StorageClass::from_static(StorageClass::STANDARD);
    // S3 tells of the parts only where each has a checksum, or all that is known is their number.
    let divided = object.etag.contains('-');
    let output = GetObjectAttributesOutput {
        checksum: object
            .checksum
            .as_ref()
            .filter(|_| asked(ObjectAttributes::CHECKSUM))
            .map(|kept| checksum::out(Some(kept))),
        // Without quotes, as S3 has it here alone; `s3s` adds them, and clients take them away.
        e_tag: asked(ObjectAttributes::ETAG).then(|| description::etag(&object)),
        last_modified: Some(time::out(object.modified)),
        object_parts: (divided && asked(ObjectAttributes::OBJECT_PARTS))
            .then(|| told(&parts, input.max_parts, input.part_number_marker)),
        object_size: asked(ObjectAttributes::OBJECT_SIZE).then(|| number(object.size)),
        storage_class: asked(ObjectAttributes::STORAGE_CLASS).then_some(standard),
        version_id: found::id(&object),
        ..Default::default()
    };
    Ok(S3Response::new(output))
}

fn told(parts: &[Part], most: Option<i32>, marker: Option<i32>) -> GetObjectAttributesParts {
    let most = most.filter(|most| (0..=PARTS_MAX).contains(most)).unwrap_or(PARTS_MAX);
    let marker = marker.unwrap_or_default();
    // Parts are counted anew from 1, as they are where one is read.
    let mut after = (1..).zip(parts).skip_while(|(number, _)| *number <= marker);
    let page: Vec<(i32, &Part)> = after.by_ref().take(most.unsigned_abs() as usize).collect();
    let is_truncated = after.next().is_some();
    let shown = page.iter().map(|(place, part)| {
        let mut shown = ObjectPart {
            part_number: Some(*place),
            size: Some(number(part.size)),
            ..Default::default()
        };
        give!(shown, part.checksum.as_ref());
        shown
    });
    GetObjectAttributesParts {
        is_truncated: Some(is_truncated),
        max_parts: Some(most),
        next_part_number_marker: page.last().map(|(number, _)| *number),
        part_number_marker: Some(marker),
        parts: Some(shown.collect()),
        total_parts_count: i32::try_from(parts.len()).ok(),
    }
}
