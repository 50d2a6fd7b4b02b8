use jiff::Timestamp;
use lambent_tables::{IndexName, TableDefinition};
use lambent_types::TableName;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{lenient, query};

/// A back-up of a table: what it was at one moment, with all its items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableBackupView {
    /// Tells it from all others of its namespace.
    pub id: String,
    /// What it is called; several may be called the same.
    pub name: String,
    /// The table, which may be gone.
    #[schema(value_type = String)]
    pub table: TableName,
    /// What the table was.
    #[serde(deserialize_with = "lenient::read")]
    pub definition: TableDefinition,
    /// The moment whose items it has.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// How many items it has.
    pub items: u64,
    /// How many bytes they have, as DynamoDB counts them.
    pub bytes: u64,
    /// Whether all items are copied; it cannot be restored before.
    pub whole: bool,
}

/// Back-ups of tables, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableBackups {
    /// The back-ups.
    pub backups: Vec<TableBackupView>,
    /// Where the next page begins (`after`); `null` if this is the last.
    pub next: Option<String>,
}

/// Which back-ups are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListTableBackups {
    /// Only those of tables of this name
    #[param(value_type = Option<String>)]
    pub table: Option<TableName>,
    /// Only those that follow the one with this id
    pub after: Option<String>,
    /// At most this many: 1 to 1,000; 100 if absent
    #[serde(deserialize_with = "query::limit::<_, 1000>")]
    #[param(value_type = Option<u32>)]
    pub limit: Option<usize>,
}

/// A back-up that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackUpTable {
    /// What to call it: 3 to 255 characters of `a-z`, `A-Z`, `0-9`, `_`, `.` and `-`, as in DynamoDB.
    pub name: String,
}

/// A table that is to be made of a back-up: with its key and its items, and without what is of a
/// table that runs, which are its stream, its time to live, its tags and its protection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreTable {
    /// The name of the table, which must not be there yet.
    #[schema(value_type = String)]
    pub table: TableName,
    /// The indexes that it has of those that the table had; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub indexes: Option<Vec<IndexName>>,
}
