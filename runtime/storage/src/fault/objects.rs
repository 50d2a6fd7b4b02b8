use std::collections::BTreeMap;
use std::ops::Range;

use async_trait::async_trait;
use lambent_types::{BucketName, Namespace, Origin, VersionId, Versioning};

use super::forward::forward;
use super::{Call, Faulty};
use crate::error::StorageError;
use crate::objects::{
    Bucket, ByteStream, CompleteUpload, Condition, CopyObject, Deleted, ListObjects, ListVersions,
    Object, ObjectError, ObjectPage, ObjectPlace, Objects, Part, PutObject, PutPart, Upload,
    Version, VersionPage,
};

forward! { Objects:
    change create_bucket(namespace: &Namespace, bucket: &BucketName) -> Result<Bucket, ObjectError>;
    free delete_bucket(namespace: &Namespace, bucket: &BucketName) -> Result<(), ObjectError>;
    read bucket(namespace: &Namespace, bucket: &BucketName) -> Result<Option<Bucket>, StorageError>;
    read buckets(namespace: &Namespace) -> Result<Vec<Bucket>, StorageError>;
    change put(
        namespace: &Namespace, bucket: &BucketName, key: &str, put: PutObject, bytes: ByteStream,
        origin: &Origin
    ) -> Result<Object, ObjectError>;
    change set_versioning(
        namespace: &Namespace, bucket: &BucketName, versioning: Versioning
    ) -> Result<Bucket, ObjectError>;
    read find(
        namespace: &Namespace, bucket: &BucketName, key: &str, version: Option<VersionId>
    ) -> Result<Version, ObjectError>;
    read get_version(
        namespace: &Namespace, bucket: &BucketName, version: (&str, Option<VersionId>),
        range: Option<Range<u64>>
    ) -> Result<(Object, ByteStream), ObjectError>;
    free delete_version(
        namespace: &Namespace, bucket: &BucketName, version: (&str, Option<VersionId>),
        condition: Condition, origin: &Origin
    ) -> Result<Deleted, ObjectError>;
    change copy(
        namespace: &Namespace, from: ObjectPlace<'_>, to: ObjectPlace<'_>, copy: CopyObject,
        origin: &Origin
    ) -> Result<Object, ObjectError>;
    change set_tags(
        namespace: &Namespace, bucket: &BucketName, version: (&str, Option<VersionId>),
        tags: BTreeMap<String, String>
    ) -> Result<Object, ObjectError>;
    read object_parts(
        namespace: &Namespace, bucket: &BucketName, version: (&str, Option<VersionId>)
    ) -> Result<(Object, Vec<Part>), ObjectError>;
    read list_versions(
        namespace: &Namespace, bucket: &BucketName, list: ListVersions
    ) -> Result<VersionPage, ObjectError>;
    read list(
        namespace: &Namespace, bucket: &BucketName, list: ListObjects
    ) -> Result<ObjectPage, ObjectError>;
    change begin_upload(
        namespace: &Namespace, bucket: &BucketName, key: &str, put: PutObject
    ) -> Result<Upload, ObjectError>;
    change put_part(
        namespace: &Namespace, bucket: &BucketName, upload: &str, part: PutPart, bytes: ByteStream
    ) -> Result<Part, ObjectError>;
    read parts(
        namespace: &Namespace, bucket: &BucketName, upload: &str
    ) -> Result<Vec<Part>, ObjectError>;
    change complete_upload(
        namespace: &Namespace, bucket: &BucketName, upload: &str, complete: CompleteUpload,
        origin: &Origin
    ) -> Result<Object, ObjectError>;
    free abort_upload(
        namespace: &Namespace, bucket: &BucketName, upload: &str
    ) -> Result<(), ObjectError>;
    read upload(
        namespace: &Namespace, bucket: &BucketName, upload: &str
    ) -> Result<Upload, ObjectError>;
    read uploads(namespace: &Namespace, bucket: &BucketName) -> Result<Vec<Upload>, ObjectError>;
}
