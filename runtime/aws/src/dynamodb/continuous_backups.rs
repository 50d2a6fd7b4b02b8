//! Point-in-time recovery, of which there is none: that it is off is said, and turning it on is refused.

use serde::{Deserialize, Serialize};

use super::checks;
use super::error::{
    checked, continuous_backups_unavailable, fault, point_in_time_unavailable, table_missing,
};
use super::items::name;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;
use lambent_types::{ErrorCode, TableName};

/// Why there is none, and what to do.
const INSTEAD: &str = "This node keeps no history of tables to restore a moment from. Back up the table on demand \
                       (CreateBackup), on a schedule if need be, or the whole node with \"lambent backup\".";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfTable {
    table_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    continuous_backups_description: Description,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    continuous_backups_status: &'static str,
    point_in_time_recovery_description: Recovery,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Recovery {
    point_in_time_recovery_status: &'static str,
}

const OFF: Described = Described {
    continuous_backups_description: Description {
        continuous_backups_status: "DISABLED",
        point_in_time_recovery_description: Recovery { point_in_time_recovery_status: "DISABLED" },
    },
};

/// Fails unless there is such a table.
async fn check_there(call: &Call, table: &TableName) -> Result<(), Fault> {
    let found = checks::handle(call, table.as_str())?.describe().await;
    found.map(drop).map_err(|error| match error.code() {
        ErrorCode::TableNotFound => table_missing(format!("Table not found: {table}")),
        _ => fault(error),
    })
}

pub(super) async fn describe(call: &Call, wanted: OfTable) -> Result<Described, Fault> {
    let mut violations = Violations::default();
    violations.table(wanted.table_name.as_deref());
    checked(violations)?;
    check_there(call, &name(wanted.table_name)?).await?;
    Ok(OFF)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Update {
    table_name: Option<String>,
    point_in_time_recovery_specification: Option<Specification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Specification {
    point_in_time_recovery_enabled: Option<bool>,
}

pub(super) async fn update(call: &Call, wanted: Update) -> Result<Described, Fault> {
    let member = "pointInTimeRecoverySpecification";
    let specification = wanted.point_in_time_recovery_specification;
    let enabled = specification.as_ref().map(|one| one.point_in_time_recovery_enabled);
    let mut violations = Violations::default();
    violations.table(wanted.table_name.as_deref());
    violations.present(enabled.is_some(), member);
    if let Some(enabled) = enabled {
        let member = format!("{member}.pointInTimeRecoveryEnabled");
        violations.present(enabled.is_some(), &member);
    }
    checked(violations)?;
    check_there(call, &name(wanted.table_name)?).await?;
    match enabled.flatten() {
        Some(true) => Err(continuous_backups_unavailable(INSTEAD)),
        _ => Ok(OFF),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RestoreToPoint {
    source_table_name: Option<String>,
    source_table_arn: Option<String>,
    target_table_name: Option<String>,
}

pub(super) async fn restore(call: &Call, wanted: RestoreToPoint) -> Result<Described, Fault> {
    let source = wanted.source_table_name.or(wanted.source_table_arn);
    let mut violations = Violations::default();
    violations.present(source.is_some(), "sourceTableName");
    violations.name("sourceTableName", source.as_deref());
    violations.present(wanted.target_table_name.is_some(), "targetTableName");
    violations.name("targetTableName", wanted.target_table_name.as_deref());
    checked(violations)?;
    check_there(call, &name(source)?).await?;
    Err(point_in_time_unavailable(INSTEAD))
}
