use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::alias::Aliases;
use crate::code::Code;
use crate::concurrency::{Concurrency, ProvisionedFor};
use crate::configuration::Configuration;
use crate::handler::Handler;
use crate::name::{FunctionName, Namespace};
use crate::qualifier::Qualifier;
use crate::weight::Weight;

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

/// Which version a [`FunctionVersion`] is: `$LATEST`, or a number from 1.
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

/// One version of a function: code and configuration, nothing mutable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionVersion {
    /// The function's namespace.
    pub namespace: Namespace,
    /// The function's name.
    pub name: FunctionName,
    /// The version's number.
    pub version: VersionNumber,
    /// What it runs.
    #[serde(flatten)]
    pub code: Code,
    /// How the component can be called, in order of preference; never empty.
    pub handlers: Vec<Handler>,
    /// The version's configuration.
    pub configuration: Configuration,
    /// When this code and configuration were put together.
    pub created: Timestamp,
}

/// A function: its head and how many versions were published from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// The head.
    pub latest: Arc<FunctionVersion>,
    /// Grows with every change to the head or the list of versions.
    pub revision: Revision,
    /// The highest number ever published; 0 if none. Numbers are never reused.
    pub last_version: u64,
    /// When the name was first deployed.
    pub created: Timestamp,
    /// Its aliases. A change of one is none of the function's revision.
    #[serde(default, skip_serializing_if = "Aliases::is_empty")]
    pub aliases: Aliases,
    /// The highest revision that any alias had; it begins with that of the function.
    #[serde(default)]
    pub alias_revision: Revision,
    /// What is set aside for it, which is none of the function's revision either.
    #[serde(default, skip_serializing_if = "Concurrency::is_default")]
    pub concurrency: Concurrency,
}

impl Function {
    /// Returns how many instances are kept ready of which versions for one of its qualifiers: of two
    /// that share the events of an alias as many as each has of them, rounded up.
    #[must_use]
    pub fn provisioned_for(&self, wanted: &ProvisionedFor) -> Vec<(u64, u32)> {
        let alias = match &wanted.qualifier {
            Qualifier::Latest => return Vec::new(),
            Qualifier::Version(number) => return vec![(*number, wanted.instances)],
            Qualifier::Alias(alias) => self.aliases.get(alias),
        };
        let Some(settings) = alias.map(|alias| &alias.settings) else { return Vec::new() };
        let VersionNumber::Number(first) = settings.version else { return Vec::new() };
        let Some(split) = settings.split else { return vec![(first, wanted.instances)] };
        let part = |parts: u32| {
            let share = u64::from(wanted.instances) * u64::from(parts);
            u32::try_from(share.div_ceil(Weight::WHOLE.into())).unwrap_or(u32::MAX)
        };
        let second = split.weight.get();
        vec![(first, part(Weight::WHOLE - second)), (split.version, part(second))]
    }

    /// Returns how many instances are kept ready of which versions, for all of its qualifiers.
    #[must_use]
    pub fn provisioned_versions(&self) -> BTreeMap<u64, u32> {
        let mut all: BTreeMap<u64, u32> = BTreeMap::new();
        for wanted in &self.concurrency.provisioned {
            for (number, instances) in self.provisioned_for(wanted) {
                let sum = all.entry(number).or_default();
                *sum = sum.saturating_add(instances);
            }
        }
        all
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
