//! Streams of tables: the changes of their items.

use axum::Json;
use http::Uri;
use lambent_api::{
    DescribeStream, PAGE_DEFAULT, ReadStream, StreamRecordView, StreamRecords, TableStreamView,
    paths,
};
use lambent_service::{ReadStream as Read, StreamChange, TableStream};
use lambent_tables::StreamRecord;
use lambent_types::TableName;

use super::query;
use super::resource::Resource;
use crate::problem::Refusal;

fn view(stream: TableStream) -> TableStreamView {
    let TableStream { table, label, view, key, enabled, created, oldest, next } = stream;
    TableStreamView { table, label, view, key, enabled, created, oldest, next }
}

fn record(change: StreamChange) -> StreamRecordView {
    let StreamRecord { sequence, at, keys: key, old, new, change, expired, .. } = change.record;
    StreamRecordView { sequence, at, change, expired, key, old, new }
}

/// Describes the stream of a table.
///
/// One that was turned off, or whose table is gone, is there for 24 hours more.
#[utoipa::path(
    get, path = paths::TABLE_STREAM, operation_id = "describe_stream",
    params(("name" = String, Path, description = "The table"), DescribeStream),
    responses(
        (status = 200, description = "The stream", body = TableStreamView),
        (status = 404, description = "The table has no stream",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn describe(
    resource: Resource,
    uri: Uri,
) -> Result<Json<TableStreamView>, Refusal> {
    let DescribeStream { label } = query::read(&uri)?;
    let stream = resource.handle::<TableName>()?.stream(label.as_deref()).await?;
    Ok(Json(view(stream)))
}

/// Reads the changes of items from the stream of a table, in their order.
///
/// Records are kept for 24 hours.
#[utoipa::path(
    get, path = paths::STREAM_RECORDS, operation_id = "read_stream",
    params(("name" = String, Path, description = "The table"), ReadStream),
    responses(
        (status = 200, description = "Records, oldest first", body = StreamRecords),
        (status = 404, description = "The table has no stream",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn read(resource: Resource, uri: Uri) -> Result<Json<StreamRecords>, Refusal> {
    let table = resource.handle::<TableName>()?;
    let ReadStream { label, from, limit, wait } = query::read(&uri)?;
    let (limit, wait) = (limit.unwrap_or(PAGE_DEFAULT), wait.unwrap_or_default());
    let stream = table.stream(label.as_deref()).await?;
    let mut at = from.unwrap_or(stream.oldest);
    loop {
        match table.stream_records(&stream.label, at, limit, wait).await? {
            Read::Page(page) => {
                let records = page.records.into_iter().map(record).collect();
                let (next, closed) = (page.next, page.closed);
                return Ok(Json(StreamRecords { label: stream.label, records, next, closed }));
            }
            // What was the oldest has gone meanwhile.
            Read::Trimmed(oldest) if from.is_none() => at = oldest,
            Read::Trimmed(oldest) => {
                return Err(Refusal::invalid(format!(
                    "the stream of table \"{}\" is kept from {oldest} on; go on from there, or \
                     leave \"from\" out",
                    table.name()
                )));
            }
        }
    }
}
