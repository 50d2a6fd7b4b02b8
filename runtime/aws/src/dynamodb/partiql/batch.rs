//! Statements that are carried out each for itself: all reads of one item, or all writes.

use std::collections::BTreeMap;

use lambent_service::Transacted;
use lambent_tables::Item;
use lambent_tables::partiql::Statement;
use lambent_types::TableName;
use serde::{Deserialize, Serialize};

use super::super::capacity::{ConsumedCapacity, Wanted, read_units, write_units};
use super::super::checks::CAPACITY;
use super::super::error::{checked, fault, validation};
use super::transaction::place;
use super::write::Change;
use super::{StatementInput, Tables, check_all, check_same};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// Most statements of a batch; DynamoDB's.
const STATEMENTS_MAX: usize = 25;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in super::super) struct BatchExecuteStatement {
    statements: Option<Vec<StatementInput>>,
    return_consumed_capacity: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in super::super) struct Executed {
    responses: Vec<Response>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<Vec<ConsumedCapacity>>,
}

/// What became of a statement.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<StatementError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Item>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StatementError {
    code: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Item>,
}

/// What a statement did, and how many units it used.
struct Done {
    table: TableName,
    item: Option<Item>,
    units: f64,
}

pub(in super::super) async fn execute(
    call: &Call,
    mut wanted: BatchExecuteStatement,
) -> Result<Executed, Fault> {
    let mut violations = Violations::default();
    let capacity = wanted.return_consumed_capacity.as_deref();
    violations.one_of("returnConsumedCapacity", capacity, CAPACITY);
    let bounds = ("statements", STATEMENTS_MAX);
    check_all(bounds, wanted.statements.as_deref(), &mut violations);
    checked(violations)?;
    let mut statements = Vec::new();
    for input in wanted.statements.iter_mut().flatten() {
        statements.push((input.read(), input));
    }
    check_same(statements.iter().filter_map(|(statement, _)| statement.as_ref().ok()))?;
    let mut tables = Tables::default();
    let (mut responses, mut units) = (Vec::new(), BTreeMap::<TableName, f64>::new());
    for (statement, input) in statements {
        let named = statement.as_ref().ok().map(|statement| statement.table().to_owned());
        let done = match statement {
            Ok(statement) => one(call, &mut tables, statement, input).await,
            Err(fault) => Err(fault.into()),
        };
        responses.push(match done {
            Ok(done) => {
                *units.entry(done.table.clone()).or_default() += done.units;
                let table_name = Some(done.table.as_str().to_owned());
                Response { error: None, table_name, item: done.item }
            }
            Err(error) => Response { error: Some(error), table_name: named, item: None },
        });
    }
    let used = units.iter();
    let used = used.filter_map(|(table, units)| Wanted(capacity).units(table.as_str(), *units));
    let consumed_capacity = Some(used.collect::<Vec<_>>()).filter(|used| !used.is_empty());
    Ok(Executed { responses, consumed_capacity })
}

/// Carries out one statement.
async fn one(
    call: &Call,
    tables: &mut Tables,
    statement: Statement,
    input: &StatementInput,
) -> Result<Done, StatementError> {
    if let Statement::Select(select) = &statement {
        let (place, condition) = place(call, tables, select).await?;
        let table = place.table.clone();
        let found = call.scope.get_items(vec![place]).await.map_err(fault)?;
        let found = found.into_iter().flatten().next();
        let bytes = found.as_ref().map_or(0, Item::size) as u64;
        let units = read_units(bytes, input.consistent_read == Some(true));
        let holds = |item: &Item| condition.as_ref().is_none_or(|one| one.holds(Some(item)));
        let item = found.filter(holds).map(|item| select.row(item));
        return Ok(Done { table, item, units });
    }
    if matches!(statement, Statement::Exists(_)) {
        return Err(validation("EXISTS is a statement of transactions").into());
    }
    let (change, write) = Change::of(call, tables, statement, input.returns_failed()).await?;
    match call.scope.transact(vec![write], None).await.map_err(fault)? {
        Transacted::Refused(refusals) => {
            let reason = change.reason(refusals.into_iter().flatten().next());
            Err(StatementError {
                code: reason.code.to_owned(),
                message: reason.message.unwrap_or_default(),
                item: reason.item,
            })
        }
        Transacted::Made(written) => {
            let written = written.into_iter().next().unwrap_or_default();
            let (table, units) = (change.table.clone(), write_units(written.bytes));
            Ok(Done { table, item: change.answer(written), units })
        }
        Transacted::MadeBefore => {
            Ok(Done { table: change.table.clone(), item: None, units: write_units(0) })
        }
    }
}

/// The codes of statements are those of errors without what these end with, but for one.
impl From<Fault> for StatementError {
    fn from(fault: Fault) -> Self {
        let name = fault.code.rsplit_once('#').map_or(&*fault.code, |(_, name)| name);
        let code = match name {
            "ValidationException" | "SerializationException" => "ValidationError",
            "InternalServerError" => "InternalServerError",
            "LimitExceededException" => "RequestLimitExceeded",
            "ThrottlingException" => "ThrottlingError",
            other => other.strip_suffix("Exception").unwrap_or(other),
        };
        Self { code: code.to_owned(), message: fault.message.into_owned(), item: None }
    }
}
