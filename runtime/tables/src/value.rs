use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};

use crate::error::Invalid;
use crate::number::Number;

/// How deep lists and maps may be in each other.
pub const NESTING_MAX: usize = 32;

/// The value of an attribute: DynamoDB's `AttributeValue`.
///
/// As JSON it is what DynamoDB's API has, such as `{"S": "text"}`; where it is stored, as postcard writes an enum, which
/// is a byte for the type, lengths of as few bytes as they need, and the bytes themselves. No variant may therefore
/// move: a new one comes last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub enum Value {
    /// A text.
    S(String),
    /// A number.
    N(Number),
    /// Bytes.
    B(Vec<u8>),
    /// True or false.
    Bool(bool),
    /// Nothing, which is something else than no attribute.
    Null,
    /// Values of whatever types, in their order.
    L(Vec<Self>),
    /// Values by name.
    M(BTreeMap<String, Self>),
    /// Texts, each once; never empty.
    Ss(BTreeSet<String>),
    /// Numbers, each once; never empty.
    Ns(BTreeSet<Number>),
    /// Byte strings, each once; never empty.
    Bs(BTreeSet<Vec<u8>>),
}

impl Value {
    /// What DynamoDB calls its type: `S`, `N`, `B`, `BOOL`, `NULL`, `L`, `M`, `SS`, `NS` or `BS`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::B(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::Null => "NULL",
            Self::L(_) => "L",
            Self::M(_) => "M",
            Self::Ss(_) => "SS",
            Self::Ns(_) => "NS",
            Self::Bs(_) => "BS",
        }
    }

    /// The bytes that it counts for in the size of an item, by DynamoDB's documented rules: of a text and of bytes their
    /// length, of a number as [`Number::size`] says, 1 of truth and of nothing, of a set that of its elements, of a list
    /// or map 3, its elements, their names and 1 for each.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number.size(),
            Self::B(bytes) => bytes.len(),
            Self::Bool(_) | Self::Null => 1,
            Self::L(list) => 3 + list.iter().map(|value| 1 + value.size()).sum::<usize>(),
            Self::M(map) => {
                3 + map.iter().map(|(name, value)| 1 + name.len() + value.size()).sum::<usize>()
            }
            Self::Ss(texts) => texts.iter().map(String::len).sum(),
            Self::Ns(numbers) => numbers.iter().map(Number::size).sum(),
            Self::Bs(all) => all.iter().map(Vec::len).sum(),
        }
    }

    /// How many lists and maps are in each other: 0 of what is neither.
    #[must_use]
    pub fn nesting(&self) -> usize {
        let inner = match self {
            Self::L(list) => list.iter().map(Self::nesting).max(),
            Self::M(map) => map.values().map(Self::nesting).max(),
            _ => return 0,
        };
        1 + inner.unwrap_or_default()
    }

    fn serialize_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        let name = self.type_name();
        match self {
            Self::S(text) => map.serialize_entry(name, text),
            Self::N(number) => map.serialize_entry(name, number),
            Self::B(bytes) => map.serialize_entry(name, &STANDARD.encode(bytes)),
            Self::Bool(value) => map.serialize_entry(name, value),
            Self::Null => map.serialize_entry(name, &true),
            Self::L(list) => map.serialize_entry(name, list),
            Self::M(values) => map.serialize_entry(name, values),
            Self::Ss(texts) => map.serialize_entry(name, texts),
            Self::Ns(numbers) => map.serialize_entry(name, numbers),
            Self::Bs(all) => {
                let texts: Vec<_> = all.iter().map(|bytes| STANDARD.encode(bytes)).collect();
                map.serialize_entry(name, &texts)
            }
        }?;
        map.end()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.serialize_json(serializer)
        } else {
            Self::serialize(self, serializer)
        }
    }
}

/// What is said of a value that is deeper than one may be.
pub(crate) fn too_deep() -> Invalid {
    Invalid::new(
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
    )
}
