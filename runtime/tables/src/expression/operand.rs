use std::borrow::Cow;

use super::path::Path;
use crate::item::Item;
use crate::number::Number;
use crate::value::Value;

/// What a condition compares.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// What a path leads to.
    Path(Path),
    /// A value.
    Value(Value),
    /// The size of something: the bytes of a text or of bytes, the elements of anything else. Numbers, truth and nothing
    /// have none.
    Size(Box<Self>),
}

impl Operand {
    /// Finds the value that it is, if it is one.
    pub(crate) fn value<'a>(&'a self, item: &'a Item) -> Option<Cow<'a, Value>> {
        match self {
            Self::Path(path) => path.get(item).map(Cow::Borrowed),
            Self::Value(value) => Some(Cow::Borrowed(value)),
            Self::Size(of) => size(of.value(item)?.as_ref()).map(Cow::Owned),
        }
    }

    /// What a value in the expression is.
    pub(crate) fn literal(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Path(_) | Self::Size(_) => None,
        }
    }

    /// The paths in it.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Size(of) => of.path(),
            Self::Value(_) => None,
        }
    }
}

fn size(value: &Value) -> Option<Value> {
    let size = match value {
        Value::S(text) => text.len(),
        Value::B(bytes) => bytes.len(),
        Value::L(list) => list.len(),
        Value::M(map) => map.len(),
        Value::Ss(set) => set.len(),
        Value::Ns(set) => set.len(),
        Value::Bs(set) => set.len(),
        Value::N(_) | Value::Bool(_) | Value::Null => return None,
    };
    Some(Value::N(Number::from(size as u64)))
}
