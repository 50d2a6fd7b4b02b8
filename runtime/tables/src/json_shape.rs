//! Reads JSON whose form is known, and does not stop where it has another: what is read says so itself. It is read at once
//! into what it is; as JSON of any form it could take much more memory than it is long.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What is somewhere in JSON, apart from what is in lists and maps.
pub(crate) enum Found {
    Nothing,
    Bool(bool),
    Integer,
    Decimal,
    Text(String),
    List,
    Map,
}

/// What is made of JSON of every form.
pub(crate) trait Shape<'de>: Sized {
    type Value;

    /// What is made of JSON that is none of the lists and maps which it can be.
    fn other(self, found: Found) -> Self::Value;

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.other(Found::List))
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.other(Found::Map))
    }
}

/// Reads by a shape.
pub(crate) struct By<S>(pub(crate) S);

impl<'de, S: Shape<'de>> DeserializeSeed<'de> for By<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: Shape<'de>> Visitor<'de> for By<S> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<S::Value, E> {
        Ok(self.0.other(Found::Nothing))
    }

    fn visit_bool<E>(self, value: bool) -> Result<S::Value, E> {
        Ok(self.0.other(Found::Bool(value)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<S::Value, E> {
        Ok(self.0.other(Found::Integer))
    }

    fn visit_u64<E>(self, _: u64) -> Result<S::Value, E> {
        Ok(self.0.other(Found::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<S::Value, E> {
        Ok(self.0.other(Found::Decimal))
    }

    fn visit_str<E>(self, text: &str) -> Result<S::Value, E> {
        Ok(self.0.other(Found::Text(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<S::Value, E> {
        Ok(self.0.other(Found::Text(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<S::Value, A::Error> {
        self.0.list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<S::Value, A::Error> {
        self.0.map(map)
    }
}
