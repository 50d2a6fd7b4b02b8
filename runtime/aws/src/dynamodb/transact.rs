//! Many items at once, all or none.

use std::collections::BTreeMap;

use lambent_service::{
    ItemPlace, Refusal, TableAction, TableWrite, Transacted, TransactionToken, Written,
};
use lambent_tables::expression::{Placeholders, Projection};
use lambent_tables::{Given, Item};
use lambent_types::{Digest, ErrorCode, TableName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::capacity::{ConsumedCapacity, Wanted, read_units, write_units};
use super::checks::{CAPACITY, COLLECTION_METRICS, ON_FAILURE};
use super::collections::{Collections, ItemCollectionMetrics};
use super::error::{checked, fault, token_mismatch, transaction_canceled, validation};
use super::expressions::{self, Members, Names, Values};
use super::items::{check_projection, name, read};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// Most items of a transaction, and most bytes of those that one reads; DynamoDB's.
pub(super) const ITEMS_MAX: usize = 100;
const READ_BYTES_MAX: usize = 4 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TransactGet {
    transact_items: Option<Vec<GetOf>>,
    return_consumed_capacity: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetOf {
    get: Option<Get>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    table_name: Option<String>,
    key: Option<Given<Item>>,
    projection_expression: Option<String>,
    expression_attribute_names: Names,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TransactGot {
    responses: Vec<ItemResponse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<Vec<ConsumedCapacity>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ItemResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Item>,
}

/// Checks how many items a transaction has.
fn check_count(violations: &mut Violations, count: Option<usize>) {
    violations.counted("transactItems", count, ITEMS_MAX);
}

pub(super) async fn get(call: &Call, wanted: TransactGet) -> Result<TransactGot, Fault> {
    let capacity = wanted.return_consumed_capacity.as_deref();
    let mut violations = Violations::default();
    violations.one_of("returnConsumedCapacity", capacity, CAPACITY);
    check_count(&mut violations, wanted.transact_items.as_ref().map(Vec::len));
    checked(violations)?;
    let (mut places, mut projections) = (Vec::new(), Vec::new());
    for item in wanted.transact_items.unwrap_or_default() {
        let (place, projection) = reading(item)?;
        if let Some(projection) = &projection {
            check_projection(call, &place.table, projection).await?;
        }
        if places.contains(&place) {
            return Err(validation(
                "Transaction request cannot include multiple operations on one item",
            ));
        }
        places.push(place);
        projections.push(projection);
    }
    let (found, consumed_capacity) = got(call, places, capacity).await?;
    let responses = found.into_iter().zip(projections).map(|(item, projection)| ItemResponse {
        item: item.map(|item| projection.map_or_else(|| item.clone(), |of| of.of(&item))),
    });
    Ok(TransactGot { responses: responses.collect(), consumed_capacity })
}

/// Reads items of one state, and says the units of each table that this used.
pub(super) async fn got(
    call: &Call,
    places: Vec<ItemPlace>,
    capacity: Option<&str>,
) -> Result<(Vec<Option<Item>>, Option<Vec<ConsumedCapacity>>), Fault> {
    let count = places.len();
    let tables: Vec<_> = places.iter().map(|place| place.table.clone()).collect();
    let found = call.scope.get_items(places).await.map_err(fault)?;
    let bytes: usize = found.iter().flatten().map(Item::size).sum();
    if found.len() < count || bytes > READ_BYTES_MAX {
        return Err(validation("The aggregate size of the items in the transaction exceeded 4 MB"));
    }
    let sizes = found.iter().map(|item| item.as_ref().map_or(0, Item::size) as u64);
    // A transaction reads each item twice.
    let units = tables.into_iter().zip(sizes.map(|bytes| 2.0 * read_units(bytes, true)));
    let consumed_capacity = summed(Wanted(capacity), units);
    Ok((found, consumed_capacity))
}

fn reading(item: GetOf) -> Result<(ItemPlace, Option<Projection>), Fault> {
    let get = item.get.ok_or_else(|| validation("TransactItems can only contain Get"))?;
    let mut violations = Violations::default();
    violations.table(get.table_name.as_deref());
    violations.present(get.key.is_some(), "key");
    checked(violations)?;
    let expression = get.projection_expression.as_deref();
    let members = Members { expressions: &[("ProjectionExpression", expression)], others: &[] };
    members.check(&get.expression_attribute_names, &None)?;
    let mut placeholders = Placeholders::new(get.expression_attribute_names, None)?;
    let projection = expressions::projection(&mut placeholders, expression)?;
    placeholders.finish()?;
    Ok((ItemPlace { table: name(get.table_name)?, key: read(get.key)? }, projection))
}

/// The units of each table.
fn summed(
    wanted: Wanted<'_>,
    units: impl Iterator<Item = (TableName, f64)>,
) -> Option<Vec<ConsumedCapacity>> {
    let mut of_tables = BTreeMap::<TableName, f64>::new();
    for (table, units) in units {
        *of_tables.entry(table).or_default() += units;
    }
    let all = of_tables.iter().filter_map(|(table, units)| wanted.units(table.as_str(), *units));
    Some(all.collect::<Vec<_>>()).filter(|all| !all.is_empty())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TransactWrite {
    transact_items: Option<Vec<WriteOf>>,
    return_consumed_capacity: Option<String>,
    return_item_collection_metrics: Option<String>,
    client_request_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WriteOf {
    condition_check: Option<Write>,
    put: Option<Write>,
    delete: Option<Write>,
    update: Option<Write>,
}

/// A write of a transaction, of whatever kind.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Write {
    table_name: Option<String>,
    key: Option<Given<Item>>,
    item: Option<Given<Item>>,
    update_expression: Option<String>,
    condition_expression: Option<String>,
    expression_attribute_names: Names,
    expression_attribute_values: Values,
    return_values_on_condition_check_failure: Option<String>,
}

/// What a write of a transaction does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Check,
    Put,
    Delete,
    Update,
}

impl WriteOf {
    fn read(self) -> Result<TableWrite, Fault> {
        let all = [
            (Kind::Check, self.condition_check),
            (Kind::Put, self.put),
            (Kind::Delete, self.delete),
            (Kind::Update, self.update),
        ];
        let mut given = all.into_iter().filter_map(|(kind, write)| Some((kind, write?)));
        match (given.next(), given.next()) {
            (Some((kind, write)), None) => write.read(kind),
            _ => Err(validation(
                "TransactItems can only contain one of Check, Put, Update or Delete",
            )),
        }
    }
}

impl Write {
    fn read(self, kind: Kind) -> Result<TableWrite, Fault> {
        let mut violations = Violations::default();
        violations.table(self.table_name.as_deref());
        let (is_put, is_update) = (kind == Kind::Put, kind == Kind::Update);
        let (given, member) = if is_put { (self.item, "item") } else { (self.key, "key") };
        violations.present(given.is_some(), member);
        let (update, condition) = (self.update_expression, self.condition_expression);
        violations.present(!is_update || update.is_some(), "updateExpression");
        violations.present(kind != Kind::Check || condition.is_some(), "conditionExpression");
        let on_failure = self.return_values_on_condition_check_failure.as_deref();
        violations.one_of("returnValuesOnConditionCheckFailure", on_failure, ON_FAILURE);
        checked(violations)?;
        let members = Members {
            expressions: &[
                ("UpdateExpression", update.as_deref().filter(|_| is_update)),
                ("ConditionExpression", condition.as_deref()),
            ],
            others: &[],
        };
        let (names, values) = (self.expression_attribute_names, self.expression_attribute_values);
        members.check(&names, &values)?;
        let item = read(given)?;
        let mut placeholders = Placeholders::new(names, values)?;
        let update = update.filter(|_| is_update);
        let update = update.map(|text| placeholders.update(&text)).transpose()?;
        let parameter = "ConditionExpression";
        let condition = expressions::condition(&mut placeholders, parameter, condition.as_deref())?;
        placeholders.finish()?;
        let action = match (kind, update) {
            (Kind::Put, _) => {
                item.check()?;
                TableAction::Put(item)
            }
            (Kind::Update, Some(update)) => TableAction::Update(item, update),
            (Kind::Delete, _) => TableAction::Delete(item),
            (Kind::Check | Kind::Update, _) => TableAction::Check(item),
        };
        let returns = on_failure == Some("ALL_OLD");
        Ok(TableWrite { table: name(self.table_name)?, action, condition, returns })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TransactWritten {
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<Vec<ConsumedCapacity>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_collection_metrics: Option<BTreeMap<String, Vec<ItemCollectionMetrics>>>,
}

pub(super) async fn write(call: &Call, wanted: TransactWrite) -> Result<TransactWritten, Fault> {
    let mut violations = Violations::default();
    let capacity = wanted.return_consumed_capacity.as_deref();
    violations.one_of("returnConsumedCapacity", capacity, CAPACITY);
    let metrics = wanted.return_item_collection_metrics.as_deref();
    violations.one_of("returnItemCollectionMetrics", metrics, COLLECTION_METRICS);
    if let Some(token) = &wanted.client_request_token {
        violations.length("clientRequestToken", token, 1, 36);
    }
    check_count(&mut violations, wanted.transact_items.as_ref().map(Vec::len));
    checked(violations)?;
    let items = wanted.transact_items.unwrap_or_default().into_iter();
    let writes = items.map(WriteOf::read).collect::<Result<Vec<_>, _>>()?;
    let tables: Vec<_> = writes.iter().map(|write| write.table.clone()).collect();
    let reason = |_: usize, refusal| Reason::of(refusal);
    let collections = Collections::of(metrics, &writes);
    let written = made(call, writes, wanted.client_request_token, reason).await?;
    Ok(TransactWritten {
        consumed_capacity: units_written(capacity, tables, &written),
        item_collection_metrics: collections.metrics(call).await,
    })
}

/// Makes all writes or none: what each did, or nothing, if they were made before. `reason` says why one was refused, of
/// which its place is given.
pub(super) async fn made(
    call: &Call,
    writes: Vec<TableWrite>,
    token: Option<String>,
    reason: impl Fn(usize, Option<Refusal>) -> Reason,
) -> Result<Vec<Written>, Fault> {
    let token = token.map(|token| {
        // Whatever the order of members in the request: what it means is the same.
        let request = Digest::of(format!("{writes:?}").as_bytes());
        TransactionToken { token, request }
    });
    match call.scope.transact(writes, token).await {
        Ok(Transacted::Made(written)) => Ok(written),
        Ok(Transacted::MadeBefore) => Ok(Vec::new()),
        Ok(Transacted::Refused(refusals)) => {
            let reasons = refusals.into_iter().enumerate();
            Err(canceled(reasons.map(|(place, refusal)| reason(place, refusal)).collect()))
        }
        Err(error) if error.code() == ErrorCode::Conflict => {
            Err(token_mismatch(error.detail().to_owned()))
        }
        Err(error) => Err(fault(error)),
    }
}

/// The units of each table that were used by writes of a transaction, which writes each item twice.
pub(super) fn units_written(
    capacity: Option<&str>,
    tables: Vec<TableName>,
    written: &[Written],
) -> Option<Vec<ConsumedCapacity>> {
    let units = written.iter().map(|written| 2.0 * write_units(written.bytes));
    summed(Wanted(capacity), tables.into_iter().zip(units))
}

/// Why one item of a transaction was not written.
pub(super) struct Reason {
    pub(super) code: &'static str,
    pub(super) message: Option<String>,
    pub(super) item: Option<Item>,
}

impl Reason {
    /// The reason of a write that was refused, or of one that was not.
    pub(super) fn of(refusal: Option<Refusal>) -> Self {
        match refusal {
            None => Self { code: "None", message: None, item: None },
            Some(Refusal::Condition(item)) => Self {
                code: "ConditionalCheckFailed",
                message: Some("The conditional request failed".to_owned()),
                item,
            },
            Some(Refusal::Invalid(invalid)) => Self {
                code: "ValidationError",
                message: Some(invalid.message().to_owned()),
                item: None,
            },
        }
    }
}

/// Why a transaction was not made: of each item in their order.
fn canceled(reasons: Vec<Reason>) -> Fault {
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let shown = reasons.into_iter().map(|reason| {
        let mut shown = Map::from_iter([("Code".to_owned(), Json::from(reason.code))]);
        shown.extend(reason.message.map(|message| ("Message".to_owned(), Json::from(message))));
        let item = reason.item.and_then(|item| serde_json::to_value(item).ok());
        shown.extend(item.map(|item| ("Item".to_owned(), item)));
        Json::Object(shown)
    });
    transaction_canceled(message).with("CancellationReasons", shown.collect::<Vec<_>>())
}
