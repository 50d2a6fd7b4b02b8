//! Attributes of keys are texts, numbers or bytes, and nothing is in them.

use super::path::Path;
use crate::error::Invalid;
use crate::table::TableDefinition;

/// Checks that no path leads into an attribute of the key of a table or of one of its indexes.
///
/// # Errors
/// Naming the first that one does.
pub fn check<'a>(
    table: &TableDefinition,
    paths: impl Iterator<Item = &'a Path>,
) -> Result<(), Invalid> {
    let nested: Vec<_> = paths.filter(|path| path.is_nested()).map(Path::attribute).collect();
    let refuse = |what: &str, name: &str| {
        Err(Invalid::new(format!(
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {what}: {name}"
        )))
    };
    if let Some(found) = table.key.attributes().find(|one| nested.contains(&one.name.as_str())) {
        return refuse("Key", &found.name);
    }
    let of_indexes = table.indexes().flat_map(|(_, index)| index.key.attributes());
    if let Some(found) = of_indexes.into_iter().find(|one| nested.contains(&one.name.as_str())) {
        return refuse("IndexKey", &found.name);
    }
    Ok(())
}
