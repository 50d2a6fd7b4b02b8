use std::collections::{BTreeMap, BTreeSet};

use lambent_api::tables::{Index, IndexName, KeySchema, Projection, TableDefinition};
use lambent_types::TableName;
use serde::Deserialize;
use utoipa::ToSchema;

use super::context::Context;
use super::entry::Entry;
use super::fault::Fault;
use super::kind::Kind;
use crate::table_text::{AttributeText, ViewText};

/// A table of items, as DynamoDB has them. Its key and its local indexes never change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Table {
    /// The attribute that says which partition an item is in: a name, or one with a type, which
    /// is S for texts, N for numbers or B for bytes, as in `id:N`.
    hash: String,
    /// The attribute that items of a partition are ordered by.
    range: Option<String>,
    /// Indexes by other attributes, by their names.
    #[serde(default)]
    indexes: BTreeMap<String, TableIndex>,
    /// Indexes by another range and the hash of the table, by their names.
    #[serde(default)]
    local_indexes: BTreeMap<String, LocalIndex>,
    /// The attribute that says when an item is deleted, in seconds since 1970.
    time_to_live: Option<String>,
    /// What is kept of each change of an item in the table's stream: keys-only, new-image,
    /// old-image or new-and-old-images. There is none if this is absent.
    stream: Option<String>,
    /// Whether the table cannot be deleted.
    #[serde(default)]
    deletion_protection: bool,
}

/// An index of a table.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TableIndex {
    /// The attribute that says which partition of the index an item is in.
    hash: String,
    /// The attribute that items of a partition are ordered by.
    range: Option<String>,
    /// Which attributes are in it beside those of the keys; all, if this is absent.
    include: Option<BTreeSet<String>>,
}

/// A local index of a table.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LocalIndex {
    /// The attribute that items of a partition are ordered by.
    range: String,
    /// Which attributes are in it beside those of the keys; all, if this is absent.
    include: Option<BTreeSet<String>>,
}

fn key(hash: &str, range: Option<&str>) -> Result<KeySchema, Fault> {
    let hash = hash.parse::<AttributeText>()?.0;
    let range = range.map(str::parse::<AttributeText>).transpose()?;
    Ok(KeySchema { hash, range: range.map(|range| range.0) })
}

fn index(
    name: &str,
    key: KeySchema,
    include: Option<&BTreeSet<String>>,
) -> Result<(IndexName, Index), Fault> {
    let projection = match include {
        None => Projection::All,
        Some(none) if none.is_empty() => Projection::KeysOnly,
        Some(names) => Projection::Include(names.clone()),
    };
    let name = name.parse().map_err(|error| format!("{error}"))?;
    Ok((name, Index { key, projection }))
}

impl Entry for Table {
    const KIND: Kind = Kind::Table;
    type Name = TableName;
    type Spec = TableDefinition;

    fn spec(&self, _: &TableName, _: &Context) -> Result<TableDefinition, Fault> {
        let global = self.indexes.iter().map(|(name, one)| {
            index(name, key(&one.hash, one.range.as_deref())?, one.include.as_ref())
        });
        let local = self.local_indexes.iter().map(|(name, one)| {
            index(name, key(&self.hash, Some(&one.range))?, one.include.as_ref())
        });
        let stream = self.stream.as_deref().map(str::parse::<ViewText>).transpose()?;
        let definition = TableDefinition {
            global_indexes: global.collect::<Result<_, _>>()?,
            local_indexes: local.collect::<Result<_, Fault>>()?,
            time_to_live: self.time_to_live.clone(),
            stream: stream.map(|stream| stream.0),
            deletion_protection: self.deletion_protection,
            ..TableDefinition::new(key(&self.hash, self.range.as_deref())?)
        };
        definition.check().map_err(|error| error.message().to_owned())?;
        Ok(definition)
    }
}
