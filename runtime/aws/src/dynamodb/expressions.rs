//! The members of requests that are expressions, or what came before those.

use std::collections::{BTreeMap, BTreeSet};

use lambent_tables::expression::{
    Condition, ConditionalOperator, LegacyCondition, Placeholders, Projection,
};
use lambent_tables::{Given, Value};

use super::error::validation;
use crate::fault::Fault;

pub(super) type Names = Option<BTreeMap<String, String>>;
pub(super) type Values = Option<BTreeMap<String, Given<Value>>>;
pub(super) type Conditions = Option<BTreeMap<String, LegacyCondition>>;

const PROJECTION: &str = "ProjectionExpression";

/// The expressions of a request by the names of their members, and which of the older members it has.
pub(super) struct Members<'a> {
    pub(super) expressions: &'a [(&'static str, Option<&'a str>)],
    pub(super) others: &'a [(&'static str, bool)],
}

impl Members<'_> {
    /// Checks that a request has expressions or older members and not both, and names and values only with expressions.
    pub(super) fn check(&self, names: &Names, values: &Values) -> Result<(), Fault> {
        let given = self.expressions.iter().filter(|(_, text)| text.is_some());
        let expressions: Vec<_> = given.map(|(name, _)| *name).collect();
        let has_key_expression = expressions.contains(&"KeyConditionExpression");
        let clashes = |name: &str| name != "KeyConditions" || has_key_expression;
        let others = self.others.iter().filter(|(name, is_there)| *is_there && clashes(name));
        let others: Vec<_> = others.map(|(name, _)| *name).collect();
        if !expressions.is_empty() && !others.is_empty() {
            return Err(validation(format!(
                "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: \
                 {{{}}} Expression parameters: {{{}}}",
                others.join(", "),
                expressions.join(", ")
            )));
        }
        if names.is_some() && expressions.is_empty() {
            return Err(validation(
                "ExpressionAttributeNames can only be specified when using expressions",
            ));
        }
        let with_values = self.expressions.iter().filter(|(name, _)| *name != PROJECTION);
        let (names, texts): (Vec<_>, Vec<_>) = with_values.copied().unzip();
        if values.is_some() && !names.is_empty() && texts.iter().all(Option::is_none) {
            let verb = if names.len() > 1 { "are" } else { "is" };
            return Err(validation(format!(
                "ExpressionAttributeValues can only be specified when using expressions: {} {verb} null",
                names.join(" and ")
            )));
        }
        Ok(())
    }
}

/// Reads a condition, if there is one.
pub(super) fn condition(
    placeholders: &mut Placeholders,
    parameter: &str,
    text: Option<&str>,
) -> Result<Option<Condition>, Fault> {
    Ok(text.map(|text| placeholders.condition(parameter, text)).transpose()?)
}

/// Reads a projection, if there is one.
pub(super) fn projection(
    placeholders: &mut Placeholders,
    text: Option<&str>,
) -> Result<Option<Projection>, Fault> {
    Ok(text.map(|text| placeholders.projection(text)).transpose()?)
}

/// Reads the older form of a projection, if there is one.
pub(super) fn attributes(names: Option<&[String]>) -> Result<Option<Projection>, Fault> {
    let Some(names) = names else { return Ok(None) };
    let mut seen = BTreeSet::new();
    if let Some(name) = names.iter().find(|name| !seen.insert(*name)) {
        return Err(validation(format!(
            "One or more parameter values were invalid: Duplicate value in attribute name: {name}"
        )));
    }
    Ok(Some(Projection::of_attributes(names.iter().map(String::as_str))))
}

/// How several of the older conditions are joined.
pub(super) fn operator(text: Option<&str>) -> ConditionalOperator {
    if text == Some("OR") { ConditionalOperator::Or } else { ConditionalOperator::And }
}

/// Reads the older form of a condition of a write, if there is one.
pub(super) fn expected(
    conditions: &Conditions,
    joined: Option<&str>,
) -> Result<Option<Condition>, Fault> {
    let given = conditions.as_ref();
    Ok(given.map(|all| LegacyCondition::expected(all, operator(joined))).transpose()?)
}
