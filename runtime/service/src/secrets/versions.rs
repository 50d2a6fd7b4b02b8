//! The versions of a secret, and the labels that tell them apart.
//!
//! A label is on one version at a time. What is current is labelled `AWSCURRENT`; the version from which that
//! label was taken is `AWSPREVIOUS`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lambent_types::{Error, ErrorCode};
use serde::{Deserialize, Serialize};

/// The label of what is current.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// The label of what is to be current when a rotation is done.
pub(super) const PENDING: &str = "AWSPENDING";
/// The label of what was current before.
const PREVIOUS: &str = "AWSPREVIOUS";
/// Most labels of a version; Secrets Manager's.
const STAGES_MAX: usize = 20;
/// Most characters of a label; Secrets Manager's.
const STAGE_CHARS_MAX: usize = 256;
/// Most versions; about as many as Secrets Manager keeps.
const VERSIONS_MAX: usize = 100;

/// A version of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretVersion {
    /// When it was created.
    pub created: Timestamp,
    /// Its labels. One without any is kept as long as there is room.
    pub stages: BTreeSet<String>,
    /// Whether it has a value. One that a rotation was begun with has none until its function gives it one.
    pub has_value: bool,
}

/// The versions of a secret by their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretVersions(BTreeMap<String, SecretVersion>);

impl SecretVersions {
    /// The version of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&SecretVersion> {
        self.0.get(id)
    }

    /// The id of the version that has a label.
    #[must_use]
    pub fn labelled(&self, stage: &str) -> Option<&str> {
        let mut all = self.0.iter();
        all.find(|(_, version)| version.stages.contains(stage)).map(|(id, _)| id.as_str())
    }

    /// The id of the version that is current; none has a value without.
    #[must_use]
    pub fn current(&self) -> Option<&str> {
        self.labelled(CURRENT)
    }

    /// All by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SecretVersion)> {
        self.0.iter().map(|(id, version)| (id.as_str(), version))
    }

    /// Adds a version, or gives one that is there its value, and moves labels to it. The first is current
    /// whatever its labels. Returns the ids of versions that there is no room for any more: of those without
    /// labels, the oldest.
    pub(super) fn put(
        &mut self,
        id: &str,
        stages: &BTreeSet<String>,
        has_value: bool,
        now: Timestamp,
    ) -> Result<Vec<String>, Error> {
        let fresh = SecretVersion { created: now, stages: BTreeSet::new(), has_value: false };
        self.0.entry(id.to_owned()).or_insert(fresh).has_value |= has_value;
        // What has no value cannot be current.
        if has_value && self.labelled(CURRENT).is_none() {
            self.attach(CURRENT, id)?;
        }
        for stage in stages {
            self.attach(stage, id)?;
        }
        self.trim(id)
    }

    /// Moves a label from the version that has it, which has to be named, to another, or to none.
    pub(super) fn move_stage(
        &mut self,
        stage: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<(), Error> {
        for id in from.iter().chain(&to) {
            if !self.0.contains_key(*id) {
                return Err(invalid(format!("Not a valid version: {}", shown(id))));
            }
        }
        if stage == CURRENT && to.is_none() {
            return Err(invalid(
                "You can only move staging label AWSCURRENT to a different secret version. It can't be \
                 completely removed.",
            ));
        }
        match (self.labelled(stage), from) {
            (None, Some(from)) => Err(not_there(stage, from)),
            (Some(holder), Some(from)) if holder != from => Err(not_there(stage, from)),
            (Some(holder), None) if to != Some(holder) => Err(invalid(format!(
                "The parameter RemoveFromVersionId can't be empty. Staging label {} is currently attached to \
                 version {holder}, so you must explicitly reference that version in RemoveFromVersionId.",
                shown(stage)
            ))),
            _ => Ok(()),
        }?;
        match to {
            Some(to) if stage == CURRENT && self.0.get(to).is_some_and(|to| !to.has_value) => {
                Err(invalid(format!("Version {} has no value that could be current.", shown(to))))
            }
            Some(to) => self.attach(stage, to),
            None => {
                self.detach(stage);
                Ok(())
            }
        }
    }

    fn detach(&mut self, stage: &str) {
        for version in self.0.values_mut() {
            version.stages.remove(stage);
        }
    }

    fn attach(&mut self, stage: &str, id: &str) -> Result<(), Error> {
        if !(1..=STAGE_CHARS_MAX).contains(&stage.chars().count()) {
            let detail = format!("A staging label has 1 to {STAGE_CHARS_MAX} characters.");
            return Err(invalid(detail));
        }
        let before = self.labelled(stage).map(str::to_owned);
        if before.as_deref() == Some(id) {
            return Ok(());
        }
        self.detach(stage);
        let of_current = stage == CURRENT;
        if of_current {
            self.detach(PREVIOUS);
            if let Some(version) = before.and_then(|before| self.0.get_mut(&before)) {
                version.stages.insert(PREVIOUS.into());
            }
        }
        let Some(version) = self.0.get_mut(id) else { return Ok(()) };
        version.stages.insert(stage.to_owned());
        if version.stages.len() > STAGES_MAX {
            let detail = format!("A version can have at most {STAGES_MAX} staging labels.");
            return Err(Error::new(ErrorCode::QuotaExceeded, detail));
        }
        Ok(())
    }

    fn trim(&mut self, kept: &str) -> Result<Vec<String>, Error> {
        let mut gone = Vec::new();
        while self.0.len() > VERSIONS_MAX {
            let bare = self
                .0
                .iter()
                .filter(|(id, version)| version.stages.is_empty() && id.as_str() != kept);
            let oldest = bare.min_by_key(|(id, version)| (version.created, id.as_str()));
            let Some(id) = oldest.map(|(id, _)| id.clone()) else {
                let detail =
                    format!("A secret can have at most {VERSIONS_MAX} versions with labels.");
                return Err(Error::new(ErrorCode::QuotaExceeded, detail));
            };
            self.0.remove(&id);
            gone.push(id);
        }
        Ok(gone)
    }
}

fn not_there(stage: &str, from: &str) -> Error {
    invalid(format!("Version stage {} not found in version {}", shown(stage), shown(from)))
}

fn invalid(detail: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidConfiguration, detail)
}

/// Text of a client's in an error: not longer than anyone reads.
fn shown(text: &str) -> String {
    text.chars().take(STAGE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn put(versions: &mut SecretVersions, id: &str, stages: &[&str], second: i64) {
        let stages = stages.iter().map(|stage| (*stage).to_owned()).collect();
        versions.put(id, &stages, true, at(second)).unwrap();
    }

    fn holders(versions: &SecretVersions) -> [Option<&str>; 3] {
        [CURRENT, PREVIOUS, PENDING].map(|stage| versions.labelled(stage))
    }

    #[test]
    fn what_was_current_is_previous() {
        let mut versions = SecretVersions::default();
        put(&mut versions, "a", &[PENDING], 1);
        assert_eq!(holders(&versions), [Some("a"), None, Some("a")], "the first is current");
        put(&mut versions, "b", &[CURRENT], 2);
        assert_eq!(holders(&versions), [Some("b"), Some("a"), Some("a")]);
        put(&mut versions, "c", &[PENDING], 3);
        assert_eq!(holders(&versions), [Some("b"), Some("a"), Some("c")]);
        versions.move_stage(CURRENT, Some("b"), Some("c")).unwrap();
        assert_eq!(holders(&versions), [Some("c"), Some("b"), Some("c")]);
        versions.move_stage(CURRENT, Some("c"), Some("b")).unwrap();
        assert_eq!(holders(&versions), [Some("b"), Some("c"), Some("c")]);
        versions.move_stage(PENDING, Some("c"), None).unwrap();
        assert_eq!(holders(&versions), [Some("b"), Some("c"), None]);
    }

    #[test]
    fn a_label_is_moved_from_where_it_is() {
        let mut versions = SecretVersions::default();
        put(&mut versions, "a", &[CURRENT, "x"], 1);
        put(&mut versions, "b", &[], 2);
        let before = versions.clone();
        for (stage, from, to) in [
            (CURRENT, Some("a"), None),
            (CURRENT, None, Some("b")),
            (CURRENT, Some("b"), Some("b")),
            ("x", None, Some("b")),
            ("x", Some("b"), None),
            ("x", Some("nowhere"), None),
            ("y", Some("a"), None),
            ("y", None, Some("nowhere")),
            ("", None, Some("b")),
        ] {
            assert!(versions.move_stage(stage, from, to).is_err(), "{stage} {from:?} {to:?}");
            assert_eq!(versions, before, "{stage} {from:?} {to:?}");
        }
        versions.move_stage("y", None, Some("b")).unwrap();
        assert_eq!(versions.labelled("y"), Some("b"));
    }

    #[test]
    fn what_has_no_value_is_never_current() {
        let mut versions = SecretVersions::default();
        versions.put("p", &[PENDING.to_owned()].into(), false, at(1)).unwrap();
        assert_eq!(holders(&versions), [None, None, Some("p")]);
        assert!(versions.move_stage(CURRENT, None, Some("p")).is_err());
        put(&mut versions, "p", &[], 2);
        assert_eq!(holders(&versions), [Some("p"), None, Some("p")]);
    }

    #[test]
    fn old_versions_without_labels_make_room() {
        let mut versions = SecretVersions::default();
        put(&mut versions, "kept", &["mine"], 0);
        for n in 1..=(VERSIONS_MAX as i64 + 10) {
            put(&mut versions, &format!("v{n:03}"), &[CURRENT], n);
        }
        assert_eq!(versions.iter().count(), VERSIONS_MAX);
        assert!(versions.get("kept").is_some() && versions.get("v001").is_none());
        assert_eq!(versions.labelled(CURRENT), Some("v110"));
    }

    #[test]
    fn a_version_has_so_many_labels_at_most() {
        let mut versions = SecretVersions::default();
        let stages: BTreeSet<_> = (0..STAGES_MAX).map(|n| format!("s{n}")).collect();
        let refused = versions.put("a", &stages, true, at(1)).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::QuotaExceeded, "with the one of the first");
    }
}
