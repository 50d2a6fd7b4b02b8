use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a bucket keeps the former versions of its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Versioning {
    /// It never did: what is written or deleted takes the place of what was there.
    #[default]
    Off,
    /// Every write makes a version, and a deletion a delete marker; all that was there stays.
    Enabled,
    /// It did: versions stay, and what is written or deleted takes the place of the version `null`
    /// alone.
    Suspended,
}

impl Versioning {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Enabled => "enabled",
            Self::Suspended => "suspended",
        }
    }

    /// Whether there is nothing but the objects themselves.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        matches!(self, Self::Off)
    }
}

impl fmt::Display for Versioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// It is no state of a bucket's versioning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("versioning {0:?} is none of: off, enabled, suspended")]
pub struct InvalidVersioning(String);

impl FromStr for Versioning {
    type Err = InvalidVersioning;
    fn from_str(text: &str) -> Result<Self, InvalidVersioning> {
        let found = [Self::Off, Self::Enabled, Self::Suspended]
            .into_iter()
            .find(|versioning| versioning.as_str() == text);
        found.ok_or_else(|| InvalidVersioning(text.to_owned()))
    }
}

/// Which version of an object: `null`, or 32 hexadecimal digits. Those of one key sort from the
/// newest to the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum VersionId {
    /// The version that was written while its bucket made none. A key has one of them at most.
    Null,
    /// One that its bucket made.
    Made {
        /// The number of its write among the changes of the bucket.
        sequence: u64,
        /// Chance, so that the versions of two buckets of one name are not taken for each other.
        chance: u64,
    },
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Made { sequence, chance } => write!(f, "{:016x}{chance:016x}", !sequence),
        }
    }
}

/// It is no id of a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the version id is neither \"null\" nor 32 lower-case hexadecimal digits")]
pub struct InvalidVersionId;

impl FromStr for VersionId {
    type Err = InvalidVersionId;
    fn from_str(text: &str) -> Result<Self, InvalidVersionId> {
        if text == "null" {
            return Ok(Self::Null);
        }
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return Err(InvalidVersionId);
        }
        let (sequence, chance) = text.split_at(16);
        let number = |digits| u64::from_str_radix(digits, 16).map_err(|_| InvalidVersionId);
        Ok(Self::Made { sequence: !number(sequence)?, chance: number(chance)? })
    }
}

impl TryFrom<String> for VersionId {
    type Error = InvalidVersionId;
    fn try_from(text: String) -> Result<Self, InvalidVersionId> {
        text.parse()
    }
}

impl From<VersionId> for String {
    fn from(id: VersionId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_back_and_sort_newest_first() {
        let id = |sequence| VersionId::Made { sequence, chance: 7 };
        let mut last = String::from("g");
        for sequence in [0, 1, 255, 1 << 40, u64::MAX] {
            let text = id(sequence).to_string();
            assert_eq!(text.parse(), Ok(id(sequence)));
            assert!(text < last, "{text} {last}");
            last = text;
        }
        assert_eq!("null".parse(), Ok(VersionId::Null));
        for bad in ["", "Null", "12", &"g".repeat(32), &"A".repeat(32), &"é".repeat(16)] {
            assert_eq!(bad.parse::<VersionId>(), Err(InvalidVersionId), "{bad}");
        }
    }

    #[test]
    fn words_of_versioning_are_those_on_the_wire() {
        for versioning in [Versioning::Off, Versioning::Enabled, Versioning::Suspended] {
            assert_eq!(serde_json::to_value(versioning).unwrap(), versioning.as_str());
            assert_eq!(versioning.as_str().parse(), Ok(versioning));
        }
        assert!("Enabled".parse::<Versioning>().is_err());
    }
}
