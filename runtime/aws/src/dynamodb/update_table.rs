//! Tables that are changed: their throughput, their global indexes, and what else is said of them.

use std::collections::BTreeSet;

use lambent_tables::{BillingMode, IndexName, TableDefinition, Throughput};
use serde::Deserialize;
use serde_json::Value as Json;

use super::checks;
use super::definition::{
    AttributeDefinition, Attributes, IndexInput, StreamInput, ThroughputInput, check_definitions,
};
use super::description::{Kept, TableDescription};
use super::error::{checked, not_found, validation};
use super::items::name;
use super::tables::{BILLING, CLASSES, Described, changed, check_name};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateTable {
    table_name: Option<String>,
    attribute_definitions: Option<Vec<AttributeDefinition>>,
    billing_mode: Option<String>,
    provisioned_throughput: Option<ThroughputInput>,
    global_secondary_index_updates: Option<Vec<IndexUpdate>>,
    stream_specification: Option<StreamInput>,
    deletion_protection_enabled: Option<bool>,
    table_class: Option<String>,
    #[serde(rename = "SSESpecification")]
    sse_specification: Option<Json>,
    on_demand_throughput: Option<Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexUpdate {
    create: Option<IndexInput>,
    update: Option<ThroughputUpdate>,
    delete: Option<IndexDeletion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ThroughputUpdate {
    index_name: Option<String>,
    provisioned_throughput: Option<ThroughputInput>,
    on_demand_throughput: Option<Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexDeletion {
    index_name: Option<String>,
}

impl IndexUpdate {
    fn check(&self, member: &str, violations: &mut Violations) {
        if let Some(update) = &self.update {
            let name = format!("{member}.update.indexName");
            violations.present(update.index_name.is_some(), &name);
            violations.name(&name, update.index_name.as_deref());
            let throughput = format!("{member}.update.provisionedThroughput");
            match update.provisioned_throughput {
                Some(given) => given.check(&throughput, violations),
                None => violations.present(update.on_demand_throughput.is_some(), &throughput),
            }
        }
        if let Some(create) = &self.create {
            create.check(&format!("{member}.create"), violations);
        }
        if let Some(delete) = &self.delete {
            let name = format!("{member}.delete.indexName");
            violations.present(delete.index_name.is_some(), &name);
            violations.name(&name, delete.index_name.as_deref());
        }
    }

    fn name(&self) -> Option<&str> {
        let update = self.update.as_ref().map(|update| &update.index_name);
        let create = self.create.as_ref().map(|create| &create.index_name);
        let delete = self.delete.as_ref().map(|delete| &delete.index_name);
        update.or(create).or(delete).and_then(|name| name.as_deref())
    }
}

impl UpdateTable {
    fn kept(&self) -> Kept {
        Kept {
            table_class: self.table_class.clone(),
            sse_specification: self.sse_specification.clone(),
            on_demand_throughput: self.on_demand_throughput.clone(),
        }
    }

    fn check(&self) -> Result<(), Fault> {
        check_name(self.table_name.as_deref())?;
        let mut violations = Violations::default();
        violations.name("tableName", self.table_name.as_deref());
        check_definitions(self.attribute_definitions.as_ref(), &mut violations);
        violations.one_of("billingMode", self.billing_mode.as_deref(), BILLING);
        violations.one_of("tableClass", self.table_class.as_deref(), CLASSES);
        if let Some(throughput) = self.provisioned_throughput {
            throughput.check("provisionedThroughput", &mut violations);
        }
        let updates = self.global_secondary_index_updates.iter().flatten();
        for (place, update) in updates.enumerate() {
            let member = format!("globalSecondaryIndexUpdates.{}.member", place + 1);
            update.check(&member, &mut violations);
        }
        checked(violations.first(10))?;
        self.check_something()?;
        self.check_updates()
    }

    /// Checks that something is to be changed.
    fn check_something(&self) -> Result<(), Fault> {
        let updates = self.global_secondary_index_updates.as_ref();
        let something = self.provisioned_throughput.is_some()
            || self.billing_mode.is_some()
            || updates.is_some_and(|updates| !updates.is_empty())
            || self.stream_specification.is_some()
            || self.deletion_protection_enabled.is_some()
            || !self.kept().is_empty();
        if !something {
            return Err(validation(
                "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or \
                 SSESpecification or ReplicaUpdates is required",
            ));
        }
        if self.billing_mode.as_deref() == Some("PROVISIONED")
            && self.provisioned_throughput.is_none()
        {
            return Err(validation(
                "One or more parameter values were invalid: ProvisionedThroughput must be specified when BillingMode is \
                 PROVISIONED",
            ));
        }
        self.throughput().map(drop)
    }

    fn check_updates(&self) -> Result<(), Fault> {
        let mut names = BTreeSet::new();
        for update in self.global_secondary_index_updates.iter().flatten() {
            let Some(name) = update.name() else {
                return Err(validation(
                    "One or more parameter values were invalid: One of GlobalSecondaryIndexUpdate.Update, \
                     GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null",
                ));
            };
            if !names.insert(name) {
                return Err(validation(format!(
                    "One or more parameter values were invalid: Only one global secondary index update per index is allowed \
                     simultaneously. Index: {name}"
                )));
            }
        }
        Ok(())
    }

    fn throughput(&self) -> Result<Option<Throughput>, Fault> {
        self.provisioned_throughput.map(ThroughputInput::read).transpose()
    }

    /// Makes the change to what a table is.
    fn apply(&self, table: &mut TableDefinition) -> Result<(), Fault> {
        match self.billing_mode.as_deref() {
            Some("PAY_PER_REQUEST") => {
                table.billing = BillingMode::PayPerRequest;
                table.throughput = None;
                table.index_throughput.clear();
            }
            Some(_) => table.billing = BillingMode::Provisioned,
            None => {}
        }
        if let Some(throughput) = self.throughput()? {
            if table.billing == BillingMode::PayPerRequest {
                return Err(validation(
                    "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be \
                     specified when BillingMode is PAY_PER_REQUEST",
                ));
            }
            check_changed(table, throughput)?;
            table.throughput = Some(throughput);
        }
        if let Some(stream) = &self.stream_specification {
            table.stream = self.stream(stream, table)?;
        }
        if let Some(protected) = self.deletion_protection_enabled {
            table.deletion_protection = protected;
        }
        self.kept().or(Kept::of(table)).keep(table);
        for update in self.global_secondary_index_updates.iter().flatten() {
            self.apply_index(update, table)?;
        }
        Ok(())
    }

    fn stream(
        &self,
        stream: &StreamInput,
        table: &TableDefinition,
    ) -> Result<Option<lambent_tables::StreamView>, Fault> {
        let view = stream.read()?;
        let name = checks::short(self.table_name.as_deref().unwrap_or_default());
        match (table.stream, view) {
            (Some(_), Some(_)) => {
                Err(validation(format!("Table already has an enabled stream: TableName: {name}")))
            }
            (None, None) => {
                Err(validation(format!("Table has no stream to disable: TableName: {name}")))
            }
            _ => Ok(view),
        }
    }

    fn apply_index(&self, update: &IndexUpdate, table: &mut TableDefinition) -> Result<(), Fault> {
        if let Some(create) = &update.create {
            let given = self.attribute_definitions.as_deref().unwrap_or_default();
            let (name, index) = create.read(&Attributes::of(given)?)?;
            if table.index(name.as_str()).is_some() {
                return Err(validation(format!(
                    "Attempting to create an index which already exists: {name}"
                )));
            }
            if let Some(throughput) = create.provisioned_throughput {
                table.index_throughput.insert(name.clone(), throughput.read()?);
            }
            table.global_indexes.insert(name, index);
            table.check()?;
            return Ok(());
        }
        let name = update.name().unwrap_or_default().parse::<IndexName>()?;
        if !table.global_indexes.contains_key(&name) {
            return Err(not_found(format!(
                "Requested resource not found: Index: {name} not found"
            )));
        }
        if update.delete.is_some() {
            table.global_indexes.remove(&name);
            table.index_throughput.remove(&name);
        } else if let Some(given) =
            update.update.as_ref().and_then(|update| update.provisioned_throughput)
        {
            table.index_throughput.insert(name, given.read()?);
        }
        Ok(())
    }
}

/// Checks that a throughput is another than the table has, which AWS wants of a change.
fn check_changed(table: &TableDefinition, throughput: Throughput) -> Result<(), Fault> {
    if table.throughput == Some(throughput) {
        return Err(validation(format!(
            "The provisioned throughput for the table will not change. The requested value equals the current value. Current \
             ReadCapacityUnits provisioned for the table: {}. Requested ReadCapacityUnits: {}. Current WriteCapacityUnits \
             provisioned for the table: {}. Requested WriteCapacityUnits: {}. Refer to the Amazon DynamoDB Developer Guide \
             for current limits and how to request higher limits.",
            throughput.read, throughput.read, throughput.write, throughput.write
        )));
    }
    Ok(())
}

pub(super) async fn update(call: &Call, wanted: UpdateTable) -> Result<Described, Fault> {
    wanted.check()?;
    let table = name(wanted.table_name.clone())?;
    let updated = changed(call, &table, |definition| wanted.apply(definition)).await?;
    let filling = updated.indexes.values().any(|index| index.filling);
    let status = if filling { "UPDATING" } else { "ACTIVE" };
    Ok(Described { table_description: TableDescription::of(call, &updated, status) })
}
