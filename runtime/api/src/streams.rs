use std::time::Duration;

use jiff::Timestamp;
use lambent_tables::{Item, ItemChange, KeySchema, StreamSequence, StreamView};
use lambent_types::TableName;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::query;

/// A stream of a table: the changes of its items since it was turned on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableStreamView {
    /// The table.
    #[schema(value_type = String)]
    pub table: TableName,
    /// Tells it from others that the table had or will have: when it was turned on.
    pub label: String,
    /// What it keeps of each change.
    pub view: StreamView,
    /// What the items are found by.
    pub key: KeySchema,
    /// Whether changes come still.
    pub enabled: bool,
    /// When it was turned on.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// The first record that can still be read, or else the next to come.
    #[schema(value_type = String)]
    pub oldest: StreamSequence,
    /// The record that comes next.
    #[schema(value_type = String)]
    pub next: StreamSequence,
}

/// Which stream of a table is described.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct DescribeStream {
    /// The stream with this label; the last of the table if absent
    pub label: Option<String>,
}

/// Which records of a stream are read. Without `from`: the oldest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ReadStream {
    /// Of the stream with this label; of the last of the table if absent
    pub label: Option<String>,
    /// From the record of this sequence number on, that one included
    #[serde(serialize_with = "query::write_text", deserialize_with = "sequence")]
    #[param(value_type = Option<String>)]
    pub from: Option<StreamSequence>,
    /// At most this many: 1 to 1,000; 100 if absent
    #[serde(deserialize_with = "query::limit::<_, 1000>")]
    #[param(value_type = Option<u32>)]
    pub limit: Option<usize>,
    /// If there is nothing, wait this long for something: at most `50s`
    #[serde(serialize_with = "query::write_duration", deserialize_with = "query::wait::<_, 50>")]
    #[param(value_type = Option<String>)]
    pub wait: Option<Duration>,
}

fn sequence<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<StreamSequence>, D::Error> {
    query::parsed(deserializer, "a sequence number of 21 digits", |text| text.parse().ok())
}

/// Records of a stream, in their order: at most about 1 MiB of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamRecords {
    /// The label of the stream that they are of.
    pub label: String,
    /// The records.
    pub records: Vec<StreamRecordView>,
    /// Where to go on (`from`): nothing is missed in between.
    #[schema(value_type = String)]
    pub next: StreamSequence,
    /// Whether the stream has ended, and nothing will follow.
    pub closed: bool,
}

/// A change of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamRecordView {
    /// Where it is in the stream.
    #[schema(value_type = String)]
    pub sequence: StreamSequence,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What it was.
    pub change: ItemChange,
    /// Whether the item was deleted because its time to live was over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expired: bool,
    /// The key of the item.
    #[schema(value_type = Object)]
    pub key: Item,
    /// The item before the change, if there was one and the stream keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub old: Option<Item>,
    /// The item after the change, if there is one and the stream keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub new: Option<Item>,
}
