use lambent_types::{VolumeName, VolumeSettings, parse_bytes};
use serde::Deserialize;

use super::entry::Entry;
use super::kind::Kind;

/// A volume in a `lambent.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Volume {
    /// How much it may hold.
    max: Option<String>,
}

impl Entry for Volume {
    const KIND: Kind = Kind::Volume;
    type Name = VolumeName;
    type Spec = VolumeSettings;

    fn spec(&self, _: &VolumeName) -> Result<VolumeSettings, String> {
        let Some(max) = &self.max else { return Ok(VolumeSettings::default()) };
        let max_bytes = parse_bytes(max).map_err(|error| format!("max: {error}"))?;
        let settings = VolumeSettings { max_bytes };
        settings.validate().map_err(|error| error.detail().to_owned())?;
        Ok(settings)
    }
}
