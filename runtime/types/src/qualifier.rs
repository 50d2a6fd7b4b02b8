//! Which version of a function is meant, and texts that say it with the function's name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::alias::AliasName;
use crate::name::{FunctionName, InvalidName, NAME_CHARS_MAX};

/// The version of a function that a client means.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Qualifier {
    /// The mutable head, `$LATEST`.
    #[default]
    Latest,
    /// An immutable numbered version.
    Version(u64),
    /// The version that an alias leads to.
    Alias(AliasName),
}

impl FromStr for Qualifier {
    type Err = InvalidQualifier;
    fn from_str(text: &str) -> Result<Self, InvalidQualifier> {
        if text.eq_ignore_ascii_case("$LATEST") {
            return Ok(Self::Latest);
        }
        if text.bytes().all(|byte| byte.is_ascii_digit())
            && let Some(number) = text.parse().ok().filter(|number| *number > 0)
        {
            return Ok(Self::Version(number));
        }
        let invalid = |_| InvalidQualifier { text: text.chars().take(NAME_CHARS_MAX).collect() };
        text.parse().map(Self::Alias).map_err(invalid)
    }
}

/// A qualifier that is none of the three.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("qualifier {text:?} is neither $LATEST, nor a version number such as 3, nor an alias")]
pub struct InvalidQualifier {
    text: String,
}

impl TryFrom<String> for Qualifier {
    type Error = InvalidQualifier;
    fn try_from(text: String) -> Result<Self, InvalidQualifier> {
        text.parse()
    }
}

impl From<Qualifier> for String {
    fn from(qualifier: Qualifier) -> Self {
        qualifier.to_string()
    }
}

impl Qualifier {
    /// Returns the form under which it is the same as another: an alias in lower case.
    #[must_use]
    pub fn key(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }

    /// Returns the alias, if it is one.
    #[must_use]
    pub const fn alias(&self) -> Option<&AliasName> {
        match self {
            Self::Alias(alias) => Some(alias),
            Self::Latest | Self::Version(_) => None,
        }
    }
}

impl fmt::Display for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("$LATEST"),
            Self::Version(number) => write!(f, "{number}"),
            Self::Alias(alias) => write!(f, "{alias}"),
        }
    }
}

/// A function and which version of it is meant: `hello`, `hello:3` or `hello:live`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QualifiedFunction {
    /// The function.
    pub name: FunctionName,
    /// Which version of it.
    pub qualifier: Qualifier,
}

/// A text that names no version of a function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQualifiedFunction {
    /// What is before the colon is no name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// What follows the colon is no qualifier.
    #[error(transparent)]
    Qualifier(#[from] InvalidQualifier),
}

impl QualifiedFunction {
    /// Returns the form under which it is the same as another: lower case.
    #[must_use]
    pub fn key(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }

    /// Returns whether it is this function, whichever version of it.
    #[must_use]
    pub fn is_of(&self, name: &FunctionName) -> bool {
        self.name.as_str().eq_ignore_ascii_case(name.as_str())
    }
}

impl From<FunctionName> for QualifiedFunction {
    /// The head of a function.
    fn from(name: FunctionName) -> Self {
        Self { name, qualifier: Qualifier::Latest }
    }
}

impl FromStr for QualifiedFunction {
    type Err = InvalidQualifiedFunction;
    fn from_str(text: &str) -> Result<Self, InvalidQualifiedFunction> {
        let (name, qualifier) = match text.split_once(':') {
            Some((name, qualifier)) => (name, qualifier.parse()?),
            None => (text, Qualifier::Latest),
        };
        Ok(Self { name: name.parse()?, qualifier })
    }
}

impl TryFrom<String> for QualifiedFunction {
    type Error = InvalidQualifiedFunction;
    fn try_from(text: String) -> Result<Self, InvalidQualifiedFunction> {
        text.parse()
    }
}

impl fmt::Display for QualifiedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.qualifier {
            Qualifier::Latest => write!(f, "{}", self.name),
            qualifier => write!(f, "{}:{qualifier}", self.name),
        }
    }
}

impl From<QualifiedFunction> for String {
    fn from(function: QualifiedFunction) -> Self {
        function.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualifiers_are_latest_numbers_and_aliases() {
        assert_eq!("$latest".parse(), Ok(Qualifier::Latest));
        assert_eq!("7".parse(), Ok(Qualifier::Version(7)));
        let live = Qualifier::Alias("live".parse().unwrap());
        assert_eq!(("live".parse(), live.key()), (Ok(live.clone()), "live".into()));
        let most = u64::MAX.to_string();
        assert_eq!(most.parse(), Ok(Qualifier::Version(u64::MAX)));
        for wrong in ["0", "+1", "", "a b", "$LATEST ", "99999999999999999999", "7\u{37e}"] {
            let error = wrong.parse::<Qualifier>().unwrap_err().to_string();
            assert!(error.contains("neither $LATEST"), "{wrong:?}: {error}");
        }
    }

    #[test]
    fn functions_are_named_with_and_without_a_version() {
        for (text, name, shown) in [
            ("hello", "hello", "hello"),
            ("Hello:Live", "Hello", "Hello:Live"),
            ("hello:$LATEST", "hello", "hello"),
            ("hello:3", "hello", "hello:3"),
        ] {
            let function: QualifiedFunction = text.parse().unwrap();
            assert_eq!((function.name.as_str(), &*function.to_string()), (name, shown));
            let json = serde_json::to_string(&function).unwrap();
            assert_eq!(serde_json::from_str::<QualifiedFunction>(&json).unwrap(), function);
            assert!(function.is_of(&"HELLO".parse().unwrap()));
        }
        for wrong in ["", ":live", "hello:", "hello:a:b", "he llo:live"] {
            assert!(wrong.parse::<QualifiedFunction>().is_err(), "{wrong}");
        }
    }
}
