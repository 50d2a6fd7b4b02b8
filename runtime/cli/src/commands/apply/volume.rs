use lambent_types::{VolumeName, VolumeSettings, format_bytes};
use serde::Deserialize;
use utoipa::ToSchema;

use super::context::Context;
use super::entry::Entry;
use super::fault::Fault;
use super::kind::Kind;
use super::units::Size;

/// A directory that functions share.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Volume {
    /// How much it may hold: 1MiB to 1TiB.
    #[schema(value_type = Option<String>, default = default_max, example = "10GiB")]
    max: Option<Size>,
}

fn default_max() -> String {
    format_bytes(VolumeSettings::default().max_bytes)
}

impl Entry for Volume {
    const KIND: Kind = Kind::Volume;
    type Name = VolumeName;
    type Spec = VolumeSettings;

    fn spec(&self, _: &VolumeName, _: &Context) -> Result<VolumeSettings, Fault> {
        let Some(Size(max_bytes)) = self.max else { return Ok(VolumeSettings::default()) };
        let settings = VolumeSettings { max_bytes };
        settings.validate().map_err(|error| error.detail().to_owned())?;
        Ok(settings)
    }
}
