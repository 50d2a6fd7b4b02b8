//! Statements of PartiQL: one, many each for itself, and many at once.

mod batch;
mod execute;
mod select;
mod transaction;
mod write;

use std::collections::BTreeMap;

use lambent_service::Table;
use lambent_tables::partiql::Statement;
use lambent_tables::{Given, Value};
use lambent_types::TableName;
use serde::Deserialize;

use super::checks::ON_FAILURE;
use super::error::{fault, validation};
use super::items::name;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

pub(super) use batch::execute as batch;
pub(super) use execute::execute;
pub(super) use transaction::execute as transaction;

/// Most characters of a statement; DynamoDB's.
const STATEMENT_CHARS_MAX: usize = 8192;

/// A statement of several, with its parameters.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatementInput {
    statement: Option<String>,
    parameters: Option<Vec<Given<Value>>>,
    consistent_read: Option<bool>,
    return_values_on_condition_check_failure: Option<String>,
}

impl StatementInput {
    /// Notes what is out of bounds, of the one that is called `member`.
    fn check(&self, member: &str, violations: &mut Violations) {
        let of = |name: &str| {
            if member.is_empty() { name.to_owned() } else { format!("{member}.{name}") }
        };
        violations.present(self.statement.is_some(), &of("statement"));
        if let Some(statement) = &self.statement {
            violations.length(&of("statement"), statement, 1, STATEMENT_CHARS_MAX);
        }
        violations.filled(&of("parameters"), self.parameters.as_ref());
        let on_failure = self.return_values_on_condition_check_failure.as_deref();
        let member = of("returnValuesOnConditionCheckFailure");
        violations.one_of(&member, on_failure, ON_FAILURE);
    }

    /// Whether an item that is not as it should be is to be answered.
    fn returns_failed(&self) -> bool {
        self.return_values_on_condition_check_failure.as_deref() == Some("ALL_OLD")
    }

    fn read(&mut self) -> Result<Statement, Fault> {
        let parameters = self.parameters.take().unwrap_or_default().into_iter();
        let parameters = parameters.map(Given::read).collect::<Result<Vec<_>, _>>()?;
        let text = self.statement.take().unwrap_or_default();
        Ok(Statement::read(&text, parameters)?)
    }
}

/// Notes what is out of bounds of statements, of which there may be so many.
fn check_all(
    (member, most): (&str, usize),
    inputs: Option<&[StatementInput]>,
    violations: &mut Violations,
) {
    violations.counted(member, inputs.map(<[_]>::len), most);
    for (place, input) in inputs.unwrap_or_default().iter().enumerate() {
        input.check(&format!("{member}.{}.member", place + 1), violations);
    }
}

/// The tables that statements of a request are about, each read once.
#[derive(Default)]
struct Tables(BTreeMap<TableName, Table>);

impl Tables {
    /// Reads the table that a statement names.
    async fn of(&mut self, call: &Call, named: &str) -> Result<(TableName, &Table), Fault> {
        let mut violations = Violations::default();
        violations.name("tableName", Some(named));
        super::error::checked(violations)?;
        let table = name(Some(named.to_owned()))?;
        let found = match self.0.remove(&table) {
            Some(found) => found,
            None => call.scope.resource(&table).describe().await.map_err(fault)?,
        };
        Ok((table.clone(), self.0.entry(table).or_insert(found)))
    }
}

/// Checks that all statements read, or that all write.
fn check_same<'s>(statements: impl IntoIterator<Item = &'s Statement>) -> Result<bool, Fault> {
    let mut reads = statements.into_iter().map(Statement::is_read);
    let first = reads.next().unwrap_or_default();
    if reads.all(|read| read == first) {
        return Ok(first);
    }
    Err(validation(
        "The statements of a request must all be reads or all be writes; mixing them is not supported",
    ))
}
