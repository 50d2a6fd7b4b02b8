use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::code::Code;
use crate::configuration::Configuration;
use crate::handler::Handler;
use crate::name::{FunctionName, Namespace};

/// A function's revision. It grows by one with every change and never repeats. The
/// API's `ETag` and `If-Match` carry it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// Which version a [`FunctionVersion`] is: `$LATEST`, or a number from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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
}
