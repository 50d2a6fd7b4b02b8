use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most characters of a pattern: of a secret's name, which may be the longest.
const CHARS_MAX: usize = 512;

/// The name of a secret or of a parameter, such as `prod/database`; or, with a final `*`, the beginning of
/// names: `prod/*` fits `prod/database` and whatever else begins with `prod/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamePattern(String);

/// A text that is no pattern of names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no name of a secret or parameter; give 1 to {CHARS_MAX} characters of A-Z a-z 0-9 / _ + = . @ ! -, \
     and a * at the end for all names that begin so"
)]
pub struct InvalidNamePattern(String);

impl NamePattern {
    /// Returns whether it fits a name.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == self.0,
        }
    }
}

impl NamePattern {
    /// Returns whether it fits every name that begins so.
    #[must_use]
    pub fn covers(&self, prefix: &str) -> bool {
        self.0.strip_suffix('*').is_some_and(|beginning| prefix.starts_with(beginning))
    }
}

impl FromStr for NamePattern {
    type Err = InvalidNamePattern;

    fn from_str(text: &str) -> Result<Self, InvalidNamePattern> {
        let name = text.strip_suffix('*').unwrap_or(text);
        let plain = |c: char| c.is_ascii_alphanumeric() || "/_+=.@!-".contains(c);
        if (1..=CHARS_MAX).contains(&text.len()) && name.chars().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidNamePattern(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for NamePattern {
    type Error = InvalidNamePattern;

    fn try_from(text: String) -> Result<Self, InvalidNamePattern> {
        text.parse()
    }
}

impl From<NamePattern> for String {
    fn from(pattern: NamePattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_a_name_or_what_begins_so() {
        let fits = |pattern: &str, name: &str| pattern.parse::<NamePattern>().unwrap().fits(name);
        assert!(fits("prod/db", "prod/db") && !fits("prod/db", "prod/db2"));
        assert!(
            fits("/app/*", "/app/key")
                && !fits("/app/*", "/app")
                && !fits("/app/*", "/application")
        );
        assert!(fits("*", "whatever"));
        let covers =
            |pattern: &str, prefix: &str| pattern.parse::<NamePattern>().unwrap().covers(prefix);
        assert!(covers("/app/*", "/app/") && covers("/app/*", "/app/db/") && covers("*", ""));
        assert!(!covers("/app/*", "/app") && !covers("/app/", "/app/") && !covers("/app/*", ""));
        for wrong in ["", "a b", "a*b", "**", &"a".repeat(513)] {
            assert!(wrong.parse::<NamePattern>().is_err(), "{wrong}");
        }
    }
}
