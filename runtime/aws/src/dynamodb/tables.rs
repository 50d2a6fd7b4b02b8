//! Tables: made, found and deleted.

use lambent_service::Table;
use lambent_tables::TableDefinition;
use lambent_types::{ErrorCode, TableName};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks;
use super::definition::{
    AttributeDefinition, IndexInput, KeyElement, NewTable, StreamInput, Tag, ThroughputInput,
    check_definitions, check_key_schema,
};
use super::description::{Kept, TableDescription};
use super::error::{checked, fault, in_use, table_fault, validation};
use super::items::name;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// How often a change is tried of a table that others change meanwhile.
const TRIES: usize = 5;

pub(super) const BILLING: &[&str] = &["PROVISIONED", "PAY_PER_REQUEST"];
pub(super) const CLASSES: &[&str] = &["STANDARD", "STANDARD_INFREQUENT_ACCESS"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateTable {
    table_name: Option<String>,
    attribute_definitions: Option<Vec<AttributeDefinition>>,
    key_schema: Option<Vec<KeyElement>>,
    local_secondary_indexes: Option<Vec<IndexInput>>,
    global_secondary_indexes: Option<Vec<IndexInput>>,
    billing_mode: Option<String>,
    provisioned_throughput: Option<ThroughputInput>,
    stream_specification: Option<StreamInput>,
    deletion_protection_enabled: Option<bool>,
    table_class: Option<String>,
    #[serde(rename = "SSESpecification")]
    sse_specification: Option<Json>,
    on_demand_throughput: Option<Json>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    pub(super) table_description: TableDescription,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Shown {
    table: TableDescription,
}

/// Checks the name of a table, where DynamoDB says it in other words than elsewhere.
pub(super) fn check_name(name: Option<&str>) -> Result<(), Fault> {
    let Some(name) = name else {
        return Err(validation(
            "The parameter 'TableName' is required but was not present in the request",
        ));
    };
    if !(3..=255).contains(&checks::short(name).len()) {
        return Err(validation(
            "TableName must be at least 3 characters long and at most 255 characters long",
        ));
    }
    Ok(())
}

impl CreateTable {
    fn check(&self) -> Result<(), Fault> {
        check_name(self.table_name.as_deref())?;
        let mut violations = Violations::default();
        violations.present(self.attribute_definitions.is_some(), "attributeDefinitions");
        check_definitions(self.attribute_definitions.as_ref(), &mut violations);
        violations.name("tableName", self.table_name.as_deref());
        violations.one_of("billingMode", self.billing_mode.as_deref(), BILLING);
        violations.one_of("tableClass", self.table_class.as_deref(), CLASSES);
        if let Some(throughput) = self.provisioned_throughput {
            throughput.check("provisionedThroughput", &mut violations);
        }
        check_key_schema("keySchema", self.key_schema.as_ref(), &mut violations);
        for (name, indexes) in [
            ("localSecondaryIndexes", &self.local_secondary_indexes),
            ("globalSecondaryIndexes", &self.global_secondary_indexes),
        ] {
            for (place, index) in indexes.iter().flatten().enumerate() {
                index.check(&format!("{name}.{}.member", place + 1), &mut violations);
            }
        }
        checked(violations.first(10))
    }

    fn definition(self) -> Result<TableDefinition, Fault> {
        let new = NewTable {
            definitions: self.attribute_definitions.as_deref().unwrap_or_default(),
            key_schema: self.key_schema.as_deref().unwrap_or_default(),
            local: self.local_secondary_indexes.as_deref(),
            global: self.global_secondary_indexes.as_deref(),
            billing: self.billing_mode.as_deref(),
            throughput: self.provisioned_throughput,
        };
        let mut definition = new.read()?;
        if let Some(stream) = &self.stream_specification {
            definition.stream = stream.read()?;
        }
        definition.deletion_protection = self.deletion_protection_enabled == Some(true);
        definition.tags = self.tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        let kept = Kept {
            table_class: self.table_class,
            sse_specification: self.sse_specification,
            on_demand_throughput: self.on_demand_throughput,
        };
        kept.keep(&mut definition);
        Ok(definition)
    }
}

pub(super) async fn create(call: &Call, wanted: CreateTable) -> Result<Described, Fault> {
    wanted.check()?;
    let table = name(wanted.table_name.clone())?;
    let definition = wanted.definition()?;
    let created = checks::handle(call, table.as_str())?.create(definition).await;
    let created = created.map_err(|error| match error.code() {
        ErrorCode::Conflict => in_use(format!("Table already exists: {table}")),
        _ => table_fault(&table, error),
    })?;
    Ok(Described { table_description: TableDescription::of(call, &created, "ACTIVE") })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfTable {
    table_name: Option<String>,
}

impl OfTable {
    fn table(self) -> Result<TableName, Fault> {
        check_name(self.table_name.as_deref())?;
        let mut violations = Violations::default();
        violations.name("tableName", self.table_name.as_deref());
        checked(violations)?;
        name(self.table_name)
    }
}

pub(super) async fn describe(call: &Call, wanted: OfTable) -> Result<Shown, Fault> {
    let table = described(call, Some(wanted.table()?.as_str().to_owned())).await?;
    let is_filling = table.indexes.values().any(|index| index.filling);
    let status = match (table.restoring, is_filling) {
        (true, _) => "CREATING",
        (false, true) => "UPDATING",
        (false, false) => "ACTIVE",
    };
    Ok(Shown { table: TableDescription::of(call, &table, status) })
}

pub(super) async fn delete(call: &Call, wanted: OfTable) -> Result<Described, Fault> {
    let table = wanted.table()?;
    let deleted = checks::handle(call, table.as_str())?.delete().await;
    let deleted = deleted.map_err(|error| match error.code() {
        ErrorCode::Conflict => validation(
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
        ),
        _ => table_fault(&table, error),
    })?;
    Ok(Described { table_description: TableDescription::of(call, &deleted, "DELETING") })
}

/// Reads a table by a name that was checked.
pub(super) async fn described(call: &Call, table: Option<String>) -> Result<Table, Fault> {
    let table = name(table)?;
    let handle = checks::handle(call, table.as_str())?;
    handle.describe().await.map_err(|error| table_fault(&table, error))
}

/// Changes what a table is, by what it is.
pub(super) async fn changed(
    call: &Call,
    table: &TableName,
    mut change: impl FnMut(&mut TableDefinition) -> Result<(), Fault>,
) -> Result<Table, Fault> {
    let handle = checks::handle(call, table.as_str())?;
    let mut tries = 0;
    loop {
        let found = handle.describe().await.map_err(|error| table_fault(table, error))?;
        if found.restoring {
            return Err(in_use(format!(
                "Attempt to change a resource which is still in use: Table is being created: {table}"
            )));
        }
        let mut definition = found.definition;
        change(&mut definition)?;
        tries += 1;
        match handle.update(definition, Some(found.revision)).await {
            Err(error) if error.code() == ErrorCode::PreconditionFailed && tries < TRIES => {}
            updated => return updated.map_err(|error| table_fault(table, error)),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTables {
    exclusive_start_table_name: Option<String>,
    limit: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tables {
    table_names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_evaluated_table_name: Option<String>,
}

/// Most tables of a page; DynamoDB's.
const PAGE_MAX: i64 = 100;

pub(super) async fn list(call: &Call, wanted: ListTables) -> Result<Tables, Fault> {
    let after = wanted.exclusive_start_table_name;
    let mut violations = Violations::default();
    violations.name("exclusiveStartTableName", after.as_deref());
    violations.within("limit", wanted.limit, 1, PAGE_MAX);
    checked(violations)?;
    let after = after.map(|after| name(Some(after))).transpose()?;
    let limit = usize::try_from(wanted.limit.unwrap_or(PAGE_MAX)).unwrap_or_default();
    // One more, to know whether something follows.
    let found = call.scope.tables(after.as_ref(), limit + 1).await.map_err(fault)?;
    let mut table_names: Vec<_> =
        found.into_iter().map(|table| table.name.as_str().to_owned()).collect();
    let more = table_names.len() > limit;
    table_names.truncate(limit);
    let last_evaluated_table_name = table_names.last().filter(|_| more).cloned();
    Ok(Tables { table_names, last_evaluated_table_name })
}
