//! From the condition of a statement to the keys of the items that it is about.

use crate::error::Invalid;
use crate::expression::{Comparator, Condition, KeyCondition, KeyConditions, Operand, Path};
use crate::item::Item;
use crate::key_schema::{KeyAttribute, KeySchema};
use crate::value::Value;

/// Most partitions that a statement is about; each is looked into for itself.
const PARTITIONS_MAX: usize = 50;

/// How the items are found that a statement is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The partitions that are looked into one after the other, and the range in each. All items are looked at if it is
    /// absent.
    pub keys: Option<Vec<KeyCondition>>,
    /// Whether the last of a partition comes first.
    pub backward: bool,
    /// What must hold of an item that is found so.
    pub filter: Option<Condition>,
}

/// One item that a statement is about.
#[derive(Debug, Clone, PartialEq)]
pub struct OneItem {
    /// Its key.
    pub key: Item,
    /// What must hold of it beside its key.
    pub condition: Option<Condition>,
}

impl OneItem {
    pub(crate) fn of(condition: Option<&Condition>, schema: &KeySchema) -> Result<Self, Invalid> {
        let mut parts = parts(condition);
        let mut key = Item::new();
        for attribute in schema.attributes() {
            let place = parts.iter().position(|part| equality(part, attribute).is_some());
            let value = place.and_then(|place| equality(parts.remove(place), attribute).cloned());
            let value = value.ok_or_else(|| {
                Invalid::new(
                    "Where clause does not contain a mandatory equality on all key attributes",
                )
            })?;
            key.insert(attribute.name.clone(), value);
        }
        schema.key_from(&key)?;
        Ok(Self { key, condition: all(parts) })
    }
}

impl Found {
    pub(crate) fn by(condition: Option<&Condition>, schema: &KeySchema) -> Result<Self, Invalid> {
        let mut parts = parts(condition);
        let place = parts.iter().position(|part| partitions(part, &schema.hash).is_some());
        let hashes = place.and_then(|place| partitions(parts.remove(place), &schema.hash));
        let Some(hashes) = hashes else {
            return Ok(Self { keys: None, backward: false, filter: condition.cloned() });
        };
        if hashes.len() > PARTITIONS_MAX {
            return Err(Invalid::new(format!(
                "the statement is about {} partitions; the most is {PARTITIONS_MAX}",
                hashes.len()
            )));
        }
        let range = schema.range.as_ref();
        let range = range
            .and_then(|range| parts.iter().position(|part| is_range(part, range)))
            .map(|place| parts.remove(place));
        let keys = hashes.into_iter().map(|hash| {
            let hash = Operand::Value(hash.clone());
            let path = Operand::Path(Path::of_attribute(&schema.hash.name));
            let mut all = vec![Condition::Compare(path, Comparator::Equal, hash)];
            all.extend(range.cloned());
            KeyConditions::of(&Condition::All(all))?.resolve(schema)
        });
        let mut found: Vec<KeyCondition> = Vec::new();
        for key in keys {
            let key = key?;
            // A value that is there twice finds its items once.
            if !found.contains(&key) {
                found.push(key);
            }
        }
        Ok(Self { keys: Some(found), backward: false, filter: all(parts) })
    }

    /// Puts what is found in an order, which a partition has by its range key and partitions have by their hash key.
    pub(crate) fn order(
        &mut self,
        order: &[(String, bool)],
        schema: &KeySchema,
        has_condition: bool,
    ) -> Result<(), Invalid> {
        if order.is_empty() {
            return Ok(());
        }
        if !has_condition {
            return Err(Invalid::new(
                "Must have WHERE clause in the statement when using ORDER BY clause.",
            ));
        }
        let Some(keys) = &mut self.keys else {
            return Err(Invalid::new(
                "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
            ));
        };
        for (place, (name, descending)) in order.iter().enumerate() {
            let is_range = schema.range.as_ref().is_some_and(|range| range.name == *name);
            if *name == schema.hash.name {
                keys.sort_by(|one, two| one.hash.cmp(&two.hash));
                if *descending {
                    keys.reverse();
                }
            } else if !is_range {
                return Err(Invalid::new(format!(
                    "Variable reference {name} in ORDER BY clause must be part of the primary key"
                )));
            } else if place == 0 && keys.len() > 1 {
                return Err(Invalid::new(
                    "items of several partitions are ordered by the hash key first; say so in ORDER BY",
                ));
            } else {
                self.backward = *descending;
            }
        }
        Ok(())
    }
}

/// The conditions that all must hold.
fn parts(condition: Option<&Condition>) -> Vec<&Condition> {
    match condition {
        None => Vec::new(),
        Some(Condition::All(all)) => all.iter().flat_map(|one| parts(Some(one))).collect(),
        Some(one) => vec![one],
    }
}

fn all(parts: Vec<&Condition>) -> Option<Condition> {
    let mut parts: Vec<Condition> = parts.into_iter().cloned().collect();
    if parts.len() > 1 { Some(Condition::All(parts)) } else { parts.pop() }
}

fn is(operand: &Operand, attribute: &KeyAttribute) -> bool {
    matches!(operand, Operand::Path(path) if !path.is_nested() && path.attribute() == attribute.name)
}

/// The value that an attribute is to be equal to, if a condition says that.
fn equality<'a>(condition: &'a Condition, attribute: &KeyAttribute) -> Option<&'a Value> {
    let Condition::Compare(left, Comparator::Equal, right) = condition else { return None };
    if is(left, attribute) {
        right.literal()
    } else if is(right, attribute) {
        left.literal()
    } else {
        None
    }
}

/// The values of which an attribute has one, if a condition says that.
fn partitions<'a>(condition: &'a Condition, hash: &KeyAttribute) -> Option<Vec<&'a Value>> {
    match condition {
        Condition::In(operand, list) if is(operand, hash) => {
            list.iter().map(Operand::literal).collect()
        }
        other => equality(other, hash).map(|value| vec![value]),
    }
}

/// Whether a condition says in which range an attribute is.
fn is_range(condition: &Condition, range: &KeyAttribute) -> bool {
    let literal = |operand: &Operand| operand.literal().is_some();
    match condition {
        Condition::Compare(_, Comparator::NotEqual, _) => false,
        Condition::Compare(left, _, right) => {
            (is(left, range) && literal(right)) || (literal(left) && is(right, range))
        }
        Condition::Between(tested, low, high) => is(tested, range) && literal(low) && literal(high),
        Condition::BeginsWith(tested, prefix) => is(tested, range) && literal(prefix),
        _ => false,
    }
}
