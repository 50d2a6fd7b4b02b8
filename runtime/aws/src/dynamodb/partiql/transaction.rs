//! Statements that are carried out all or none: reads of one state, or writes.

use lambent_service::ItemPlace;
use lambent_tables::Item;
use lambent_tables::partiql::{OneItem, Select, Statement};
use serde::{Deserialize, Serialize};

use super::super::capacity::ConsumedCapacity;
use super::super::checks::CAPACITY;
use super::super::error::{checked, validation};
use super::super::transact::{ITEMS_MAX, got, made, units_written};
use super::write::Change;
use super::{StatementInput, Tables, check_all, check_same};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in super::super) struct ExecuteTransaction {
    transact_statements: Option<Vec<StatementInput>>,
    client_request_token: Option<String>,
    return_consumed_capacity: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in super::super) struct Transacted {
    responses: Vec<Response>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<Vec<ConsumedCapacity>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Item>,
}

pub(in super::super) async fn execute(
    call: &Call,
    mut wanted: ExecuteTransaction,
) -> Result<Transacted, Fault> {
    let mut violations = Violations::default();
    let capacity = wanted.return_consumed_capacity.as_deref();
    violations.one_of("returnConsumedCapacity", capacity, CAPACITY);
    if let Some(token) = &wanted.client_request_token {
        violations.length("clientRequestToken", token, 1, 36);
    }
    let bounds = ("transactStatements", ITEMS_MAX);
    check_all(bounds, wanted.transact_statements.as_deref(), &mut violations);
    checked(violations)?;
    let mut statements = Vec::new();
    for input in wanted.transact_statements.iter_mut().flatten() {
        statements.push((input.read()?, input.returns_failed()));
    }
    let reads = check_same(statements.iter().map(|(statement, _)| statement))?;
    let mut tables = Tables::default();
    if reads {
        let selects = statements.into_iter().filter_map(|(statement, _)| match statement {
            Statement::Select(select) => Some(select),
            _ => None,
        });
        return read(call, &mut tables, selects.collect(), capacity).await;
    }
    let (mut changes, mut writes) = (Vec::new(), Vec::new());
    for (statement, returns_failed) in statements {
        let (change, write) = Change::of(call, &mut tables, statement, returns_failed).await?;
        changes.push(change);
        writes.push(write);
    }
    let reason = |place: usize, refusal| changes[place].reason(refusal);
    let written = made(call, writes, wanted.client_request_token, reason).await?;
    let tables = changes.iter().map(|change| change.table.clone()).collect();
    let consumed_capacity = units_written(capacity, tables, &written);
    let mut written = written.into_iter();
    let responses = changes.iter().map(|change| {
        let item = written.next().and_then(|written| change.answer(written));
        Response { item }
    });
    Ok(Transacted { responses: responses.collect(), consumed_capacity })
}

async fn read(
    call: &Call,
    tables: &mut Tables,
    selects: Vec<Select>,
    capacity: Option<&str>,
) -> Result<Transacted, Fault> {
    let (mut places, mut conditions) = (Vec::new(), Vec::new());
    for select in &selects {
        let (place, condition) = place(call, tables, select).await?;
        if places.contains(&place) {
            return Err(validation(
                "Transaction request cannot include multiple operations on one item",
            ));
        }
        places.push(place);
        conditions.push(condition);
    }
    let (found, consumed_capacity) = got(call, places, capacity).await?;
    let answers = found.into_iter().zip(conditions).zip(&selects);
    let responses = answers.map(|((item, condition), select)| {
        let holds = |item: &Item| condition.as_ref().is_none_or(|one| one.holds(Some(item)));
        Response { item: item.filter(holds).map(|item| select.row(item)) }
    });
    Ok(Transacted { responses: responses.collect(), consumed_capacity })
}

/// Finds the item that a statement reads, and what must hold of it to be answered.
pub(super) async fn place(
    call: &Call,
    tables: &mut Tables,
    select: &Select,
) -> Result<(ItemPlace, Option<lambent_tables::expression::Condition>), Fault> {
    if select.index.is_some() {
        return Err(validation("Select statements of one item read the table, not an index"));
    }
    let (table, found) = tables.of(call, &select.table).await?;
    let OneItem { key, condition } = select.item(&found.definition.key)?;
    let projected = select.projection.as_ref().map_or(&[][..], |projection| projection.paths());
    lambent_tables::expression::check_scalars(&found.definition, projected.iter())?;
    Ok((ItemPlace { table, key }, condition))
}
