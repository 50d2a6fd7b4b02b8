//! Bounds of what a new version may do.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

use crate::size::parse_duration;
use crate::weight::Weight;

/// How much more of something there may be: `+25%` is a quarter more. Up to a hundred times as
/// much, to four decimals of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Increase(u32);

impl Increase {
    const WHOLE: u32 = 1_000_000;
    const PERCENT_MAX: f64 = 10_000.0;

    /// Returns the increase by so many percent, if there is it.
    #[must_use]
    pub fn percent(percent: f64) -> Option<Self> {
        // What is no number is in no range.
        let inside = (0.0..=Self::PERCENT_MAX).contains(&percent);
        inside.then(|| Self((percent / 100.0 * f64::from(Self::WHOLE)).round() as u32))
    }

    /// Returns how many times as much there may be: 1.25 for `+25%`.
    #[must_use]
    pub fn factor(self) -> f64 {
        1.0 + f64::from(self.0) / f64::from(Self::WHOLE)
    }
}

impl fmt::Display for Increase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}%", f64::from(self.0) / f64::from(Self::WHOLE) * 100.0)
    }
}

/// What can be bounded.
pub trait BoundValue: Copy {
    /// What the text of one looks like, after "neither ".
    const FORM: &'static str;

    /// Reads a text; none if it is no such value.
    fn read(text: &str) -> Option<Self>;

    /// Writes it so that it can be read.
    fn write(self) -> String;
}

/// A part of the invocations.
impl BoundValue for Weight {
    const FORM: &'static str = "a part between 0 and 1, such as 1%";

    fn read(text: &str) -> Option<Self> {
        // All of them would bound nothing.
        text.parse().ok().filter(|part: &Self| part.get() < Self::WHOLE)
    }

    fn write(self) -> String {
        self.to_string()
    }
}

impl BoundValue for Duration {
    const FORM: &'static str = "a duration, such as 300ms";

    fn read(text: &str) -> Option<Self> {
        parse_duration(text).ok().filter(|duration| !duration.is_zero())
    }

    fn write(self) -> String {
        format!("{}ms", self.as_millis())
    }
}

/// Fuel.
impl BoundValue for u64 {
    const FORM: &'static str = "a number, such as 2000000";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| *number > 0)
    }

    fn write(self) -> String {
        self.to_string()
    }
}

/// What a version may reach at most: so much, or so much more than the version before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound<T> {
    /// So much.
    Absolute(T),
    /// So much more than the version before it.
    Relative(Increase),
}

/// What is no bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "bound {text:?} is neither {form}, nor what may be more than before, such as +25%, up to \
     +10000%"
)]
pub struct InvalidBound {
    text: String,
    form: &'static str,
}

impl<T: BoundValue> FromStr for Bound<T> {
    type Err = InvalidBound;

    fn from_str(text: &str) -> Result<Self, InvalidBound> {
        let text = text.trim();
        let relative = text.strip_prefix('+').and_then(|rest| rest.strip_suffix('%'));
        let bound = match relative {
            Some(percent) => {
                let percent = percent.trim().parse().ok().and_then(Increase::percent);
                percent.map(Self::Relative)
            }
            None => T::read(text).filter(|_| !text.starts_with('+')).map(Self::Absolute),
        };
        let shown = || text.chars().take(40).collect();
        bound.ok_or_else(|| InvalidBound { text: shown(), form: T::FORM })
    }
}

impl<T: BoundValue> fmt::Display for Bound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(value) => f.write_str(&value.write()),
            Self::Relative(increase) => increase.fmt(f),
        }
    }
}

impl<T: BoundValue> Serialize for Bound<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: BoundValue> Deserialize<'de> for Bound<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// What takes a release back by itself: the new version does worse than these. Each bound is a
/// value, or how much more than the version before is allowed, such as `+25%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// The part of its invocations that fail: `1%`, or `+50%`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub error_rate: Option<Bound<Weight>>,
    /// What 95 of 100 of its invocations take at most: `300ms`, or `+25%`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub p95_duration: Option<Bound<Duration>>,
    /// The fuel of an invocation: `2000000`, or `+10%`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub fuel: Option<Bound<u64>>,
}

impl Bounds {
    /// Returns whether nothing is bounded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.error_rate.is_some() as u32
            + self.p95_duration.is_some() as u32
            + self.fuel.is_some() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: BoundValue>(text: &str) -> Result<Bound<T>, String> {
        text.parse().map_err(|error: InvalidBound| error.to_string())
    }

    #[test]
    fn bounds_are_values_or_how_much_more() {
        for (text, shown) in [("1%", "1%"), ("0.01", "1%"), ("+50%", "+50%"), ("+0%", "+0%")] {
            assert_eq!(read::<Weight>(text).unwrap().to_string(), shown);
        }
        for (text, shown) in [("300ms", "300ms"), ("1.5s", "1500ms"), ("+12.5%", "+12.5%")] {
            assert_eq!(read::<Duration>(text).unwrap().to_string(), shown);
        }
        assert_eq!(read::<u64>("2000000").unwrap(), Bound::Absolute(2_000_000));
        let Bound::<u64>::Relative(increase) = read("+10000%").unwrap() else { panic!() };
        assert!((increase.factor() - 101.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_bound_is_told_with_the_form_of_one() {
        for wrong in ["", "2", "-1%", "100%", "+x%", "+-1%", "+10001%", "+NaN%", "+1"] {
            let error = read::<Weight>(wrong).unwrap_err();
            assert!(error.contains("such as 1%") && error.contains("+25%"), "{error}");
        }
        for wrong in ["0", "0ms", "soon", "+300ms", "-1s"] {
            assert!(read::<Duration>(wrong).unwrap_err().contains("300ms"), "{wrong}");
        }
        for wrong in ["0", "1.5", "+5", "many"] {
            assert!(read::<u64>(wrong).unwrap_err().contains("2000000"), "{wrong}");
        }
    }

    #[test]
    fn in_json_they_are_texts_and_unknown_ones_are_refused() {
        let json = r#"{"error_rate":"+50%","p95_duration":"300ms","fuel":"5"}"#;
        let bounds: Bounds = serde_json::from_str(json).unwrap();
        assert_eq!((bounds.count(), bounds.is_empty()), (3, false));
        assert_eq!(serde_json::to_string(&bounds).unwrap(), json);
        assert!(serde_json::from_str::<Bounds>(r#"{"p99_duration":"+1%"}"#).is_err());
        assert!(serde_json::from_str::<Bounds>(r#"{"fuel":5}"#).is_err());
        assert_eq!((Bounds::default().count(), Bounds::default().is_empty()), (0, true));
    }
}
