use super::path::Path;
use super::projection::Projection;
use super::scalars;
use crate::error::Invalid;
use crate::item::{ITEM_BYTES_MAX, Item};
use crate::number::Number;
use crate::table::TableDefinition;
use crate::value::{NESTING_MAX, Value, too_deep};

/// What is changed of an item, as `UpdateExpression` and the older `AttributeUpdates` say it.
///
/// Everything is read from the item as it was before, whatever the order of the changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    actions: Vec<Action>,
    /// What is said if a value of the item has another type than a change needs.
    mismatch: &'static str,
}

/// A change of what a path leads to. No two of an update are of the same, or one of what is in the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    Set(Path, Source),
    Remove(Path),
    /// Adds to a number, to a set, or to the end of a list.
    Add(Path, Value),
    /// Takes elements out of a set.
    Delete(Path, Value),
}

/// Where a value that is set comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    Path(Path),
    Value(Value),
    IfNotExists(Path, Box<Self>),
    ListAppend(Box<Self>, Box<Self>),
    Plus(Box<Self>, Box<Self>),
    Minus(Box<Self>, Box<Self>),
}

impl Update {
    pub(crate) const MISMATCH: &'static str =
        "An operand in the update expression has an incorrect data type";
    pub(crate) const MISMATCH_OF_ATTRIBUTES: &'static str = "Type mismatch for attribute to update";

    /// Makes one that changes nothing, which still makes an item if there is none.
    #[must_use]
    pub fn nothing() -> Self {
        Self::new(Vec::new(), Self::MISMATCH)
    }

    pub(crate) fn new(actions: Vec<Action>, mismatch: &'static str) -> Self {
        Self { actions, mismatch }
    }

    /// What it changes, in the order in which it was said.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.actions.iter().map(Action::path)
    }

    /// What it changes, to be shown of the item before or after it.
    #[must_use]
    pub fn changed(&self) -> Projection {
        Projection::of_paths(self.paths())
    }

    /// Checks that it changes no attribute of the key of a table, and looks into no attribute of the key of an index.
    ///
    /// # Errors
    /// If it does.
    pub fn check(&self, table: &TableDefinition) -> Result<(), Invalid> {
        for attribute in table.key.attributes() {
            if self.paths().any(|path| path.attribute() == attribute.name) {
                return Err(Invalid::parameter(format!(
                    "Cannot update attribute {}. This attribute is part of the key",
                    attribute.name
                )));
            }
        }
        let mut read = Vec::new();
        for action in &self.actions {
            if let Action::Set(_, source) = action {
                source.each_path(&mut |path| read.push(path));
            }
        }
        scalars::check(table, self.paths().chain(read))
    }

    /// Makes the item that it leaves of one, or of the key if there was none.
    ///
    /// # Errors
    /// If a value is missing or of a type that it cannot have, if a path does not lead to where something can be, or if
    /// the item would be larger than one may be.
    pub fn apply(&self, item: &Item) -> Result<Item, Invalid> {
        let mut sets = Vec::new();
        let mut removals = Vec::new();
        // Every value is in the item at the end, so that it is too large as soon as they are.
        let mut bytes = 0;
        for action in &self.actions {
            let path = action.path();
            let value = self.evaluate(action, item)?;
            path.check_parent(item)?;
            match value {
                Some(value) => {
                    bytes += value.size();
                    check_bytes(bytes)?;
                    sets.push((path, value));
                }
                None if path.get(item).is_some() => removals.push(path),
                None => {}
            }
        }
        let mut updated = item.clone();
        // What is behind the end of a list is added in order; what is removed moves what follows, and is so from the end.
        sets.sort_by(|one, two| one.0.cmp(two.0));
        removals.sort_by(|one, two| two.cmp(one));
        for (path, value) in sets {
            path.set(&mut updated, value);
        }
        for path in removals {
            path.remove(&mut updated);
        }
        check_bytes(updated.size())?;
        if updated.values().any(|value| value.nesting() > NESTING_MAX) {
            return Err(too_deep());
        }
        Ok(updated)
    }

    /// Finds what is to be where an action leads: nothing, if it is removed.
    fn evaluate(&self, action: &Action, item: &Item) -> Result<Option<Value>, Invalid> {
        match action {
            Action::Set(_, source) => source.evaluate(item).map(Some),
            Action::Remove(_) => Ok(None),
            Action::Add(path, value) => match path.get(item) {
                None => Ok(Some(value.clone())),
                Some(found) => self.add(found, value).map(Some),
            },
            Action::Delete(path, value) => match path.get(item) {
                None => Ok(None),
                Some(found) => self.delete(found, value),
            },
        }
    }

    fn add(&self, found: &Value, value: &Value) -> Result<Value, Invalid> {
        Ok(match (found, value) {
            (Value::N(found), Value::N(value)) => Value::N(found.plus(*value)?),
            (Value::Ss(found), Value::Ss(value)) => Value::Ss(found | value),
            (Value::Ns(found), Value::Ns(value)) => Value::Ns(found | value),
            (Value::Bs(found), Value::Bs(value)) => Value::Bs(found | value),
            (Value::L(found), Value::L(value)) => Value::L([found.as_slice(), value].concat()),
            _ => return Err(Invalid::new(self.mismatch)),
        })
    }

    /// Finds what is left of a set; nothing, if that is no element.
    fn delete(&self, found: &Value, value: &Value) -> Result<Option<Value>, Invalid> {
        Ok(match (found, value) {
            (Value::Ss(found), Value::Ss(value)) => left(found - value, Value::Ss),
            (Value::Ns(found), Value::Ns(value)) => left(found - value, Value::Ns),
            (Value::Bs(found), Value::Bs(value)) => left(found - value, Value::Bs),
            _ => return Err(Invalid::new(self.mismatch)),
        })
    }
}

fn left<T>(
    set: std::collections::BTreeSet<T>,
    of: impl Fn(std::collections::BTreeSet<T>) -> Value,
) -> Option<Value> {
    if set.is_empty() { None } else { Some(of(set)) }
}

fn check_bytes(bytes: usize) -> Result<(), Invalid> {
    if bytes > ITEM_BYTES_MAX {
        return Err(Invalid::new("Item size to update has exceeded the maximum allowed size"));
    }
    Ok(())
}

impl Action {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Set(path, _)
            | Self::Remove(path)
            | Self::Add(path, _)
            | Self::Delete(path, _) => path,
        }
    }
}

impl Source {
    /// Goes through the paths in it, from left to right.
    fn each_path<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        match self {
            Self::Path(path) => visit(path),
            Self::Value(_) => {}
            Self::IfNotExists(path, other) => {
                visit(path);
                other.each_path(visit);
            }
            Self::ListAppend(one, two) | Self::Plus(one, two) | Self::Minus(one, two) => {
                one.each_path(visit);
                two.each_path(visit);
            }
        }
    }

    fn evaluate(&self, item: &Item) -> Result<Value, Invalid> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Path(path) => path.get(item).cloned().ok_or_else(|| {
                Invalid::new(
                    "The provided expression refers to an attribute that does not exist in the item",
                )
            }),
            Self::IfNotExists(path, other) => match path.get(item) {
                Some(found) => Ok(found.clone()),
                None => other.evaluate(item),
            },
            Self::ListAppend(first, second) => {
                match (first.evaluate(item)?, second.evaluate(item)?) {
                    (Value::L(mut list), Value::L(more)) => {
                        list.extend(more);
                        let list = Value::L(list);
                        check_bytes(list.size())?;
                        Ok(list)
                    }
                    _ => Err(Invalid::new(Update::MISMATCH)),
                }
            }
            Self::Plus(left, right) => {
                let sum = numbers(left, right, item)?;
                Ok(Value::N(sum.0.plus(sum.1)?))
            }
            Self::Minus(left, right) => {
                let difference = numbers(left, right, item)?;
                Ok(Value::N(difference.0.minus(difference.1)?))
            }
        }
    }
}

fn numbers(left: &Source, right: &Source, item: &Item) -> Result<(Number, Number), Invalid> {
    match (left.evaluate(item)?, right.evaluate(item)?) {
        (Value::N(left), Value::N(right)) => Ok((left, right)),
        _ => Err(Invalid::new(Update::MISMATCH)),
    }
}
