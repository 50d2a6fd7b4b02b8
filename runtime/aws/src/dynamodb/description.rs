//! Tables as they are described.

use lambent_service::Table;
use lambent_tables::{BillingMode, Index, IndexName, Projection, TableDefinition, Throughput};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::arn;
use super::definition::{AttributeDefinition, KeyElement, ProjectionInput, key_schema};
use crate::call::Call;

/// The annotation that what AWS's tools set and means nothing here is kept in.
const ANNOTATION: &str = "aws.dynamodb";

/// What is kept of it.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Kept {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) table_class: Option<String>,
    #[serde(rename = "SSESpecification", skip_serializing_if = "Option::is_none")]
    pub(super) sse_specification: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) on_demand_throughput: Option<Json>,
}

impl Kept {
    pub(super) fn of(table: &TableDefinition) -> Self {
        let text = table.annotations.get(ANNOTATION);
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Takes what is given over what was kept.
    pub(super) fn or(self, before: Self) -> Self {
        Self {
            table_class: self.table_class.or(before.table_class),
            sse_specification: self.sse_specification.or(before.sse_specification),
            on_demand_throughput: self.on_demand_throughput.or(before.on_demand_throughput),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.table_class.is_none()
            && self.sse_specification.is_none()
            && self.on_demand_throughput.is_none()
    }

    pub(super) fn keep(&self, table: &mut TableDefinition) {
        if !self.is_empty() {
            let text = serde_json::to_string(self).unwrap_or_default();
            table.annotations.0.insert(ANNOTATION.to_owned(), text);
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TableDescription {
    table_name: String,
    table_arn: String,
    table_id: String,
    table_status: &'static str,
    creation_date_time: f64,
    attribute_definitions: Vec<AttributeDefinition>,
    key_schema: Vec<KeyElement>,
    item_count: u64,
    table_size_bytes: u64,
    provisioned_throughput: ThroughputDescription,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_mode_summary: Option<BillingModeSummary>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    local_secondary_indexes: Vec<IndexDescription>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    global_secondary_indexes: Vec<IndexDescription>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_specification: Option<StreamDescription>,
    /// Of its stream, or of the last one that it had.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_stream_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_stream_label: Option<String>,
    #[serde(rename = "SSEDescription", skip_serializing_if = "Option::is_none")]
    sse_description: Option<SseDescription>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_class_summary: Option<TableClassSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_demand_throughput: Option<Json>,
    deletion_protection_enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ThroughputDescription {
    read_capacity_units: u64,
    write_capacity_units: u64,
    number_of_decreases_today: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BillingModeSummary {
    billing_mode: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StreamDescription {
    stream_enabled: bool,
    stream_view_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SseDescription {
    status: &'static str,
    #[serde(rename = "SSEType")]
    sse_type: Json,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TableClassSummary {
    table_class: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct IndexDescription {
    index_name: String,
    index_arn: String,
    key_schema: Vec<KeyElement>,
    projection: ProjectionInput,
    item_count: u64,
    index_size_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    index_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backfilling: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provisioned_throughput: Option<ThroughputDescription>,
}

impl TableDescription {
    pub(super) fn of(call: &Call, table: &Table, table_status: &'static str) -> Self {
        let definition = &table.definition;
        let kept = Kept::of(definition);
        let attributes = definition.key_attributes().unwrap_or_default();
        let describe = |is_global: bool| {
            move |(name, index): (&IndexName, &Index)| {
                describe_index(call, table, (name, index), is_global)
            }
        };
        let seconds = table.created.as_millisecond() as f64 / 1000.0;
        Self {
            table_name: table.name.as_str().to_owned(),
            table_arn: arn::table(call, table.name.as_str()),
            table_id: table.id.clone(),
            table_status,
            creation_date_time: seconds,
            attribute_definitions: attributes
                .into_iter()
                .map(|(name, kind)| AttributeDefinition {
                    attribute_name: Some(name.to_owned()),
                    attribute_type: Some(kind.name().to_owned()),
                })
                .collect(),
            key_schema: key_schema(&definition.key),
            item_count: table.items,
            table_size_bytes: table.bytes,
            provisioned_throughput: throughput(definition.throughput),
            billing_mode_summary: match definition.billing {
                BillingMode::PayPerRequest => {
                    Some(BillingModeSummary { billing_mode: "PAY_PER_REQUEST" })
                }
                BillingMode::Provisioned => None,
            },
            local_secondary_indexes: definition.local_indexes.iter().map(describe(false)).collect(),
            global_secondary_indexes: definition
                .global_indexes
                .iter()
                .map(describe(true))
                .collect(),
            stream_specification: definition.stream.map(|view| StreamDescription {
                stream_enabled: true,
                stream_view_type: view.aws_name(),
            }),
            latest_stream_arn: table
                .stream
                .as_deref()
                .map(|label| arn::stream(call, &table.name, label)),
            latest_stream_label: table.stream.clone(),
            sse_description: kept.sse_specification.as_ref().and_then(sse),
            table_class_summary: kept
                .table_class
                .clone()
                .map(|table_class| TableClassSummary { table_class }),
            on_demand_throughput: kept.on_demand_throughput,
            deletion_protection_enabled: definition.deletion_protection,
        }
    }
}

/// How a table would be encrypted, if its owner asked for more than AWS does anyway.
fn sse(specification: &Json) -> Option<SseDescription> {
    let sse_type = specification.get("SSEType").cloned().unwrap_or_else(|| "KMS".into());
    let enabled = specification.get("Enabled").and_then(Json::as_bool) == Some(true);
    enabled.then_some(SseDescription { status: "ENABLED", sse_type })
}

fn describe_index(
    call: &Call,
    table: &Table,
    (name, index): (&IndexName, &Index),
    is_global: bool,
) -> IndexDescription {
    let state = table.indexes.get(name).copied().unwrap_or_default();
    let status = if state.filling { "CREATING" } else { "ACTIVE" };
    let own = table.definition.index_throughput.get(name).copied();
    IndexDescription {
        index_name: name.as_str().to_owned(),
        index_arn: format!("{}/index/{name}", arn::table(call, table.name.as_str())),
        key_schema: key_schema(&index.key),
        projection: projection(&index.projection),
        item_count: state.items,
        index_size_bytes: state.bytes,
        index_status: is_global.then_some(status),
        backfilling: (is_global && state.filling).then_some(true),
        provisioned_throughput: is_global.then(|| throughput(own)),
    }
}

pub(super) fn projection(projection: &Projection) -> ProjectionInput {
    let (kind, names) = match projection {
        Projection::All => ("ALL", None),
        Projection::KeysOnly => ("KEYS_ONLY", None),
        Projection::Include(names) => ("INCLUDE", Some(names.iter().cloned().collect())),
    };
    ProjectionInput { projection_type: Some(kind.to_owned()), non_key_attributes: names }
}

fn throughput(throughput: Option<Throughput>) -> ThroughputDescription {
    ThroughputDescription {
        read_capacity_units: throughput.map_or(0, |throughput| throughput.read),
        write_capacity_units: throughput.map_or(0, |throughput| throughput.write),
        number_of_decreases_today: 0,
    }
}
