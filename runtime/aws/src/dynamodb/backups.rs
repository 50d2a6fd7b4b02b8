//! Back-ups of tables: made, found and deleted.

use lambent_service::{TableBackup, TableHandle};
use lambent_tables::BillingMode;
use lambent_types::{Error, ErrorCode, TableName};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::arn;
use super::checks;
use super::definition::{KeyElement, key_schema};
use super::description::projection;
use super::error::{
    backup_in_use, backup_not_found, checked, fault, limit_exceeded, table_missing, validation,
};
use super::items::name;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// Most back-ups of a page, and as many are read at once to find those of a time.
const PAGE_MAX: i64 = 100;
const TYPES: &[&str] = &["USER", "SYSTEM", "AWS_BACKUP", "ALL"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateBackup {
    table_name: Option<String>,
    backup_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Created {
    backup_details: BackupDetails,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BackupDetails {
    backup_arn: String,
    backup_name: String,
    backup_size_bytes: u64,
    backup_status: &'static str,
    backup_type: &'static str,
    backup_creation_date_time: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    backup_description: BackupDescription,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BackupDescription {
    backup_details: BackupDetails,
    source_table_details: SourceTable,
    source_table_feature_details: Json,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SourceTable {
    table_name: String,
    table_id: String,
    table_arn: String,
    table_size_bytes: u64,
    key_schema: Vec<KeyElement>,
    table_creation_date_time: f64,
    provisioned_throughput: Json,
    item_count: u64,
    billing_mode: &'static str,
}

const fn status(backup: &TableBackup) -> &'static str {
    if backup.whole { "AVAILABLE" } else { "CREATING" }
}

fn seconds(time: jiff::Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

fn details(call: &Call, backup: &TableBackup, backup_status: &'static str) -> BackupDetails {
    BackupDetails {
        backup_arn: arn::backup(call, &backup.table, &backup.id),
        backup_name: backup.name.clone(),
        backup_size_bytes: backup.bytes,
        backup_status,
        backup_type: "USER",
        backup_creation_date_time: seconds(backup.created),
    }
}

fn throughput(of: Option<lambent_tables::Throughput>) -> Json {
    let (read, write) = of.map_or((0, 0), |of| (of.read, of.write));
    json!({ "ReadCapacityUnits": read, "WriteCapacityUnits": write })
}

/// What a table had beside its items and its key.
fn features(backup: &TableBackup) -> Json {
    let (definition, mut features) = (&backup.definition, json!({}));
    let local = definition.local_indexes.iter().map(|(name, index)| {
        json!({
            "IndexName": name.as_str(),
            "KeySchema": key_schema(&index.key),
            "Projection": projection(&index.projection),
        })
    });
    let global = definition.global_indexes.iter().map(|(name, index)| {
        json!({
            "IndexName": name.as_str(),
            "KeySchema": key_schema(&index.key),
            "Projection": projection(&index.projection),
            "ProvisionedThroughput": throughput(definition.index_throughput.get(name).copied()),
        })
    });
    let (local, global): (Vec<_>, Vec<_>) = (local.collect(), global.collect());
    if !local.is_empty() {
        features["LocalSecondaryIndexes"] = local.into();
    }
    if !global.is_empty() {
        features["GlobalSecondaryIndexes"] = global.into();
    }
    if let Some(view) = definition.stream {
        features["StreamDescription"] =
            json!({ "StreamEnabled": true, "StreamViewType": view.aws_name() });
    }
    features["TimeToLiveDescription"] = match &definition.time_to_live {
        Some(name) => json!({ "TimeToLiveStatus": "ENABLED", "AttributeName": name }),
        None => json!({ "TimeToLiveStatus": "DISABLED" }),
    };
    features
}

fn description(call: &Call, backup: &TableBackup, status: &'static str) -> Described {
    let definition = &backup.definition;
    let source_table_details = SourceTable {
        table_name: backup.table.as_str().to_owned(),
        table_id: backup.table_id.clone(),
        table_arn: arn::table(call, backup.table.as_str()),
        table_size_bytes: backup.bytes,
        key_schema: key_schema(&definition.key),
        table_creation_date_time: seconds(backup.table_created),
        provisioned_throughput: throughput(definition.throughput),
        item_count: backup.items,
        billing_mode: match definition.billing {
            BillingMode::PayPerRequest => "PAY_PER_REQUEST",
            BillingMode::Provisioned => "PROVISIONED",
        },
    };
    Described {
        backup_description: BackupDescription {
            backup_details: details(call, backup, status),
            source_table_details,
            source_table_feature_details: features(backup),
        },
    }
}

pub(super) async fn create(call: &Call, wanted: CreateBackup) -> Result<Created, Fault> {
    let called = wanted.backup_name.as_deref();
    let mut violations = Violations::default();
    violations.table(wanted.table_name.as_deref());
    violations.present(called.is_some(), "backupName");
    violations.name("backupName", called);
    checked(violations)?;
    let table = name(wanted.table_name)?;
    let made = checks::handle(call, table.as_str())?.back_up(called.unwrap_or_default()).await;
    let made = made.map_err(|error| match error.code() {
        ErrorCode::TableNotFound => table_missing(format!("Table not found: {table}")),
        ErrorCode::Conflict => {
            backup_in_use(format!("A backup of the table is being created: {table}"))
        }
        _ => fault(error),
    })?;
    Ok(Created { backup_details: details(call, &made, status(&made)) })
}

/// A back-up as its ARN names it.
pub(super) struct Named<'c> {
    pub(super) table: TableHandle<'c>,
    pub(super) id: String,
    arn: String,
}

impl Named<'_> {
    /// What the service refused of an operation on it.
    pub(super) fn fault(&self, error: Error) -> Fault {
        match error.code() {
            ErrorCode::TableNotFound => backup_not_found(format!("Backup not found: {}", self.arn)),
            ErrorCode::Conflict => self.in_use(),
            ErrorCode::QuotaExceeded => limit_exceeded(error.detail().to_owned()),
            _ => fault(error),
        }
    }

    pub(super) fn in_use(&self) -> Fault {
        backup_in_use(format!("Backup is being created or restored: {}", self.arn))
    }
}

/// Reads the ARN of a back-up.
pub(super) fn named<'c>(
    call: &'c Call,
    member: &str,
    given: Option<String>,
) -> Result<Named<'c>, Fault> {
    let mut violations = Violations::default();
    violations.present(given.is_some(), member);
    if let Some(given) = &given {
        violations.length(member, given, 37, 1024);
    }
    checked(violations)?;
    let given = given.unwrap_or_default();
    let parts: Vec<&str> = given.split(':').collect();
    let ["arn", _, "dynamodb", _, account, resource] = *parts.as_slice() else {
        return Err(validation(format!("Invalid BackupArn: {given}")));
    };
    let found = resource.strip_prefix("table/").and_then(|rest| rest.split_once("/backup/"));
    let found = found.and_then(|(table, id)| Some((table.parse::<TableName>().ok()?, id)));
    match found.filter(|_| account == call.account()) {
        Some((table, id)) => {
            let table = checks::handle(call, table.as_str())?;
            Ok(Named { table, id: id.to_owned(), arn: given })
        }
        None => Err(backup_not_found(format!("Backup not found: {given}"))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfBackup {
    backup_arn: Option<String>,
}

pub(super) async fn describe(call: &Call, wanted: OfBackup) -> Result<Described, Fault> {
    let named = named(call, "backupArn", wanted.backup_arn)?;
    let found = named.table.backup(&named.id).await.map_err(|error| named.fault(error))?;
    Ok(description(call, &found, status(&found)))
}

pub(super) async fn delete(call: &Call, wanted: OfBackup) -> Result<Described, Fault> {
    let named = named(call, "backupArn", wanted.backup_arn)?;
    let deleted = named.table.delete_backup(&named.id).await.map_err(|error| named.fault(error))?;
    Ok(description(call, &deleted, "DELETED"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListBackups {
    table_name: Option<String>,
    limit: Option<i64>,
    time_range_lower_bound: Option<f64>,
    time_range_upper_bound: Option<f64>,
    exclusive_start_backup_arn: Option<String>,
    backup_type: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Backups {
    backup_summaries: Vec<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_evaluated_backup_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    table_name: String,
    table_id: String,
    table_arn: String,
    #[serde(flatten)]
    details: BackupDetails,
}

impl ListBackups {
    fn check(&self) -> Result<(), Fault> {
        let mut violations = Violations::default();
        violations.name("tableName", self.table_name.as_deref());
        violations.within("limit", self.limit, 1, PAGE_MAX);
        violations.one_of("backupType", self.backup_type.as_deref(), TYPES);
        checked(violations)
    }

    /// Whether a back-up is of the time that is asked for: from the lower bound on, and before
    /// the upper one.
    fn is_in_time(&self, backup: &TableBackup) -> bool {
        let created = seconds(backup.created);
        self.time_range_lower_bound.is_none_or(|from| created >= from)
            && self.time_range_upper_bound.is_none_or(|to| created < to)
    }
}

pub(super) async fn list(call: &Call, mut wanted: ListBackups) -> Result<Backups, Fault> {
    wanted.check()?;
    let table = wanted.table_name.take().map(|table| name(Some(table))).transpose()?;
    let start = wanted.exclusive_start_backup_arn.take();
    let start = start.map(|arn| named(call, "exclusiveStartBackupArn", Some(arn))).transpose()?;
    let mut after = start.map(|start| start.id);
    let limit = usize::try_from(wanted.limit.unwrap_or(PAGE_MAX)).unwrap_or_default();
    let mut found: Vec<TableBackup> = Vec::new();
    // Those that AWS makes itself there are none of.
    let is_ours = matches!(wanted.backup_type.as_deref(), None | Some("USER" | "ALL"));
    // One more, to know whether something follows.
    while is_ours && found.len() <= limit {
        let page = call.scope.backups(table.as_ref(), after.as_deref(), PAGE_MAX as usize).await;
        let page = page.map_err(fault)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        found.extend(page.into_iter().filter(|backup| wanted.is_in_time(backup)));
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    Ok(Backups {
        last_evaluated_backup_arn: last.map(|last| arn::backup(call, &last.table, &last.id)),
        backup_summaries: found.iter().map(|backup| summary(call, backup)).collect(),
    })
}

fn summary(call: &Call, backup: &TableBackup) -> Summary {
    Summary {
        table_name: backup.table.as_str().to_owned(),
        table_id: backup.table_id.clone(),
        table_arn: arn::table(call, backup.table.as_str()),
        details: details(call, backup, status(backup)),
    }
}
