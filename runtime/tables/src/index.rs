use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Invalid;
use crate::item::Item;
use crate::key_schema::KeySchema;

/// The name of a secondary index: 3 to 255 characters of `a-z A-Z 0-9 _ . -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct IndexName(String);

impl IndexName {
    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IndexName {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for IndexName {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if (3..=255).contains(&text.len()) && text.bytes().all(allowed) {
            return Ok(Self(text));
        }
        Err(Invalid::new("an index name has 3 to 255 characters of a-z A-Z 0-9 _ . -"))
    }
}

impl From<IndexName> for String {
    fn from(name: IndexName) -> Self {
        name.0
    }
}

impl Display for IndexName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which attributes of an item are in an index. Those of its key and of the table's key always are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Projection {
    /// All.
    All,
    /// Those of the keys.
    KeysOnly,
    /// Those of the keys, and these.
    Include(BTreeSet<String>),
}

/// A secondary index of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// What its items are found and ordered by. Items that lack one of these attributes are not in the index.
    pub key: KeySchema,
    /// What of an item is in it.
    pub projection: Projection,
}

impl Index {
    /// Takes what is in the index of an item of a table with this key.
    #[must_use]
    pub fn project(&self, table: &KeySchema, item: &Item) -> Item {
        let kept = |name: &str| match &self.projection {
            Projection::All => true,
            Projection::KeysOnly => self.key.has(name) || table.has(name),
            Projection::Include(names) => {
                names.contains(name) || self.key.has(name) || table.has(name)
            }
        };
        let attributes = item.iter().filter(|(name, _)| kept(name));
        attributes.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}
