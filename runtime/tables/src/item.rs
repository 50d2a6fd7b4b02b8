use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use serde::Serialize;

use crate::error::Invalid;
use crate::value::{NESTING_MAX, Value, too_deep};

/// Most bytes of an item, names and values together.
pub const ITEM_BYTES_MAX: usize = 400 * 1024;

/// An item of a table, or the attributes of one: values by their names.
///
/// Neither [`ITEM_BYTES_MAX`] nor what the table wants of its key is checked in making one, as not everything with this
/// form is stored: [`Item::check`] and [`KeySchema::key_of`](crate::KeySchema::key_of) do it for what is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Item(BTreeMap<String, Value>);

impl Item {
    /// Makes one without an attribute.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes that DynamoDB says it has: of its names, and of its values as [`Value::size`] says.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.size()).sum()
    }

    /// Checks that it may be stored, whatever the table.
    ///
    /// # Errors
    /// If it has more than [`ITEM_BYTES_MAX`] bytes, or lists and maps more than [`NESTING_MAX`] deep in each other.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.size() > ITEM_BYTES_MAX {
            return Err(Invalid::new("Item size has exceeded the maximum allowed size"));
        }
        if self.0.values().any(|value| value.nesting() > NESTING_MAX) {
            return Err(too_deep());
        }
        Ok(())
    }

    /// The bytes that it is stored as: postcard's. They are a third to a half of its JSON, are written and read in one
    /// pass, and hold numbers as numbers.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Of postcard's errors none can be: the length of everything is known, and a vector grows.
        postcard::to_allocvec(&self.0).unwrap_or_default()
    }

    /// Reads what [`Item::to_bytes`] wrote.
    ///
    /// # Errors
    /// With a sentence for the log, if it did not.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        postcard::from_bytes(bytes)
            .map(Self)
            .map_err(|error| format!("{} bytes are no item: {error}", bytes.len()))
    }
}

impl Deref for Item {
    type Target = BTreeMap<String, Value>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Item {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl From<BTreeMap<String, Value>> for Item {
    fn from(attributes: BTreeMap<String, Value>) -> Self {
        Self(attributes)
    }
}

impl FromIterator<(String, Value)> for Item {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(attributes: I) -> Self {
        Self(attributes.into_iter().collect())
    }
}

impl IntoIterator for Item {
    type Item = (String, Value);
    type IntoIter = std::collections::btree_map::IntoIter<String, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
