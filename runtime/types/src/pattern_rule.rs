//! Parsed patterns, and how they are matched.

use std::cmp::Ordering;
use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::pattern_steps::{Steps, TooCostly};
use crate::pattern_text::TextMatcher;

/// The rule for the value at one place of the event. The value is `None` if there is
/// no such member.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    /// The value has certain members; of an array, one element has them.
    Object(ObjectRule),
    /// One of these fits the value, or any element of an array.
    Leaf(Vec<Matcher>),
}

/// The rule for one object.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectRule {
    /// All of these members fit.
    pub(crate) members: Vec<(String, Rule)>,
    /// Of each of these lists, one rule fits.
    pub(crate) either: Vec<Vec<ObjectRule>>,
}

/// The rule for one value that is neither array nor object.
#[derive(Debug, Clone)]
pub(crate) enum Matcher {
    Exactly(Value),
    Text(TextMatcher),
    /// The value is a string or a number, and none of these fits.
    NoneOf(Vec<Matcher>),
    /// The value is a string, and none of these fits.
    NoneOfTexts(Vec<TextMatcher>),
    Numeric(Vec<(Comparison, f64)>),
    Exists(bool),
    Cidr(Cidr),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A block of addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cidr {
    pub(crate) address: IpAddr,
    /// The number of leading bits that all its addresses share.
    pub(crate) bits: u32,
}

/// Returns whether one of these holds, and stops at the first that does.
fn any<T>(
    all: impl IntoIterator<Item = T>,
    mut holds: impl FnMut(T) -> Result<bool, TooCostly>,
) -> Result<bool, TooCostly> {
    for one in all {
        if holds(one)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Rule {
    fn matches(&self, value: Option<&Value>, steps: &mut Steps) -> Result<bool, TooCostly> {
        match self {
            Self::Object(rule) => rule.matches_any_of(value, steps),
            Self::Leaf(matchers) => any(matchers, |matcher| matcher.matches_any_of(value, steps)),
        }
    }
}

impl ObjectRule {
    /// Returns whether the value, or one element of an array, fits. The whole rule
    /// applies to the same element.
    fn matches_any_of(&self, value: Option<&Value>, steps: &mut Steps) -> Result<bool, TooCostly> {
        steps.take(1)?;
        match value {
            Some(Value::Array(elements)) if !elements.is_empty() => {
                any(elements, |element| self.matches_any_of(Some(element), steps))
            }
            Some(Value::Object(object)) => self.matches(Some(object), steps),
            // A value that is not an object has no members, which `exists` may ask for.
            _ => self.matches(None, steps),
        }
    }

    /// Returns whether an object fits.
    pub(crate) fn matches(
        &self,
        object: Option<&Map<String, Value>>,
        steps: &mut Steps,
    ) -> Result<bool, TooCostly> {
        for (name, rule) in &self.members {
            let member = object.and_then(|object| object.get(name));
            if !rule.matches(member, steps)? {
                return Ok(false);
            }
        }
        for rules in &self.either {
            if !any(rules, |rule| rule.matches(object, steps))? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Matcher {
    fn matches_any_of(&self, value: Option<&Value>, steps: &mut Steps) -> Result<bool, TooCostly> {
        steps.take(1)?;
        match (self, value) {
            (Self::Exists(expected), value) => Ok(has_leaf(value, steps)? == *expected),
            (_, None | Some(Value::Object(_))) => Ok(false),
            (_, Some(Value::Array(elements))) => {
                any(elements, |element| self.matches_any_of(Some(element), steps))
            }
            (matcher, Some(value)) => matcher.matches(value, steps),
        }
    }

    fn matches(&self, value: &Value, steps: &mut Steps) -> Result<bool, TooCostly> {
        Ok(match self {
            Self::Exists(expected) => *expected,
            Self::Exactly(expected) => {
                steps.take(size(expected) / 32)?;
                same(expected, value)
            }
            Self::Text(matcher) => match value {
                Value::String(text) => matcher.matches(text, steps)?,
                _ => false,
            },
            Self::NoneOf(matchers) => {
                let comparable = matches!(value, Value::String(_) | Value::Number(_));
                comparable
                    && !any(matchers, |matcher| {
                        steps.take(1)?;
                        matcher.matches(value, steps)
                    })?
            }
            Self::NoneOfTexts(matchers) => match value {
                Value::String(text) => !any(matchers, |matcher| {
                    steps.take(1)?;
                    matcher.matches(text, steps)
                })?,
                _ => false,
            },
            Self::Numeric(comparisons) => value.as_f64().is_some_and(|number| {
                comparisons.iter().all(|(comparison, bound)| comparison.holds(number, *bound))
            }),
            Self::Cidr(block) => value.as_str().is_some_and(|text| block.contains(text)),
        })
    }
}

/// Returns whether the value has anything but empty arrays and objects.
fn has_leaf(value: Option<&Value>, steps: &mut Steps) -> Result<bool, TooCostly> {
    match value {
        None | Some(Value::Object(_)) => Ok(false),
        Some(Value::Array(elements)) => any(elements, |element| {
            steps.take(1)?;
            has_leaf(Some(element), steps)
        }),
        Some(_) => Ok(true),
    }
}

fn size(value: &Value) -> usize {
    value.as_str().map_or(0, str::len)
}

/// Numbers are compared by value: 1 and 1.0 are the same.
fn same(expected: &Value, value: &Value) -> bool {
    match (expected, value) {
        (Value::Number(left), Value::Number(right)) if left.is_f64() || right.is_f64() => {
            left.as_f64() == right.as_f64()
        }
        _ => expected == value,
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

impl Cidr {
    /// Reads `10.0.0.0/24`, or `2001:db8::/32`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let plain = !bits.is_empty() && bits.bytes().all(|c| c.is_ascii_digit());
        let bits = bits.parse().ok().filter(|bits| plain && *bits <= most)?;
        Some(Self { address, bits })
    }

    fn contains(self, text: &str) -> bool {
        // The longest text of an address has 45 characters; a longer text is none.
        let Some(address) = (text.len() <= 45).then(|| text.parse().ok()).flatten() else {
            return false;
        };
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(address)) => {
                let different = own.to_bits() ^ address.to_bits();
                different.leading_zeros() >= self.bits
            }
            (IpAddr::V6(own), IpAddr::V6(address)) => {
                let different = own.to_bits() ^ address.to_bits();
                different.leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}
