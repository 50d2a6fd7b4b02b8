use serde::{Deserialize, Serialize};

use crate::number::Number;
use crate::value::Value;

/// Most bytes of the value of a hash key.
pub const HASH_BYTES_MAX: usize = 2048;
/// Most bytes of the value of a range key.
pub const RANGE_BYTES_MAX: usize = 1024;

/// The value of a key attribute. They are ordered as DynamoDB orders a partition: texts by their UTF-8 bytes, numbers by
/// value, bytes as unsigned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KeyValue {
    /// A text.
    S(String),
    /// A number.
    N(Number),
    /// Bytes.
    B(Vec<u8>),
}

impl KeyValue {
    /// Takes the value of an attribute, if it can be one of a key.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::S(text) => Some(Self::S(text.clone())),
            Value::N(number) => Some(Self::N(*number)),
            Value::B(bytes) => Some(Self::B(bytes.clone())),
            _ => None,
        }
    }

    /// Whether it is a text or bytes without any, which no key may be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::S(text) => text.is_empty(),
            Self::B(bytes) => bytes.is_empty(),
            Self::N(_) => false,
        }
    }

    /// The bytes that bounds of keys are about.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number.size(),
            Self::B(bytes) => bytes.len(),
        }
    }
}

impl From<KeyValue> for Value {
    fn from(value: KeyValue) -> Self {
        match value {
            KeyValue::S(text) => Self::S(text),
            KeyValue::N(number) => Self::N(number),
            KeyValue::B(bytes) => Self::B(bytes),
        }
    }
}

/// The key of an item in a table, or its place in an index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The partition.
    pub hash: KeyValue,
    /// The place in the partition, if the schema has a range key.
    pub range: Option<KeyValue>,
}
