use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most characters of a path.
const CHARS_MAX: usize = 512;

/// The path that a role or a policy is put under, which is a part of its ARN: `/`, or text between
/// two slashes. It groups them for who reads, and names none: those are told apart by name alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdentityPath(String);

/// The text is no path of IAM's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a path begins and ends with / and has at most 512 visible characters of ASCII")]
pub struct InvalidIdentityPath;

impl IdentityPath {
    /// The path as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for IdentityPath {
    /// Returns `/`, the path of everything that is given none.
    fn default() -> Self {
        Self("/".into())
    }
}

impl FromStr for IdentityPath {
    type Err = InvalidIdentityPath;

    fn from_str(text: &str) -> Result<Self, InvalidIdentityPath> {
        let is_closed =
            text == "/" || (text.len() > 2 && text.starts_with('/') && text.ends_with('/'));
        let fits = text.len() <= CHARS_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_closed && fits { Ok(Self(text.into())) } else { Err(InvalidIdentityPath) }
    }
}

impl TryFrom<String> for IdentityPath {
    type Error = InvalidIdentityPath;

    fn try_from(text: String) -> Result<Self, InvalidIdentityPath> {
        text.parse()
    }
}

impl From<IdentityPath> for String {
    fn from(path: IdentityPath) -> Self {
        path.0
    }
}

impl fmt::Display for IdentityPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_between_slashes() {
        for path in ["/", "/a/", "/a/b:c/", "/service-role/"] {
            assert_eq!(path.parse::<IdentityPath>().unwrap().as_str(), path);
        }
        let long = format!("/{}/", "a".repeat(511));
        for path in ["", "a", "/a", "a/", "//", "/a b/", "/é/", &long] {
            assert!(path.parse::<IdentityPath>().is_err(), "{path}");
        }
    }
}
