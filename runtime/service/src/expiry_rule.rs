//! When objects and uploads end by themselves.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambent_storage::{DeleteMarker, Object, Upload, Version};
use serde::{Deserialize, Serialize};

const DAY: i64 = 24 * 3600;

/// When something is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expiry {
    /// So many days after it was made, at the next midnight of UTC.
    Days(u32),
    /// From then on.
    Date(Timestamp),
}

/// Which objects and uploads of a bucket end by themselves, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExpiryRule {
    /// What the client calls it.
    pub id: String,
    /// Whether it holds.
    pub enabled: bool,
    /// Only keys that begin so.
    pub prefix: String,
    /// Only objects with these tags.
    pub tags: BTreeMap<String, String>,
    /// Only objects of more bytes.
    pub larger_than: Option<u64>,
    /// Only objects of fewer bytes.
    pub smaller_than: Option<u64>,
    /// When objects are over.
    pub objects: Option<Expiry>,
    /// When versions are over that are no longer the newest of their key.
    pub former: Option<FormerExpiry>,
    /// Whether a delete marker is over once it is all that is left of its key.
    pub lone_markers: bool,
    /// How many days after they were begun unfinished uploads are over.
    pub uploads: Option<u32>,
}

/// When versions are over that are no longer the newest of their key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerExpiry {
    /// How many days after another took their place.
    pub days: u32,
    /// How many of a key stay all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<u32>,
}

impl Expiry {
    /// When something that was made then is over.
    #[must_use]
    pub fn of(self, made: Timestamp) -> Timestamp {
        match self {
            Self::Date(date) => date,
            Self::Days(days) => {
                let seconds = made.as_second().saturating_add(i64::from(days) * DAY);
                let midnight = seconds.div_euclid(DAY).saturating_add(1).saturating_mul(DAY);
                Timestamp::from_second(midnight).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

impl ExpiryRule {
    /// Whether it is for an object.
    fn fits(&self, object: &Object) -> bool {
        self.enabled
            && object.key.starts_with(&self.prefix)
            && self.tags.iter().all(|(key, value)| object.tags.get(key) == Some(value))
            && self.larger_than.is_none_or(|bytes| object.size > bytes)
            && self.smaller_than.is_none_or(|bytes| object.size < bytes)
    }

    /// When an object is over by this rule, if it is one of those that it is for.
    #[must_use]
    pub fn end_of(&self, object: &Object) -> Option<Timestamp> {
        self.objects.filter(|_| self.fits(object)).map(|expiry| expiry.of(object.modified))
    }

    /// Whether anything of it is about versions.
    #[must_use]
    pub const fn is_of_versions(&self) -> bool {
        self.former.is_some() || self.lone_markers || self.objects.is_some()
    }

    /// When a version is over by this rule whose place another took `since` then, where so many of
    /// its key that are no longer the newest are newer.
    #[must_use]
    pub fn end_of_former(
        &self,
        version: &Version,
        since: Timestamp,
        newer: usize,
    ) -> Option<Timestamp> {
        let former = self.former?;
        let fits = match version {
            Version::Object(object) => self.fits(object),
            // It has neither tags nor bytes that a rule could be about.
            Version::Marker(marker) => self.enabled && marker.key.starts_with(&self.prefix),
        };
        let is_kept = former.kept.is_some_and(|kept| newer < kept as usize);
        (fits && !is_kept).then(|| Expiry::Days(former.days).of(since))
    }

    /// When a delete marker is over by this rule that is all that is left of its key.
    #[must_use]
    pub fn end_of_marker(&self, marker: &DeleteMarker) -> Option<Timestamp> {
        let fits = self.enabled && self.tags.is_empty() && marker.key.starts_with(&self.prefix);
        match self.objects {
            _ if !fits => None,
            _ if self.lone_markers => Some(marker.modified),
            objects => objects.map(|expiry| expiry.of(marker.modified)),
        }
    }

    /// When an upload is over by this rule, if it is one of those that it is for.
    #[must_use]
    pub fn end_of_upload(&self, upload: &Upload) -> Option<Timestamp> {
        let fits = self.enabled && upload.key.starts_with(&self.prefix);
        self.uploads.filter(|_| fits).map(|days| Expiry::Days(days).of(upload.started))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str, modified: &str) -> Object {
        Object {
            key: key.into(),
            size: 5,
            etag: String::new(),
            content_type: None,
            headers: BTreeMap::new(),
            metadata: BTreeMap::new(),
            tags: [("a".to_owned(), "b".to_owned())].into(),
            checksum: None,
            modified: modified.parse().unwrap(),
            sequence: 1,
            version: None,
        }
    }

    #[test]
    fn former_versions_end_after_days_but_for_those_that_are_kept() {
        let former = Some(FormerExpiry { days: 1, kept: Some(2) });
        let rule = ExpiryRule { enabled: true, former, ..ExpiryRule::default() };
        let version = Version::Object(object("a", "2020-01-01T00:00:00Z"));
        let since = "2026-01-15T10:30:00Z".parse().unwrap();
        let end = |newer| rule.end_of_former(&version, since, newer).map(|end| end.to_string());
        assert_eq!(end(2).as_deref(), Some("2026-01-17T00:00:00Z"));
        assert_eq!(end(1), None);
        assert_eq!(rule.end_of(&object("a", "2020-01-01T00:00:00Z")), None);
    }

    #[test]
    fn days_end_at_the_next_midnight() {
        let rule = ExpiryRule {
            enabled: true,
            prefix: "logs/".into(),
            objects: Some(Expiry::Days(1)),
            ..ExpiryRule::default()
        };
        let end = |rule: &ExpiryRule, key| rule.end_of(&object(key, "2026-01-15T10:30:00Z"));
        assert_eq!(end(&rule, "logs/a").unwrap().to_string(), "2026-01-17T00:00:00Z");
        assert_eq!(end(&rule, "log"), None);
        let disabled = ExpiryRule { enabled: false, ..rule.clone() };
        assert_eq!(end(&disabled, "logs/a"), None);
        for (larger, smaller, fits) in [
            (Some(4), None, true),
            (Some(5), None, false),
            (None, Some(6), true),
            (None, Some(5), false),
        ] {
            let rule = ExpiryRule { larger_than: larger, smaller_than: smaller, ..rule.clone() };
            assert_eq!(end(&rule, "logs/a").is_some(), fits, "{larger:?} {smaller:?}");
        }
        let tagged = |value: &str| ExpiryRule {
            tags: [("a".to_owned(), value.to_owned())].into(),
            ..rule.clone()
        };
        assert!(end(&tagged("b"), "logs/a").is_some());
        assert!(end(&tagged("c"), "logs/a").is_none());
    }
}
