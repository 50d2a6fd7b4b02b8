use std::cmp::Ordering;

use super::operand::Operand;
use super::path::Path;
use crate::item::Item;
use crate::value::Value;

/// A condition on an item, as `ConditionExpression`, `FilterExpression` and the older parameters say it.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// One of these holds.
    Any(Vec<Self>),
    /// Each of these holds.
    All(Vec<Self>),
    /// This does not hold.
    Not(Box<Self>),
    /// Two values are in an order. Of values of two types, and of what is not there, nothing holds but `<>`.
    Compare(Operand, Comparator, Operand),
    /// The first is not below the second and not above the third, and all are of one type.
    Between(Operand, Operand, Operand),
    /// The first is one of the others.
    In(Operand, Vec<Operand>),
    /// There is something.
    Exists(Path),
    /// There is nothing.
    NotExists(Path),
    /// What is there is of the type that DynamoDB calls so.
    Type(Operand, String),
    /// Both are texts or both are bytes, and the first begins with the second.
    BeginsWith(Operand, Operand),
    /// The first is a text or bytes in which the second is, or a set or list of which it is an element.
    Contains(Operand, Operand),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// `=`, of values of every type; sets are equal whatever their order.
    Equal,
    /// `<>`, the opposite of `=`.
    NotEqual,
    /// `<`, of texts, numbers and bytes, as all that follow.
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparator {
    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    pub(crate) fn of(sign: &str) -> Option<Self> {
        use Comparator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        let all = [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
        all.into_iter().find(|one| one.sign() == sign)
    }

    /// Whether it holds of two values in this order.
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Condition {
    /// Whether it holds of an item, or of there being none.
    #[must_use]
    pub fn holds(&self, item: Option<&Item>) -> bool {
        match item {
            Some(item) => self.holds_of(item),
            None => self.holds_of(&Item::new()),
        }
    }

    fn holds_of(&self, item: &Item) -> bool {
        match self {
            Self::Any(all) => all.iter().any(|one| one.holds_of(item)),
            Self::All(all) => all.iter().all(|one| one.holds_of(item)),
            Self::Not(other) => !other.holds_of(item),
            Self::Compare(left, Comparator::Equal, right) => equal(left, right, item),
            Self::Compare(left, Comparator::NotEqual, right) => !equal(left, right, item),
            Self::Compare(left, comparator, right) => {
                order(left, right, item).is_some_and(|order| comparator.holds(order))
            }
            Self::Between(value, low, high) => {
                order(value, low, item).is_some_and(Ordering::is_ge)
                    && order(value, high, item).is_some_and(Ordering::is_le)
            }
            Self::In(value, list) => list.iter().any(|one| equal(value, one, item)),
            Self::Exists(path) => path.get(item).is_some(),
            Self::NotExists(path) => path.get(item).is_none(),
            Self::Type(value, name) => {
                value.value(item).is_some_and(|value| value.type_name() == name)
            }
            Self::BeginsWith(value, prefix) => {
                match (value.value(item).as_deref(), prefix.value(item).as_deref()) {
                    (Some(Value::S(text)), Some(Value::S(prefix))) => text.starts_with(prefix),
                    (Some(Value::B(bytes)), Some(Value::B(prefix))) => bytes.starts_with(prefix),
                    _ => false,
                }
            }
            Self::Contains(value, part) => {
                match (value.value(item).as_deref(), part.value(item).as_deref()) {
                    (Some(value), Some(part)) => contains(value, part),
                    _ => false,
                }
            }
        }
    }

    /// Goes through every path in it, from left to right.
    pub fn each_path<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        match self {
            Self::Any(all) | Self::All(all) => all.iter().for_each(|one| one.each_path(visit)),
            Self::Not(other) => other.each_path(visit),
            Self::Exists(path) | Self::NotExists(path) => visit(path),
            _ => self.operands().into_iter().filter_map(Operand::path).for_each(visit),
        }
    }

    /// What it compares, of a condition that is made of no others.
    fn operands(&self) -> Vec<&Operand> {
        match self {
            Self::Compare(one, _, two) | Self::BeginsWith(one, two) | Self::Contains(one, two) => {
                vec![one, two]
            }
            Self::Between(one, two, three) => vec![one, two, three],
            Self::Type(one, _) => vec![one],
            Self::In(one, list) => std::iter::once(one).chain(list).collect(),
            _ => Vec::new(),
        }
    }
}

fn equal(left: &Operand, right: &Operand, item: &Item) -> bool {
    match (left.value(item), right.value(item)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

fn order(left: &Operand, right: &Operand, item: &Item) -> Option<Ordering> {
    ordered(&*left.value(item)?, &*right.value(item)?)
}

/// The order of two values, if they are of one type that has an order.
pub(crate) fn ordered(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::S(left), Value::S(right)) => Some(left.cmp(right)),
        (Value::N(left), Value::N(right)) => Some(left.cmp(right)),
        (Value::B(left), Value::B(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn contains(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::S(text), Value::S(part)) => text.contains(part.as_str()),
        (Value::B(bytes), Value::B(part)) => memchr::memmem::find(bytes, part).is_some(),
        (Value::Ss(set), Value::S(part)) => set.contains(part),
        (Value::Ns(set), Value::N(part)) => set.contains(part),
        (Value::Bs(set), Value::B(part)) => set.contains(part),
        (Value::L(list), part) => list.contains(part),
        _ => false,
    }
}
