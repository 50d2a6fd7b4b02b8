//! What a parsed pattern asks of a value.

use std::cmp::Ordering;

use serde_json::Value;

/// What is asked of the value at one place; `None` where there is no such member.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    /// All of these members, in an object.
    Members(Vec<(String, Rule)>),
    /// One of these, of the same object.
    Either(Vec<Rule>),
    /// All of these, of the same object.
    Every(Vec<Rule>),
    /// One of these, of a value or of any element of an array.
    Leaf(Vec<Matcher>),
}

/// What is asked of one value that is no array.
#[derive(Debug, Clone)]
pub(crate) enum Matcher {
    Exactly(Value),
    Text(TextMatcher),
    NotIn(Vec<Matcher>),
    Numeric(Vec<(Comparison, f64)>),
    Exists(bool),
}

/// What is asked of a string.
#[derive(Debug, Clone)]
pub(crate) enum TextMatcher {
    Prefix(String),
    Suffix(String),
    IgnoreCase(String),
    Wildcard(String),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Rule {
    pub(crate) fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Every(rules) => rules.iter().all(|rule| rule.matches(value)),
            Self::Either(rules) => rules.iter().any(|rule| rule.matches(value)),
            Self::Members(members) => match value {
                Some(Value::Array(elements)) => {
                    elements.iter().any(|element| self.matches(Some(element)))
                }
                // Members of what is no object are absent, which `exists` may ask for.
                _ => members
                    .iter()
                    .all(|(name, rule)| rule.matches(value.and_then(|value| value.get(name)))),
            },
            Self::Leaf(matchers) => matchers.iter().any(|matcher| match value {
                Some(Value::Array(elements)) if !matches!(matcher, Matcher::Exists(_)) => {
                    elements.iter().any(|element| matcher.matches(Some(element)))
                }
                value => matcher.matches(value),
            }),
        }
    }
}

impl Matcher {
    fn matches(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return matches!(self, Self::Exists(false)) };
        match self {
            Self::Exists(expected) => *expected,
            Self::Exactly(expected) => same(expected, value),
            Self::Text(matcher) => value.as_str().is_some_and(|text| matcher.matches(text)),
            Self::NotIn(matchers) => !matchers.iter().any(|matcher| matcher.matches(Some(value))),
            Self::Numeric(comparisons) => value.as_f64().is_some_and(|number| {
                comparisons.iter().all(|(comparison, bound)| comparison.holds(number, *bound))
            }),
        }
    }
}

/// Numbers are compared by value: 1 and 1.0 are the same.
fn same(expected: &Value, value: &Value) -> bool {
    expected == value
        || match (expected, value) {
            (Value::Number(left), Value::Number(right)) if left.is_f64() || right.is_f64() => {
                left.as_f64() == right.as_f64()
            }
            _ => false,
        }
}

impl Comparison {
    fn holds(self, number: f64, bound: f64) -> bool {
        number.partial_cmp(&bound).is_some_and(|ordering| match self {
            Self::Equal => ordering == Ordering::Equal,
            Self::Less => ordering == Ordering::Less,
            Self::LessOrEqual => ordering != Ordering::Greater,
            Self::Greater => ordering == Ordering::Greater,
            Self::GreaterOrEqual => ordering != Ordering::Less,
        })
    }
}

impl TextMatcher {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Self::IgnoreCase(other) => text.to_lowercase() == other.to_lowercase(),
            Self::Wildcard(pattern) => wildcard(pattern, text),
        }
    }
}

/// Takes the leftmost place for each part between stars and never goes back:
/// each is one search, so the time is linear in the text.
fn wildcard(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}
