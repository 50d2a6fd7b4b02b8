//! Volumes: directories that functions share.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::limits::bounds;
use crate::name::name;
use crate::quota::Quota;
use crate::size::format_bytes;
use crate::specification::{ResourceKind, Specification};

name!(
    /// A volume's name: `[A-Za-z0-9_-]{1,64}`, unique in its namespace ignoring case.
    VolumeName,
    "volume name"
);

/// A volume as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Its name.
    pub name: VolumeName,
    /// How much it may hold.
    pub max_bytes: u64,
    /// What its files are kept under. Another volume of the same name has another.
    pub id: String,
    /// When it was created.
    pub created: Timestamp,
}

impl Specification for Volume {
    const KIND: ResourceKind = ResourceKind { noun: "volume", quota: Quota::Volumes };
    type Name = VolumeName;

    fn name(&self) -> &VolumeName {
        &self.name
    }
}

/// What a client says of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VolumeSettings {
    /// Bytes that it may hold: [`bounds::VOLUME_BYTES_MIN`] to [`bounds::VOLUME_BYTES_MAX`]. They
    /// are set aside of the namespace's quota, used or not.
    pub max_bytes: u64,
}

impl Default for VolumeSettings {
    fn default() -> Self {
        Self { max_bytes: bounds::VOLUME_BYTES_DEFAULT }
    }
}

impl VolumeSettings {
    /// Checks the size against its bounds.
    ///
    /// # Errors
    /// `InvalidConfiguration`.
    pub fn validate(&self) -> Result<(), Error> {
        let (least, most) = (bounds::VOLUME_BYTES_MIN, bounds::VOLUME_BYTES_MAX);
        if (least..=most).contains(&self.max_bytes) {
            return Ok(());
        }
        let detail = format!(
            "max_bytes of the volume is {}; it must be between {} and {}",
            format_bytes(self.max_bytes),
            format_bytes(least),
            format_bytes(most)
        );
        Err(Error::new(ErrorCode::InvalidConfiguration, detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_has_a_size_within_bounds() {
        VolumeSettings::default().validate().unwrap();
        for max_bytes in [bounds::VOLUME_BYTES_MIN - 1, bounds::VOLUME_BYTES_MAX + 1] {
            let error = VolumeSettings { max_bytes }.validate().unwrap_err();
            assert!(error.detail().contains("between 1.0 MiB and 1.0 TiB"), "{}", error.detail());
        }
    }
}
