//! Where a query or a scan goes on.

use std::collections::BTreeSet;

use lambent_tables::expression::KeyCondition;
use lambent_tables::{Given, Item, KeySchema, TableDefinition};

use super::error::validation;
use crate::fault::Fault;

/// What is said of a key that is none to go on from.
const INVALID: &str = "The provided starting key is invalid";

/// Reads it. Of what is wrong with its values, DynamoDB says with some that it is about this key.
pub(super) fn read(given: Option<Given<Item>>) -> Result<Option<Item>, Fault> {
    const ALONE: [&str; 5] = [
        "contains duplicates",
        "number set",
        "numeric value",
        "significant digits",
        "number with magnitude",
    ];
    let read = given.map(Given::read).transpose();
    read.map_err(|error| {
        let fault = Fault::from(error);
        let alone = ALONE.iter().any(|text| fault.message.contains(text));
        if alone || !fault.code.contains("Validation") {
            return fault;
        }
        validation(format!("{INVALID}: {}", fault.message))
    })
}

/// Checks that it is the key of a place in the table, or in the index with a key of its own. A scan of the table has no
/// other key, and says so of all that is wrong.
pub(super) fn check(
    table: &TableDefinition,
    place: Option<&KeySchema>,
    start: Option<&Item>,
) -> Result<(), Fault> {
    let Some(start) = start else { return Ok(()) };
    let own = place.into_iter().flat_map(KeySchema::attributes);
    let names: BTreeSet<_> =
        table.key.attributes().chain(own).map(|one| one.name.as_str()).collect();
    if start.len() != names.len() && place.is_some() {
        return Err(validation(INVALID));
    }
    for attribute in place.into_iter().flat_map(KeySchema::attributes) {
        if !start.contains_key(&attribute.name) {
            return Err(validation(INVALID));
        }
        part(&KeySchema { hash: attribute.clone(), range: None }, start)?;
    }
    let of_table = if start.len() == names.len() {
        part(&table.key, start)
    } else {
        table.key.key_from(start).map(drop).map_err(Fault::from)
    };
    of_table.map_err(|fault| validation(format!("{INVALID}: {}", fault.message)))
}

/// Checks the part of it that is a key of this schema.
fn part(schema: &KeySchema, start: &Item) -> Result<(), Fault> {
    let known = start.iter().filter(|(name, _)| schema.has(name));
    let key: Item = known.map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok(schema.key_from(&key).map(drop)?)
}

/// Checks that it is in what a query is about.
pub(super) fn check_within(
    place: &KeySchema,
    condition: &KeyCondition,
    has_range: bool,
    start: Option<&Item>,
) -> Result<(), Fault> {
    let Some(key) = start.and_then(|start| place.place_of(start)) else { return Ok(()) };
    if has_range && !condition.in_range(&key) {
        return Err(validation("The provided starting key does not match the range key predicate"));
    }
    if key.hash == condition.hash {
        return Ok(());
    }
    Err(validation(if has_range {
        "The query can return at most one row and cannot be restarted"
    } else {
        "The provided starting key is outside query boundaries based on provided conditions"
    }))
}
