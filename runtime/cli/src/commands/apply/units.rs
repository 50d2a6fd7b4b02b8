//! Durations and sizes, each with its unit.

use std::fmt;
use std::time::Duration;

use lambent_types::parse_bytes;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::duration;

/// A duration such as `"30s"` or `"7d"`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Milliseconds(pub(super) u64);

/// Writes a duration as it is read.
pub(super) fn shown(milliseconds: u64) -> String {
    duration::format(Duration::from_millis(milliseconds))
}

impl<'de> Deserialize<'de> for Milliseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(Unit(
                "a duration is written with a unit, in quotes: \"30s\"",
                |text| {
                    let duration = duration::parse(text).map_err(|error| error.to_string())?;
                    u64::try_from(duration.as_millis()).map_err(|error| error.to_string())
                },
            ))
            .map(Self)
    }
}

/// A size such as `"10GiB"`, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size(pub(super) u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(Unit("a size is written with a unit, in quotes: \"10GiB\"", |text| {
                parse_bytes(text).map_err(|error| error.to_string())
            }))
            .map(Self)
    }
}

/// Reads text with a unit; anything else is answered with how it is written.
struct Unit(&'static str, fn(&str) -> Result<u64, String>);

impl Visitor<'_> for Unit {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        self.1(text).map_err(E::custom)
    }
}
