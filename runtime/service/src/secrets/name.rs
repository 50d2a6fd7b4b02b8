//! What a secret is named by.

use std::fmt;
use std::str::FromStr;

use lambent_types::{Error, ErrorCode};
use serde::{Deserialize, Serialize};

/// Most characters of a name; Secrets Manager's.
const CHARS_MAX: usize = 512;
/// Characters of a secret's id.
pub(super) const ID_CHARS: usize = 6;

/// A secret's name: `[A-Za-z0-9/_+=.@!-]{1,512}`, unique in its namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretName(String);

impl SecretName {
    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SecretName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@!-".contains(&byte);
        if (1..=CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        let detail = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the \
                      following: -/_+=.@!";
        Err(Error::new(ErrorCode::InvalidName, detail))
    }
}

/// How a client names a secret that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretId {
    /// By its name.
    Name(String),
    /// By its ARN, of which this is the end: the name, and after a hyphen its id, or the name alone.
    Arn(String),
}

impl SecretId {
    /// The name that it most likely has.
    pub(super) fn name(&self) -> &str {
        self.candidates().first().map_or("", |(name, _)| name)
    }

    /// The names that the secret may have, the most exact first, each with the id that it then has.
    pub(super) fn candidates(&self) -> Vec<(&str, Option<&str>)> {
        let text = match self {
            Self::Name(name) => return vec![(name, None)],
            Self::Arn(text) => text.as_str(),
        };
        let ended = text.rsplit_once('-').filter(|(name, id)| {
            let of_id = id.len() == ID_CHARS && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            !name.is_empty() && of_id
        });
        let exact = ended.map(|(name, id)| (name, Some(id)));
        exact.into_iter().chain([(text, None)]).collect()
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Name(text) | Self::Arn(text)) = self;
        text.chars().take(CHARS_MAX).try_for_each(|c| fmt::Write::write_char(f, c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_secrets_manager() {
        for name in ["a", "prod/db-1/password", "a_b+c=d.e@f!g", &"n".repeat(512)] {
            assert_eq!(name.parse::<SecretName>().unwrap().as_str(), name);
        }
        for name in ["", "a b", "a:b", "é", "a\nb", "a*", &"n".repeat(513)] {
            let refused = name.parse::<SecretName>().unwrap_err();
            assert_eq!(refused.code(), ErrorCode::InvalidName, "{name}");
        }
    }

    #[test]
    fn an_arn_may_end_with_the_id_or_without() {
        let arn = |text: &str| SecretId::Arn(text.into());
        assert_eq!(arn("db-ABCDEF").candidates(), [("db", Some("ABCDEF")), ("db-ABCDEF", None)]);
        for text in ["db", "db-abcde", "db-abcdefg", "db-abc/ef", "-ABCDEF"] {
            assert_eq!(arn(text).candidates(), [(text, None)], "{text}");
        }
        assert_eq!(SecretId::Name("db-ABCDEF".into()).candidates(), [("db-ABCDEF", None)]);
    }
}
