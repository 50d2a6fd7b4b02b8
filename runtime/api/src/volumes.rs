use crate::lenient;
use jiff::Timestamp;
use lambent_types::{VolumeName, VolumeSettings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A volume as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VolumeView {
    /// Its name.
    #[schema(value_type = String)]
    pub name: VolumeName,
    /// How much it may hold.
    #[serde(deserialize_with = "lenient::read")]
    pub settings: VolumeSettings,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// How much it holds; only where one volume is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<VolumeUsageView>,
}

/// How much a volume holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VolumeUsageView {
    /// Bytes of its files in blocks of 4 KiB, holes included, and a block for each file and
    /// directory. Removed files that are open still count.
    pub bytes: u64,
    /// Files and directories.
    pub files: u64,
}
