//! The operations of S3: which are served, and where.

use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result};

use super::caller::Buckets;
use super::{
    bucket_configuration, buckets, copies, cors, lifecycle, listing, multipart, notifications,
    objects, reading, tagging, upload_listing, versions,
};
use crate::operation::{Operation, Status};

/// Declares the operations that are answered, each with what answers it, and names the others.
macro_rules! operations {
    (
        others { $($other:ident)* }
        $($status:ident $name:ident: $method:ident($input:ty) -> $output:ty = $answer:path;)*
    ) => {
        #[async_trait::async_trait]
        impl S3 for Buckets {
            $(async fn $method(
                &self,
                request: S3Request<$input>,
            ) -> S3Result<S3Response<$output>> {
                $answer(self, request).await
            })*
        }

        pub(crate) static OPERATIONS: &[Operation] = &[
            $(Operation::named(stringify!($name)).with(Status::$status),)*
            $(Operation::named(stringify!($other)),)*
        ];
    };
}

operations! {
    others {
        CreateBucketMetadataConfiguration CreateBucketMetadataTableConfiguration CreateSession
        DeleteObjectAnnotation GetBucketAbac GetBucketLifecycle GetBucketNotification
        GetObjectAnnotation ListObjectAnnotations PutBucketAbac PutBucketLifecycle
        PutBucketNotification PutObjectAnnotation UpdateBucketMetadataAnnotationTableConfiguration
        UpdateObjectEncryption
        DeleteBucketAnalyticsConfiguration DeleteBucketIntelligentTieringConfiguration
        DeleteBucketInventoryConfiguration DeleteBucketMetadataConfiguration
        DeleteBucketMetadataTableConfiguration DeleteBucketMetricsConfiguration
        DeleteBucketOwnershipControls DeletePublicAccessBlock GetBucketAnalyticsConfiguration
        GetBucketIntelligentTieringConfiguration GetBucketInventoryConfiguration
        GetBucketMetadataConfiguration GetBucketMetadataTableConfiguration
        GetBucketMetricsConfiguration GetObjectLegalHold GetObjectRetention GetObjectTorrent
        ListBucketAnalyticsConfigurations ListBucketIntelligentTieringConfigurations
        ListBucketInventoryConfigurations ListBucketMetricsConfigurations ListDirectoryBuckets
        PutBucketAccelerateConfiguration PutBucketAnalyticsConfiguration
        PutBucketIntelligentTieringConfiguration PutBucketInventoryConfiguration PutBucketLogging
        PutBucketMetricsConfiguration PutBucketRequestPayment PutObjectLegalHold
        PutObjectLockConfiguration PutObjectRetention RenameObject RestoreObject
        SelectObjectContent UpdateBucketMetadataInventoryTableConfiguration
        UpdateBucketMetadataJournalTableConfiguration WriteGetObjectResponse
    }
    Served AbortMultipartUpload: abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput = multipart::abort;
    Served CompleteMultipartUpload: complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput = multipart::complete;
    Served CopyObject: copy_object(CopyObjectInput) -> CopyObjectOutput = copies::copy;
    Served CreateBucket: create_bucket(CreateBucketInput) -> CreateBucketOutput = buckets::create;
    Served CreateMultipartUpload: create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput = multipart::create;
    Served DeleteBucket: delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = buckets::delete;
    Served DeleteBucketCors: delete_bucket_cors(DeleteBucketCorsInput) -> DeleteBucketCorsOutput = cors::delete;
    Served DeleteBucketEncryption: delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput = bucket_configuration::delete_encryption;
    Served DeleteBucketLifecycle: delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput = lifecycle::delete;
    Served DeleteBucketPolicy: delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput = bucket_configuration::delete_policy;
    Served DeleteBucketReplication: delete_bucket_replication(DeleteBucketReplicationInput) -> DeleteBucketReplicationOutput = bucket_configuration::delete_replication;
    Served DeleteBucketTagging: delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput = tagging::untag_bucket;
    Served DeleteBucketWebsite: delete_bucket_website(DeleteBucketWebsiteInput) -> DeleteBucketWebsiteOutput = bucket_configuration::delete_website;
    Served DeleteObject: delete_object(DeleteObjectInput) -> DeleteObjectOutput = objects::delete;
    Served DeleteObjectTagging: delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput = tagging::untag_object;
    Served DeleteObjects: delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = objects::delete_many;
    Served GetBucketAccelerateConfiguration: get_bucket_accelerate_configuration(GetBucketAccelerateConfigurationInput) -> GetBucketAccelerateConfigurationOutput = bucket_configuration::acceleration;
    Served GetBucketAcl: get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput = bucket_configuration::acl;
    Served GetBucketCors: get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput = cors::get;
    Served GetBucketEncryption: get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput = bucket_configuration::encryption;
    Served GetBucketLifecycleConfiguration: get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput = lifecycle::get;
    Served GetBucketLocation: get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = buckets::location;
    Served GetBucketLogging: get_bucket_logging(GetBucketLoggingInput) -> GetBucketLoggingOutput = bucket_configuration::logging;
    Served GetBucketNotificationConfiguration: get_bucket_notification_configuration(GetBucketNotificationConfigurationInput) -> GetBucketNotificationConfigurationOutput = notifications::get;
    Served GetBucketOwnershipControls: get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput = bucket_configuration::ownership;
    Served GetBucketPolicy: get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = bucket_configuration::policy;
    Served GetBucketPolicyStatus: get_bucket_policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput = bucket_configuration::policy_status;
    Served GetBucketReplication: get_bucket_replication(GetBucketReplicationInput) -> GetBucketReplicationOutput = bucket_configuration::replication;
    Served GetBucketRequestPayment: get_bucket_request_payment(GetBucketRequestPaymentInput) -> GetBucketRequestPaymentOutput = bucket_configuration::payment;
    Served GetBucketTagging: get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput = tagging::of_bucket;
    Served GetBucketVersioning: get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput = versions::get;
    Served GetBucketWebsite: get_bucket_website(GetBucketWebsiteInput) -> GetBucketWebsiteOutput = bucket_configuration::website;
    Served GetObject: get_object(GetObjectInput) -> GetObjectOutput = reading::get;
    Served GetObjectAcl: get_object_acl(GetObjectAclInput) -> GetObjectAclOutput = bucket_configuration::object_acl;
    Served GetObjectAttributes: get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput = reading::attributes;
    Served GetObjectLockConfiguration: get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput = bucket_configuration::lock;
    Served GetObjectTagging: get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput = tagging::of_object;
    Served GetPublicAccessBlock: get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput = bucket_configuration::public_access;
    Served HeadBucket: head_bucket(HeadBucketInput) -> HeadBucketOutput = buckets::head;
    Served HeadObject: head_object(HeadObjectInput) -> HeadObjectOutput = reading::head;
    Served ListBuckets: list_buckets(ListBucketsInput) -> ListBucketsOutput = buckets::list;
    Served ListMultipartUploads: list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput = upload_listing::uploads;
    Served ListObjectVersions: list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput = versions::list;
    Served ListObjects: list_objects(ListObjectsInput) -> ListObjectsOutput = listing::objects;
    Served ListObjectsV2: list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = listing::objects_v2;
    Served ListParts: list_parts(ListPartsInput) -> ListPartsOutput = upload_listing::parts;
    Served PutBucketAcl: put_bucket_acl(PutBucketAclInput) -> PutBucketAclOutput = bucket_configuration::put_acl;
    Served PutBucketCors: put_bucket_cors(PutBucketCorsInput) -> PutBucketCorsOutput = cors::put;
    NotServed PutBucketEncryption: put_bucket_encryption(PutBucketEncryptionInput) -> PutBucketEncryptionOutput = bucket_configuration::put_encryption;
    Served PutBucketLifecycleConfiguration: put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) -> PutBucketLifecycleConfigurationOutput = lifecycle::put;
    Served PutBucketNotificationConfiguration: put_bucket_notification_configuration(PutBucketNotificationConfigurationInput) -> PutBucketNotificationConfigurationOutput = notifications::put;
    Served PutBucketOwnershipControls: put_bucket_ownership_controls(PutBucketOwnershipControlsInput) -> PutBucketOwnershipControlsOutput = bucket_configuration::put_ownership;
    NotServed PutBucketPolicy: put_bucket_policy(PutBucketPolicyInput) -> PutBucketPolicyOutput = bucket_configuration::put_policy;
    NotServed PutBucketReplication: put_bucket_replication(PutBucketReplicationInput) -> PutBucketReplicationOutput = bucket_configuration::put_replication;
    Served PutBucketTagging: put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput = tagging::tag_bucket;
    Served PutBucketVersioning: put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput = versions::put;
    NotServed PutBucketWebsite: put_bucket_website(PutBucketWebsiteInput) -> PutBucketWebsiteOutput = bucket_configuration::put_website;
    Served PutObject: put_object(PutObjectInput) -> PutObjectOutput = objects::put;
    Served PutObjectAcl: put_object_acl(PutObjectAclInput) -> PutObjectAclOutput = bucket_configuration::put_object_acl;
    Served PutObjectTagging: put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput = tagging::tag_object;
    Served PutPublicAccessBlock: put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput = bucket_configuration::put_public_access;
    Served UploadPart: upload_part(UploadPartInput) -> UploadPartOutput = multipart::put_part;
    Served UploadPartCopy: upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = copies::copy_part;
}
