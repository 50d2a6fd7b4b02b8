use jiff::Timestamp;
use lambent_tables::{Invalid, TableDefinition};
use lambent_types::TableName;

use super::TableError;

/// Bounds of the name of a back-up, in bytes; DynamoDB's.
const NAME_BYTES_MIN: usize = 3;
const NAME_BYTES_MAX: usize = 255;

/// A back-up of a table: its definition and its items, all as they were at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableBackup {
    /// Tells it from all others of its namespace.
    pub id: String,
    /// What its owner calls it; several may be called the same.
    pub name: String,
    /// The name of the table.
    pub table: TableName,
    /// The id of the table, which tells it from others that had or will have its name.
    pub table_id: String,
    /// When the table was created.
    pub table_created: Timestamp,
    /// What the table was.
    pub definition: TableDefinition,
    /// The moment whose items it has, in whole milliseconds.
    pub created: Timestamp,
    /// How many items it has.
    pub items: u64,
    /// How many bytes they have, as DynamoDB counts them.
    pub bytes: u64,
    /// Whether all items are copied. It cannot be restored before.
    pub whole: bool,
}

/// A new id: when it was made, as DynamoDB begins it, and what makes it unlike any other.
#[must_use]
pub fn backup_id(now: Timestamp) -> String {
    let uuid = uuid::Uuid::now_v7().simple().to_string();
    // What it begins with is the time, and what it ends with is random.
    format!("{:014}-{}", now.as_millisecond(), &uuid[uuid.len() - 8..])
}

/// Checks the name of a back-up.
pub(crate) fn check_backup_name(name: &str) -> Result<(), TableError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if (NAME_BYTES_MIN..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(Invalid::new(format!(
        "the name of a back-up has {NAME_BYTES_MIN} to {NAME_BYTES_MAX} characters of a-z, A-Z, 0-9, _, . and -"
    ))
    .into())
}

/// Checks that a table of this definition can be restored from a back-up of the other.
///
/// # Errors
/// The keys differ, or an index is none that the table had.
pub fn check_restored(old: &TableDefinition, new: &TableDefinition) -> Result<(), Invalid> {
    if old.key != new.key {
        return Err(Invalid::new("a table is restored with the key that it had"));
    }
    for (name, index) in new.indexes() {
        if old.index(name.as_str()) != Some(index) {
            return Err(Invalid::new(format!(
                "index {name} is none that the table had at the time of the back-up"
            )));
        }
    }
    Ok(())
}
