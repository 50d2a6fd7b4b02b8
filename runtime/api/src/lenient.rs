//! Reads answers of a newer server: members that this version does not know are left
//! out, also of types that refuse them in requests.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error, IntoDeserializer, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::Value;

/// JSON of which a struct is given the members that it knows.
#[derive(Clone, Copy)]
struct Lenient<'v>(&'v Value);

impl<'de> IntoDeserializer<'de, serde_json::Error> for Lenient<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Lenient<'_> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.iter().map(Self))),
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.as_str(), Self(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
            Value::String(text) => visitor.visit_str(text),
            other => other.clone().deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.clone().deserialize_enum(name, variants, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let Value::Object(members) = self.0 else { return self.deserialize_any(visitor) };
        let known = members.iter().filter(|(name, _)| fields.contains(&name.as_str()));
        let known = known.map(|(name, value)| (name.as_str(), Self(value)));
        visitor.visit_map(MapDeserializer::new(known))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// Reads a value that may have members which are not known.
pub(crate) fn of<T: DeserializeOwned, E: Error>(value: &Value) -> Result<T, E> {
    T::deserialize(Lenient(value)).map_err(E::custom)
}

/// Reads a member that may have members which are not known.
pub(crate) fn read<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    of(&Value::deserialize(deserializer)?)
}

/// Reads those items of a list that are known.
pub(crate) fn known<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let items = Vec::<Value>::deserialize(deserializer)?;
    Ok(items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect())
}

/// Reads a member if it is known.
pub(crate) fn if_known<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// Reads a member that may be null in place of its default.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Drops the members of an object that `T` does not know. This is for enums whose
/// variant is one of the members: serde reads those from a buffer of its own, where
/// [`Lenient`] has no say.
pub(crate) fn drop_unknown<T: DeserializeOwned>(value: &mut Value) {
    while let Err(error) = T::deserialize(&*value) {
        let text = error.to_string();
        let unknown = text.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        let members = value.as_object_mut();
        if unknown.zip(members).and_then(|(name, members)| members.remove(name)).is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{FunctionView, QueueView, TriggerView};

    #[test]
    fn answers_of_a_newer_server_can_be_read() {
        let function: FunctionView = serde_json::from_value(json!({
            "name": "hello", "namespace": "default", "version": "$LATEST", "revision": 3,
            "digest": "ab".repeat(32), "code_bytes": 72000, "not_known_yet": 1, "urls": null,
            "handlers": ["wasi:http/incoming-handler@0.2", "not:known/yet"], "adapted_from": "not-known-yet",
            "configuration": {
                "memory_bytes": 67108864, "environment": { "TOKEN": "hunter2" }, "not_known_yet": 1,
                "grants": { "not_known_yet": [1] }, "delivery": { "not_known_yet": {} },
            },
            "created": "2026-06-01T12:00:00Z",
        }))
        .unwrap();
        assert_eq!(function.revision.unwrap().0, 3);
        assert_eq!(function.configuration.environment.0["TOKEN"], "hunter2");
        assert_eq!(function.configuration.memory_bytes, 67108864);
        assert_eq!(function.handlers.len(), 1);
        assert_eq!(function.adapted_from, None);
        let queue: QueueView = serde_json::from_value(json!({
            "name": "orders", "created": "2026-06-01T12:00:00Z", "not_known_yet": 1,
            "attributes": { "delay_ms": 7, "redrive": {
                "queue": "dead", "receives_max": 3, "not_known_yet": 1 } },
        }))
        .unwrap();
        assert_eq!(queue.attributes.redrive.unwrap().receives_max, 3);
        let trigger: TriggerView = serde_json::from_value(json!({
            "name": "t", "function": "f", "not_known_yet": 1,
            "source": { "kind": "queue", "queue": "orders", "not_known_yet": 1, "nor_this": 2 },
            "delivery": { "attempts_max": 7, "not_known_yet": 1 },
            "depth": { "ready": 1, "in_flight": 2, "delayed": 3, "not_known_yet": 4 },
        }))
        .unwrap();
        assert_eq!(trigger.depth.delayed, 3);
        assert_eq!(trigger.trigger.delivery.unwrap().attempts_max, 7);
    }

    #[test]
    fn what_is_wrong_is_still_refused() {
        let wrong = json!({ "name": "orders", "created": "2026-06-01T12:00:00Z",
                            "attributes": { "delay_ms": "7" } });
        let error = serde_json::from_value::<QueueView>(wrong).unwrap_err().to_string();
        assert!(error.contains("invalid type: string \"7\""), "{error}");
        assert!(serde_json::from_value::<TriggerView>(Value::Null).is_err());
    }
}
