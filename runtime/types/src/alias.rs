//! Aliases: names for versions of a function, which lead elsewhere when they are changed.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::limits::bounds;
use crate::name::{self, InvalidName, name};
use crate::release::{Progress, Release};
use crate::sticky::Sticky;
use crate::version_number::{Revision, VersionNumber};
use crate::weight::Weight;

name!(
    /// An alias' name: `[A-Za-z0-9_-]{1,64}`, not of digits alone, unique among those of its
    /// function ignoring case.
    AliasName,
    "alias name",
    check
);

fn check(what: &'static str, text: &str) -> Result<(), InvalidName> {
    name::check(what, text)?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidName::Number { what, name: text.into() });
    }
    Ok(())
}

/// The second version of an alias, and which part of the events it handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The second version, by its number.
    pub version: u64,
    /// The part of the events that it handles: more than 0, less than 1. The other version
    /// handles the rest.
    #[schema(value_type = f64)]
    pub weight: Weight,
}

/// What a client says of an alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasSettings {
    /// The version that it leads to: `$LATEST`, or a number.
    #[schema(value_type = String)]
    pub version: VersionNumber,
    /// A second version that handles a part of the events. Both are numbered then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// What decides between the two versions, so that one user stays with one of them while the
    /// weight stands: `header:NAME`, `cookie:NAME`, `subject`, `id` or `data:POINTER`. At random
    /// if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub sticky: Option<Sticky>,
    /// What it is for: at most 256 characters, none of them a control character.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl AliasSettings {
    /// An alias that leads to a version.
    #[must_use]
    pub const fn of(version: VersionNumber) -> Self {
        Self { version, split: None, sticky: None, description: String::new() }
    }

    /// The numbers of the versions that it leads to.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        let first = match self.version {
            VersionNumber::Latest => None,
            VersionNumber::Number(number) => Some(number),
        };
        first.into_iter().chain(self.split.map(|split| split.version))
    }

    /// Checks what can be checked without knowing the function.
    ///
    /// # Errors
    /// `InvalidConfiguration`.
    pub fn validate(&self) -> Result<(), Error> {
        let invalid = |detail: String| Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        if self.numbers().any(|number| number == 0) {
            return invalid("versions are numbered from 1".into());
        }
        match (self.version, self.split) {
            (VersionNumber::Latest, Some(_)) => {
                return invalid(
                    "an alias with two versions leads to numbered ones only; publish $LATEST first"
                        .into(),
                );
            }
            (VersionNumber::Number(first), Some(split)) if first == split.version => {
                return invalid(format!(
                    "both versions of the alias are {first}; give another one, or no second"
                ));
            }
            _ => {}
        }
        let (chars, most) = (self.description.chars().count(), bounds::DESCRIPTION_CHARS_MAX);
        if chars > most {
            return invalid(format!("the description has {chars} characters; the most is {most}"));
        }
        // They take six bytes each where aliases are stored, and would bound them in number only.
        if self.description.contains(char::is_control) {
            return invalid(
                "the description has a control character, such as a line break; leave it out"
                    .into(),
            );
        }
        Ok(())
    }
}

/// A name for one version of a function, or for two that share its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alias {
    /// Its name.
    #[schema(value_type = String)]
    pub name: AliasName,
    /// What was said of it.
    #[serde(flatten)]
    pub settings: AliasSettings,
    /// Grows with every change, and never repeats for an alias of the function.
    pub revision: Revision,
    /// When it was first put.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub changed: Timestamp,
    /// Its release that is under way, or the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Release>)]
    pub release: Option<Arc<Release>>,
}

impl Alias {
    /// An alias that was not stored yet, and never released.
    #[must_use]
    pub const fn new(name: AliasName, settings: AliasSettings, now: Timestamp) -> Self {
        Self { name, settings, revision: Revision(0), created: now, changed: now, release: None }
    }

    /// Returns the alias with its release, if it has one, so far.
    #[must_use]
    pub fn at(&self, progress: Progress) -> Self {
        let mut alias = self.clone();
        if let Some(release) = alias.release.as_mut() {
            Arc::make_mut(release).progress = progress;
        }
        alias
    }

    /// Which version handles what has `key` in it, which is stable: while the weight grows, what
    /// has the same key only moves to the second version, and never back.
    #[must_use]
    pub fn version_for(&self, function: &str, key: &str) -> VersionNumber {
        match self.settings.split {
            Some(split) if place(function, split.version, key) < split.weight.get() => {
                VersionNumber::Number(split.version)
            }
            _ => self.settings.version,
        }
    }
}

/// Where a key is among [`Weight::WHOLE`] places. It differs from one second version to the
/// next, so that it is not always the same users who try what is new.
fn place(function: &str, version: u64, key: &str) -> u32 {
    let hash = Sha256::new()
        .chain_update(function.to_ascii_lowercase())
        .chain_update([0])
        .chain_update(version.to_le_bytes())
        .chain_update(key);
    let bytes: [u8; 32] = hash.finalize().into();
    let number = bytes[..8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    (number % u64::from(Weight::WHOLE)) as u32
}

/// The aliases of a function.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Aliases(Vec<Alias>);

impl Aliases {
    fn find(&self, name: &AliasName) -> Result<usize, usize> {
        fn key(name: &AliasName) -> impl Iterator<Item = u8> {
            name.as_str().bytes().map(|byte| byte.to_ascii_lowercase())
        }
        self.0.binary_search_by(|alias| key(&alias.name).cmp(key(name)))
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the alias of a name.
    #[must_use]
    pub fn get(&self, name: &AliasName) -> Option<&Alias> {
        self.find(name).ok().and_then(|index| self.0.get(index))
    }

    /// Returns all by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Alias> {
        self.0.iter()
    }

    /// Returns those whose names follow `after`.
    pub fn after(&self, after: Option<&AliasName>) -> impl Iterator<Item = &Alias> {
        let from = after.map_or(0, |after| self.find(after).map_or_else(|at| at, |at| at + 1));
        self.0.iter().skip(from)
    }

    /// Returns the first that leads to a version.
    #[must_use]
    pub fn leading_to(&self, number: u64) -> Option<&Alias> {
        self.0.iter().find(|alias| alias.settings.numbers().any(|to| to == number))
    }

    /// Puts an alias in the place of the one of its name.
    pub fn put(&mut self, alias: Alias) {
        match self.find(&alias.name) {
            Ok(index) => self.0[index] = alias,
            Err(index) => self.0.insert(index, alias),
        }
    }

    /// Notes how far the release of an alias has come.
    pub fn note(&mut self, name: &AliasName, progress: Progress) {
        if let Some(alias) = self.find(name).ok().and_then(|index| self.0.get_mut(index)) {
            *alias = alias.at(progress);
        }
    }

    /// Removes the alias of a name.
    pub fn remove(&mut self, name: &AliasName) {
        if let Ok(index) = self.find(name) {
            self.0.remove(index);
        }
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(version: &str, split: Option<(u64, f64)>) -> AliasSettings {
        let version = VersionNumber::try_from(version.to_owned()).unwrap();
        let split =
            split.map(|(version, part)| Split { version, weight: Weight::new(part).unwrap() });
        AliasSettings { split, ..AliasSettings::of(version) }
    }

    fn alias(name: &str, settings: AliasSettings) -> Alias {
        Alias::new(name.parse().unwrap(), settings, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn names_cannot_be_taken_for_versions() {
        for wrong in ["7", "007", "$LATEST", "a b", ""] {
            assert!(wrong.parse::<AliasName>().is_err(), "{wrong:?}");
        }
        let error = "42".parse::<AliasName>().unwrap_err().to_string();
        assert!(error.contains("the number of a version"), "{error}");
        assert!("7a".parse::<AliasName>().is_ok());
    }

    #[test]
    fn two_versions_are_numbered_and_differ() {
        assert_eq!(settings("$LATEST", None).validate(), Ok(()));
        assert_eq!(settings("1", Some((2, 0.5))).validate(), Ok(()));
        for (wrong, told) in [
            (settings("$LATEST", Some((2, 0.5))), "publish $LATEST first"),
            (settings("2", Some((2, 0.5))), "both versions of the alias are 2"),
            (settings("0", None), "numbered from 1"),
            (settings("1", Some((0, 0.5))), "numbered from 1"),
        ] {
            let error = wrong.validate().unwrap_err();
            assert!(error.detail().contains(told), "{}", error.detail());
        }
        let described = |description: &str| {
            let description = description.into();
            AliasSettings { description, ..settings("1", None) }.validate()
        };
        assert_eq!(described("what it is for \u{1F600}"), Ok(()));
        for wrong in ["a\nb", "\u{1}", "\u{7f}"] {
            let error = described(wrong).unwrap_err();
            assert!(error.detail().contains("control character"), "{}", error.detail());
        }
        let unknown = r#"{"version":"1","weight":0.5}"#;
        assert!(serde_json::from_str::<AliasSettings>(unknown).is_err());
    }

    #[test]
    fn keys_move_to_the_second_version_and_never_back() {
        let at = |weight| alias("live", settings("1", Some((2, weight))));
        let weights = [0.01, 0.1, 0.25, 0.5, 0.9];
        let mut moved = [0; 5];
        for user in 0..20_000 {
            let user = format!("user-{user}");
            let of: Vec<_> =
                weights.iter().map(|weight| at(*weight).version_for("f", &user)).collect();
            assert!(of.is_sorted(), "{user}: {of:?}");
            assert_eq!(of[0], at(0.01).version_for("F", &user), "names ignore case");
            for (count, version) in moved.iter_mut().zip(&of) {
                *count += usize::from(*version == VersionNumber::Number(2));
            }
        }
        for (count, weight) in moved.into_iter().zip(weights) {
            // Five standard deviations of a binomial.
            let (mean, slack) =
                (20_000.0 * weight, 5.0 * (20_000.0 * weight * (1.0 - weight)).sqrt());
            assert!((f64::from(count as u32) - mean).abs() < slack, "{count} of {mean}");
        }
    }

    #[test]
    fn aliases_are_kept_by_name_ignoring_case() {
        let mut all = Aliases::default();
        for name in ["live", "Beta", "test_1", "test-1"] {
            all.put(alias(name, settings("1", None)));
        }
        all.put(alias("LIVE", settings("2", None)));
        let names: Vec<_> = all.iter().map(|alias| alias.name.as_str()).collect();
        assert_eq!(names, ["Beta", "LIVE", "test-1", "test_1"]);
        let live = all.get(&"lIve".parse().unwrap()).unwrap();
        assert_eq!(live.settings.version, VersionNumber::Number(2));
        let after: Vec<_> =
            all.after(Some(&"c".parse().unwrap())).map(|alias| alias.name.as_str()).collect();
        assert_eq!((after.len(), all.after(Some(&live.name)).count()), (3, 2));
        assert_eq!(all.leading_to(2).unwrap().name.as_str(), "LIVE");
        assert!(all.leading_to(3).is_none());
        all.remove(&"Live".parse().unwrap());
        assert_eq!((all.len(), all.leading_to(2)), (3, None));
    }
}
