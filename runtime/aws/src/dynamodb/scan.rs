//! Items of all partitions.

use lambent_service::ItemScan;
use lambent_tables::expression::{LegacyCondition, Placeholders};
use lambent_tables::{Given, Item};
use serde::Deserialize;

use super::capacity::Wanted;
use super::checks::{CAPACITY, OPERATORS, SELECT};
use super::error::{checked, fault, validation};
use super::expressions::{self, Conditions, Members, Names, Values};
use super::items::name;
use super::pages::{Page, Selection};
use super::start_key;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// Most segments of a scan.
const SEGMENTS_MAX: i64 = 1_000_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Scan {
    table_name: Option<String>,
    index_name: Option<String>,
    select: Option<String>,
    attributes_to_get: Option<Vec<String>>,
    limit: Option<i64>,
    consistent_read: Option<bool>,
    scan_filter: Conditions,
    conditional_operator: Option<String>,
    exclusive_start_key: Option<Given<Item>>,
    return_consumed_capacity: Option<String>,
    total_segments: Option<i64>,
    segment: Option<i64>,
    projection_expression: Option<String>,
    filter_expression: Option<String>,
    expression_attribute_names: Names,
    expression_attribute_values: Values,
}

impl Scan {
    fn check(&self) -> Result<(), Fault> {
        let mut violations = Violations::default();
        violations.one_of("select", self.select.as_deref(), SELECT);
        violations.name("indexName", self.index_name.as_deref());
        violations.within("totalSegments", self.total_segments, 1, SEGMENTS_MAX);
        let capacity = self.return_consumed_capacity.as_deref();
        violations.one_of("returnConsumedCapacity", capacity, CAPACITY);
        violations.table(self.table_name.as_deref());
        let operator = self.conditional_operator.as_deref();
        violations.one_of("conditionalOperator", operator, OPERATORS);
        violations.filled("attributesToGet", self.attributes_to_get.as_ref());
        violations.within("segment", self.segment, 0, SEGMENTS_MAX - 1);
        violations.within("limit", self.limit, 1, i64::MAX);
        checked(violations)?;
        let members = Members {
            expressions: &[
                ("ProjectionExpression", self.projection_expression.as_deref()),
                ("FilterExpression", self.filter_expression.as_deref()),
            ],
            others: &[
                ("AttributesToGet", self.attributes_to_get.is_some()),
                ("ScanFilter", self.scan_filter.is_some()),
                ("ConditionalOperator", operator.is_some()),
            ],
        };
        members.check(&self.expression_attribute_names, &self.expression_attribute_values)
    }

    /// The segment that is wanted, of how many.
    fn segment(&self) -> Result<Option<(u32, u32)>, Fault> {
        match (self.segment, self.total_segments) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(validation(
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is \
                 present",
            )),
            (None, Some(_)) => Err(validation(
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is \
                 present",
            )),
            (Some(segment), Some(total)) if segment >= total => Err(validation(format!(
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {segment} is \
                 not less than TotalSegments: {total}"
            ))),
            // Both are within bounds that this fits.
            (Some(segment), Some(total)) => {
                Ok(u32::try_from(segment).ok().zip(u32::try_from(total).ok()))
            }
        }
    }
}

pub(super) async fn scan(call: &Call, wanted: Scan) -> Result<Page, Fault> {
    wanted.check()?;
    let operator = expressions::operator(wanted.conditional_operator.as_deref());
    let attributes = expressions::attributes(wanted.attributes_to_get.as_deref())?;
    let older = wanted.scan_filter.as_ref();
    let older =
        older.map(|all| LegacyCondition::filter("scanFilter", all, operator)).transpose()?;
    let segment = wanted.segment();
    let start = start_key::read(wanted.exclusive_start_key)?;
    let segment = segment?;
    let mut placeholders =
        Placeholders::new(wanted.expression_attribute_names, wanted.expression_attribute_values)?;
    let filter = wanted.filter_expression.as_deref();
    let filter = expressions::condition(&mut placeholders, "FilterExpression", filter)?.or(older);
    let projection = wanted.projection_expression.as_deref();
    let projection = expressions::projection(&mut placeholders, projection)?.or(attributes);
    placeholders.finish()?;
    let select = wanted.select.as_deref();
    Selection::check_select(select, wanted.index_name.is_some(), projection.is_some())?;

    let name = name(wanted.table_name)?;
    let handle = call.scope.resource(&name);
    let table = handle.describe().await.map_err(fault)?;
    let selection = Selection {
        table: &table.definition,
        index: Selection::index(&table.definition, wanted.index_name.as_deref())?,
        select,
        filter: filter.as_ref(),
        projection: projection.as_ref(),
        consistent: wanted.consistent_read == Some(true),
    };
    selection.check_consistent()?;
    let place = selection.index.map(|(_, index)| &index.key);
    start_key::check(&table.definition, place, start.as_ref())?;
    selection.check()?;
    selection.check_scanned()?;
    let scan = ItemScan {
        index: wanted.index_name.as_deref().map(str::parse).transpose()?,
        segment,
        after: start,
        limit: wanted.limit.and_then(|limit| limit.try_into().ok()),
    };
    let page = handle.scan(scan).await.map_err(fault)?;
    Ok(selection.page(name.as_str(), page, Wanted(wanted.return_consumed_capacity.as_deref())))
}
