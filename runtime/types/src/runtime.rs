use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::digest::Digest;

/// Most characters of a runtime's name.
const NAME_CHARS_MAX: usize = 64;

/// AWS's names of runtimes, the name of the one that runs their functions here, and how that
/// differs from AWS's.
const ALIASES: &[(&str, &str, &str)] = &[
    ("python3.9", PYTHON, PYTHON_DIFFERS),
    ("python3.10", PYTHON, PYTHON_DIFFERS),
    ("python3.11", PYTHON, PYTHON_DIFFERS),
    ("python3.12", PYTHON, PYTHON_DIFFERS),
    ("python3.13", PYTHON, PYTHON_DIFFERS),
    ("nodejs18.x", JAVASCRIPT, JAVASCRIPT_DIFFERS),
    ("nodejs20.x", JAVASCRIPT, JAVASCRIPT_DIFFERS),
    ("nodejs22.x", JAVASCRIPT, JAVASCRIPT_DIFFERS),
    ("nodejs24.x", JAVASCRIPT, JAVASCRIPT_DIFFERS),
    ("ruby3.2", RUBY, RUBY_DIFFERS),
    ("ruby3.3", RUBY, RUBY_DIFFERS),
];

const PYTHON: &str = "python3.14";
const PYTHON_DIFFERS: &str = "it is CPython 3.14, without native extensions and threads";
const JAVASCRIPT: &str = "js";
const JAVASCRIPT_DIFFERS: &str =
    "it is an interpreter with the built-in modules that handlers use, and not Node.js";
const RUBY: &str = "ruby3.4";
const RUBY_DIFFERS: &str = "it is Ruby 3.4, without native extensions and threads";

/// AWS's names of no runtime: what is deployed is a program that takes its events by Lambda's
/// Runtime API.
const PROVIDED: [&str; 4] = ["provided", "provided.al2", "provided.al2023", "go1.x"];

/// What else AWS calls a runtime, whose functions can be kept and are not run.
const UNSERVED: [&str; 27] = [
    "dotnet10",
    "dotnet6",
    "dotnet8",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "java11",
    "java17",
    "java21",
    "java25",
    "java8",
    "java8.al2",
    "nodejs",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs4.3",
    "nodejs6.10",
    "nodejs8.10",
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
    "ruby2.7",
    "ruby4.0",
];

/// The name of a runtime: `[a-z0-9][a-z0-9._-]{0,63}`, such as `python3.14`.
///
/// AWS's names of its runtimes, such as `python3.13`, name those that run here in their place;
/// see [`serving`](Self::serving).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct RuntimeName(std::sync::Arc<str>);

/// A text that is no name of a runtime.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "runtime {0:?} is no name of a runtime; give 1 to {NAME_CHARS_MAX} characters of a-z 0-9 . _ - \
     such as python3.14"
)]
pub struct InvalidRuntimeName(String);

impl RuntimeName {
    /// Returns the name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The runtime that runs functions of this one: itself, unless it is a name of AWS's.
    #[must_use]
    pub fn serving(&self) -> Self {
        let alias = ALIASES.iter().find(|(name, ..)| *name == &*self.0);
        alias.map_or_else(|| self.clone(), |(_, serving, _)| Self((*serving).into()))
    }

    /// How the runtime that serves this name differs from what AWS calls so; `None` if the
    /// name is its own.
    #[must_use]
    pub fn differs(&self) -> Option<&'static str> {
        let alias = ALIASES.iter().find(|(name, ..)| *name == &*self.0);
        alias.map(|(.., differs)| *differs)
    }

    /// Whether there is no runtime of this name, as what is deployed is a program that takes its
    /// events by Lambda's Runtime API.
    #[must_use]
    pub fn is_provided(&self) -> bool {
        PROVIDED.contains(&&*self.0)
    }

    /// Whether AWS has a runtime of this name.
    #[must_use]
    pub fn is_of_aws(&self) -> bool {
        let name = &&*self.0;
        [PYTHON, RUBY].contains(name)
            || PROVIDED.contains(name)
            || UNSERVED.contains(name)
            || Self::aliases().any(|alias| alias == *name)
    }

    /// What would run a function of this runtime on a node that has no such runtime.
    #[must_use]
    pub fn remedy(&self) -> String {
        let name = &*self.0;
        let serving = self.serving();
        if serving != *self || [PYTHON, RUBY].contains(&name) {
            return format!("install {serving}, which runs it: lambent runtime install {serving}");
        }
        for (language, current) in [("nodejs", "nodejs24.x"), ("python", PYTHON), ("ruby", RUBY)] {
            if name.starts_with(language) {
                return format!("it runs if it is deployed with the runtime {current}");
            }
        }
        if name.starts_with("java") {
            return "Java runs as a component: build it with lambent build, and deploy that".into();
        }
        "what compiles to a WASI component runs without a runtime".into()
    }

    /// All names of AWS's that are served, for whoever gave one that is not.
    pub fn aliases() -> impl Iterator<Item = &'static str> {
        ALIASES.iter().map(|(name, ..)| *name)
    }
}

impl FromStr for RuntimeName {
    type Err = InvalidRuntimeName;

    fn from_str(text: &str) -> Result<Self, InvalidRuntimeName> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let fits = (1..=NAME_CHARS_MAX).contains(&text.len())
            && text.starts_with(plain)
            && text.chars().all(|c| plain(c) || matches!(c, '.' | '_' | '-'));
        if fits {
            return Ok(Self(text.into()));
        }
        Err(InvalidRuntimeName(text.chars().take(NAME_CHARS_MAX).collect()))
    }
}

impl TryFrom<String> for RuntimeName {
    type Error = InvalidRuntimeName;

    fn try_from(text: String) -> Result<Self, InvalidRuntimeName> {
        text.parse()
    }
}

impl From<RuntimeName> for String {
    fn from(name: RuntimeName) -> Self {
        name.0.to_string()
    }
}

impl fmt::Display for RuntimeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When the functions of a runtime take up a new version of it. These are the modes of
/// Lambda's runtime management.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeUpdates {
    /// When it is installed.
    #[default]
    Auto,
    /// When the function is deployed or configured next.
    FunctionUpdate,
}

impl FromStr for RuntimeUpdates {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "function-update" => Ok(Self::FunctionUpdate),
            other => {
                let shown: String = other.chars().take(64).collect();
                Err(format!("{shown:?} is neither auto nor function-update"))
            }
        }
    }
}

impl fmt::Display for RuntimeUpdates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::FunctionUpdate => "function-update",
        })
    }
}

/// A runtime that a node has: a component that runs functions which are sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// Its name.
    pub name: RuntimeName,
    /// Its versions from the oldest that is kept to the one in use; never empty.
    pub versions: Vec<RuntimeVersion>,
}

/// A version of a runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuntimeVersion {
    /// Its number, from 1. Numbers are never reused.
    pub number: u64,
    /// The component's SHA-256.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// The component's size in bytes.
    pub bytes: u64,
    /// When it was installed.
    #[schema(value_type = String, format = DateTime)]
    pub installed: Timestamp,
    /// What whoever installed it fetched it from; none if it was a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Runtime {
    /// The version that functions run on.
    #[must_use]
    pub fn current(&self) -> Option<&RuntimeVersion> {
        self.versions.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_aws_are_served_by_ours_and_say_how_they_differ() {
        let given: RuntimeName = "nodejs22.x".parse().unwrap();
        assert_eq!(given.serving().as_str(), "js");
        assert!(given.differs().unwrap().contains("not Node.js"));
        let own: RuntimeName = "python3.14".parse().unwrap();
        assert_eq!((own.serving(), own.differs()), (own.clone(), None));
        for alias in RuntimeName::aliases() {
            let name: RuntimeName = alias.parse().unwrap();
            assert_eq!(name.serving().differs(), None, "{alias} is served by an alias");
        }
    }

    #[test]
    fn what_is_not_served_is_known_to_be_of_aws_and_says_what_would_be() {
        let name = |text: &str| text.parse::<RuntimeName>().unwrap();
        for (text, told) in [
            ("java21", "lambent build"),
            ("python3.13", "lambent runtime install python3.14"),
            ("nodejs16.x", "nodejs24.x"),
            ("dotnet8", "WASI component"),
        ] {
            assert!(name(text).is_of_aws(), "{text}");
            assert!(name(text).remedy().contains(told), "{text}: {}", name(text).remedy());
        }
        for unserved in UNSERVED {
            assert_eq!(name(unserved).differs(), None, "{unserved} is served");
        }
        assert!(!name("python4.0").is_of_aws());
    }

    #[test]
    fn what_brings_its_own_runtime_runs_on_no_other() {
        for provided in PROVIDED {
            let name: RuntimeName = provided.parse().unwrap();
            assert!(name.is_provided());
            assert_eq!((name.serving(), name.differs()), (name.clone(), None));
        }
        assert!(!"python3.14".parse::<RuntimeName>().unwrap().is_provided());
    }

    #[test]
    fn a_wrong_name_is_shown_in_the_error() {
        for wrong in ["", "Python3.14", ".net", "a b", &"x".repeat(65)] {
            let error = wrong.parse::<RuntimeName>().unwrap_err().to_string();
            assert!(error.contains("such as python3.14"), "{error}");
        }
    }
}
