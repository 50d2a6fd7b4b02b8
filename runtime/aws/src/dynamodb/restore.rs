//! Tables that are made of back-ups.

use std::collections::BTreeMap;

use lambent_service::{RestoreOverrides, Restored, TableBackup};
use lambent_tables::{BillingMode, Index, IndexName};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::arn;
use super::backups::named;
use super::checks;
use super::definition::{AttributeDefinition, Attributes, IndexInput, ThroughputInput};
use super::description::TableDescription;
use super::error::{checked, table_exists, validation};
use super::items::name;
use super::tables::BILLING;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RestoreTable {
    target_table_name: Option<String>,
    backup_arn: Option<String>,
    billing_mode_override: Option<String>,
    global_secondary_index_override: Option<Vec<IndexInput>>,
    local_secondary_index_override: Option<Vec<IndexInput>>,
    provisioned_throughput_override: Option<ThroughputInput>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    table_description: Json,
}

impl RestoreTable {
    fn check(&self) -> Result<(), Fault> {
        let mut violations = Violations::default();
        violations.present(self.target_table_name.is_some(), "targetTableName");
        violations.name("targetTableName", self.target_table_name.as_deref());
        violations.one_of("billingModeOverride", self.billing_mode_override.as_deref(), BILLING);
        if let Some(throughput) = self.provisioned_throughput_override {
            throughput.check("provisionedThroughputOverride", &mut violations);
        }
        for (name, indexes) in [
            ("localSecondaryIndexOverride", &self.local_secondary_index_override),
            ("globalSecondaryIndexOverride", &self.global_secondary_index_override),
        ] {
            for (place, index) in indexes.iter().flatten().enumerate() {
                index.check(&format!("{name}.{}.member", place + 1), &mut violations);
            }
        }
        checked(violations.first(10))
    }

    /// What is to differ from a table that was backed up.
    fn overrides(self, backup: &TableBackup) -> Result<RestoreOverrides, Fault> {
        let throughput = self.provisioned_throughput_override.map(ThroughputInput::read);
        let throughput = throughput.transpose()?;
        let billing = match (self.billing_mode_override.as_deref(), throughput) {
            (None, None) => None,
            (Some("PAY_PER_REQUEST"), None) => Some((BillingMode::PayPerRequest, None)),
            (Some("PAY_PER_REQUEST"), Some(_)) => {
                return Err(validation(
                    "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be \
                     specified when BillingMode is PAY_PER_REQUEST",
                ));
            }
            (_, None) => {
                return Err(validation(
                    "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be \
                     specified when BillingMode is PROVISIONED",
                ));
            }
            (_, throughput) => Some((BillingMode::Provisioned, throughput)),
        };
        let attributes = backup.definition.key_attributes()?.into_iter().map(|(name, kind)| {
            AttributeDefinition {
                attribute_name: Some(name.to_owned()),
                attribute_type: Some(kind.name().to_owned()),
            }
        });
        let attributes = Attributes::of(&attributes.collect::<Vec<_>>())?;
        let mut index_throughput = BTreeMap::new();
        for index in self.global_secondary_index_override.iter().flatten() {
            if let Some(throughput) = index.provisioned_throughput {
                index_throughput.insert(index.read(&attributes)?.0, throughput.read()?);
            }
        }
        let read = |indexes: Option<Vec<IndexInput>>| {
            let indexes = indexes.map(|indexes| read_all(&indexes, &attributes));
            indexes.transpose()
        };
        Ok(RestoreOverrides {
            global_indexes: read(self.global_secondary_index_override)?,
            local_indexes: read(self.local_secondary_index_override)?,
            billing,
            index_throughput,
        })
    }
}

fn read_all(
    indexes: &[IndexInput],
    attributes: &Attributes,
) -> Result<BTreeMap<IndexName, Index>, Fault> {
    indexes.iter().map(|index| index.read(attributes)).collect()
}

pub(super) async fn restore(call: &Call, wanted: RestoreTable) -> Result<Described, Fault> {
    wanted.check()?;
    let table = name(wanted.target_table_name.clone())?;
    let named = named(call, "backupArn", wanted.backup_arn.clone())?;
    let backup = named.table.backup(&named.id).await.map_err(|error| named.fault(error))?;
    let target = checks::handle(call, table.as_str())?;
    let overrides = wanted.overrides(&backup)?;
    let restored = named.table.restore(&named.id, &target, overrides).await;
    let restored = match restored.map_err(|error| named.fault(error))? {
        Restored::Begun(restored) => restored,
        Restored::NameTaken => {
            return Err(table_exists(format!("Table already exists: {table}")));
        }
        Restored::BackupInUse => return Err(named.in_use()),
    };
    let status = if restored.restoring { "CREATING" } else { "ACTIVE" };
    let described = TableDescription::of(call, &restored, status);
    let mut described = serde_json::to_value(described).unwrap_or_default();
    described["RestoreSummary"] = json!({
        "SourceBackupArn": arn::backup(call, &backup.table, &backup.id),
        "SourceTableArn": arn::table(call, backup.table.as_str()),
        "RestoreDateTime": restored.created.as_millisecond() as f64 / 1000.0,
        "RestoreInProgress": restored.restoring,
    });
    Ok(Described { table_description: described })
}
