use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

/// How a checksum of bytes is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChecksumAlgorithm {
    /// CRC-32, as zip and Ethernet have it.
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// What a checksum is of, and how it was worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecksumKind {
    /// How it was worked out.
    pub algorithm: ChecksumAlgorithm,
    /// Whether it is one of the checksums of the parts, rather than of all bytes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub composite: bool,
}

/// A checksum of an object or of a part, which its writer asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// What it is of.
    #[serde(flatten)]
    pub kind: ChecksumKind,
    /// Its bytes in base64; of a composite one a hyphen and the number of parts follow, as S3 has it.
    pub value: String,
}

/// The checksum of bytes that are still to come. Whoever gives the bytes sets it before they give
/// the last of them, and what is written then has it.
#[derive(Debug, Clone, Default)]
pub struct LateChecksum(Arc<OnceLock<Checksum>>);

impl LateChecksum {
    /// Sets it; the first one stays.
    pub fn set(&self, checksum: Checksum) {
        // Whoever gives the bytes sets it once.
        let _ = self.0.set(checksum);
    }

    /// The checksum, if one was set.
    #[must_use]
    pub fn get(&self) -> Option<Checksum> {
        self.0.get().cloned()
    }
}

impl From<Option<Checksum>> for LateChecksum {
    fn from(checksum: Option<Checksum>) -> Self {
        let late = Self::default();
        if let Some(checksum) = checksum {
            late.set(checksum);
        }
        late
    }
}
