use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{InputError, Invalid};
use crate::expression::condition::{Comparator, Condition, ordered};
use crate::expression::key_condition::{KeyConditions, KeyTest};
use crate::expression::operand::Operand;
use crate::expression::path::Path;
use crate::item_json::Given;
use crate::value::Value;

/// What is said of one attribute: DynamoDB's `ExpectedAttributeValue`, and its `Condition`, which has the last two members.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct LegacyCondition {
    /// The value that the attribute has.
    pub value: Option<Given<Value>>,
    /// Whether it is there.
    pub exists: Option<bool>,
    /// How it is compared.
    pub comparison_operator: Option<String>,
    /// What it is compared with.
    pub attribute_value_list: Option<Vec<Given<Value>>>,
}

/// Whether all of several conditions are to hold, or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ConditionalOperator {
    /// All.
    #[default]
    And,
    /// One.
    Or,
}

/// The operators, with the fewest and most values of each and the types that those may have, if not all.
const OPERATORS: [(&str, usize, usize, &[&str]); 13] = [
    ("IN", 1, usize::MAX, SCALARS),
    ("NULL", 0, 0, &[]),
    ("BETWEEN", 2, 2, SCALARS),
    ("LT", 1, 1, SCALARS),
    ("NOT_CONTAINS", 1, 1, SCALARS),
    ("EQ", 1, 1, &[]),
    ("GT", 1, 1, SCALARS),
    ("NOT_NULL", 0, 0, &[]),
    ("NE", 1, 1, &[]),
    ("LE", 1, 1, SCALARS),
    ("BEGINS_WITH", 1, 1, &["S", "B"]),
    ("GE", 1, 1, SCALARS),
    ("CONTAINS", 1, 1, SCALARS),
];
const SCALARS: &[&str] = &["S", "N", "B"];

/// An operator with its values, which fit it.
struct Comparison {
    operator: &'static str,
    values: Vec<Value>,
}

impl LegacyCondition {
    /// Reads `Expected`: what an item must be like for a change.
    ///
    /// # Errors
    /// With DynamoDB's sentence, naming the attribute.
    pub fn expected(
        conditions: &BTreeMap<String, Self>,
        operator: ConditionalOperator,
    ) -> Result<Condition, InputError> {
        let all = conditions.iter().map(|(name, one)| one.expectation(name));
        Ok(joined(all.collect::<Result<_, _>>()?, operator))
    }

    /// Reads `QueryFilter` or `ScanFilter`, whose name is given: which items are wanted.
    ///
    /// # Errors
    /// As of [`LegacyCondition::expected`].
    pub fn filter(
        parameter: &str,
        conditions: &BTreeMap<String, Self>,
        operator: ConditionalOperator,
    ) -> Result<Condition, InputError> {
        let all = conditions.iter().map(|(name, one)| {
            let values = one.attribute_value_list.clone().unwrap_or_default();
            let comparison = one.comparison(&format!("{parameter}.{name}.member"), values)?;
            Ok(comparison.condition(name))
        });
        Ok(joined(all.collect::<Result<_, InputError>>()?, operator))
    }

    /// Reads `KeyConditions`: which items a query is about.
    ///
    /// # Errors
    /// As of [`LegacyCondition::expected`].
    pub fn keys(conditions: &BTreeMap<String, Self>) -> Result<KeyConditions, InputError> {
        let all = conditions.iter().map(|(name, one)| {
            let values = one.attribute_value_list.clone().unwrap_or_default();
            let comparison = one.comparison(&format!("keyConditions.{name}.member"), values)?;
            Ok((name.clone(), comparison.key_test()))
        });
        Ok(KeyConditions::of_tests(all.collect::<Result<_, InputError>>()?)?)
    }

    fn expectation(&self, name: &str) -> Result<Condition, InputError> {
        if self.value.is_some() && self.attribute_value_list.is_some() {
            return Err(parameter(format!(
                "Value and AttributeValueList cannot be used together for Attribute: {name}"
            )));
        }
        let Some(operator) = &self.comparison_operator else { return self.existence(name) };
        if self.exists.is_some() {
            return Err(parameter(format!(
                "Exists and ComparisonOperator cannot be used together for Attribute: {name}"
            )));
        }
        let given = self.value.is_some() || self.attribute_value_list.is_some();
        if !given && !matches!(operator.as_str(), "NULL" | "NOT_NULL") {
            return Err(parameter(format!(
                "Value or AttributeValueList must be used with ComparisonOperator: {operator} for Attribute: {name}"
            )));
        }
        let listed = self.attribute_value_list.clone();
        let values = listed.unwrap_or_else(|| self.value.iter().cloned().collect());
        let comparison = self.comparison(&format!("expected.{name}.member"), values)?;
        Ok(comparison.condition(name))
    }

    /// What is expected without an operator: that the attribute has a value, or is not there.
    fn existence(&self, name: &str) -> Result<Condition, InputError> {
        if self.attribute_value_list.is_some() {
            return Err(parameter(format!(
                "AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}"
            )));
        }
        match (self.exists, &self.value) {
            (None | Some(true), Some(value)) => {
                let value = Operand::Value(value.clone().read()?);
                Ok(Condition::Compare(path(name), Comparator::Equal, value))
            }
            (Some(false), None) => Ok(Condition::NotExists(Path::of_attribute(name))),
            (Some(false), Some(_)) => Err(parameter(format!(
                "Value cannot be used when Exists is false for Attribute: {name}"
            ))),
            (exists, None) => {
                let shown = exists.map_or("null", |_| "true");
                Err(parameter(format!(
                    "Value must be provided when Exists is {shown} for Attribute: {name}"
                )))
            }
        }
    }

    /// Reads an operator and its values.
    fn comparison(&self, place: &str, values: Vec<Given<Value>>) -> Result<Comparison, InputError> {
        let given = self.comparison_operator.as_deref();
        let known = OPERATORS.iter().find(|(name, ..)| Some(*name) == given);
        let &(operator, fewest, most, types) =
            known.ok_or_else(|| unknown_operator(place, given))?;
        let values = values.into_iter().map(Given::read).collect::<Result<Vec<_>, _>>()?;
        if !(fewest..=most).contains(&values.len()) {
            return Err(parameter(format!(
                "Invalid number of argument(s) for the {operator} ComparisonOperator"
            )));
        }
        if values.iter().any(|value| value.type_name() != values[0].type_name()) {
            return Err(parameter(
                "AttributeValues inside AttributeValueList must be of same type".to_owned(),
            ));
        }
        let fits = |value: &&Value| types.is_empty() || types.contains(&value.type_name());
        if let Some(value) = values.iter().find(|value| !fits(value)) {
            return Err(parameter(format!(
                "ComparisonOperator {operator} is not valid for {} AttributeValue type",
                value.type_name()
            )));
        }
        if let ("BETWEEN", [low, high]) = (operator, values.as_slice())
            && ordered(low, high).is_some_and(std::cmp::Ordering::is_gt)
        {
            return Err(Invalid::new(
                "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
            )
            .into());
        }
        Ok(Comparison { operator, values })
    }
}

impl Comparison {
    fn condition(self, name: &str) -> Condition {
        let attribute = || Path::of_attribute(name);
        let mut values = self.values.into_iter().map(Operand::Value);
        match (self.operator, values.next(), values.next()) {
            ("NULL", ..) => Condition::NotExists(attribute()),
            ("BETWEEN", Some(low), Some(high)) => Condition::Between(path(name), low, high),
            ("IN", Some(first), second) => {
                let list = std::iter::once(first).chain(second).chain(values).collect();
                Condition::In(path(name), list)
            }
            ("BEGINS_WITH", Some(prefix), _) => Condition::BeginsWith(path(name), prefix),
            ("CONTAINS", Some(part), _) => Condition::Contains(path(name), part),
            ("NOT_CONTAINS", Some(part), _) => {
                Condition::Not(Box::new(Condition::Contains(path(name), part)))
            }
            (operator, Some(value), _) => {
                Condition::Compare(path(name), comparator(operator), value)
            }
            // NOT_NULL is all that is left without a value.
            _ => Condition::Exists(attribute()),
        }
    }

    fn key_test(self) -> KeyTest {
        let mut values = self.values.into_iter();
        match (self.operator, values.next(), values.next()) {
            ("BETWEEN", Some(low), Some(high)) => KeyTest::Between(low, high),
            ("BEGINS_WITH", Some(prefix), _) => KeyTest::BeginsWith(prefix),
            (operator @ ("EQ" | "LT" | "LE" | "GT" | "GE"), Some(value), _) => {
                KeyTest::Compare(comparator(operator), value)
            }
            _ => KeyTest::Other,
        }
    }
}

fn comparator(operator: &str) -> Comparator {
    match operator {
        "LT" => Comparator::Less,
        "LE" => Comparator::LessOrEqual,
        "GT" => Comparator::Greater,
        "GE" => Comparator::GreaterOrEqual,
        "NE" => Comparator::NotEqual,
        _ => Comparator::Equal,
    }
}

fn joined(mut conditions: Vec<Condition>, operator: ConditionalOperator) -> Condition {
    match operator {
        _ if conditions.len() == 1 => conditions.remove(0),
        // Of no conditions, each holds.
        ConditionalOperator::Or if !conditions.is_empty() => Condition::Any(conditions),
        ConditionalOperator::And | ConditionalOperator::Or => Condition::All(conditions),
    }
}

fn path(name: &str) -> Operand {
    Operand::Path(Path::of_attribute(name))
}

fn parameter(message: String) -> InputError {
    Invalid::parameter(message).into()
}

fn unknown_operator(place: &str, given: Option<&str>) -> InputError {
    let Some(given) = given else {
        return Invalid::new(format!(
            "1 validation error detected: Value null at '{place}.comparisonOperator' failed to satisfy constraint: Member \
             must not be null"
        ))
        .into();
    };
    let shown: String = given.chars().take(100).collect();
    let known = OPERATORS.map(|(name, ..)| name).join(", ");
    Invalid::new(format!(
        "1 validation error detected: Value '{shown}' at '{place}.comparisonOperator' failed to satisfy constraint: Member \
         must satisfy enum value set: [{known}]"
    ))
    .into()
}
