//! Buckets themselves.

use lambent_service::ListVersions;
use lambent_types::{BucketName, ErrorCode, account_number};
use s3s::dto::{
    self, BucketCannedACL, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput,
    DeleteBucketInput, DeleteBucketOutput, GetBucketLocationInput, GetBucketLocationOutput,
    HeadBucketInput, HeadBucketOutput, ListBucketsInput, ListBucketsOutput, ObjectOwnership, Owner,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::caller::{Buckets, bucket};
use super::description::check_acl;
use super::listing::untoken;
use super::{error, time};

/// Where a bucket is if nothing else was said.
const REGION: &str = "us-east-1";
/// Most buckets that are listed at once; S3's.
const BUCKETS_MAX: i32 = 10_000;

fn is_region(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(allowed)
}

pub(super) async fn create(
    buckets: &Buckets,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let input = request.input;
    let grants = input.grant_full_control.is_some()
        || input.grant_read.is_some()
        || input.grant_read_acp.is_some()
        || input.grant_write.is_some()
        || input.grant_write_acp.is_some();
    check_acl(input.acl.as_ref().map(BucketCannedACL::as_str), grants)?;
    if input.object_lock_enabled_for_bucket == Some(true) {
        return Err(error::not_served("object lock"));
    }
    let enforced = ObjectOwnership::BUCKET_OWNER_ENFORCED;
    if input.object_ownership.as_ref().is_some_and(|given| given.as_str() != enforced) {
        return Err(error::not_served("owners of objects other than that of their bucket"));
    }
    // The store takes a few that S3 does not.
    if !s3s::path::check_bucket_name(&input.bucket) {
        return Err(s3_error!(InvalidBucketName, "The specified bucket is not valid."));
    }
    let configuration = input.create_bucket_configuration.unwrap_or_default();
    let region = configuration.location_constraint.map(|region| region.as_str().to_owned());
    let region = region.filter(|region| !region.is_empty());
    if region.as_deref().is_some_and(|region| !is_region(region)) {
        return Err(s3_error!(
            InvalidLocationConstraint,
            "The specified location-constraint is not valid"
        ));
    }
    let scope = buckets.scope().await?;
    let handle = bucket(&scope, &input.bucket)?;
    let created = handle.create().await.map_err(|refused| match refused.code() {
        ErrorCode::QuotaExceeded => {
            S3Error::with_message(S3ErrorCode::TooManyBuckets, refused.detail().to_owned())
        }
        _ => error::of(&refused),
    })?;
    let location = CreateBucketOutput { location: Some(format!("/{}", input.bucket)) };
    if !created.created {
        // Whoever has a bucket may create it again, as in S3's first region.
        return match region {
            None => Ok(S3Response::new(location)),
            Some(_) => Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already own it."
            )),
        };
    }
    if let Some(region) = region.filter(|region| region != REGION) {
        let set = handle.change_settings(|settings| settings.region = Some(region.clone())).await;
        set.map_err(|error| error::of(&error))?;
    }
    Ok(S3Response::new(location))
}

pub(super) async fn head(
    buckets: &Buckets,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    let scope = buckets.scope().await?;
    let settings = bucket(&scope, &request.input.bucket)?.settings().await;
    let (_, settings) = settings.map_err(|error| error::of(&error))?;
    let region = settings.region.unwrap_or_else(|| REGION.to_owned());
    Ok(S3Response::new(HeadBucketOutput { bucket_region: Some(region), ..Default::default() }))
}

pub(super) async fn location(
    buckets: &Buckets,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    let scope = buckets.scope().await?;
    let settings = bucket(&scope, &request.input.bucket)?.settings().await;
    let (_, settings) = settings.map_err(|error| error::of(&error))?;
    // S3's first region is written as none.
    let location_constraint = settings.region.map(BucketLocationConstraint::from);
    Ok(S3Response::new(GetBucketLocationOutput { location_constraint }))
}

pub(super) async fn list(
    buckets: &Buckets,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let input = request.input;
    let scope = buckets.scope().await?;
    let most = input.max_buckets.unwrap_or(BUCKETS_MAX);
    if !(1..=BUCKETS_MAX).contains(&most) {
        return Err(s3_error!(
            InvalidArgument,
            "Argument max-buckets must be an integer between 1 and {BUCKETS_MAX}"
        ));
    }
    let after = input.continuation_token.as_deref().map(untoken).transpose()?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let all = scope.buckets().await.map_err(|error| error::of(&error))?;
    let mut rest = all.into_iter().filter(|bucket| {
        let name = bucket.name.as_str();
        name.starts_with(&prefix) && after.as_deref().is_none_or(|after| name > after)
    });
    let page: Vec<_> = rest.by_ref().take(most.unsigned_abs() as usize).collect();
    let more = rest.next().is_some();
    let token =
        page.last().filter(|_| more).map(|bucket| super::listing::token(bucket.name.as_str()));
    let shown = page.iter().map(|bucket| dto::Bucket {
        creation_date: Some(time::out(bucket.created)),
        name: Some(bucket.name.to_string()),
        ..Default::default()
    });
    let account = account_number(scope.namespace());
    let output = ListBucketsOutput {
        buckets: Some(shown.collect()),
        continuation_token: token,
        owner: Some(Owner { display_name: Some(account.clone()), id: Some(account) }),
        prefix: input.prefix,
    };
    Ok(S3Response::new(output))
}

/// Deletes a bucket without objects. Uploads that nobody finished, and what it tells functions, go
/// with it.
pub(super) async fn delete(
    buckets: &Buckets,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    let scope = buckets.scope().await?;
    let handle = bucket(&scope, &request.input.bucket)?;
    let name: &BucketName = handle.name();
    let list = ListVersions { limit: 1, ..ListVersions::default() };
    let held = handle.list_versions(list).await.map_err(|error| error::of(&error))?;
    if !held.versions.is_empty() {
        return Err(s3_error!(
            BucketNotEmpty,
            "The bucket you tried to delete is not empty. You must delete all versions in the \
             bucket."
        ));
    }
    for upload in handle.uploads().await.map_err(|error| error::of(&error))? {
        match handle.abort_upload(&upload.id).await {
            Err(error) if error.code() != ErrorCode::UploadNotFound => {
                return Err(error::of(&error));
            }
            _ => {}
        }
    }
    scope.put_notifications(name, &[]).await.map_err(|error| error::of(&error))?;
    let deleted = handle.delete().await;
    deleted.map_err(|refused| match refused.code() {
        ErrorCode::Conflict => {
            S3Error::with_message(S3ErrorCode::BucketNotEmpty, refused.detail().to_owned())
        }
        _ => error::of(&refused),
    })?;
    Ok(S3Response::new(DeleteBucketOutput::default()))
}
