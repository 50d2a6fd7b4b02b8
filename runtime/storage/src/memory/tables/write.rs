//! What writes make of tables in memory.

use std::collections::{BTreeMap, BTreeSet};

use lambent_tables::Item;
use lambent_types::TableName;

use super::held::Held;
use super::streams::ChangedItem;
use crate::tables::rules::{self, Outcome};
use crate::tables::{TableError, TableWrite, Written, keys};

/// Makes writes on copies of tables. Returns also what became of the items.
pub(super) fn write_all(
    tables: &mut BTreeMap<TableName, Held>,
    writes: &[TableWrite],
) -> Result<(Vec<Written>, Vec<ChangedItem>), TableError> {
    let (mut seen, mut decided) = (BTreeSet::new(), Vec::new());
    for write in writes {
        let held = &tables[&write.table];
        let definition = &held.table.definition;
        let key = rules::key_of(definition, &write.action)?;
        let place = keys::bytes(&key);
        if !seen.insert((write.table.clone(), place.clone())) {
            return Err(rules::twice());
        }
        let current = held.items.get(&place);
        decided.push((rules::decide(write, (definition, &key), current), place));
    }
    if decided.iter().any(|(outcome, _)| outcome.is_err()) {
        let refusals = decided.into_iter().map(|(outcome, _)| outcome.err());
        return Err(TableError::Refused(refusals.collect()));
    }
    let (mut written, mut changed) = (Vec::new(), Vec::new());
    for (write, (outcome, key)) in writes.iter().zip(decided) {
        let Some(held) = tables.get_mut(&write.table) else { continue };
        let old = held.items.get(&key).cloned();
        match outcome {
            Ok(Outcome::Becomes(new)) => drop(held.items.insert(key.clone(), new)),
            Ok(Outcome::Goes) => drop(held.items.remove(&key)),
            Ok(Outcome::Stays) | Err(_) => {}
        }
        let new = held.items.get(&key).cloned();
        let bytes = old.iter().chain(&new).map(|item| item.size() as u64).max();
        changed.push((write.table.clone(), old.clone(), new.clone()));
        let asked = |item: Option<Item>| item.filter(|_| write.returns);
        written.push(Written {
            old: asked(old),
            new: asked(new),
            bytes: bytes.unwrap_or_default(),
        });
    }
    Ok((written, changed))
}
