//! Numbers of members, whichever protocol they come in.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A whole number: the query protocol writes it as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(pub(crate) i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl Visitor<'_> for Whole {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                i64::try_from(number).map(Number).map_err(E::custom)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                text.trim().parse().map(Number).map_err(|_| {
                    let shown: String = text.chars().take(40).collect();
                    E::custom(format!("{shown:?} is not a whole number"))
                })
            }
        }
        deserializer.deserialize_any(Whole)
    }
}
