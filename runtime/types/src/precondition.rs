//! Conditions that a client sets on the state of a resource: RFC 9110 §13.
//!
//! This module alone decides them. Doors read conditions from header fields, and
//! stores decide them in the transaction of the change that they guard.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One entity tag (RFC 9110 §8.8.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityTag {
    /// Whether the tag is weak: it only says that two representations are equivalent.
    pub weak: bool,
    /// The characters between the quotes.
    pub opaque: String,
}

/// The representations that `If-Match` or `If-None-Match` names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntityTags {
    /// `*`: any representation that exists.
    Any,
    /// The representations with one of these tags.
    Of(Vec<EntityTag>),
}

/// A text that is not a list of entity tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not entity tags in quotes such as \"3\", as ETag gave them, separated by commas, nor *")]
pub struct InvalidEntityTags;

/// The conditions that a request sets on the state of its resource.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Precondition {
    /// `If-Match`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_match: Option<EntityTags>,
    /// `If-Unmodified-Since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_unmodified_since: Option<Timestamp>,
    /// `If-None-Match`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_none_match: Option<EntityTags>,
    /// `If-Modified-Since`; only requests that read have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_modified_since: Option<Timestamp>,
}

/// The etag and date of a resource, which conditions are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validators<'a> {
    /// The characters between the quotes of its `ETag`, which is a strong one.
    pub tag: Option<&'a str>,
    /// Its `Last-Modified`. Only whole seconds are compared.
    pub modified: Option<Timestamp>,
}

/// The kind of a condition that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmet {
    /// The resource is not what the client takes it for: 412.
    Changed,
    /// The client has it already: 304 for a request that reads, else 412.
    Known,
}

impl Precondition {
    /// A request without conditions.
    pub const NONE: Self = Self {
        if_match: None,
        if_unmodified_since: None,
        if_none_match: None,
        if_modified_since: None,
    };

    /// `If-Match` with one strong tag.
    #[must_use]
    pub fn tag(opaque: impl Into<String>) -> Self {
        let tag = EntityTag { weak: false, opaque: opaque.into() };
        Self { if_match: Some(EntityTags::Of(vec![tag])), ..Self::NONE }
    }

    /// `If-None-Match: *`: there must be none.
    #[must_use]
    pub const fn absent() -> Self {
        Self { if_none_match: Some(EntityTags::Any), ..Self::NONE }
    }

    /// Returns whether there are no conditions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// Checks the conditions against a resource as it is now, in the order of RFC
    /// 9110 §13.2.2. `None` stands for a resource that does not exist.
    ///
    /// # Errors
    /// Returns the kind of the first condition that does not hold.
    pub fn check(&self, current: Option<Validators<'_>>) -> Result<(), Unmet> {
        let modified = current.and_then(|current| current.modified).map(Timestamp::as_second);
        // A resource without a date cannot be asked for one.
        let since = |date: &Timestamp| modified.map(|modified| modified > date.as_second());
        let held = match (&self.if_match, &self.if_unmodified_since) {
            (Some(tags), _) => tags.name(current, EntityTag::is_strongly),
            (None, Some(date)) => since(date) != Some(true),
            (None, None) => true,
        };
        if !held {
            return Err(Unmet::Changed);
        }
        let news = match (&self.if_none_match, &self.if_modified_since) {
            (Some(tags), _) => !tags.name(current, EntityTag::is_weakly),
            (None, Some(date)) => since(date) != Some(false),
            (None, None) => true,
        };
        if news { Ok(()) } else { Err(Unmet::Known) }
    }
}

impl EntityTags {
    /// Returns whether the current representation is among the named ones, by the
    /// comparison `is`.
    fn name(&self, current: Option<Validators<'_>>, is: impl Fn(&EntityTag, &str) -> bool) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Of(tags), Some(current)) => {
                current.tag.is_some_and(|tag| tags.iter().any(|given| is(given, tag)))
            }
        }
    }
}

impl EntityTag {
    /// Compares strongly with a strong tag: a weak tag is never the same.
    #[must_use]
    pub fn is_strongly(&self, tag: &str) -> bool {
        !self.weak && self.opaque == tag
    }

    /// Compares weakly with a strong tag.
    #[must_use]
    pub fn is_weakly(&self, tag: &str) -> bool {
        self.opaque == tag
    }

    /// Reads a tag at the beginning of `text`, and returns the rest too.
    fn read(text: &str) -> Option<(Self, &str)> {
        let (weak, rest) = match text.strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (opaque, rest) = rest.strip_prefix('"')?.split_once('"')?;
        // `etagc`: visible characters without the quote, and all beyond ASCII.
        let allowed = |c: char| !c.is_ascii() || matches!(c, '!'..='~');
        opaque.chars().all(allowed).then(|| (Self { weak, opaque: opaque.to_owned() }, rest))
    }
}

impl FromStr for EntityTag {
    type Err = InvalidEntityTags;

    fn from_str(text: &str) -> Result<Self, InvalidEntityTags> {
        match Self::read(text.trim_matches(BLANK)) {
            Some((tag, "")) => Ok(tag),
            _ => Err(InvalidEntityTags),
        }
    }
}

const BLANK: [char; 2] = [' ', '\t'];

/// Reads a list. Empty elements are skipped, as in every list of HTTP.
impl FromStr for EntityTags {
    type Err = InvalidEntityTags;

    fn from_str(text: &str) -> Result<Self, InvalidEntityTags> {
        let mut rest = text.trim_matches(BLANK);
        if rest == "*" {
            return Ok(Self::Any);
        }
        let mut tags = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                break;
            }
            let (tag, after) = EntityTag::read(rest).ok_or(InvalidEntityTags)?;
            rest = after.trim_start_matches(BLANK);
            if !rest.is_empty() && !rest.starts_with(',') {
                return Err(InvalidEntityTags);
            }
            tags.push(tag);
        }
        if tags.is_empty() { Err(InvalidEntityTags) } else { Ok(Self::Of(tags)) }
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\"{}\"", if self.weak { "W/" } else { "" }, self.opaque)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str) -> Option<EntityTags> {
        Some(text.parse().unwrap())
    }

    fn at(second: i64) -> Option<Timestamp> {
        Some(Timestamp::from_second(second).unwrap())
    }

    /// Half a second after second 10, with the tag `a`.
    fn resource() -> Option<Validators<'static>> {
        let modified = Timestamp::from_millisecond(10_500).unwrap();
        Some(Validators { tag: Some("a"), modified: Some(modified) })
    }

    #[test]
    fn lists_of_tags_are_read_as_http_has_them() {
        let of = |list: &[(bool, &str)]| {
            let tag = |(weak, opaque): &(bool, &str)| EntityTag {
                weak: *weak,
                opaque: (*opaque).to_owned(),
            };
            Ok(EntityTags::Of(list.iter().map(tag).collect()))
        };
        assert_eq!(" * ".parse(), Ok(EntityTags::Any));
        assert_eq!("\"\"".parse::<EntityTags>(), of(&[(false, "")]));
        assert_eq!(
            ",\"a,b\" ,\tW/\"c\",, ".parse::<EntityTags>(),
            of(&[(false, "a,b"), (true, "c")])
        );
        for bad in [
            "",
            ",",
            "abc",
            "*, \"a\"",
            "\"a\", *",
            "\"a\" \"b\"",
            "\"a",
            "w/\"a\"",
            "\"a b\"",
            "'a'",
        ] {
            assert_eq!(bad.parse::<EntityTags>(), Err(InvalidEntityTags), "{bad}");
        }
        assert_eq!("W/\"a\"".parse::<EntityTag>().unwrap().to_string(), "W/\"a\"");
        assert!("\"a\", \"b\"".parse::<EntityTag>().is_err() && "*".parse::<EntityTag>().is_err());
    }

    #[test]
    fn a_weak_tag_never_matches_where_bytes_count() {
        for (text, here, gone) in [
            ("\"a\"", Ok(()), Err(Unmet::Changed)),
            ("\"b\", \"a\"", Ok(()), Err(Unmet::Changed)),
            ("W/\"a\"", Err(Unmet::Changed), Err(Unmet::Changed)),
            ("\"b\"", Err(Unmet::Changed), Err(Unmet::Changed)),
            ("*", Ok(()), Err(Unmet::Changed)),
        ] {
            let given = Precondition { if_match: tags(text), ..Precondition::default() };
            assert_eq!((given.check(resource()), given.check(None)), (here, gone), "{text}");
        }
    }

    #[test]
    fn a_weak_tag_does_where_meaning_counts() {
        for (text, here) in [
            ("\"a\"", Err(Unmet::Known)),
            ("\"b\", W/\"a\"", Err(Unmet::Known)),
            ("\"b\"", Ok(())),
            ("*", Err(Unmet::Known)),
        ] {
            let given = Precondition { if_none_match: tags(text), ..Precondition::default() };
            assert_eq!((given.check(resource()), given.check(None)), (here, Ok(())), "{text}");
        }
    }

    #[test]
    fn dates_are_of_whole_seconds() {
        for (second, unmodified, modified) in [
            (9, Err(Unmet::Changed), Ok(())),
            (10, Ok(()), Err(Unmet::Known)),
            (11, Ok(()), Err(Unmet::Known)),
        ] {
            let given = Precondition { if_unmodified_since: at(second), ..Precondition::default() };
            assert_eq!(given.check(resource()), unmodified, "{second}");
            let given = Precondition { if_modified_since: at(second), ..Precondition::default() };
            assert_eq!(given.check(resource()), modified, "{second}");
            // A resource without a date cannot be asked for one.
            assert_eq!(given.check(Some(Validators::default())), Ok(()));
        }
    }

    /// RFC 9110 §13.2.2: tags before dates, and `If-Match` before `If-None-Match`.
    #[test]
    fn tags_go_before_dates() {
        let mut given = Precondition {
            if_match: tags("\"a\""),
            if_unmodified_since: at(1),
            if_none_match: tags("\"b\""),
            if_modified_since: at(99),
        };
        assert_eq!(given.check(resource()), Ok(()));
        given.if_none_match = tags("\"a\"");
        assert_eq!(given.check(resource()), Err(Unmet::Known));
        given.if_match = tags("\"b\"");
        assert_eq!(given.check(resource()), Err(Unmet::Changed));
        given.if_match = None;
        assert_eq!(given.check(resource()), Err(Unmet::Changed));
    }
}
