//! Many items at once, each for itself.

use std::collections::BTreeMap;

use lambent_service::{ItemPlace, Refusal, TableAction, TableWrite, Transacted};
use lambent_tables::expression::{Placeholders, Projection};
use lambent_tables::{Given, Item};
use lambent_types::TableName;
use serde::{Deserialize, Serialize};

use super::capacity::{ConsumedCapacity, Wanted, read_units, write_units};
use super::checks::{CAPACITY, COLLECTION_METRICS};
use super::collections::{Collections, ItemCollectionMetrics};
use super::error::{checked, fault, validation};
use super::expressions::{self, Members, Names};
use super::items::{check_projection, name};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// Most items that are read, and most that are written; DynamoDB's.
const GET_MAX: usize = 100;
const WRITE_MAX: usize = 25;
/// Most bytes of items that are written in one go, which is less than there can be in a request.
const GO_BYTES_MAX: usize = 3 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchGet {
    request_items: Option<BTreeMap<String, KeysOfTable>>,
    return_consumed_capacity: Option<String>,
}

/// What is read of a table.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeysOfTable {
    keys: Option<Vec<Given<Item>>>,
    attributes_to_get: Option<Vec<String>>,
    consistent_read: Option<bool>,
    projection_expression: Option<String>,
    expression_attribute_names: Names,
}

/// What was not done of it, as it was asked for.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeysLeft {
    keys: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes_to_get: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consistent_read: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    projection_expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression_attribute_names: Names,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchGot {
    responses: BTreeMap<String, Vec<Item>>,
    unprocessed_keys: BTreeMap<String, KeysLeft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<Vec<ConsumedCapacity>>,
}

/// What is read of a table, once it was looked at.
struct Reading {
    /// As the request names the table.
    named: String,
    table: TableName,
    keys: Vec<Item>,
    projection: Option<Projection>,
    request: KeysOfTable,
}

impl Reading {
    fn of(named: String, mut request: KeysOfTable) -> Result<Self, Fault> {
        let expression = request.projection_expression.as_deref();
        let members = Members {
            expressions: &[("ProjectionExpression", expression)],
            others: &[("AttributesToGet", request.attributes_to_get.is_some())],
        };
        members.check(&request.expression_attribute_names, &None)?;
        let given = request.keys.take().unwrap_or_default();
        let keys = given.into_iter().map(Given::read).collect::<Result<Vec<_>, _>>()?;
        let attributes = expressions::attributes(request.attributes_to_get.as_deref())?;
        let mut placeholders = Placeholders::new(request.expression_attribute_names.clone(), None)?;
        let projection = expressions::projection(&mut placeholders, expression)?.or(attributes);
        placeholders.finish()?;
        if keys.iter().enumerate().any(|(index, key)| keys[..index].contains(key)) {
            return Err(validation("Provided list of item keys contains duplicates"));
        }
        let table = name(Some(named.clone()))?;
        Ok(Self { named, table, keys, projection, request })
    }

    /// What is left of it, if these keys are.
    fn left(self, keys: Vec<Item>) -> KeysLeft {
        KeysLeft {
            keys,
            attributes_to_get: self.request.attributes_to_get,
            consistent_read: self.request.consistent_read,
            projection_expression: self.request.projection_expression,
            expression_attribute_names: self.request.expression_attribute_names,
        }
    }
}

fn check_get(wanted: &BatchGet) -> Result<(), Fault> {
    let mut violations = Violations::default();
    let capacity = wanted.return_consumed_capacity.as_deref();
    violations.one_of("returnConsumedCapacity", capacity, CAPACITY);
    violations.present(wanted.request_items.is_some(), "requestItems");
    let empty = BTreeMap::new();
    let tables = wanted.request_items.as_ref().unwrap_or(&empty);
    let some = wanted.request_items.is_none() || !tables.is_empty();
    violations.check(some, "requestItems", "{}", "have length greater than or equal to 1");
    for (name, keys) in tables {
        violations.name("requestItems", Some(name));
        let member = format!("requestItems.{name}.member.keys");
        violations.present(keys.keys.is_some(), &member);
        violations.filled(&member, keys.keys.as_ref());
    }
    checked(violations)?;
    let count: usize = tables.values().filter_map(|table| table.keys.as_ref()).map(Vec::len).sum();
    if count > GET_MAX {
        return Err(validation("Too many items requested for the BatchGetItem call"));
    }
    Ok(())
}

pub(super) async fn get(call: &Call, wanted: BatchGet) -> Result<BatchGot, Fault> {
    check_get(&wanted)?;
    let capacity = Wanted(wanted.return_consumed_capacity.as_deref());
    let tables = wanted.request_items.unwrap_or_default().into_iter();
    let readings: Vec<_> =
        tables.map(|(named, keys)| Reading::of(named, keys)).collect::<Result<_, _>>()?;
    for reading in &readings {
        if let Some(projection) = &reading.projection {
            check_projection(call, &reading.table, projection).await?;
        }
    }
    let places = readings.iter().flat_map(|reading| {
        let place = |key: &Item| ItemPlace { table: reading.table.clone(), key: key.clone() };
        reading.keys.iter().map(place)
    });
    let found = call.scope.get_items(places.collect()).await.map_err(fault)?;
    let mut found = found.into_iter();
    let (mut responses, mut unprocessed_keys) = (BTreeMap::new(), BTreeMap::new());
    let mut capacities = Vec::new();
    for mut reading in readings {
        let keys = std::mem::take(&mut reading.keys);
        let consistent = reading.request.consistent_read == Some(true);
        let mut items = Vec::new();
        let (mut left, mut units) = (Vec::new(), 0.0);
        for key in keys {
            match found.next() {
                None => left.push(key),
                Some(item) => {
                    let bytes = item.as_ref().map_or(0, Item::size) as u64;
                    units += read_units(bytes, consistent);
                    items.extend(item.map(|item| match &reading.projection {
                        Some(projection) => projection.of(&item),
                        None => item,
                    }));
                }
            }
        }
        capacities.extend(capacity.units(reading.table.as_str(), units));
        responses.insert(reading.named.clone(), items);
        if !left.is_empty() {
            unprocessed_keys.insert(reading.named.clone(), reading.left(left));
        }
    }
    let consumed_capacity = Some(capacities).filter(|capacities| !capacities.is_empty());
    Ok(BatchGot { responses, unprocessed_keys, consumed_capacity })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchWrite {
    request_items: Option<BTreeMap<String, Vec<WriteRequest>>>,
    return_consumed_capacity: Option<String>,
    return_item_collection_metrics: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WriteRequest {
    put_request: Option<PutRequest>,
    delete_request: Option<DeleteRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRequest {
    item: Option<Given<Item>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteRequest {
    key: Option<Given<Item>>,
}

/// Nothing is ever left: what cannot be written fails the request.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchWritten {
    unprocessed_items: BTreeMap<String, Vec<Item>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<Vec<ConsumedCapacity>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_collection_metrics: Option<BTreeMap<String, Vec<ItemCollectionMetrics>>>,
}

fn check_write(wanted: &BatchWrite) -> Result<(), Fault> {
    let mut violations = Violations::default();
    let capacity = wanted.return_consumed_capacity.as_deref();
    violations.one_of("returnConsumedCapacity", capacity, CAPACITY);
    let metrics = wanted.return_item_collection_metrics.as_deref();
    violations.one_of("returnItemCollectionMetrics", metrics, COLLECTION_METRICS);
    violations.present(wanted.request_items.is_some(), "requestItems");
    let empty = BTreeMap::new();
    let tables = wanted.request_items.as_ref().unwrap_or(&empty);
    let some = wanted.request_items.is_none() || !tables.is_empty();
    violations.check(some, "requestItems", "{}", "have length greater than or equal to 1");
    for (name, requests) in tables {
        violations.name("requestItems", Some(name));
        let member = format!("requestItems.{name}.member");
        violations.filled(&member, Some(requests));
        for (index, request) in requests.iter().enumerate() {
            let member = format!("{member}.{}.member", index + 1);
            if let Some(delete) = &request.delete_request {
                violations.present(delete.key.is_some(), &format!("{member}.deleteRequest.key"));
            }
            if let Some(put) = &request.put_request {
                violations.present(put.item.is_some(), &format!("{member}.putRequest.item"));
            }
        }
    }
    checked(violations)?;
    if tables.values().map(Vec::len).sum::<usize>() > WRITE_MAX {
        return Err(validation("Too many items requested for the BatchWriteItem call"));
    }
    Ok(())
}

impl WriteRequest {
    fn action(self) -> Result<TableAction, Fault> {
        let put = self.put_request.and_then(|put| put.item);
        let delete = self.delete_request.and_then(|delete| delete.key);
        match (put, delete) {
            (Some(item), None) => {
                let item = item.read()?;
                item.check()?;
                Ok(TableAction::Put(item))
            }
            (None, Some(key)) => Ok(TableAction::Delete(key.read()?)),
            _ => Err(validation(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported \
                 datatypes",
            )),
        }
    }
}

pub(super) async fn write(call: &Call, wanted: BatchWrite) -> Result<BatchWritten, Fault> {
    check_write(&wanted)?;
    let capacity = Wanted(wanted.return_consumed_capacity.as_deref());
    let mut writes = Vec::new();
    for (named, requests) in wanted.request_items.unwrap_or_default() {
        let table = name(Some(named))?;
        for request in requests {
            let action = request.action()?;
            let table = table.clone();
            writes.push(TableWrite { table, action, condition: None, returns: false });
        }
    }
    let metrics = wanted.return_item_collection_metrics.as_deref();
    let collections = Collections::of(metrics, &writes);
    let mut units: BTreeMap<TableName, f64> = BTreeMap::new();
    for go in goes(writes) {
        let tables: Vec<_> = go.iter().map(|write| write.table.clone()).collect();
        let transacted = call.scope.transact(go, None).await;
        let written = match transacted.map_err(|error| in_batch(fault(error)))? {
            Transacted::Made(written) => written,
            Transacted::MadeBefore => Vec::new(),
            Transacted::Refused(reasons) => return Err(in_batch(refused(reasons))),
        };
        for (table, written) in tables.into_iter().zip(written) {
            *units.entry(table).or_default() += write_units(written.bytes);
        }
    }
    let capacities =
        units.iter().filter_map(|(table, units)| capacity.units(table.as_str(), *units));
    let capacities: Vec<_> = capacities.collect();
    Ok(BatchWritten {
        unprocessed_items: BTreeMap::new(),
        consumed_capacity: Some(capacities).filter(|capacities| !capacities.is_empty()),
        item_collection_metrics: collections.metrics(call).await,
    })
}

/// Divides writes into as many as are made in one go, one at least.
fn goes(writes: Vec<TableWrite>) -> Vec<Vec<TableWrite>> {
    let mut goes: Vec<Vec<TableWrite>> = Vec::new();
    let mut bytes = 0;
    for write in writes {
        let size = match &write.action {
            TableAction::Put(item) => item.size(),
            _ => 0,
        };
        bytes += size;
        match goes.last_mut().filter(|_| bytes <= GO_BYTES_MAX) {
            Some(go) => go.push(write),
            None => {
                bytes = size;
                goes.push(vec![write]);
            }
        }
    }
    goes
}

fn refused(reasons: Vec<Option<Refusal>>) -> Fault {
    match reasons.into_iter().flatten().next() {
        Some(Refusal::Invalid(invalid)) => invalid.into(),
        _ => validation("an item cannot be written"),
    }
}

/// What batches are told in other words than writes of one item and transactions.
fn in_batch(fault: Fault) -> Fault {
    if fault.message.contains("multiple operations on one item") {
        return validation("Provided list of item keys contains duplicates");
    }
    if fault.message.contains("Missing the key ") || fault.message.contains("mismatch for key ") {
        return validation("The provided key element does not match the schema");
    }
    fault
}
