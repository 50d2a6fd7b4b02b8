use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::duration;

/// A duration such as `"30s"` or `"7d"`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Milliseconds(pub(super) u64);

impl<'de> Deserialize<'de> for Milliseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let duration = duration::parse(&text).map_err(D::Error::custom)?;
        u64::try_from(duration.as_millis()).map(Self).map_err(D::Error::custom)
    }
}
