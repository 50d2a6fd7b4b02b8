//! Items that are changed.

use std::collections::BTreeMap;

use lambent_service::{TableAction, TableWrite};
use lambent_tables::expression::{AttributeUpdate, Placeholders, Update};
use lambent_tables::{Given, Item};
use serde::Deserialize;

use super::checks::OPERATORS;
use super::collections::Collections;
use super::error::checked;
use super::expressions::{self, Conditions, Members, Names, Values};
use super::items::{Answers, Changed, made, name, read};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateItem {
    table_name: Option<String>,
    key: Option<Given<Item>>,
    attribute_updates: Option<BTreeMap<String, AttributeUpdate>>,
    expected: Conditions,
    conditional_operator: Option<String>,
    update_expression: Option<String>,
    condition_expression: Option<String>,
    expression_attribute_names: Names,
    expression_attribute_values: Values,
    return_values: Option<String>,
    return_consumed_capacity: Option<String>,
    return_item_collection_metrics: Option<String>,
    return_values_on_condition_check_failure: Option<String>,
}

pub(super) async fn update(call: &Call, wanted: UpdateItem) -> Result<Changed, Fault> {
    let answers = Answers {
        values: wanted.return_values,
        capacity: wanted.return_consumed_capacity,
        metrics: wanted.return_item_collection_metrics,
        on_failure: wanted.return_values_on_condition_check_failure,
    };
    let mut violations = Violations::default();
    violations.table(wanted.table_name.as_deref());
    violations.present(wanted.key.is_some(), "key");
    answers.check(&mut violations);
    let operator = wanted.conditional_operator.as_deref();
    violations.one_of("conditionalOperator", operator, OPERATORS);
    checked(violations)?;
    let update = wanted.update_expression.as_deref();
    let condition = wanted.condition_expression.as_deref();
    let members = Members {
        expressions: &[("UpdateExpression", update), ("ConditionExpression", condition)],
        others: &[
            ("AttributeUpdates", wanted.attribute_updates.is_some()),
            ("Expected", wanted.expected.is_some()),
            ("ConditionalOperator", operator.is_some()),
        ],
    };
    members.check(&wanted.expression_attribute_names, &wanted.expression_attribute_values)?;
    let key = read(wanted.key)?;
    let older = wanted.attribute_updates.as_ref().map(AttributeUpdate::update).transpose()?;
    let expected = expressions::expected(&wanted.expected, operator)?;
    let (names, values) = (wanted.expression_attribute_names, wanted.expression_attribute_values);
    let mut placeholders = Placeholders::new(names, values)?;
    let update = update.map(|text| placeholders.update(text)).transpose()?;
    let condition = expressions::condition(&mut placeholders, "ConditionExpression", condition)?;
    placeholders.finish()?;
    let update = update.or(older).unwrap_or_else(Update::nothing);
    let table = name(wanted.table_name)?;
    let write = TableWrite {
        table: table.clone(),
        action: TableAction::Update(key, update.clone()),
        condition: condition.or(expected),
        returns: answers.values.is_some() || answers.on_failure.is_some(),
    };
    let collections = Collections::of(answers.metrics.as_deref(), std::slice::from_ref(&write));
    let written = made(call, write, answers.on_failure.as_deref()).await?;
    let consumed_capacity = answers.capacity(&table, &written);
    let of = |item: Option<Item>| {
        let changed = update.changed().of(&item.unwrap_or_default());
        Some(changed).filter(|changed| !changed.is_empty())
    };
    let attributes = match answers.values.as_deref() {
        Some("ALL_OLD") => written.old,
        Some("ALL_NEW") => written.new,
        Some("UPDATED_OLD") => of(written.old),
        Some("UPDATED_NEW") => of(written.new),
        _ => None,
    };
    let item_collection_metrics = collections.one(call).await;
    Ok(Changed { attributes, consumed_capacity, item_collection_metrics })
}
