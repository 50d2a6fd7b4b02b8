//! How the values of parameters are read, what they must be, and how they are written.

use std::time::Duration;

use jiff::Timestamp;
use lambent_types::{Qualifier, RequestId, parse_duration};
use serde::de::{Deserialize, Deserializer, Error as _, Unexpected};
use serde::ser::Serializer;

/// Reads a text by `parse`; `wanted` says what it must be.
pub(crate) fn parsed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    wanted: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || D::Error::invalid_value(Unexpected::Str(&text), &wanted);
    parse(&text).map(Some).ok_or_else(wrong)
}

macro_rules! readers {
    ($($name:ident: $type:ty, $wanted:literal, $parse:expr;)*) => {
        $(pub(crate) fn $name<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<$type>, D::Error> {
            parsed(deserializer, $wanted, $parse)
        })*
    };
}

fn duration(text: &str) -> Option<Duration> {
    parse_duration(text).ok()
}

readers! {
    ttl: Duration, "a duration such as 60s", duration;
    delay: Duration, "a duration such as 5s", duration;
    visibility: Duration, "a duration such as 30s", duration;
    version: u64, "a version's number", |text| text.parse().ok();
    cursor: u64, "a cursor, as \"next\" gave it", |text| text.parse().ok();
    switch: bool, "true or false", |text| text.parse().ok();
    attribute: (String, String), "an attribute and its value, as in errortype=InvalidInput",
        |text| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    whole_number: i64, "a whole number", |text| text.parse().ok();
    time: Timestamp, "a time such as 2026-01-31T12:00:00Z", |text| text.parse().ok();
    request: RequestId, "the id of an invocation",
        |text| text.parse().ok();
}

/// A number of items, of which a page has at most `MAX`.
pub(crate) fn limit<'de, D: Deserializer<'de>, const MAX: usize>(
    deserializer: D,
) -> Result<Option<usize>, D::Error> {
    parsed(deserializer, &format!("a number from 1 to {MAX}"), |text| {
        text.parse().ok().filter(|limit| (1..=MAX).contains(limit))
    })
}

/// A time to wait, of at most so many seconds.
pub(crate) fn wait<'de, D: Deserializer<'de>, const SECONDS_MAX: u64>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    parsed(deserializer, &format!("a duration of at most {SECONDS_MAX}s"), |text| {
        duration(text).filter(|wait| *wait <= Duration::from_secs(SECONDS_MAX))
    })
}

/// Writes an attribute and its value as they are read.
pub(crate) fn write_attribute<S: Serializer>(
    attribute: &Option<(String, String)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match attribute {
        Some((name, value)) => serializer.serialize_str(&format!("{name}={value}")),
        None => serializer.serialize_none(),
    }
}

#[expect(clippy::ref_option, reason = "serde hands a reference to the member")]
pub(crate) fn write_duration<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => serializer.collect_str(&format_args!("{}ms", duration.as_millis())),
        None => serializer.serialize_none(),
    }
}

#[expect(clippy::ref_option, reason = "serde hands a reference to the member")]
pub(crate) fn write_text<T: std::fmt::Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

pub(crate) mod qualifier {
    use super::{Deserialize, Deserializer, Qualifier};

    pub(crate) use super::write_text as serialize;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Qualifier>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Some).map_err(serde::de::Error::custom)
    }
}
