use std::collections::BTreeMap;

use jiff::Timestamp;
use lambent_tables::{Item, TableDefinition, Value};
use lambent_types::TableName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::lenient;

/// A table as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableView {
    /// Its name.
    #[schema(value_type = String)]
    pub name: TableName,
    /// What it is.
    #[serde(deserialize_with = "lenient::read")]
    pub definition: TableDefinition,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// Grows with every change of the definition.
    pub revision: u64,
    /// How many items it has.
    pub items: u64,
    /// How many bytes they have, as DynamoDB counts them.
    pub bytes: u64,
    /// What is in its indexes, by their names.
    #[serde(default)]
    pub indexes: BTreeMap<String, TableIndexView>,
    /// Whether it is being made of a back-up: its items can be read and written when all are there.
    #[serde(default)]
    pub restoring: bool,
}

/// What is in an index of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableIndexView {
    /// How many items are in it.
    pub items: u64,
    /// How many bytes the index takes.
    pub bytes: u64,
    /// Whether it is still being filled with what the table held when it was added; it cannot be
    /// read until then.
    pub filling: bool,
}

/// What is asked for by keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GetItems {
    /// The keys of the items, as DynamoDB writes items: `{"id": {"S": "7"}}`. At most 100.
    #[schema(value_type = Vec<Object>)]
    pub keys: Vec<Item>,
}

/// Items that were asked for by keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoundItems {
    /// The items in the order of the keys, null where there is none. They are fewer than the keys
    /// if they have more than 16 MiB: ask for the rest again.
    #[schema(value_type = Vec<Option<Object>>)]
    pub items: Vec<Option<Item>>,
}

/// What `#names` and `:values` in expressions stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Placeholders {
    /// The names, such as `{"#s": "status"}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<BTreeMap<String, String>>,
    /// The values, such as `{":id": {"S": "7"}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub values: Option<BTreeMap<String, Value>>,
}

/// Which items of a partition are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryItems {
    /// What the key must be: `id = :id AND at > :at`.
    pub key: String,
    /// The index to look into; the table if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Which of those items are answered: an expression. A page can have none of them and go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// What of each is answered: paths, separated by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<String>,
    /// What stands in these expressions.
    #[serde(default)]
    pub placeholders: Placeholders,
    /// Whether the last comes first.
    #[serde(default)]
    pub backward: bool,
    /// At most so many, before the filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<Item>,
}

/// Which items of all partitions are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanItems {
    /// The index to look into; the table if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Which items are answered: an expression. A page can have none of them and go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// What of each is answered: paths, separated by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<String>,
    /// What stands in these expressions.
    #[serde(default)]
    pub placeholders: Placeholders,
    /// Which segment, counted from 0, and of how many, for several who scan at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<(u32, u32)>,
    /// At most so many, before the filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<Item>,
}

/// A page of items: at most about 1 MiB of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Items {
    /// The items.
    #[schema(value_type = Vec<Object>)]
    pub items: Vec<Item>,
    /// Where to go on: `after` of the next page. Absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub next: Option<Item>,
}

/// Writes that are made all or not at all: at most 100, each of another item of a table of the
/// namespace, with together 4 MiB.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteItems {
    /// The writes.
    pub writes: Vec<ItemWrite>,
    /// The same writes with the same token are made once in ten minutes: 1 to 36 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// One write: give one of `put`, `update`, `delete` and `check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemWrite {
    /// The table.
    #[schema(value_type = String)]
    pub table: TableName,
    /// An item, which is written in the place of the one with its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub put: Option<Item>,
    /// The key of an item that is changed, or made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub update: Option<Item>,
    /// The key of an item that is deleted, if it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub delete: Option<Item>,
    /// The key of an item that the condition is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub check: Option<Item>,
    /// What an update does: `SET n = n + :one`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// What must hold of the item that is there: `attribute_not_exists(id)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What stands in these expressions.
    #[serde(default)]
    pub placeholders: Placeholders,
    /// Whether to answer the items that were and are there.
    #[serde(default)]
    pub returns: bool,
}

/// What writes did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WrittenItems {
    /// What each write did, in their order; none if all were made before, with the same token.
    pub writes: Vec<WrittenItem>,
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WrittenItem {
    /// The item that was there, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub old: Option<Item>,
    /// The item that is there, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub new: Option<Item>,
}
