use std::fmt::{self, Display, Formatter};

use crate::error::Invalid;
use crate::item::Item;
use crate::value::Value;

/// A path in an item, as `orders[2].lines`: the name of an attribute, then names in maps and positions in lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    attribute: String,
    steps: Vec<Step>,
}

/// A step from a map or list to what is in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The value with a name, in a map.
    Name(String),
    /// The value at a position from 0, in a list.
    Index(usize),
}

impl Path {
    /// Makes the path of an attribute.
    #[must_use]
    pub fn of_attribute(name: impl Into<String>) -> Self {
        Self { attribute: name.into(), steps: Vec::new() }
    }

    /// Makes the path of an attribute and the steps in it.
    #[must_use]
    pub fn new(attribute: String, steps: Vec<Step>) -> Self {
        Self { attribute, steps }
    }

    /// The name of the attribute that it begins with.
    #[must_use]
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// The steps in it.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether it leads into an attribute, and is not one.
    #[must_use]
    pub fn is_nested(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Finds what it leads to.
    #[must_use]
    pub fn get<'a>(&self, item: &'a Item) -> Option<&'a Value> {
        let mut value = item.get(&self.attribute)?;
        for step in &self.steps {
            value = match (step, value) {
                (Step::Name(name), Value::M(map)) => map.get(name)?,
                (Step::Index(index), Value::L(list)) => list.get(*index)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// Checks that what it leads to is there or can be put there: that the map or list which it ends in exists.
    ///
    /// # Errors
    /// If it does not, as DynamoDB says it of an update.
    pub(crate) fn check_parent(&self, item: &Item) -> Result<(), Invalid> {
        let Some((last, before)) = self.steps.split_last() else { return Ok(()) };
        let parent = Self::new(self.attribute.clone(), before.to_vec());
        match (last, parent.get(item)) {
            (Step::Name(_), Some(Value::M(_))) | (Step::Index(_), Some(Value::L(_))) => Ok(()),
            _ => Err(Invalid::new(
                "The document path provided in the update expression is invalid for update",
            )),
        }
    }

    /// Puts a value where it leads, if [`Path::check_parent`] found that this can be; behind the end of a list it is
    /// added to it.
    pub(crate) fn set(&self, item: &mut Item, value: Value) {
        let Some((last, before)) = self.steps.split_last() else {
            item.insert(self.attribute.clone(), value);
            return;
        };
        match (last, self.walk(item, before)) {
            (Step::Name(name), Some(Value::M(map))) => {
                map.insert(name.clone(), value);
            }
            (Step::Index(index), Some(Value::L(list))) => match list.get_mut(*index) {
                Some(element) => *element = value,
                None => list.push(value),
            },
            _ => {}
        }
    }

    /// Removes what it leads to, if there is something.
    pub(crate) fn remove(&self, item: &mut Item) {
        let Some((last, before)) = self.steps.split_last() else {
            item.remove(&self.attribute);
            return;
        };
        match (last, self.walk(item, before)) {
            (Step::Name(name), Some(Value::M(map))) => {
                map.remove(name);
            }
            (Step::Index(index), Some(Value::L(list))) if *index < list.len() => {
                list.remove(*index);
            }
            _ => {}
        }
    }

    /// Finds what the first steps lead to.
    fn walk<'a>(&self, item: &'a mut Item, steps: &[Step]) -> Option<&'a mut Value> {
        let mut value = item.get_mut(&self.attribute)?;
        for step in steps {
            value = match (step, value) {
                (Step::Name(name), Value::M(map)) => map.get_mut(name)?,
                (Step::Index(index), Value::L(list)) => list.get_mut(*index)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// Why two paths cannot be in one update or projection: one is the other or leads into it, or one takes for a list
    /// what the other takes for a map.
    pub(crate) fn clash(&self, other: &Self) -> Option<Clash> {
        if self.attribute != other.attribute {
            return None;
        }
        for (one, two) in self.steps.iter().zip(&other.steps) {
            match (one, two) {
                (Step::Name(_), Step::Index(_)) | (Step::Index(_), Step::Name(_)) => {
                    return Some(Clash::Conflict);
                }
                (one, two) if one != two => return None,
                _ => {}
            }
        }
        Some(Clash::Overlap)
    }

    /// Checks that no two of some paths clash. What is said of the first that overlap comes before what is said of the
    /// first that conflict.
    ///
    /// # Errors
    /// With what DynamoDB says of the two.
    pub(crate) fn check_distinct(paths: &[&Self]) -> Result<(), Invalid> {
        let mut conflict = None;
        for (index, path) in paths.iter().enumerate() {
            for earlier in &paths[..index] {
                let Some(clash) = earlier.clash(path) else { continue };
                let does = if clash == Clash::Overlap { "overlap" } else { "conflict" };
                let message = Invalid::new(format!(
                    "Two document paths {does} with each other; must remove or rewrite one of these paths; path one: \
                     {earlier}, path two: {path}"
                ));
                if clash == Clash::Overlap {
                    return Err(message);
                }
                conflict = conflict.or(Some(message));
            }
        }
        conflict.map_or(Ok(()), Err)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clash {
    Overlap,
    Conflict,
}

/// As DynamoDB shows paths: `[orders, [2], lines]`.
impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.attribute)?;
        for step in &self.steps {
            match step {
                Step::Name(name) => write!(f, ", {name}")?,
                Step::Index(index) => write!(f, ", [{index}]")?,
            }
        }
        f.write_str("]")
    }
}
