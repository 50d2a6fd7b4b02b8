//! Whether a bucket keeps versions of its objects, and lists of them.

use lambent_service::{ListVersions, Version, VersionPage};
use lambent_types::{VersionId, Versioning};
use s3s::dto::{
    BucketVersioningStatus, DeleteMarkerEntry, GetBucketVersioningInput, GetBucketVersioningOutput,
    ListObjectVersionsInput, ListObjectVersionsOutput, MFADelete, ObjectVersion,
    ObjectVersionStorageClass, Owner, PutBucketVersioningInput, PutBucketVersioningOutput,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::caller::{Buckets, bucket};
use super::description::{self, number};
use super::limits::version;
use super::listing::{Encoding, count, limit, owner};
use super::{error, time};

pub(super) async fn get(
    buckets: &Buckets,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    let scope = buckets.scope().await?;
    let found = bucket(&scope, &request.input.bucket)?.describe().await;
    let status = match found.map_err(|error| error::of(&error))?.versioning {
        Versioning::Off => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    let status = status.map(BucketVersioningStatus::from_static);
    Ok(S3Response::new(GetBucketVersioningOutput { status, ..Default::default() }))
}

fn illegal() -> S3Error {
    error::other(
        "IllegalVersioningConfigurationException",
        http::StatusCode::BAD_REQUEST,
        "The versioning configuration specified in the request is invalid: give the status \
         Enabled or Suspended",
    )
}

pub(super) async fn put(
    buckets: &Buckets,
    request: S3Request<PutBucketVersioningInput>,
) -> S3Result<S3Response<PutBucketVersioningOutput>> {
    let given = request.input.versioning_configuration;
    if given.mfa_delete.is_some_and(|given| given.as_str() != MFADelete::DISABLED) {
        return Err(error::not_served("deletions that need a second factor (MFA delete)"));
    }
    let versioning = match given.status.as_ref().map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        _ => return Err(illegal()),
    };
    let scope = buckets.scope().await?;
    let set = bucket(&scope, &request.input.bucket)?.set_versioning(versioning).await;
    set.map_err(|error| error::of(&error))?;
    Ok(S3Response::new(PutBucketVersioningOutput::default()))
}

/// What is asked of a list.
fn asked(input: &ListObjectVersionsInput, limit: usize) -> S3Result<ListVersions> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let after = given(&input.key_marker);
    let after_version = version(given(&input.version_id_marker).as_deref())?;
    if after.is_none() && after_version.is_some() {
        return Err(s3_error!(
            InvalidArgument,
            "A version-id marker cannot be specified without a key marker."
        ));
    }
    let prefix = input.prefix.clone().unwrap_or_default();
    Ok(ListVersions { prefix, delimiter: given(&input.delimiter), after, after_version, limit })
}

/// The versions and the delete markers of a page.
fn shown(
    page: VersionPage,
    encoding: &Encoding,
    owner: &Owner,
) -> (Vec<ObjectVersion>, Vec<DeleteMarkerEntry>) {
    let standard = ObjectVersionStorageClass::from_static(ObjectVersionStorageClass::STANDARD);
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    for listed in page.versions {
        let id = listed.version.id().unwrap_or(VersionId::Null).to_string();
        let (is_latest, owner) = (Some(listed.is_latest), Some(owner.clone()));
        match listed.version {
            Version::Object(object) => versions.push(ObjectVersion {
                e_tag: Some(description::etag(&object)),
                is_latest,
                last_modified: Some(time::out(object.modified)),
                owner,
                size: Some(number(object.size)),
                storage_class: Some(standard.clone()),
                version_id: Some(id),
                key: Some(encoding.text(object.key)),
                ..Default::default()
            }),
            Version::Marker(marker) => markers.push(DeleteMarkerEntry {
                is_latest,
                key: Some(encoding.text(marker.key)),
                last_modified: Some(time::out(marker.modified)),
                owner,
                version_id: Some(id),
            }),
        }
    }
    (versions, markers)
}

pub(super) async fn list(
    buckets: &Buckets,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<S3Response<ListObjectVersionsOutput>> {
    let input = request.input;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let limit = limit(input.max_keys, "max-keys")?;
    let list = asked(&input, limit)?;
    let mut page = match limit {
        0 => {
            bucket.describe().await.map_err(|error| error::of(&error))?;
            VersionPage { versions: Vec::new(), common_prefixes: Vec::new(), next: None }
        }
        _ => bucket.list_versions(list).await.map_err(|error| error::of(&error))?,
    };
    let (next_key, next_version) = page.next.take().unzip();
    let common_prefixes = encoding.prefixes(std::mem::take(&mut page.common_prefixes));
    let (versions, markers) = shown(page, &encoding, &owner(&bucket));
    let output = ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: Some(encoding.text(input.prefix.unwrap_or_default())),
        key_marker: Some(encoding.text(input.key_marker.unwrap_or_default())),
        version_id_marker: input.version_id_marker,
        max_keys: Some(count(limit)),
        is_truncated: Some(next_key.is_some()),
        next_version_id_marker: next_version.flatten().map(|version| version.to_string()),
        next_key_marker: encoding.some(next_key),
        versions: Some(versions),
        delete_markers: (!markers.is_empty()).then_some(markers),
        common_prefixes,
        delimiter: encoding.some(input.delimiter.filter(|delimiter| !delimiter.is_empty())),
        encoding_type: input.encoding_type,
        ..Default::default()
    };
    Ok(S3Response::new(output))
}
