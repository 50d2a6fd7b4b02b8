//! What is set of buckets that has one answer here: who may reach them is decided by keys.

use lambent_service::{Bucket, BucketSettings};
use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::caller::{Buckets, bucket};
use super::description::check_acl;
use super::limits::version;
use super::listing::owner;
use super::{error, found};

/// The bucket, and what is set of it.
pub(super) async fn settings(buckets: &Buckets, name: &str) -> S3Result<(Bucket, BucketSettings)> {
    let scope = buckets.scope().await?;
    let settings = bucket(&scope, name)?.settings().await;
    settings.map_err(|error| error::of(&error))
}

async fn check_exists(buckets: &Buckets, name: &str) -> S3Result<()> {
    let scope = buckets.scope().await?;
    let found = bucket(&scope, name)?.describe().await;
    found.map(drop).map_err(|error| error::of(&error))
}

/// Operations that read what a bucket never has, with the error that says so.
macro_rules! absent {
    ($($name:ident: $input:ty => $output:ty, $error:expr;)*) => {$(
        pub(super) async fn $name(
            buckets: &Buckets,
            request: S3Request<$input>,
        ) -> S3Result<S3Response<$output>> {
            check_exists(buckets, &request.input.bucket).await?;
            Err($error)
        }
    )*};
}

/// Operations with the same answer for every bucket.
macro_rules! constant {
    ($($name:ident: $input:ty => $output:ty, $answer:expr;)*) => {$(
        pub(super) async fn $name(
            buckets: &Buckets,
            request: S3Request<$input>,
        ) -> S3Result<S3Response<$output>> {
            check_exists(buckets, &request.input.bucket).await?;
            Ok(S3Response::new($answer))
        }
    )*};
}

absent! {
    policy: GetBucketPolicyInput => GetBucketPolicyOutput,
        s3_error!(NoSuchBucketPolicy, "The bucket policy does not exist");
    policy_status: GetBucketPolicyStatusInput => GetBucketPolicyStatusOutput,
        s3_error!(NoSuchBucketPolicy, "The bucket policy does not exist");
    encryption: GetBucketEncryptionInput => GetBucketEncryptionOutput, no_encryption();
    website: GetBucketWebsiteInput => GetBucketWebsiteOutput,
        s3_error!(NoSuchWebsiteConfiguration,
            "The specified bucket does not have a website configuration");
    replication: GetBucketReplicationInput => GetBucketReplicationOutput,
        s3_error!(ReplicationConfigurationNotFoundError,
            "The replication configuration was not found");
    lock: GetObjectLockConfigurationInput => GetObjectLockConfigurationOutput,
        s3_error!(ObjectLockConfigurationNotFoundError,
            "Object Lock configuration does not exist for this bucket");
    put_policy: PutBucketPolicyInput => PutBucketPolicyOutput,
        error::not_served("policies of buckets: what a client may do is what its key opens");
    put_encryption: PutBucketEncryptionInput => PutBucketEncryptionOutput,
        error::not_served("server-side encryption");
    put_website: PutBucketWebsiteInput => PutBucketWebsiteOutput,
        error::not_served("websites of buckets; it has sites of its own");
    put_replication: PutBucketReplicationInput => PutBucketReplicationOutput,
        error::not_served("replication");
}

fn no_encryption() -> S3Error {
    let mut error = s3_error!(
        ServerSideEncryptionConfigurationNotFoundError,
        "The server side encryption configuration was not found"
    );
    error.set_status_code(http::StatusCode::NOT_FOUND);
    error
}

fn blocked() -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration {
        block_public_acls: Some(true),
        block_public_policy: Some(true),
        ignore_public_acls: Some(true),
        restrict_public_buckets: Some(true),
    }
}

fn enforced() -> OwnershipControls {
    let object_ownership = ObjectOwnership::from_static(ObjectOwnership::BUCKET_OWNER_ENFORCED);
    OwnershipControls { rules: vec![OwnershipControlsRule { object_ownership }] }
}

constant! {
    public_access: GetPublicAccessBlockInput => GetPublicAccessBlockOutput,
        GetPublicAccessBlockOutput { public_access_block_configuration: Some(blocked()) };
    ownership: GetBucketOwnershipControlsInput => GetBucketOwnershipControlsOutput,
        GetBucketOwnershipControlsOutput { ownership_controls: Some(enforced()) };
    payment: GetBucketRequestPaymentInput => GetBucketRequestPaymentOutput,
        GetBucketRequestPaymentOutput { payer: Some(Payer::from_static(Payer::BUCKET_OWNER)) };
    logging: GetBucketLoggingInput => GetBucketLoggingOutput, GetBucketLoggingOutput::default();
    acceleration: GetBucketAccelerateConfigurationInput => GetBucketAccelerateConfigurationOutput,
        GetBucketAccelerateConfigurationOutput::default();
    delete_policy: DeleteBucketPolicyInput => DeleteBucketPolicyOutput,
        DeleteBucketPolicyOutput::default();
    delete_encryption: DeleteBucketEncryptionInput => DeleteBucketEncryptionOutput,
        DeleteBucketEncryptionOutput::default();
    delete_website: DeleteBucketWebsiteInput => DeleteBucketWebsiteOutput,
        DeleteBucketWebsiteOutput::default();
    delete_replication: DeleteBucketReplicationInput => DeleteBucketReplicationOutput,
        DeleteBucketReplicationOutput::default();
}

/// Nothing is public here, so that all may be blocked, and none of it may be allowed.
pub(super) async fn put_public_access(
    buckets: &Buckets,
    request: S3Request<PutPublicAccessBlockInput>,
) -> S3Result<S3Response<PutPublicAccessBlockOutput>> {
    check_exists(buckets, &request.input.bucket).await?;
    match request.input.public_access_block_configuration == blocked() {
        true => Ok(S3Response::new(PutPublicAccessBlockOutput::default())),
        false => Err(error::not_served("public access to buckets; all of it stays blocked")),
    }
}

pub(super) async fn put_ownership(
    buckets: &Buckets,
    request: S3Request<PutBucketOwnershipControlsInput>,
) -> S3Result<S3Response<PutBucketOwnershipControlsOutput>> {
    check_exists(buckets, &request.input.bucket).await?;
    match request.input.ownership_controls == enforced() {
        true => Ok(S3Response::new(PutBucketOwnershipControlsOutput::default())),
        false => Err(error::not_served("owners of objects other than that of their bucket")),
    }
}

fn full_control(owner: &Owner) -> Vec<Grant> {
    let grantee = Grantee {
        display_name: owner.display_name.clone(),
        email_address: None,
        id: owner.id.clone(),
        type_: Type::from_static(Type::CANONICAL_USER),
        uri: None,
    };
    let permission = Permission::from_static(Permission::FULL_CONTROL);
    vec![Grant { grantee: Some(grantee), permission: Some(permission) }]
}

pub(super) async fn acl(
    buckets: &Buckets,
    request: S3Request<GetBucketAclInput>,
) -> S3Result<S3Response<GetBucketAclOutput>> {
    let scope = buckets.scope().await?;
    let handle = bucket(&scope, &request.input.bucket)?;
    handle.describe().await.map_err(|error| error::of(&error))?;
    let owner = owner(&handle);
    let grants = Some(full_control(&owner));
    Ok(S3Response::new(GetBucketAclOutput { grants, owner: Some(owner) }))
}

pub(super) async fn put_acl(
    buckets: &Buckets,
    request: S3Request<PutBucketAclInput>,
) -> S3Result<S3Response<PutBucketAclOutput>> {
    let input = request.input;
    check_exists(buckets, &input.bucket).await?;
    check_acl(input.acl.as_ref().map(BucketCannedACL::as_str), input.acl.is_none())?;
    Ok(S3Response::new(PutBucketAclOutput::default()))
}

pub(super) async fn object_acl(
    buckets: &Buckets,
    request: S3Request<GetObjectAclInput>,
) -> S3Result<S3Response<GetObjectAclOutput>> {
    let input = request.input;
    let version = version(input.version_id.as_deref())?;
    let scope = buckets.scope().await?;
    let handle = bucket(&scope, &input.bucket)?;
    found::found(&handle, &input.key, version).await?;
    let owner = owner(&handle);
    let grants = Some(full_control(&owner));
    Ok(S3Response::new(GetObjectAclOutput { grants, owner: Some(owner), request_charged: None }))
}

pub(super) async fn put_object_acl(
    buckets: &Buckets,
    request: S3Request<PutObjectAclInput>,
) -> S3Result<S3Response<PutObjectAclOutput>> {
    let input = request.input;
    let version = version(input.version_id.as_deref())?;
    let scope = buckets.scope().await?;
    let handle = bucket(&scope, &input.bucket)?;
    found::found(&handle, &input.key, version).await?;
    check_acl(input.acl.as_ref().map(ObjectCannedACL::as_str), input.acl.is_none())?;
    Ok(S3Response::new(PutObjectAclOutput::default()))
}
