//! Items of tables.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use http::Request;
use lambent_api::{
    FoundItems, GetItems, ItemWrite, Items, QueryItems, ScanItems, WriteItems, WrittenItem,
    WrittenItems, paths,
};
use lambent_service::{
    ItemPage, ItemPlace, ItemQuery, ItemScan, Refusal as Why, TableAction, TableHandle, TableWrite,
    Transacted, TransactionToken, Written,
};
use lambent_tables::expression::{Condition, KeyConditions, Placeholders, Projection};
use lambent_tables::{Given, IndexName, InputError, Invalid, KeySchema, Value};
use lambent_types::{Digest, ErrorCode, TableName};
use serde::de::DeserializeOwned;

use super::extractors::{Scope, State};
use super::limited_body::large_json;
use super::query;
use super::resource::Resource;
use crate::problem::Refusal;

/// Most bytes of what is written: what one transaction takes, in base64.
const WRITE_BYTES_MAX: u64 = 24 << 20;
/// Most bytes of what is asked: expressions with their values, and keys.
const ASK_BYTES_MAX: u64 = 1 << 20;

async fn read<T: DeserializeOwned + Send + 'static>(
    app: &State,
    request: Request<Body>,
    (limit, what): (u64, &str),
) -> Result<T, Refusal> {
    query::none(request.uri())?;
    large_json(request, &["application/json"], limit, what, app.stall).await
}

fn invalid(error: &Invalid) -> Refusal {
    Refusal::invalid(error.message().to_owned())
}

fn placeholders(given: lambent_api::Placeholders) -> Result<Placeholders, Refusal> {
    let lambent_api::Placeholders { names, values } = given;
    let given = |values: BTreeMap<String, Value>| {
        values.into_iter().map(|(name, value)| (name, Given::from(value))).collect()
    };
    let read = Placeholders::new(names, values.map(given));
    read.map_err(|error: InputError| Refusal::invalid(error.to_string()))
}

/// What is answered of a page.
struct Shown {
    filter: Option<Condition>,
    projection: Option<Projection>,
}

impl Shown {
    fn of(
        placeholders: &mut Placeholders,
        filter: Option<&str>,
        projection: Option<&str>,
    ) -> Result<Self, Invalid> {
        let filter = filter.map(|text| placeholders.condition("FilterExpression", text));
        let projection = projection.map(|text| placeholders.projection(text));
        Ok(Self { filter: filter.transpose()?, projection: projection.transpose()? })
    }

    fn page(&self, page: ItemPage) -> Items {
        let fits = |item: &_| self.filter.as_ref().is_none_or(|filter| filter.holds(Some(item)));
        let items = page.items.into_iter().filter(fits).map(|item| match &self.projection {
            Some(projection) => projection.of(&item),
            None => item,
        });
        Items { items: items.collect(), next: page.next }
    }
}

/// The key of a table, or of one of its indexes.
async fn schema(table: &TableHandle<'_>, index: Option<&IndexName>) -> Result<KeySchema, Refusal> {
    let definition = table.describe().await?.definition;
    let Some(name) = index else { return Ok(definition.key) };
    let found = definition.index(name.as_str()).map(|index| index.key.clone());
    found.ok_or_else(|| {
        Refusal::invalid(format!("The table does not have the specified index: {name}"))
    })
}

fn index(name: Option<String>) -> Result<Option<IndexName>, Refusal> {
    name.map(|name| name.parse().map_err(|error| invalid(&error))).transpose()
}

/// Reads items by their keys, all of one state of the table.
#[utoipa::path(
    post, path = paths::GET_ITEMS, operation_id = "get_items",
    params(("name" = String, Path, description = "The table")),
    request_body(content((GetItems = "application/json"))),
    responses((status = 200, description = "The items in the order of the keys", body = FoundItems)),
)]
pub(super) async fn get(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Json<FoundItems>, Refusal> {
    let table = resource.handle::<TableName>()?.name().clone();
    let GetItems { keys } = read(&app, request, (ASK_BYTES_MAX, "keys")).await?;
    let places = keys.into_iter().map(|key| ItemPlace { table: table.clone(), key });
    let items = resource.scope.get_items(places.collect()).await?;
    Ok(Json(FoundItems { items }))
}

/// Reads a page of items of a partition, in the order of their range keys.
#[utoipa::path(
    post, path = paths::QUERY_ITEMS, operation_id = "query_items",
    params(("name" = String, Path, description = "The table")),
    request_body(content((QueryItems = "application/json"))),
    responses((status = 200, description = "Items", body = Items)),
)]
pub(super) async fn query(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Json<Items>, Refusal> {
    let table = resource.handle::<TableName>()?;
    let given: QueryItems = read(&app, request, (ASK_BYTES_MAX, "query")).await?;
    let index = index(given.index)?;
    let schema = schema(&table, index.as_ref()).await?;
    let mut placeholders = placeholders(given.placeholders)?;
    let mut parse = || {
        let key = placeholders.condition("KeyConditionExpression", &given.key)?;
        let key = KeyConditions::of(&key)?.resolve(&schema)?;
        let shown =
            Shown::of(&mut placeholders, given.filter.as_deref(), given.projection.as_deref())?;
        Ok::<_, Invalid>((key, shown))
    };
    let (key, shown) = parse().map_err(|error| invalid(&error))?;
    placeholders.finish().map_err(|error| invalid(&error))?;
    let (backward, after, limit) = (given.backward, given.after, given.limit);
    let page = table.query(ItemQuery { index, key, backward, after, limit, whole: false }).await?;
    Ok(Json(shown.page(page)))
}

/// Reads a page of all items, in an order that has no meaning.
#[utoipa::path(
    post, path = paths::SCAN_ITEMS, operation_id = "scan_items",
    params(("name" = String, Path, description = "The table")),
    request_body(content((ScanItems = "application/json"))),
    responses((status = 200, description = "Items", body = Items)),
)]
pub(super) async fn scan(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Json<Items>, Refusal> {
    let table = resource.handle::<TableName>()?;
    let given: ScanItems = read(&app, request, (ASK_BYTES_MAX, "scan")).await?;
    let index = index(given.index)?;
    let mut placeholders = placeholders(given.placeholders)?;
    let shown = Shown::of(&mut placeholders, given.filter.as_deref(), given.projection.as_deref());
    let shown = shown.map_err(|error| invalid(&error))?;
    placeholders.finish().map_err(|error| invalid(&error))?;
    let (segment, after, limit) = (given.segment, given.after, given.limit);
    let page = table.scan(ItemScan { index, segment, after, limit }).await?;
    Ok(Json(shown.page(page)))
}

/// Makes writes, all or none.
#[utoipa::path(
    post, path = paths::TRANSACTIONS, operation_id = "write_items",
    request_body(content((WriteItems = "application/json"))),
    responses((status = 200, description = "What each write did", body = WrittenItems),
        (status = 412, description = "A condition does not hold; nothing was changed",
         body = lambent_types::Problem, content_type = "application/problem+json")),
)]
pub(super) async fn write(
    app: State,
    Extension(scope): Scope,
    request: Request<Body>,
) -> Result<Json<WrittenItems>, Refusal> {
    let given: WriteItems = read(&app, request, (WRITE_BYTES_MAX, "writes")).await?;
    let token = given.token.map(|token| {
        // What is the same is written the same: members have an order, and so have attributes.
        let request = serde_json::to_vec(&given.writes).unwrap_or_default();
        TransactionToken { token, request: Digest::of(&request) }
    });
    let writes = given.writes.into_iter().enumerate().map(one).collect::<Result<_, _>>()?;
    match scope.transact(writes, token).await? {
        Transacted::Made(written) => {
            let shown = |Written { old, new, .. }| WrittenItem { old, new };
            Ok(Json(WrittenItems { writes: written.into_iter().map(shown).collect() }))
        }
        Transacted::MadeBefore => Ok(Json(WrittenItems { writes: Vec::new() })),
        Transacted::Refused(refusals) => Err(refused(&refusals)),
    }
}

/// Why nothing was written: the first reason, and which write it is of.
fn refused(refusals: &[Option<Why>]) -> Refusal {
    let first = refusals.iter().enumerate().find_map(|(at, why)| Some((at + 1, why.as_ref()?)));
    match first {
        Some((write, Why::Invalid(error))) => {
            Refusal::invalid(format!("write {write}: {}; nothing was changed", error.message()))
        }
        Some((write, Why::Condition(_))) => Refusal::new(
            ErrorCode::PreconditionFailed,
            format!("write {write}: its condition does not hold; nothing was changed"),
        ),
        None => Refusal::new(ErrorCode::Internal, "writes were refused for no reason"),
    }
}

fn one((at, given): (usize, ItemWrite)) -> Result<TableWrite, Refusal> {
    let wrong = |problem: &str| Refusal::invalid(format!("write {}: {problem}", at + 1));
    let mut placeholders = placeholders(given.placeholders)?;
    let told = |error: &Invalid| wrong(error.message());
    let update = given.expression.as_deref().map(|text| placeholders.update(text)).transpose();
    let update = update.map_err(|error| told(&error))?;
    let condition = given.condition.as_deref();
    let condition = condition.map(|text| placeholders.condition("ConditionExpression", text));
    let condition = condition.transpose().map_err(|error| told(&error))?;
    placeholders.finish().map_err(|error| told(&error))?;
    let action = match (given.put, given.update, given.delete, given.check, update) {
        (Some(item), None, None, None, None) => TableAction::Put(item),
        (None, Some(key), None, None, Some(update)) => TableAction::Update(key, update),
        (None, None, Some(key), None, None) => TableAction::Delete(key),
        (None, None, None, Some(key), None) if condition.is_some() => TableAction::Check(key),
        _ => {
            return Err(wrong(
                "give one of put, update with an expression, delete, and check with a condition",
            ));
        }
    };
    Ok(TableWrite { table: given.table, action, condition, returns: given.returns })
}
