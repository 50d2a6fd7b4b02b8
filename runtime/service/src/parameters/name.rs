//! What a parameter is named by.

use std::fmt;
use std::str::FromStr;

use lambent_types::{Error, ErrorCode};
use serde::{Deserialize, Serialize};

/// Most characters of a name: about as many as are left on AWS, where it has 1,011 with the rest of its ARN.
const CHARS_MAX: usize = 900;
/// Most levels of a hierarchy; Parameter Store's.
const LEVELS_MAX: usize = 15;

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidParameterName {
    /// It has characters, or slashes in places, that no name has.
    #[error(
        "Parameter name: must be a fully qualified name. If formed as a path, it begins with a slash and can \
         consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, \
         numbers and the following 3 symbols .-_"
    )]
    Malformed,
    /// Its hierarchy is too deep.
    #[error("A parameter name can have at most {LEVELS_MAX} levels: its hierarchy is too deep.")]
    Levels,
}

/// A parameter's name: parts of `[A-Za-z0-9_.-]` between slashes, unique in its namespace. A name that has
/// slashes begins with one. `/name` and `name` are two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ParameterName(String);

impl ParameterName {
    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Fails if a client cannot make one of this name.
    pub(super) fn check_not_reserved(&self) -> Result<(), Error> {
        let bare = self.0.strip_prefix('/').unwrap_or(&self.0);
        let begins = |prefix: &str| {
            bare.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
        };
        let is_path = bare.contains('/');
        if begins("aws") && is_path {
            let detail = format!("No access to reserved parameter name: {}.", self.0);
            return Err(Error::new(ErrorCode::Forbidden, detail));
        }
        if !begins("aws") && !begins("ssm") {
            return Ok(());
        }
        let detail = if is_path {
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can \
             consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, \
             numbers and the following 3 symbols .-_"
        } else {
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)."
        };
        Err(Error::new(ErrorCode::InvalidName, detail))
    }
}

impl fmt::Display for ParameterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ParameterName {
    type Err = InvalidParameterName;

    fn from_str(text: &str) -> Result<Self, InvalidParameterName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.-".contains(&byte);
        let is_path = text.contains('/');
        let fits = (1..=CHARS_MAX).contains(&text.len())
            && text.bytes().all(allowed)
            && (!is_path
                || (text.starts_with('/') && !text.ends_with('/') && !text.contains("//")));
        if !fits {
            return Err(InvalidParameterName::Malformed);
        }
        if text.trim_start_matches('/').split('/').count() > LEVELS_MAX {
            return Err(InvalidParameterName::Levels);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_parameter_store() {
        for name in ["a", "/a", "/prod/db/password", "a.b_c-d", &"n".repeat(CHARS_MAX)] {
            assert_eq!(name.parse::<ParameterName>().unwrap().as_str(), name);
        }
        for name in ["", "/", "a/b", "/a/", "//a", "/a//b", "a b", "a:b", "é", "a\nb", "a*"] {
            let refused = name.parse::<ParameterName>().unwrap_err();
            assert_eq!(refused, InvalidParameterName::Malformed, "{name}");
        }
        assert!("n".repeat(CHARS_MAX + 1).parse::<ParameterName>().is_err());
    }

    #[test]
    fn what_is_reserved_cannot_be_made() {
        let check = |name: &str| {
            let name: ParameterName = name.parse().unwrap();
            name.check_not_reserved().map_err(|error| error.code())
        };
        for name in ["/my/aws", "a", "as", "/sss/m", "my-ssm"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in ["aws", "AwsThing", "/aws", "ssm", "/SSM-x", "/ssm/x"] {
            assert_eq!(check(name), Err(ErrorCode::InvalidName), "{name}");
        }
        assert_eq!(check("/aws/service/x"), Err(ErrorCode::Forbidden));
    }

    #[test]
    fn a_name_has_fifteen_levels_at_most() {
        let name = |levels: usize| "/a".repeat(levels).parse::<ParameterName>();
        assert!(name(LEVELS_MAX).is_ok());
        assert_eq!(name(LEVELS_MAX + 1), Err(InvalidParameterName::Levels));
    }
}
