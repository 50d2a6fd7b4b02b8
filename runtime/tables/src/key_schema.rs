use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Invalid;
use crate::item::Item;
use crate::key::{HASH_BYTES_MAX, Key, KeyValue, RANGE_BYTES_MAX};
use crate::value::Value;

/// The type of a key attribute.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
pub enum KeyType {
    /// Texts.
    S,
    /// Numbers.
    N,
    /// Bytes.
    B,
}

impl KeyType {
    /// What DynamoDB calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
        }
    }

    /// Takes a value, if it is of this type.
    pub(crate) fn take(self, value: &Value) -> Option<KeyValue> {
        (value.type_name() == self.name()).then(|| KeyValue::of(value)).flatten()
    }
}

/// An attribute that is part of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyAttribute {
    /// The attribute's name: 1 to 255 bytes.
    pub name: String,
    /// Its type, which it has in every item.
    #[serde(rename = "type")]
    pub kind: KeyType,
}

/// What the key of a table or of an index is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeySchema {
    /// The attribute that says which partition an item is in.
    pub hash: KeyAttribute,
    /// The attribute that items of a partition are ordered by; without it a partition of a table has one item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<KeyAttribute>,
}

impl KeySchema {
    /// The attributes of the key: the hash key, and the range key if there is one.
    pub fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.hash).chain(&self.range)
    }

    /// Whether an attribute is part of the key.
    #[must_use]
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes().any(|one| one.name == attribute)
    }

    /// Takes the key out of an item that is to be stored in a table with this schema.
    ///
    /// # Errors
    /// If a key attribute is missing, is of another type, is empty, or is longer than a key may be.
    pub fn key_of(&self, item: &Item) -> Result<Key, Invalid> {
        self.make(|attribute| {
            let name = &attribute.name;
            let value = item
                .get(name)
                .ok_or_else(|| Invalid::parameter(format!("Missing the key {name} in the item")))?;
            let value = attribute.kind.take(value).ok_or_else(|| {
                Invalid::parameter(format!(
                    "Type mismatch for key {name} expected: {} actual: {}",
                    attribute.kind.name(),
                    value.type_name()
                ))
            })?;
            if value.is_empty() {
                return Err(Invalid::new(format!(
                    "One or more parameter values are not valid. {} Key: {name}",
                    empty(attribute)
                )));
            }
            Ok(value)
        })
    }

    /// Takes a key that a client names an item of a table by: the key attributes and nothing else.
    ///
    /// # Errors
    /// If that is not what it is, or if one is empty or longer than a key may be.
    pub fn key_from(&self, attributes: &Item) -> Result<Key, Invalid> {
        let mismatch = || Invalid::new("The provided key element does not match the schema");
        if attributes.len() != self.attributes().count() {
            return Err(mismatch());
        }
        self.make(|attribute| {
            let value =
                attributes.get(&attribute.name).and_then(|value| attribute.kind.take(value));
            let value = value.ok_or_else(mismatch)?;
            if value.is_empty() {
                return Err(Invalid::parameter(format!(
                    "{} Key: {}",
                    empty(attribute),
                    attribute.name
                )));
            }
            Ok(value)
        })
    }

    /// Finds the place of an item in an index with this schema: none, if the item lacks one of its attributes. What
    /// [`TableDefinition::key_of`](crate::TableDefinition::key_of) let in has none of another type.
    #[must_use]
    pub fn place_of(&self, item: &Item) -> Option<Key> {
        let take = |attribute: &KeyAttribute| attribute.kind.take(item.get(&attribute.name)?);
        let hash = take(&self.hash)?;
        let range = match &self.range {
            Some(range) => Some(take(range)?),
            None => None,
        };
        Some(Key { hash, range })
    }

    /// Writes a key as the attributes that it is.
    #[must_use]
    pub fn attributes_of(&self, key: &Key) -> Item {
        let values = std::iter::once(&key.hash).chain(&key.range);
        let named = self.attributes().zip(values);
        named.map(|(attribute, value)| (attribute.name.clone(), value.clone().into())).collect()
    }

    fn make(
        &self,
        value: impl Fn(&KeyAttribute) -> Result<KeyValue, Invalid>,
    ) -> Result<Key, Invalid> {
        let hash = value(&self.hash)?;
        let range = self.range.as_ref().map(value).transpose()?;
        let key = Key { hash, range };
        check_lengths(&key)?;
        Ok(key)
    }
}

/// Checks how long the values of a key are.
pub(crate) fn check_lengths(key: &Key) -> Result<(), Invalid> {
    if key.hash.size() > HASH_BYTES_MAX {
        // Without a space, as DynamoDB has it.
        return Err(Invalid::parameter(format!(
            "Size of hashkey has exceeded the maximum size limit of{HASH_BYTES_MAX} bytes"
        )));
    }
    if key.range.as_ref().is_some_and(|range| range.size() > RANGE_BYTES_MAX) {
        return Err(Invalid::parameter(format!(
            "Aggregated size of all range keys has exceeded the size limit of {RANGE_BYTES_MAX} bytes"
        )));
    }
    Ok(())
}

/// What is said of a key attribute that is empty.
pub(crate) fn empty(attribute: &KeyAttribute) -> String {
    let what = if attribute.kind == KeyType::S { "string" } else { "binary" };
    format!("The AttributeValue for a key attribute cannot contain an empty {what} value.")
}
