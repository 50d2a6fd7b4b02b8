use jiff::Timestamp;
use lambent_types::VersionId;

use super::Object;

/// A version of an object, or what says that it was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// One with bytes.
    Object(Object),
    /// The object was deleted here, and its former versions stay.
    Marker(DeleteMarker),
}

/// What says that an object was deleted, among its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteMarker {
    /// The key of the object.
    pub key: String,
    /// Which version it is.
    pub version: VersionId,
    /// When the object was deleted.
    pub modified: Timestamp,
    /// Grows with every change of the bucket, so that the later of two is known.
    pub sequence: u64,
}

impl Version {
    /// The key of the object.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Object(object) => &object.key,
            Self::Marker(marker) => &marker.key,
        }
    }

    /// The number of the change that made it.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        match self {
            Self::Object(object) => object.sequence,
            Self::Marker(marker) => marker.sequence,
        }
    }

    /// Which version it is; none if its bucket keeps none.
    #[must_use]
    pub const fn id(&self) -> Option<VersionId> {
        match self {
            Self::Object(object) => object.version,
            Self::Marker(marker) => Some(marker.version),
        }
    }

    /// When it was made.
    #[must_use]
    pub const fn modified(&self) -> Timestamp {
        match self {
            Self::Object(object) => object.modified,
            Self::Marker(marker) => marker.modified,
        }
    }

    /// How many bytes it has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        match self {
            Self::Object(object) => object.size,
            Self::Marker(_) => 0,
        }
    }

    /// The object, if it is one.
    #[must_use]
    pub const fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            Self::Marker(_) => None,
        }
    }
}

/// What a deletion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deleted {
    /// Whether what was to be deleted was there: the object or, if one was named, its version.
    pub existed: bool,
    /// The delete marker that was made, or the version that is gone; none in a bucket that keeps no
    /// versions, or if there was none.
    pub version: Option<VersionId>,
    /// Whether that is a delete marker.
    pub marker: bool,
}

/// Which versions of objects to list.
#[derive(Debug, Clone, Default)]
pub struct ListVersions {
    /// Only keys that begin so.
    pub prefix: String,
    /// Groups keys by what comes before it after the prefix, as S3 does.
    pub delimiter: Option<String>,
    /// Only keys, and common prefixes, after this; with `after_version`, also what is left of it.
    pub after: Option<String>,
    /// Of the key `after`, only what is older than this version. What is no longer there is older
    /// than nothing: then all of the key is listed.
    pub after_version: Option<VersionId>,
    /// At most so many versions and prefixes together, and never more than
    /// [`bounds::PAGE_MAX`](lambent_types::bounds).
    pub limit: usize,
}

impl ListVersions {
    /// The number of the version that the list goes on after: the one it was `found` to have or, if
    /// it is no longer there, the one that its id tells.
    #[must_use]
    pub fn resumes_below(&self, found: Option<u64>) -> Option<u64> {
        match self.after_version? {
            VersionId::Made { sequence, .. } => Some(sequence),
            VersionId::Null => found,
        }
    }
}

/// A version in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// The version.
    pub version: Version,
    /// Whether it is the newest of its key.
    pub is_latest: bool,
}

/// Versions, in ascending order of their keys' bytes and, of one key, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionPage {
    /// The versions.
    pub versions: Vec<ListedVersion>,
    /// With a delimiter: what keys below it have in common, each once.
    pub common_prefixes: Vec<String>,
    /// Where to continue: the key, and its version if it is within one; `None` if this was all.
    pub next: Option<(String, Option<VersionId>)>,
}
