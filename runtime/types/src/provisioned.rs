use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::schema::{OneOf, Schema, SchemaType};
use utoipa::openapi::{ObjectBuilder, RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

/// How many instances of a function are kept ready, as Lambda's provisioned
/// concurrency does. In JSON a number, or `"auto"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provisioned {
    /// This many instances, always.
    Count(u32),
    /// As many instances as are likely to be needed before others are ready, by the
    /// recent rate of invocations; none for a function that is not called.
    Auto,
}

impl Provisioned {
    /// No instance is kept ready; each is made when it is needed.
    pub const NONE: Self = Self::Count(0);

    /// Returns how many instances are kept ready, whether the function is called or not.
    #[must_use]
    pub const fn always(self) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Auto => 0,
        }
    }
}

impl Default for Provisioned {
    fn default() -> Self {
        Self::NONE
    }
}

/// The word for [`Provisioned::Auto`].
const AUTO: &str = "auto";

impl fmt::Display for Provisioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Auto => f.write_str(AUTO),
        }
    }
}

impl FromStr for Provisioned {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == AUTO {
            return Ok(Self::Auto);
        }
        let count = text.parse().map(Self::Count);
        count.map_err(|_| format!("{text:?} is neither a number of instances nor \"{AUTO}\""))
    }
}

impl Serialize for Provisioned {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Auto => serializer.serialize_str(AUTO),
        }
    }
}

impl<'de> Deserialize<'de> for Provisioned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Provisioned;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number of instances or \"{AUTO}\"")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Provisioned, E> {
                let unexpected = de::Unexpected::Unsigned(value);
                let count = u32::try_from(value).map(Provisioned::Count);
                count.map_err(|_| E::invalid_value(unexpected, &self))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Provisioned, E> {
                let count = u32::try_from(value).map(Provisioned::Count);
                count.map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Provisioned, E> {
                let unexpected = || E::invalid_value(de::Unexpected::Str(text), &self);
                if text == AUTO { Ok(Provisioned::Auto) } else { Err(unexpected()) }
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl PartialSchema for Provisioned {
    fn schema() -> RefOr<Schema> {
        let count = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).build();
        let auto = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .enum_values(Some([AUTO]))
            .build();
        let mut either = OneOf::new();
        either.items = vec![count.into(), auto.into()];
        either.description = Some("Instances that are kept ready: so many, or \"auto\".".into());
        Schema::OneOf(either).into()
    }
}

impl ToSchema for Provisioned {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_number_or_auto() {
        for (json, value) in [
            ("0", Provisioned::NONE),
            ("7", Provisioned::Count(7)),
            ("\"auto\"", Provisioned::Auto),
        ] {
            assert_eq!(serde_json::from_str::<Provisioned>(json).unwrap(), value);
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
            assert_eq!(value.to_string().parse(), Ok(value));
        }
        for json in ["-1", "1.5", "\"some\"", "\"7\"", "4294967296", "null"] {
            let error = serde_json::from_str::<Provisioned>(json).unwrap_err().to_string();
            assert!(error.contains("a number of instances or \"auto\""), "{json}: {error}");
        }
        assert!("many".parse::<Provisioned>().unwrap_err().contains("neither"));
    }
}
