use lambent_types::{BucketName, VersionId};

use super::{Condition, PutObject};

/// Where an object is.
#[derive(Debug, Clone, Copy)]
pub struct ObjectPlace<'a> {
    /// Its bucket.
    pub bucket: &'a BucketName,
    /// Its key.
    pub key: &'a str,
}

/// How an object is copied.
#[derive(Debug, Clone, Default)]
pub struct CopyObject {
    /// Which version is copied; the newest if none.
    pub version: Option<VersionId>,
    /// What must hold of the object that is copied.
    pub source: Condition,
    /// What to write beside the bytes, and what must hold of the object that is there.
    pub put: PutObject,
    /// Whether media type, header fields and metadata are those of the source, rather than of `put`.
    pub keeps_metadata: bool,
    /// Whether tags are those of the source.
    pub keeps_tags: bool,
}
