use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::schema::{Schema, SchemaType};
use utoipa::openapi::{ObjectBuilder, RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

/// A part of all events, above 0 and up to 1, to six decimals. In JSON a number; as text also a
/// percentage. All of them is a part too, as on Lambda: the first version is then one to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u32);

/// What is no [`Weight`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "weight {text} is not above 0 and at most 1; give the part of the events, such as 0.1 or 10%, or no \
     second version at all"
)]
pub struct InvalidWeight {
    text: String,
}

impl Weight {
    /// How many parts there are.
    pub const WHOLE: u32 = 1_000_000;

    /// Returns so many millionths.
    #[must_use]
    pub const fn millionths(parts: u32) -> Option<Self> {
        if parts > 0 && parts <= Self::WHOLE { Some(Self(parts)) } else { None }
    }

    /// Returns how many millionths it is.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Returns the weight that is nearest to a number.
    ///
    /// # Errors
    /// The number is not above 0 and at most 1, or less than half a millionth.
    pub fn new(part: f64) -> Result<Self, InvalidWeight> {
        let parts = (part * f64::from(Self::WHOLE)).round();
        // What is no number is in no range.
        let inside = (1.0..=f64::from(Self::WHOLE)).contains(&parts);
        let weight = inside.then_some(Self(parts as u32));
        weight.ok_or_else(|| InvalidWeight { text: part.to_string() })
    }

    /// Returns it as a number.
    #[must_use]
    pub fn part(self) -> f64 {
        f64::from(self.0) / f64::from(Self::WHOLE)
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / 1e4)
    }
}

impl FromStr for Weight {
    type Err = InvalidWeight;
    fn from_str(text: &str) -> Result<Self, InvalidWeight> {
        let invalid = || InvalidWeight { text: text.chars().take(40).collect() };
        let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
        let number: f64 = number.trim().parse().map_err(|_| invalid())?;
        Self::new(number / whole).map_err(|_| invalid())
    }
}

impl Serialize for Weight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.part())
    }
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl PartialSchema for Weight {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Number))
            .description(Some("A part of all events, above 0 and up to 1."))
            .build()
            .into()
    }
}

impl ToSchema for Weight {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_between_nothing_and_all() {
        for (text, parts, shown) in [
            ("0.1", 100_000, "10%"),
            ("10%", 100_000, "10%"),
            ("0.5%", 5_000, "0.5%"),
            ("0.000001", 1, "0.0001%"),
            ("0.3", 300_000, "30%"),
            ("99.9999%", 999_999, "99.9999%"),
            ("1", 1_000_000, "100%"),
        ] {
            let weight: Weight = text.parse().unwrap();
            assert_eq!((weight.get(), &*weight.to_string()), (parts, shown));
            let json = serde_json::to_string(&weight).unwrap();
            assert_eq!(serde_json::from_str::<Weight>(&json).unwrap(), weight);
            assert_eq!(shown.parse::<Weight>().unwrap(), weight);
        }
        for wrong in ["0", "-0.1", "1.5", "101%", "NaN", "inf", "x", "", "%", "0.0000001"] {
            let error = wrong.parse::<Weight>().unwrap_err().to_string();
            assert!(error.contains("not above 0 and at most 1"), "{error}");
        }
        assert!(serde_json::from_str::<Weight>("0.0").is_err());
        assert_eq!(Weight::millionths(1_000_001), None);
    }
}
