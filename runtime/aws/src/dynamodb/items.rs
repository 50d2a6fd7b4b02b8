//! Items that are read, put and deleted, one at a time.

use lambent_service::{ItemPlace, Refusal, TableAction, TableWrite, Transacted, Written};
use lambent_tables::expression::{Placeholders, Projection, check_scalars};
use lambent_tables::{Given, Item};
use lambent_types::TableName;
use serde::{Deserialize, Serialize};

use super::capacity::{ConsumedCapacity, Wanted};
use super::checks::{self, CAPACITY, COLLECTION_METRICS, ON_FAILURE, OPERATORS, RETURN_VALUES};
use super::collections::{Collections, ItemCollectionMetrics};
use super::error::{checked, failed, fault, validation};
use super::expressions::{self, Conditions, Members, Names, Values};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetItem {
    table_name: Option<String>,
    key: Option<Given<Item>>,
    attributes_to_get: Option<Vec<String>>,
    #[serde(default)]
    consistent_read: Option<bool>,
    return_consumed_capacity: Option<String>,
    projection_expression: Option<String>,
    expression_attribute_names: Names,
}

/// An item that was read.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Got {
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<ConsumedCapacity>,
}

pub(super) async fn get(call: &Call, wanted: GetItem) -> Result<Got, Fault> {
    let mut violations = Violations::default();
    violations.table(wanted.table_name.as_deref());
    violations.present(wanted.key.is_some(), "key");
    violations.filled("attributesToGet", wanted.attributes_to_get.as_ref());
    let capacity = wanted.return_consumed_capacity.as_deref();
    violations.one_of("returnConsumedCapacity", capacity, CAPACITY);
    checked(violations)?;
    let expression = wanted.projection_expression.as_deref();
    let members = Members {
        expressions: &[("ProjectionExpression", expression)],
        others: &[("AttributesToGet", wanted.attributes_to_get.is_some())],
    };
    members.check(&wanted.expression_attribute_names, &None)?;
    let key = read(wanted.key)?;
    let attributes = expressions::attributes(wanted.attributes_to_get.as_deref())?;
    let mut placeholders = Placeholders::new(wanted.expression_attribute_names, None)?;
    let projection = expressions::projection(&mut placeholders, expression)?.or(attributes);
    placeholders.finish()?;
    let table = name(wanted.table_name)?;
    if let Some(projection) = &projection {
        check_projection(call, &table, projection).await?;
    }
    let place = ItemPlace { table: table.clone(), key };
    let found = call.scope.get_items(vec![place]).await.map_err(fault)?;
    let found = found.into_iter().next().flatten();
    let bytes = found.as_ref().map_or(0, Item::size) as u64;
    let consistent = wanted.consistent_read == Some(true);
    Ok(Got {
        consumed_capacity: Wanted(capacity).read(table.as_str(), bytes, consistent),
        item: found.map(|item| match &projection {
            Some(projection) => projection.of(&item),
            None => item,
        }),
    })
}

/// Checks that a projection looks into no attribute of a key.
pub(super) async fn check_projection(
    call: &Call,
    table: &TableName,
    projection: &Projection,
) -> Result<(), Fault> {
    if projection.paths().iter().any(lambent_tables::expression::Path::is_nested) {
        let table = call.scope.resource(table).describe().await.map_err(fault)?;
        check_scalars(&table.definition, projection.paths().iter())?;
    }
    Ok(())
}

/// A write of one whole item: one that is put has `Item`, one that is deleted `Key`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WriteItem {
    table_name: Option<String>,
    item: Option<Given<Item>>,
    key: Option<Given<Item>>,
    expected: Conditions,
    conditional_operator: Option<String>,
    condition_expression: Option<String>,
    expression_attribute_names: Names,
    expression_attribute_values: Values,
    return_values: Option<String>,
    return_consumed_capacity: Option<String>,
    return_item_collection_metrics: Option<String>,
    return_values_on_condition_check_failure: Option<String>,
}

/// What a write answers.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Changed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attributes: Option<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) consumed_capacity: Option<ConsumedCapacity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) item_collection_metrics: Option<ItemCollectionMetrics>,
}

/// What a write is to answer.
pub(super) struct Answers {
    pub(super) values: Option<String>,
    pub(super) capacity: Option<String>,
    pub(super) metrics: Option<String>,
    pub(super) on_failure: Option<String>,
}

impl Answers {
    pub(super) fn check(&self, violations: &mut Violations) {
        violations.one_of("returnConsumedCapacity", self.capacity.as_deref(), CAPACITY);
        let metrics = self.metrics.as_deref();
        violations.one_of("returnItemCollectionMetrics", metrics, COLLECTION_METRICS);
        violations.one_of("returnValues", self.values.as_deref(), RETURN_VALUES);
        let on_failure = self.on_failure.as_deref();
        violations.one_of("returnValuesOnConditionCheckFailure", on_failure, ON_FAILURE);
    }

    /// Whether the item that was there is to be answered, as which others are there for updates only.
    fn old(&self) -> Result<bool, Fault> {
        match self.values.as_deref() {
            None | Some("NONE") => Ok(false),
            Some("ALL_OLD") => Ok(true),
            Some(_) => Err(validation("ReturnValues can only be ALL_OLD or NONE")),
        }
    }

    pub(super) fn capacity(
        &self,
        table: &TableName,
        written: &Written,
    ) -> Option<ConsumedCapacity> {
        Wanted(self.capacity.as_deref()).written(table.as_str(), written.bytes)
    }
}

/// What a condition of a write is made of.
pub(super) struct ConditionMembers<'a> {
    pub(super) expected: &'a Conditions,
    pub(super) operator: Option<&'a str>,
    pub(super) expression: Option<&'a str>,
    pub(super) names: Names,
    pub(super) values: Values,
}

impl ConditionMembers<'_> {
    /// Reads it, where a request has no other expression.
    fn read(self) -> Result<Option<lambent_tables::expression::Condition>, Fault> {
        let expected = expressions::expected(self.expected, self.operator)?;
        let mut placeholders = Placeholders::new(self.names, self.values)?;
        let name = "ConditionExpression";
        let condition = expressions::condition(&mut placeholders, name, self.expression)?;
        placeholders.finish()?;
        Ok(condition.or(expected))
    }

    fn check(&self) -> Result<(), Fault> {
        let members = Members {
            expressions: &[("ConditionExpression", self.expression)],
            others: &[
                ("Expected", self.expected.is_some()),
                ("ConditionalOperator", self.operator.is_some()),
            ],
        };
        members.check(&self.names, &self.values)
    }
}

pub(super) async fn put(call: &Call, mut wanted: WriteItem) -> Result<Changed, Fault> {
    let given = wanted.item.take();
    changed(call, wanted, ("item", given), |item| {
        item.check()?;
        Ok(TableAction::Put(item))
    })
    .await
}

pub(super) async fn delete(call: &Call, mut wanted: WriteItem) -> Result<Changed, Fault> {
    let given = wanted.key.take();
    changed(call, wanted, ("key", given), |key| Ok(TableAction::Delete(key))).await
}

/// Puts or deletes an item, which the member of this name says.
async fn changed(
    call: &Call,
    wanted: WriteItem,
    (member, given): (&str, Option<Given<Item>>),
    action: impl FnOnce(Item) -> Result<TableAction, Fault>,
) -> Result<Changed, Fault> {
    let answers = Answers {
        values: wanted.return_values,
        capacity: wanted.return_consumed_capacity,
        metrics: wanted.return_item_collection_metrics,
        on_failure: wanted.return_values_on_condition_check_failure,
    };
    let condition = ConditionMembers {
        expected: &wanted.expected,
        operator: wanted.conditional_operator.as_deref(),
        expression: wanted.condition_expression.as_deref(),
        names: wanted.expression_attribute_names,
        values: wanted.expression_attribute_values,
    };
    let mut violations = Violations::default();
    violations.table(wanted.table_name.as_deref());
    violations.present(given.is_some(), member);
    answers.check(&mut violations);
    violations.one_of("conditionalOperator", condition.operator, OPERATORS);
    checked(violations)?;
    condition.check()?;
    let action = action(read(given)?)?;
    let old = answers.old()?;
    let condition = condition.read()?;
    let table = name(wanted.table_name)?;
    let returns = old || answers.on_failure.as_deref() == Some("ALL_OLD");
    let write = TableWrite { table: table.clone(), action, condition, returns };
    let collections = Collections::of(answers.metrics.as_deref(), std::slice::from_ref(&write));
    let mut written = made(call, write, answers.on_failure.as_deref()).await?;
    Ok(Changed {
        item_collection_metrics: collections.one(call).await,
        attributes: written.old.take().filter(|_| old),
        consumed_capacity: answers.capacity(&table, &written),
    })
}

/// Makes one write.
pub(super) async fn made(
    call: &Call,
    write: TableWrite,
    on_failure: Option<&str>,
) -> Result<Written, Fault> {
    match call.scope.transact(vec![write], None).await.map_err(fault)? {
        Transacted::Made(written) => Ok(written.into_iter().next().unwrap_or_default()),
        Transacted::MadeBefore => Ok(Written::default()),
        Transacted::Refused(reasons) => Err(match reasons.into_iter().flatten().next() {
            Some(Refusal::Invalid(invalid)) => invalid.into(),
            Some(Refusal::Condition(item)) => {
                failed(item.filter(|_| on_failure == Some("ALL_OLD")))
            }
            None => failed(None),
        }),
    }
}

/// An item or a key that is known to be there.
pub(super) fn read(given: Option<Given<Item>>) -> Result<Item, Fault> {
    let given = given.ok_or_else(|| validation("an item is missing"))?;
    Ok(given.read()?)
}

/// The name of a table that was checked.
pub(super) fn name(name: Option<String>) -> Result<TableName, Fault> {
    let name = name.unwrap_or_default();
    checks::short(&name)
        .parse()
        .map_err(|error: lambent_types::InvalidName| validation(error.to_string()))
}
