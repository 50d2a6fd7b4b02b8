//! Items of one partition.

use lambent_service::ItemQuery;
use lambent_tables::expression::{KeyConditions, LegacyCondition, Placeholders};
use lambent_tables::{Given, Item};
use serde::Deserialize;

use super::capacity::Wanted;
use super::checks::{CAPACITY, OPERATORS, SELECT};
use super::error::{checked, fault, validation};
use super::expressions::{self, Conditions, Members, Names, Values};
use super::items::name;
use super::pages::{Page, Selection};
use super::start_key;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Query {
    table_name: Option<String>,
    index_name: Option<String>,
    select: Option<String>,
    attributes_to_get: Option<Vec<String>>,
    limit: Option<i64>,
    consistent_read: Option<bool>,
    key_conditions: Conditions,
    query_filter: Conditions,
    conditional_operator: Option<String>,
    scan_index_forward: Option<bool>,
    exclusive_start_key: Option<Given<Item>>,
    return_consumed_capacity: Option<String>,
    projection_expression: Option<String>,
    filter_expression: Option<String>,
    key_condition_expression: Option<String>,
    expression_attribute_names: Names,
    expression_attribute_values: Values,
}

impl Query {
    fn check(&self) -> Result<(), Fault> {
        let mut violations = Violations::default();
        violations.one_of("select", self.select.as_deref(), SELECT);
        violations.name("indexName", self.index_name.as_deref());
        let capacity = self.return_consumed_capacity.as_deref();
        violations.one_of("returnConsumedCapacity", capacity, CAPACITY);
        violations.table(self.table_name.as_deref());
        let operator = self.conditional_operator.as_deref();
        violations.one_of("conditionalOperator", operator, OPERATORS);
        violations.filled("attributesToGet", self.attributes_to_get.as_ref());
        violations.within("limit", self.limit, 1, i64::MAX);
        checked(violations)?;
        let members = Members {
            expressions: &[
                ("ProjectionExpression", self.projection_expression.as_deref()),
                ("FilterExpression", self.filter_expression.as_deref()),
                ("KeyConditionExpression", self.key_condition_expression.as_deref()),
            ],
            others: &[
                ("AttributesToGet", self.attributes_to_get.is_some()),
                ("QueryFilter", self.query_filter.is_some()),
                ("ConditionalOperator", operator.is_some()),
                ("KeyConditions", self.key_conditions.is_some()),
            ],
        };
        members.check(&self.expression_attribute_names, &self.expression_attribute_values)
    }
}

pub(super) async fn query(call: &Call, wanted: Query) -> Result<Page, Fault> {
    wanted.check()?;
    let operator = expressions::operator(wanted.conditional_operator.as_deref());
    let older = wanted.query_filter.as_ref();
    let older =
        older.map(|all| LegacyCondition::filter("queryFilter", all, operator)).transpose()?;
    let is_older = older.is_some();
    let attributes = expressions::attributes(wanted.attributes_to_get.as_deref())?;
    let start = start_key::read(wanted.exclusive_start_key)?;
    let key_text = wanted.key_condition_expression.as_deref();
    if key_text.is_none() && wanted.key_conditions.is_none() {
        return Err(validation(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        ));
    }
    let mut placeholders =
        Placeholders::new(wanted.expression_attribute_names, wanted.expression_attribute_values)?;
    let keys = expressions::condition(&mut placeholders, "KeyConditionExpression", key_text)?;
    let filter = wanted.filter_expression.as_deref();
    let filter = expressions::condition(&mut placeholders, "FilterExpression", filter)?.or(older);
    let projection = wanted.projection_expression.as_deref();
    let projection = expressions::projection(&mut placeholders, projection)?.or(attributes);
    placeholders.finish()?;
    let keys = match (&keys, &wanted.key_conditions) {
        (Some(condition), _) => KeyConditions::of(condition)?,
        (None, Some(conditions)) => LegacyCondition::keys(conditions)?,
        (None, None) => return Err(validation("Conditions can be of length 1 or 2 only")),
    };
    let select = wanted.select.as_deref();
    Selection::check_select(select, wanted.index_name.is_some(), projection.is_some())?;

    let name = name(wanted.table_name)?;
    let handle = call.scope.resource(&name);
    let table = handle.describe().await.map_err(fault)?;
    let selection = Selection {
        table: &table.definition,
        index: Selection::index(&table.definition, wanted.index_name.as_deref())?,
        select,
        filter: filter.as_ref(),
        projection: projection.as_ref(),
        consistent: wanted.consistent_read == Some(true),
    };
    selection.check_consistent()?;
    start_key::check(&table.definition, Some(selection.key()), start.as_ref())?;
    let condition = keys.resolve(selection.key())?;
    start_key::check_within(selection.key(), &condition, keys.has_range(), start.as_ref())?;
    check_filter(&selection, is_older)?;
    selection.check()?;
    let query = ItemQuery {
        index: wanted.index_name.as_deref().map(str::parse).transpose()?,
        key: condition,
        backward: wanted.scan_index_forward == Some(false),
        after: start,
        limit: wanted.limit.and_then(|limit| limit.try_into().ok()),
        whole: selection.is_whole(),
    };
    let page = handle.query(query).await.map_err(fault)?;
    Ok(selection.page(name.as_str(), page, Wanted(wanted.return_consumed_capacity.as_deref())))
}

/// Checks that a filter is about no attribute of the key, which the query is about already.
fn check_filter(selection: &Selection<'_>, is_older: bool) -> Result<(), Fault> {
    let Some(filter) = selection.filter else { return Ok(()) };
    let mut attributes = Vec::new();
    filter.each_path(&mut |path| attributes.push(path.attribute()));
    let mut keys = selection.key().attributes();
    let Some(key) = keys.find(|key| attributes.contains(&key.name.as_str())) else { return Ok(()) };
    let what = if is_older { "QueryFilter" } else { "Filter Expression" };
    Err(validation(format!(
        "{what} can only contain non-primary key attributes: Primary key attribute: {}",
        key.name
    )))
}
