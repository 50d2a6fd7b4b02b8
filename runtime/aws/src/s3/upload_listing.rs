//! Lists of uploads and of their parts.

use lambent_service::Upload;
use s3s::dto::{
    self, ChecksumAlgorithm, ETag, Initiator, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload, Owner,
    StorageClass,
};
use s3s::{S3Request, S3Response, S3Result};

use super::caller::{Buckets, bucket};
use super::checksum::{self, give};
use super::description::number;
use super::listing::{Encoding, limit, owner};
use super::{error, multipart, time};

fn initiator(owner: &Owner) -> Initiator {
    Initiator { display_name: owner.display_name.clone(), id: owner.id.clone() }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

pub(super) async fn parts(
    buckets: &Buckets,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let upload = multipart::upload(&bucket, &input.key, &input.upload_id).await?;
    let limit = limit(input.max_parts, "max-parts")?;
    let marker = input.part_number_marker.unwrap_or_default();
    let after = u32::try_from(marker).unwrap_or_default();
    let parts = bucket.parts(&upload.id).await.map_err(|error| error::of(&error))?;
    let mut rest = parts.into_iter().filter(|part| part.number > after);
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let is_truncated = limit > 0 && rest.next().is_some();
    let shown = page.iter().map(|part| {
        let mut shown = dto::Part {
            e_tag: Some(ETag::Strong(part.etag.clone())),
            last_modified: Some(time::out(upload.started)),
            part_number: i32::try_from(part.number).ok(),
            size: Some(number(part.size)),
            ..Default::default()
        };
        give!(shown, part.checksum.as_ref());
        shown
    });
    let owner = owner(&bucket);
    let kind = upload.checksum;
    let output = ListPartsOutput {
        parts: Some(shown.collect()),
        is_truncated: Some(is_truncated),
        max_parts: Some(count(limit)),
        next_part_number_marker: page.last().and_then(|part| i32::try_from(part.number).ok()),
        part_number_marker: Some(marker),
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        checksum_algorithm: kind
            .map(|kind| ChecksumAlgorithm::from_static(checksum::name(kind.algorithm))),
        checksum_type: kind.map(checksum::type_of),
        initiator: Some(initiator(&owner)),
        owner: Some(owner),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        ..Default::default()
    };
    Ok(S3Response::new(output))
}

/// What is on a page of a list of uploads.
#[derive(Default)]
struct Page {
    uploads: Vec<Upload>,
    prefixes: Vec<String>,
    /// The key and the id to go on after.
    next: Option<(String, String)>,
}

/// Divides uploads, which are in the order of their keys and of when they were begun.
fn page(uploads: Vec<Upload>, prefix: &str, delimiter: Option<&str>, limit: usize) -> Page {
    let mut page = Page::default();
    let mut last = None;
    for upload in uploads {
        let Some(rest) = upload.key.strip_prefix(prefix) else { continue };
        let end = delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
        let common = end.map(|end| upload.key[..prefix.len() + end].to_owned());
        if common.is_some() && page.prefixes.last() == common.as_ref() {
            continue;
        }
        if page.uploads.len() + page.prefixes.len() == limit {
            page.next = last;
            break;
        }
        last = Some(match &common {
            Some(common) => (common.clone(), String::new()),
            None => (upload.key.clone(), upload.id.clone()),
        });
        match common {
            Some(common) => page.prefixes.push(common),
            None => page.uploads.push(upload),
        }
    }
    page
}

/// The uploads after a marker.
fn after(mut uploads: Vec<Upload>, key: &str, id: &str, delimiter: Option<&str>) -> Vec<Upload> {
    // Those of one key stay in the order in which they were begun.
    uploads.sort_by(|one, other| one.key.cmp(&other.key));
    if key.is_empty() {
        return uploads;
    }
    let grouped = delimiter.is_some_and(|delimiter| key.ends_with(delimiter));
    uploads.retain(|upload| {
        upload.key.as_str() >= key && !(grouped && id.is_empty() && upload.key.starts_with(key))
    });
    match uploads.iter().position(|upload| upload.key == key && upload.id == id) {
        Some(place) => uploads.split_off(place + 1),
        None => {
            uploads.retain(|upload| upload.key != key);
            uploads
        }
    }
}

pub(super) async fn uploads(
    buckets: &Buckets,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let limit = limit(input.max_uploads, "max-uploads")?;
    let found = bucket.uploads().await.map_err(|error| error::of(&error))?;
    let (key, id) =
        (input.key_marker.unwrap_or_default(), input.upload_id_marker.unwrap_or_default());
    let delimiter = input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
    let found = after(found, &key, &id, delimiter);
    let prefix = input.prefix.clone().unwrap_or_default();
    let page = page(found, &prefix, delimiter, limit);
    let owner = owner(&bucket);
    let standard = StorageClass::from_static(StorageClass::STANDARD);
    let shown = page.uploads.into_iter().map(|upload| MultipartUpload {
        checksum_algorithm: upload
            .checksum
            .map(|kind| ChecksumAlgorithm::from_static(checksum::name(kind.algorithm))),
        checksum_type: upload.checksum.map(checksum::type_of),
        initiated: Some(time::out(upload.started)),
        initiator: Some(initiator(&owner)),
        owner: Some(owner.clone()),
        storage_class: Some(standard.clone()),
        upload_id: Some(upload.id),
        key: Some(encoding.text(upload.key)),
    });
    let (next_key, next_id) = page.next.unzip();
    let output = ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        is_truncated: Some(next_key.is_some()),
        key_marker: Some(encoding.text(key)),
        upload_id_marker: Some(id),
        max_uploads: Some(count(limit)),
        next_key_marker: encoding.some(next_key),
        next_upload_id_marker: next_id.filter(|id| !id.is_empty()),
        prefix: encoding.some(input.prefix.clone()),
        uploads: Some(shown.collect()),
        common_prefixes: encoding.prefixes(page.prefixes),
        delimiter: encoding.some(input.delimiter.clone()),
        encoding_type: input.encoding_type,
        ..Default::default()
    };
    Ok(S3Response::new(output))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(key: &str, id: &str) -> Upload {
        let started = jiff::Timestamp::UNIX_EPOCH;
        Upload { id: id.into(), key: key.into(), started, checksum: None }
    }

    /// Every page of at most `limit`, as its uploads and prefixes.
    fn pages(delimiter: Option<&str>, limit: usize) -> Vec<String> {
        let all = || {
            [("b", "2"), ("a/x", "3"), ("b", "1"), ("a/y", "4"), ("c", "5")]
                .map(|(key, id)| upload(key, id))
                .to_vec()
        };
        let (mut key, mut id, mut seen) = (String::new(), String::new(), Vec::new());
        loop {
            let page = page(after(all(), &key, &id, delimiter), "", delimiter, limit);
            let uploads = page.uploads.iter().map(|upload| format!("{}{}", upload.key, upload.id));
            seen.push(page.prefixes.iter().cloned().chain(uploads).collect::<Vec<_>>().join(" "));
            match page.next {
                Some(next) => (key, id) = next,
                None => return seen,
            }
        }
    }

    #[test]
    fn pages_go_on_where_the_last_ended() {
        assert_eq!(pages(None, 9), ["a/x3 a/y4 b2 b1 c5"]);
        assert_eq!(pages(None, 2), ["a/x3 a/y4", "b2 b1", "c5"]);
        assert_eq!(pages(None, 3), ["a/x3 a/y4 b2", "b1 c5"]);
        assert_eq!(pages(Some("/"), 1), ["a/", "b2", "b1", "c5"]);
    }
}
