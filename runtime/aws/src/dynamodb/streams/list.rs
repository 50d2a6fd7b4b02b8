//! Streams are listed.

use lambent_service::TableStream;
use serde::{Deserialize, Serialize};

use super::super::error::{checked, fault};
use super::super::items::name;
use super::name::StreamName;
use crate::call::Call;
use crate::dynamodb::arn;
use crate::fault::Fault;
use crate::validation::Violations;

/// Most streams of a page; DynamoDB's.
const PAGE_MAX: i64 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListStreams {
    table_name: Option<String>,
    limit: Option<i64>,
    exclusive_start_stream_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Streams {
    streams: Vec<Stream>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_evaluated_stream_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Stream {
    stream_arn: String,
    table_name: String,
    stream_label: String,
}

pub(super) async fn list(call: &Call, wanted: ListStreams) -> Result<Streams, Fault> {
    let mut violations = Violations::default();
    violations.name("tableName", wanted.table_name.as_deref());
    violations.within("limit", wanted.limit, 1, PAGE_MAX);
    if let Some(arn) = &wanted.exclusive_start_stream_arn {
        violations.length("exclusiveStartStreamArn", arn, 37, 1024);
    }
    checked(violations)?;
    let table = wanted.table_name.map(|table| name(Some(table))).transpose()?;
    let after = wanted.exclusive_start_stream_arn.as_deref().map(StreamName::of).transpose()?;
    let limit = usize::try_from(wanted.limit.unwrap_or(PAGE_MAX)).unwrap_or_default();
    // One more, to know whether something follows.
    let after = after.as_ref().map(|after| (&after.table, after.label.as_str()));
    let found = call.scope.streams(table.as_ref(), after, limit + 1).await.map_err(fault)?;
    let more = found.len() > limit;
    let shown = found.into_iter().take(limit).map(|TableStream { table, label, .. }| Stream {
        stream_arn: arn::stream(call, &table, &label),
        table_name: table.as_str().to_owned(),
        stream_label: label,
    });
    let streams: Vec<_> = shown.collect();
    let last = streams.last().filter(|_| more).map(|stream| stream.stream_arn.clone());
    Ok(Streams { streams, last_evaluated_stream_arn: last })
}
