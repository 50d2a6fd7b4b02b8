//! One statement.

use lambent_service::Transacted;
use lambent_tables::partiql::Statement;
use lambent_tables::{Given, Item, Value};
use serde::{Deserialize, Serialize};

use super::super::capacity::{ConsumedCapacity, Wanted};
use super::super::checks::CAPACITY;
use super::super::error::{checked, fault, validation};
use super::select::{self, Reading};
use super::write::Change;
use super::{StatementInput, Tables};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// Most characters of a token.
const TOKEN_CHARS_MAX: usize = 32_768;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in super::super) struct ExecuteStatement {
    statement: Option<String>,
    parameters: Option<Vec<Given<Value>>>,
    consistent_read: Option<bool>,
    next_token: Option<String>,
    return_consumed_capacity: Option<String>,
    limit: Option<i64>,
    return_values_on_condition_check_failure: Option<String>,
}

/// What a statement answers.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in super::super) struct Executed {
    items: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_evaluated_key: Option<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<ConsumedCapacity>,
}

pub(in super::super) async fn execute(
    call: &Call,
    wanted: ExecuteStatement,
) -> Result<Executed, Fault> {
    let mut input = StatementInput {
        statement: wanted.statement,
        parameters: wanted.parameters,
        consistent_read: wanted.consistent_read,
        return_values_on_condition_check_failure: wanted.return_values_on_condition_check_failure,
    };
    let mut violations = Violations::default();
    input.check("", &mut violations);
    let capacity = wanted.return_consumed_capacity.as_deref();
    violations.one_of("returnConsumedCapacity", capacity, CAPACITY);
    if let Some(token) = &wanted.next_token {
        violations.length("nextToken", token, 1, TOKEN_CHARS_MAX);
    }
    violations.within("limit", wanted.limit, 1, i64::MAX);
    checked(violations)?;
    let reading = Reading {
        consistent: input.consistent_read == Some(true),
        limit: wanted.limit.and_then(|limit| limit.try_into().ok()),
        token: wanted.next_token,
    };
    let mut tables = Tables::default();
    match input.read()? {
        Statement::Select(select) => {
            let page = select::page(call, &mut tables, &select, &reading).await?;
            Ok(Executed {
                items: page.items,
                next_token: page.next_token,
                last_evaluated_key: page.last,
                consumed_capacity: Wanted(capacity).read(
                    super::super::checks::short(&select.table),
                    page.bytes,
                    reading.consistent,
                ),
            })
        }
        Statement::Exists(_) => {
            Err(validation("EXISTS is a statement of transactions; give it to ExecuteTransaction"))
        }
        _ if reading.token.is_some() => Err(validation("NextToken does not match request")),
        statement => {
            let returns = input.returns_failed();
            let (change, write) = Change::of(call, &mut tables, statement, returns).await?;
            let made = call.scope.transact(vec![write], None).await.map_err(fault)?;
            let written = match made {
                Transacted::Made(written) => written.into_iter().next().unwrap_or_default(),
                Transacted::MadeBefore => Default::default(),
                Transacted::Refused(reasons) => {
                    return Err(change.fault(reasons.into_iter().flatten().next()));
                }
            };
            Ok(Executed {
                consumed_capacity: Wanted(capacity).written(change.table.as_str(), written.bytes),
                items: change.answer(written).into_iter().collect(),
                next_token: None,
                last_evaluated_key: None,
            })
        }
    }
}
