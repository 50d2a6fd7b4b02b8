//! The number of a version, and that of a change.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A function's revision. It grows by one with every change and never repeats. The
/// API's `ETag` and `If-Match` carry it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// Which version of a function it is: `$LATEST`, or a number from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "TextOrNumber", into = "String")]
pub enum VersionNumber {
    /// The mutable head.
    Latest,
    /// An immutable version.
    Number(u64),
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("$LATEST"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl From<VersionNumber> for String {
    fn from(version: VersionNumber) -> String {
        version.to_string()
    }
}

/// A version's number is text in JSON, and may be given as a number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "\"$LATEST\" or the number of a version")]
enum TextOrNumber {
    Text(String),
    Number(u64),
}

impl TryFrom<TextOrNumber> for VersionNumber {
    type Error = String;
    fn try_from(given: TextOrNumber) -> Result<Self, String> {
        match given {
            TextOrNumber::Number(number) => Ok(Self::Number(number)),
            TextOrNumber::Text(text) => Self::try_from(text.clone())
                .map_err(|_| format!("version {text:?} is neither $LATEST nor a number such as 3")),
        }
    }
}

impl TryFrom<String> for VersionNumber {
    type Error = std::num::ParseIntError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "$LATEST" { Ok(Self::Latest) } else { text.parse().map(Self::Number) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_text_and_as_numbers() {
        let read = |json| serde_json::from_str::<VersionNumber>(json);
        assert_eq!(read("\"$LATEST\"").unwrap(), VersionNumber::Latest);
        assert_eq!(read("\"3\"").unwrap(), VersionNumber::Number(3));
        assert_eq!(read("3").unwrap(), VersionNumber::Number(3));
        for wrong in ["\"live\"", "-1", "1.5", "null", "\"\""] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains("$LATEST"), "{wrong}: {error}");
        }
    }
}
