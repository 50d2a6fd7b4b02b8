use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How an invocation got its instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// The artifact was mapped from disk for this invocation: a cold start.
    Mapped,
    /// The code was in memory already; the instance is a fresh one.
    #[default]
    Loaded,
    /// The instance is a fresh one whose memory was restored from the version's snapshot.
    Restored,
    /// A ready instance: it was instantiated ahead, and nobody had used it.
    Ready,
    /// An instance that had served other invocations of the function.
    Reused,
    /// An instance that served other requests at the same time. The fuel is this
    /// request's part; memory and log lines are those of the whole instance.
    Shared,
}

impl Start {
    /// Every kind, for label sets.
    pub const ALL: [Self; 6] =
        [Self::Mapped, Self::Loaded, Self::Restored, Self::Ready, Self::Reused, Self::Shared];

    /// The word on the wire: `mapped`, `loaded`, `restored`, `ready`, `reused` or `shared`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mapped => "mapped",
            Self::Loaded => "loaded",
            Self::Restored => "restored",
            Self::Ready => "ready",
            Self::Reused => "reused",
            Self::Shared => "shared",
        }
    }
}

/// The resources that one invocation used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Meter {
    /// Fuel consumed. Deterministic for the same code and input.
    pub fuel: u64,
    /// Wall-clock time from the start of loading to the end.
    #[serde(rename = "duration_us", with = "micros")]
    #[schema(value_type = u64)]
    pub duration: Duration,
    /// The most bytes all memories and tables held at once.
    pub memory_bytes: u64,
    /// Bytes of request body or event data that the guest took.
    pub bytes_in: u64,
    /// Bytes of response body or output data that the guest gave.
    pub bytes_out: u64,
    /// How the invocation got its instance.
    pub start: Start,
}

mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(value.as_micros()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_micros)
    }
}
