mod checksum;
mod copy;
mod error;
pub(crate) mod listing;
pub(crate) mod rules;
mod upload;
mod version;

use std::collections::BTreeMap;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use jiff::Timestamp;
use lambent_types::{
    BucketName, Namespace, Origin, Precondition, Validators, VersionId, Versioning,
};
use serde::{Deserialize, Serialize};

use crate::error::StorageError;

pub use checksum::{Checksum, ChecksumAlgorithm, ChecksumKind, LateChecksum};
pub use copy::{CopyObject, ObjectPlace};
pub use error::ObjectError;
pub use upload::{CompleteUpload, Part, PutPart, Upload};
pub use version::{DeleteMarker, Deleted, ListVersions, ListedVersion, Version, VersionPage};

/// Bytes that come or go piece by piece. An error ends it.
pub type ByteStream = BoxStream<'static, Result<Bytes, std::io::Error>>;

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The name of the bucket.
    pub name: BucketName,
    /// When it was created.
    pub created: Timestamp,
    /// Whether it keeps former versions of its objects.
    pub versioning: Versioning,
}

/// What is known of an object besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The key of the object: any UTF-8 of 1 to [`bounds::OBJECT_KEY_BYTES_MAX`](lambent_types::bounds) bytes,
    /// kept exactly.
    pub key: String,
    /// The size of the object in bytes.
    pub size: u64,
    /// MD5 of its bytes in hexadecimal, or for a multipart upload S3's MD5 of
    /// its parts' MD5s, a hyphen, and their number. Without quotes.
    pub etag: String,
    /// The media type of the object.
    pub content_type: Option<String>,
    /// The header fields it is given out with: names of
    /// [`bounds::OBJECT_HEADERS`](lambent_types::bounds).
    pub headers: BTreeMap<String, String>,
    /// What the writer attached: lower-case names.
    pub metadata: BTreeMap<String, String>,
    /// Its tags, which change without it.
    pub tags: BTreeMap<String, String>,
    /// The checksum that its writer asked for.
    pub checksum: Option<Checksum>,
    /// When it was written.
    pub modified: Timestamp,
    /// Grows with every change of the bucket, so that the later of two is known.
    pub sequence: u64,
    /// Which version it is; none if its bucket keeps none.
    pub version: Option<VersionId>,
}

impl Object {
    /// Whether it is the version of its key that is replaced where its bucket makes no new ones.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        !matches!(self.version, Some(VersionId::Made { .. }))
    }

    /// What conditions of a client are about.
    #[must_use]
    pub fn validators(&self) -> Validators<'_> {
        Validators { tag: Some(&self.etag), modified: Some(self.modified) }
    }
}

/// What to write beside the bytes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PutObject {
    /// The media type of the object.
    pub content_type: Option<String>,
    /// The header fields to give it out with: names of
    /// [`bounds::OBJECT_HEADERS`](lambent_types::bounds), and at most
    /// [`bounds::OBJECT_HEADERS_BYTES_MAX`](lambent_types::bounds) bytes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What to attach; at most
    /// [`bounds::OBJECT_METADATA_BYTES_MAX`](lambent_types::bounds) bytes.
    pub metadata: BTreeMap<String, String>,
    /// The tags to give it; at most [`bounds::OBJECT_TAGS_MAX`](lambent_types::bounds).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The checksum of the bytes, if one is to be kept.
    #[serde(skip)]
    pub checksum: LateChecksum,
    /// The checksum that an upload in parts will have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum_kind: Option<ChecksumKind>,
    /// When to write at all.
    pub condition: Condition,
}

/// What must hold of the object that is there for a change to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// Nothing.
    #[default]
    None,
    /// There is none.
    Absent,
    /// The object has this etag.
    Etag(String),
    /// What a client's header fields say.
    When(Precondition),
}

/// Objects, or uploads, in ascending order of their keys' bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPage {
    /// The objects.
    pub objects: Vec<Object>,
    /// With a delimiter: what keys below it have in common, each once.
    pub common_prefixes: Vec<String>,
    /// Where to continue: the key to list after; `None` if this was all.
    pub next: Option<String>,
}

/// Which objects to list.
#[derive(Debug, Clone, Default)]
pub struct ListObjects {
    /// Only keys that begin so.
    pub prefix: String,
    /// Groups keys by what comes before it after the prefix, as S3 does.
    pub delimiter: Option<String>,
    /// Only keys, and common prefixes, after this.
    pub after: Option<String>,
    /// At most so many objects and prefixes together, and never more than
    /// [`bounds::PAGE_MAX`](lambent_types::bounds).
    pub limit: usize,
}

/// Buckets and the objects in them.
///
/// An object exists when its write is finished and acknowledged, never half;
/// an acknowledged write is durable and seen by every read and listing that
/// starts later. Of concurrent writes of one key the last to finish stays.
/// Each change of a watched bucket commits together with its event; see
/// [`EventLog`](crate::EventLog).
///
/// # Versions
/// A bucket that keeps versions has, of each key, any number of objects and delete markers: the
/// newest is what the key alone stands for, and if that is a delete marker, there is no object of
/// that key. Each of them counts towards the quotas as an object does. What goes by a key alone
/// judges conditions by its newest.
///
/// # Several nodes
/// All promises hold between nodes: conditions are decided in the transaction of the change. A
/// node may cache the bytes of an object by its sequence number, and nothing else. What is being
/// written is reserved by each node for itself ([`backend::Ledger`](crate::backend::Ledger)), so
/// that several may exceed a quota together by what they have in flight.
#[async_trait]
pub trait Objects: Send + Sync {
    /// Creates a bucket.
    ///
    /// # Errors
    /// `Exists`, `Quota`, `Storage`.
    async fn create_bucket(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<Bucket, ObjectError>;

    /// Deletes an empty bucket.
    ///
    /// # Errors
    /// `NoBucket`, `NotEmpty`, `Triggered`, `Storage`.
    async fn delete_bucket(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<(), ObjectError>;

    /// Has a bucket keep versions, or no new ones from now on.
    ///
    /// # Errors
    /// `NoBucket`, `Invalid` (one that ever kept versions can only be suspended), `Storage`.
    async fn set_versioning(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        versioning: Versioning,
    ) -> Result<Bucket, ObjectError>;

    /// Reads one bucket.
    ///
    /// # Errors
    /// `Storage`.
    async fn bucket(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<Option<Bucket>, StorageError>;

    /// All buckets of a namespace by name.
    ///
    /// # Errors
    /// `Storage`.
    async fn buckets(&self, namespace: &Namespace) -> Result<Vec<Bucket>, StorageError>;

    /// Writes an object of any size, holding only a bounded part of it in memory.
    ///
    /// # Errors
    /// `NoBucket`, `Condition` (checked before the bytes are read and again
    /// when they are all there), `Invalid`, `Input`, `Quota`, `Storage`: nothing was changed.
    async fn put(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        put: PutObject,
        bytes: ByteStream,
        origin: &Origin,
    ) -> Result<Object, ObjectError>;

    /// A version of an object, or its newest, which may be a delete marker.
    ///
    /// # Errors
    /// `NoBucket`, `NoObject` (of its newest), `NoVersion` (of one that is named), `Storage`.
    async fn find(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        version: Option<VersionId>,
    ) -> Result<Version, ObjectError>;

    /// What is known of an object.
    ///
    /// # Errors
    /// `NoBucket`, `NoObject`, `Storage`.
    async fn head(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
    ) -> Result<Object, ObjectError> {
        match self.find(namespace, bucket, key, None).await? {
            Version::Object(object) => Ok(object),
            Version::Marker(_) => Err(ObjectError::NoObject),
        }
    }

    /// Reads an object, or the part of it in `range`, whose end is cut to the
    /// object's. The stream holds a bounded part in memory, goes on undisturbed
    /// if the object is changed or deleted, and ends in an error if the bytes
    /// are not those that were written.
    ///
    /// # Errors
    /// `NoBucket`, `NoObject`, `Range`, `Storage`.
    async fn get(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<(Object, ByteStream), ObjectError> {
        self.get_version(namespace, bucket, (key, None), range).await
    }

    /// Does what [`Self::get`] does, of the version that is named, or of the newest.
    ///
    /// # Errors
    /// As [`Self::get`]; `NoVersion`, `Marker` (of one that is named).
    async fn get_version(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        version: (&str, Option<VersionId>),
        range: Option<Range<u64>>,
    ) -> Result<(Object, ByteStream), ObjectError>;

    /// Deletes an object; `false` if there was none. A bucket that keeps versions makes a delete
    /// marker instead, also where there was none.
    ///
    /// # Errors
    /// `NoBucket`, `Condition`, `Quota` (for the delete marker), `Storage`.
    async fn delete(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        condition: Condition,
        origin: &Origin,
    ) -> Result<bool, ObjectError> {
        let deleted = self.delete_version(namespace, bucket, (key, None), condition, origin);
        Ok(deleted.await?.existed)
    }

    /// Deletes one version for good, whatever it is, which is then no longer there; without one,
    /// does what [`Self::delete`] does. Of a version that is named the condition is judged by it, and by
    /// nothing if it is not there.
    ///
    /// # Errors
    /// As [`Self::delete`]. That there is no such version is none.
    async fn delete_version(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        version: (&str, Option<VersionId>),
        condition: Condition,
        origin: &Origin,
    ) -> Result<Deleted, ObjectError>;

    /// Copies an object within its namespace. Its bytes are not read: both have the same ones, and
    /// so the same etag. It may be copied to where it is.
    ///
    /// # Errors
    /// `NoBucket`, `NoObject`, `NoVersion`, `Marker`, `Condition` (of whichever object its key names),
    /// `Invalid`, `Quota`, `Storage`: nothing was changed.
    async fn copy(
        &self,
        namespace: &Namespace,
        from: ObjectPlace<'_>,
        to: ObjectPlace<'_>,
        copy: CopyObject,
        origin: &Origin,
    ) -> Result<Object, ObjectError>;

    /// Gives an object, or a version of it, other tags. It is no change of the object, and no event.
    ///
    /// # Errors
    /// `NoBucket`, `NoObject`, `NoVersion`, `Marker`, `Invalid`, `Storage`.
    async fn set_tags(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        version: (&str, Option<VersionId>),
        tags: BTreeMap<String, String>,
    ) -> Result<Object, ObjectError>;

    /// An object, and the parts that it was made of, by number; one, if it was written at once.
    ///
    /// # Errors
    /// `NoBucket`, `NoObject`, `NoVersion`, `Marker`, `Storage`.
    async fn object_parts(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        version: (&str, Option<VersionId>),
    ) -> Result<(Object, Vec<Part>), ObjectError>;

    /// Lists the versions of objects, also in a bucket that keeps none.
    ///
    /// # Errors
    /// `NoBucket`, `Storage`.
    async fn list_versions(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        list: ListVersions,
    ) -> Result<VersionPage, ObjectError>;

    /// Lists objects.
    ///
    /// # Errors
    /// `NoBucket`, `Storage`.
    async fn list(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        list: ListObjects,
    ) -> Result<ObjectPage, ObjectError>;

    /// Begins a multipart upload; its condition is checked when it is completed.
    ///
    /// # Errors
    /// `NoBucket`, `Invalid`, `Quota`, `Storage`.
    async fn begin_upload(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        put: PutObject,
    ) -> Result<Upload, ObjectError>;

    /// Writes one part, replacing what had its number.
    ///
    /// # Errors
    /// `NoBucket`, `NoUpload`, `Invalid`, `Input`, `Quota`, `Storage`.
    async fn put_part(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
        part: PutPart,
        bytes: ByteStream,
    ) -> Result<Part, ObjectError>;

    /// The parts that are there, by number.
    ///
    /// # Errors
    /// `NoBucket`, `NoUpload`, `Storage`.
    async fn parts(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
    ) -> Result<Vec<Part>, ObjectError>;

    /// Makes an object of the named parts, in the order given. Their bytes are not copied. What
    /// was set as a condition when the upload was begun must hold, and that of `complete` too.
    ///
    /// # Errors
    /// `NoBucket`, `NoUpload`, `Condition`, `Invalid` (a part is missing, has
    /// another etag, is out of order, or is too small and not the last; the upload
    /// goes on), `Storage`.
    async fn complete_upload(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
        complete: CompleteUpload,
        origin: &Origin,
    ) -> Result<Object, ObjectError>;

    /// Forgets an upload and its parts.
    ///
    /// # Errors
    /// `NoBucket`, `NoUpload`, `Storage`.
    async fn abort_upload(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
    ) -> Result<(), ObjectError>;

    /// What is known of an unfinished upload.
    ///
    /// # Errors
    /// `NoBucket`, `NoUpload`, `Storage`.
    async fn upload(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
    ) -> Result<Upload, ObjectError>;

    /// The unfinished uploads of a bucket, oldest first.
    ///
    /// # Errors
    /// `NoBucket`, `Storage`.
    async fn uploads(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
    ) -> Result<Vec<Upload>, ObjectError>;
}
