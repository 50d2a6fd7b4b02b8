//! Which version of an object a request is for, and what is said of it.

use http::{HeaderMap, HeaderName, HeaderValue};
use lambent_service::{BucketHandle, Object, Part, Version};
use lambent_types::{ErrorCode, VersionId};
use s3s::{S3Result, s3_error};

use super::{error, time};

const DELETE_MARKER: HeaderName = HeaderName::from_static("x-amz-delete-marker");
const VERSION_ID: HeaderName = HeaderName::from_static("x-amz-version-id");

/// How S3 writes which version an object is; nothing in a bucket that keeps none.
pub(super) fn id(object: &Object) -> Option<String> {
    object.version.map(|version| version.to_string())
}

/// How S3 writes which version was written: it says nothing of the version `null`.
pub(super) fn made(object: &Object) -> Option<String> {
    object.version.filter(|version| *version != VersionId::Null).map(|version| version.to_string())
}

/// The object of a key, or a version of it. Of a delete marker S3 says that it is one.
pub(super) async fn found(
    bucket: &BucketHandle<'_>,
    key: &str,
    version: Option<VersionId>,
) -> S3Result<Object> {
    let marker = match bucket.find(key, version).await.map_err(|error| error::of(&error))? {
        Version::Object(object) => return Ok(object),
        Version::Marker(marker) => marker,
    };
    let mut headers = HeaderMap::new();
    headers.insert(DELETE_MARKER, HeaderValue::from_static("true"));
    if let Ok(id) = marker.version.to_string().parse() {
        headers.insert(VERSION_ID, id);
    }
    let mut refused = match version {
        None => s3_error!(NoSuchKey, "The specified key does not exist."),
        Some(_) => {
            headers.insert(http::header::ALLOW, HeaderValue::from_static("DELETE"));
            let modified = time::http_date(&time::out(marker.modified));
            if let Some(Ok(modified)) = modified.map(|text| text.parse()) {
                headers.insert(http::header::LAST_MODIFIED, modified);
            }
            s3_error!(
                MethodNotAllowed,
                "The specified method is not allowed against this resource."
            )
        }
    };
    refused.set_headers(headers);
    Err(refused)
}

/// Does what [`found`] does, with the parts that the object was made of.
pub(super) async fn found_with_parts(
    bucket: &BucketHandle<'_>,
    key: &str,
    version: Option<VersionId>,
) -> S3Result<(Object, Vec<Part>)> {
    let failed = match bucket.object_parts((key, version)).await {
        Ok(found) => return Ok(found),
        Err(failed) => failed,
    };
    let may_be_marker = [ErrorCode::ObjectNotFound, ErrorCode::DeleteMarker];
    if may_be_marker.contains(&failed.code()) {
        found(bucket, key, version).await?;
    }
    Err(error::of(&failed))
}
