use std::collections::BTreeMap;

use lambent_types::{Annotations, tags};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Invalid;
use crate::index::{Index, IndexName, Projection};
use crate::item::Item;
use crate::key::Key;
use crate::key_schema::{KeyAttribute, KeySchema, KeyType, check_lengths, empty};

/// Most local secondary indexes of a table.
pub const LOCAL_INDEXES_MAX: usize = 5;
/// Most global secondary indexes of a table.
pub const GLOBAL_INDEXES_MAX: usize = 20;
/// Most attributes that all indexes of a table that name some may name together.
const INCLUDED_MAX: usize = 100;
/// Most bytes of the name of a key attribute.
const KEY_NAME_BYTES_MAX: usize = 255;

/// What a table is, as its owner says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TableDefinition {
    /// What items are found by. It never changes.
    pub key: KeySchema,
    /// The indexes whose hash key is the table's. They never change.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Index>)]
    pub local_indexes: BTreeMap<IndexName, Index>,
    /// The indexes with whatever key. They are added and removed at any time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Index>)]
    pub global_indexes: BTreeMap<IndexName, Index>,
    /// The attribute that says when an item is deleted, as seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_to_live: Option<String>,
    /// What is kept of each change; nothing if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamView>,
    /// Whether the table cannot be deleted.
    #[serde(default)]
    pub deletion_protection: bool,
    /// How AWS would charge for it. It is kept and means nothing here.
    #[serde(default)]
    pub billing: BillingMode,
    /// The throughput of the table, if it was said. It is kept and means nothing here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<Throughput>,
    /// The throughput of global indexes of which it was said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Throughput>)]
    pub index_throughput: BTreeMap<IndexName, Throughput>,
    /// Labels for people and tools.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What tools note of it for themselves.
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

/// What is kept of each change of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamView {
    /// Its key.
    KeysOnly,
    /// Its key, and the item after the change.
    NewImage,
    /// Its key, and the item before the change.
    OldImage,
    /// Its key, and the item before and after the change.
    NewAndOldImages,
}

/// How AWS would charge for a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BillingMode {
    /// By each request.
    #[default]
    PayPerRequest,
    /// By a throughput that is set.
    Provisioned,
}

/// A throughput, in AWS's units of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Throughput {
    /// Reads of 4 KB.
    pub read: u64,
    /// Writes of 1 KB.
    pub write: u64,
}

impl TableDefinition {
    /// Makes one with a key and nothing else.
    #[must_use]
    pub fn new(key: KeySchema) -> Self {
        Self {
            key,
            local_indexes: BTreeMap::new(),
            global_indexes: BTreeMap::new(),
            time_to_live: None,
            stream: None,
            deletion_protection: false,
            billing: BillingMode::default(),
            throughput: None,
            index_throughput: BTreeMap::new(),
            tags: BTreeMap::new(),
            annotations: Annotations::default(),
        }
    }

    /// Every index by its name, local ones first.
    pub fn indexes(&self) -> impl Iterator<Item = (&IndexName, &Index)> {
        self.local_indexes.iter().chain(&self.global_indexes)
    }

    /// An index by its name.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<&Index> {
        self.indexes().find(|(one, _)| one.as_str() == name).map(|(_, index)| index)
    }

    /// Every attribute that is part of some key, once, by its name.
    ///
    /// # Errors
    /// If one is of two types.
    pub fn key_attributes(&self) -> Result<BTreeMap<&str, KeyType>, Invalid> {
        let mut types = BTreeMap::new();
        let keys = std::iter::once(&self.key).chain(self.indexes().map(|(_, index)| &index.key));
        for KeyAttribute { name, kind } in keys.flat_map(KeySchema::attributes) {
            if types.insert(name.as_str(), *kind).is_some_and(|other| other != *kind) {
                return Err(Invalid::parameter(format!("Attribute {name} has two types")));
            }
        }
        Ok(types)
    }

    /// Checks that there can be such a table.
    ///
    /// # Errors
    /// If a name or a number of things is out of bounds, an attribute has two types or is twice in a key, a local index
    /// has another hash key than the table, or two indexes have one name.
    pub fn check(&self) -> Result<(), Invalid> {
        for name in self.key_attributes()?.keys() {
            if name.is_empty() || name.len() > KEY_NAME_BYTES_MAX {
                return Err(Invalid::parameter("the name of a key attribute has 1 to 255 bytes"));
            }
        }
        let keys = std::iter::once(&self.key).chain(self.indexes().map(|(_, index)| &index.key));
        for key in keys {
            if key.range.as_ref().is_some_and(|range| range.name == key.hash.name) {
                return Err(Invalid::new(
                    "Both the Hash Key and the Range Key element in the KeySchema have the same name",
                ));
            }
        }
        self.check_indexes()?;
        let labels = tags::validate(&self.tags).and_then(|()| self.annotations.validate());
        labels.map_err(|error| Invalid::new(error.detail()))
    }

    fn check_indexes(&self) -> Result<(), Invalid> {
        if self.local_indexes.len() > LOCAL_INDEXES_MAX {
            return Err(Invalid::parameter(format!(
                "Number of LocalSecondaryIndexes exceeds per-table limit of {LOCAL_INDEXES_MAX}"
            )));
        }
        if self.global_indexes.len() > GLOBAL_INDEXES_MAX {
            return Err(Invalid::parameter(format!(
                "GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_INDEXES_MAX}"
            )));
        }
        if self.key.range.is_none() && !self.local_indexes.is_empty() {
            return Err(Invalid::parameter(
                "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
            ));
        }
        for (name, index) in &self.local_indexes {
            if index.key.range.is_none() {
                return Err(Invalid::parameter(format!(
                    "Index KeySchema does not have a range key for index: {name}"
                )));
            }
            if index.key.hash != self.key.hash {
                return Err(Invalid::parameter(format!(
                    "Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. \
                     index hash key: {}, table hash key: {}",
                    index.key.hash.name, self.key.hash.name
                )));
            }
        }
        if let Some(name) =
            self.local_indexes.keys().find(|name| self.global_indexes.contains_key(name))
        {
            return Err(Invalid::parameter(format!("Duplicate index name: {name}")));
        }
        let included = self.indexes().map(|(_, index)| match &index.projection {
            Projection::Include(names) => names.len(),
            Projection::All | Projection::KeysOnly => 0,
        });
        if included.sum::<usize>() > INCLUDED_MAX {
            return Err(Invalid::parameter(format!(
                "Number of NonKeyAttributes exceeds per-table limit of {INCLUDED_MAX}"
            )));
        }
        Ok(())
    }

    /// Takes the key out of an item that is to be stored, and checks that it may be, in this table and its indexes.
    ///
    /// # Errors
    /// As of [`KeySchema::key_of`] and [`Item::check`], or if an attribute of an index's key has another type there, is
    /// empty, or is longer than a key may be.
    pub fn key_of(&self, item: &Item) -> Result<Key, Invalid> {
        let key = self.key.key_of(item)?;
        for (name, index) in self.indexes() {
            for attribute in index.key.attributes() {
                check_index_attribute(name, attribute, item)?;
            }
            if let Some(place) = index.key.place_of(item) {
                check_lengths(&place)?;
            }
        }
        item.check()?;
        Ok(key)
    }
}

/// Checks what an item has of a key attribute of an index.
fn check_index_attribute(
    index: &IndexName,
    attribute: &KeyAttribute,
    item: &Item,
) -> Result<(), Invalid> {
    let Some(value) = item.get(&attribute.name) else { return Ok(()) };
    let Some(value_of_key) = attribute.kind.take(value) else {
        return Err(Invalid::parameter(format!(
            "Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {index}",
            attribute.name,
            attribute.kind.name(),
            value.type_name()
        )));
    };
    if value_of_key.is_empty() {
        return Err(Invalid::new(format!(
            "One or more parameter values are not valid. A value specified for a secondary index key is not supported. \
             {} IndexName: {index}, IndexKey: {}",
            empty(attribute),
            attribute.name
        )));
    }
    Ok(())
}
