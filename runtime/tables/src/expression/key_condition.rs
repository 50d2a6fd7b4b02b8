use std::collections::BTreeMap;
use std::ops::Bound;

use super::condition::{Comparator, Condition, ordered};
use super::operand::Operand;
use crate::error::Invalid;
use crate::key::{Key, KeyValue};
use crate::key_schema::{KeyAttribute, KeySchema, KeyType, check_lengths, empty};
use crate::value::Value;

/// What a query says of key attributes, before it is known which those of the table or index are.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyConditions(BTreeMap<String, KeyTest>);

/// What is said of one attribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum KeyTest {
    Compare(Comparator, Value),
    Between(Value, Value),
    BeginsWith(Value),
    /// Something that items are not found by.
    Other,
}

/// The items that a query is about: a partition, and a range in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCondition {
    /// The value of the hash key.
    pub hash: KeyValue,
    /// The least value of the range key, as [`KeyValue::to_bytes`] writes it.
    pub from: Bound<Vec<u8>>,
    /// The greatest.
    pub to: Bound<Vec<u8>>,
}

impl KeyCondition {
    /// Whether it is about the item with a key.
    #[must_use]
    pub fn holds(&self, key: &Key) -> bool {
        self.hash == key.hash && self.in_range(key)
    }

    /// Whether the range key is in the range.
    #[must_use]
    pub fn in_range(&self, key: &Key) -> bool {
        let bytes = key.range.as_ref().map(KeyValue::to_bytes).unwrap_or_default();
        let above = match &self.from {
            Bound::Unbounded => true,
            Bound::Included(from) => bytes >= *from,
            Bound::Excluded(from) => bytes > *from,
        };
        let below = match &self.to {
            Bound::Unbounded => true,
            Bound::Included(to) => bytes <= *to,
            Bound::Excluded(to) => bytes < *to,
        };
        above && below
    }
}

impl KeyConditions {
    /// Takes a condition as one of keys, as `KeyConditionExpression` is.
    ///
    /// # Errors
    /// If it is more than one comparison for each of one or two attributes with values.
    pub fn of(condition: &Condition) -> Result<Self, Invalid> {
        let mut conditions = Self(BTreeMap::new());
        conditions.add(condition)?;
        conditions.check()?;
        Ok(conditions)
    }

    pub(crate) fn of_tests(tests: BTreeMap<String, KeyTest>) -> Result<Self, Invalid> {
        let conditions = Self(tests);
        conditions.check()?;
        Ok(conditions)
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(1..=2).contains(&self.0.len()) {
            return Err(Invalid::new("Conditions can be of length 1 or 2 only"));
        }
        Ok(())
    }

    fn add(&mut self, condition: &Condition) -> Result<(), Invalid> {
        let invalid = |operator: &str| {
            Err(Invalid::new(format!(
                "Invalid operator used in KeyConditionExpression: {operator}"
            )))
        };
        match condition {
            Condition::All(all) => all.iter().try_for_each(|one| self.add(one)),
            Condition::Any(_) => invalid("OR"),
            Condition::Not(_) => invalid("NOT"),
            Condition::In(..) => invalid("IN"),
            Condition::Compare(_, Comparator::NotEqual, _) => invalid("<>"),
            Condition::Exists(_) => invalid("attribute_exists"),
            Condition::NotExists(_) => invalid("attribute_not_exists"),
            Condition::Type(..) => invalid("attribute_type"),
            Condition::Contains(..) => invalid("contains"),
            Condition::Between(operand, low, high) => {
                let name = Self::first("BETWEEN", &[operand, low, high])?;
                self.insert(name, KeyTest::Between(value(low)?, value(high)?))
            }
            Condition::BeginsWith(operand, prefix) => {
                let name = Self::first("begins_with", &[operand, prefix])?;
                self.insert(name, KeyTest::BeginsWith(value(prefix)?))
            }
            Condition::Compare(left, comparator, right) => {
                let name = attribute(&[left, right])?;
                let test = if matches!(left, Operand::Path(_)) {
                    KeyTest::Compare(*comparator, value(right)?)
                } else {
                    KeyTest::Compare(turned(*comparator), value(left)?)
                };
                self.insert(name, test)
            }
        }
    }

    /// The attribute that an operator is about whose first operand it must be.
    fn first<'a>(operator: &str, operands: &[&'a Operand]) -> Result<&'a str, Invalid> {
        if !matches!(operands, [Operand::Path(_), ..]) {
            return Err(condition_error(&format!(
                "{operator} operator must have the key attribute as its first operand"
            )));
        }
        attribute(operands)
    }

    fn insert(&mut self, name: &str, test: KeyTest) -> Result<(), Invalid> {
        if self.0.insert(name.to_owned(), test).is_some() {
            return Err(Invalid::new(
                "KeyConditionExpressions must only contain one condition per key",
            ));
        }
        Ok(())
    }

    /// Whether they say something of a range key too.
    #[must_use]
    pub fn has_range(&self) -> bool {
        self.0.len() > 1
    }

    /// Finds what they say of the key of a table or index.
    ///
    /// # Errors
    /// If they say nothing of the hash key, or not which value it has, if they are about another attribute, or if a value
    /// is of another type than the attribute.
    pub fn resolve(&self, key: &KeySchema) -> Result<KeyCondition, Invalid> {
        let unsupported = || Invalid::new("Query key condition not supported");
        if key.range.is_none() && self.0.len() > 1 {
            return Err(unsupported());
        }
        let test = self.test(&key.hash)?;
        test.check_types(&key.hash)?;
        let hash = match test {
            KeyTest::Compare(Comparator::Equal, value) => taken(&key.hash, value)?,
            _ => return Err(unsupported()),
        };
        if hash.is_empty() {
            return Err(Invalid::new(format!(
                "One or more parameter values are not valid. {} Key: {}",
                empty(&key.hash),
                key.hash.name
            )));
        }
        check_lengths(&Key { hash: hash.clone(), range: None })?;
        let (from, to) = match &key.range {
            Some(range) if self.0.len() > 1 => self.test(range)?.bounds(range)?,
            _ => (Bound::Unbounded, Bound::Unbounded),
        };
        Ok(KeyCondition { hash, from, to })
    }

    fn test(&self, attribute: &KeyAttribute) -> Result<&KeyTest, Invalid> {
        self.0.get(&attribute.name).ok_or_else(|| {
            Invalid::new(format!("Query condition missed key schema element: {}", attribute.name))
        })
    }
}

/// The least and the greatest value of a range key.
type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

impl KeyTest {
    /// Checks that it is one of an attribute like this.
    fn check_types(&self, attribute: &KeyAttribute) -> Result<(), Invalid> {
        let values = match self {
            Self::Compare(_, value) | Self::BeginsWith(value) => vec![value],
            Self::Between(low, high) => vec![low, high],
            Self::Other => return Err(unindexable()),
        };
        values.into_iter().try_for_each(|value| taken(attribute, value).map(drop))
    }

    fn bounds(&self, attribute: &KeyAttribute) -> Result<Range, Invalid> {
        use Bound::{Excluded, Included, Unbounded};
        let bytes = |value: &Value| Ok::<_, Invalid>(taken(attribute, value)?.to_bytes());
        Ok(match self {
            Self::Compare(comparator, value) => {
                let bytes = bytes(value)?;
                match comparator {
                    Comparator::Equal | Comparator::NotEqual => {
                        (Included(bytes.clone()), Included(bytes))
                    }
                    Comparator::Less => (Unbounded, Excluded(bytes)),
                    Comparator::LessOrEqual => (Unbounded, Included(bytes)),
                    Comparator::Greater => (Excluded(bytes), Unbounded),
                    Comparator::GreaterOrEqual => (Included(bytes), Unbounded),
                }
            }
            Self::Between(low, high) => {
                if ordered(low, high).is_some_and(std::cmp::Ordering::is_gt) {
                    return Err(Invalid::new(
                        "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
                    ));
                }
                (Included(bytes(low)?), Included(bytes(high)?))
            }
            Self::Other => return Err(unindexable()),
            Self::BeginsWith(_) if attribute.kind == KeyType::N => {
                return Err(Invalid::parameter(
                    "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type",
                ));
            }
            Self::BeginsWith(prefix) => {
                let prefix = bytes(prefix)?;
                let end = after(&prefix);
                (Included(prefix), end)
            }
        })
    }
}

/// Where what begins with a prefix ends.
fn after(prefix: &[u8]) -> Bound<Vec<u8>> {
    let Some(last) = prefix.iter().rposition(|byte| *byte < u8::MAX) else {
        return Bound::Unbounded;
    };
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Bound::Excluded(end)
}

fn unindexable() -> Invalid {
    Invalid::new("Attempted conditional constraint is not an indexable operation")
}

/// Takes a value as one of a key attribute.
fn taken(attribute: &KeyAttribute, value: &Value) -> Result<KeyValue, Invalid> {
    attribute
        .kind
        .take(value)
        .ok_or_else(|| Invalid::parameter("Condition parameter type does not match schema type"))
}

/// The one attribute among some operands.
fn attribute<'a>(operands: &[&'a Operand]) -> Result<&'a str, Invalid> {
    let mut found = None;
    for operand in operands {
        match operand {
            Operand::Value(_) => {}
            Operand::Size(_) => {
                return Err(Invalid::new(
                    "KeyConditionExpressions cannot contain nested operations",
                ));
            }
            Operand::Path(_) if found.is_some() => {
                return Err(condition_error("Multiple attribute names used in one condition"));
            }
            Operand::Path(path) if path.is_nested() => {
                return Err(Invalid::new(
                    "KeyConditionExpressions cannot have conditions on nested attributes",
                ));
            }
            Operand::Path(path) => found = Some(path.attribute()),
        }
    }
    found.ok_or_else(|| condition_error("No key attribute specified"))
}

fn value(operand: &Operand) -> Result<Value, Invalid> {
    let literal = operand.literal().cloned();
    literal.ok_or_else(|| condition_error("Multiple attribute names used in one condition"))
}

fn condition_error(message: &str) -> Invalid {
    Invalid::new(format!("Invalid condition in KeyConditionExpression: {message}"))
}

/// The comparator of the operands the other way round.
fn turned(comparator: Comparator) -> Comparator {
    match comparator {
        Comparator::Less => Comparator::Greater,
        Comparator::LessOrEqual => Comparator::GreaterOrEqual,
        Comparator::Greater => Comparator::Less,
        Comparator::GreaterOrEqual => Comparator::LessOrEqual,
        same @ (Comparator::Equal | Comparator::NotEqual) => same,
    }
}
