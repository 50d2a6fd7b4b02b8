use jiff::Timestamp;

use super::{Checksum, ChecksumKind, Condition, LateChecksum};

/// A multipart upload that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The id of the upload: unguessable, of `[A-Za-z0-9_-]`.
    pub id: String,
    /// The key it will have.
    pub key: String,
    /// When it was begun.
    pub started: Timestamp,
    /// The checksum that its object will have, if one was asked for.
    pub checksum: Option<ChecksumKind>,
}

/// One part of an upload, or of an object that was made of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The number of the part, from 1 to [`bounds::PART_NUMBER_MAX`](lambent_types::bounds).
    pub number: u32,
    /// MD5 of its bytes in hexadecimal.
    pub etag: String,
    /// The size of the part in bytes.
    pub size: u64,
    /// The checksum of its bytes, if one was asked for.
    pub checksum: Option<Checksum>,
}

/// A part to write.
#[derive(Debug, Clone)]
pub struct PutPart {
    /// The number of the part, from 1 to [`bounds::PART_NUMBER_MAX`](lambent_types::bounds).
    pub number: u32,
    /// The checksum of its bytes, if one is to be kept.
    pub checksum: LateChecksum,
}

impl From<u32> for PutPart {
    fn from(number: u32) -> Self {
        Self { number, checksum: LateChecksum::default() }
    }
}

/// What an object is to be made of.
#[derive(Debug, Clone, Default)]
pub struct CompleteUpload {
    /// Number and etag of each part, in their order.
    pub parts: Vec<(u32, String)>,
    /// What must hold, beside what was set when the upload was begun.
    pub condition: Condition,
    /// The checksum of the object, worked out of those of its parts.
    pub checksum: Option<Checksum>,
}

impl CompleteUpload {
    /// An object of these parts, of which no checksum is kept.
    #[must_use]
    pub fn of(parts: &[(u32, String)], condition: Condition) -> Self {
        Self { parts: parts.to_vec(), condition, checksum: None }
    }
}
