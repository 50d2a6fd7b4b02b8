//! Log streams: one for each version of a function that ran lately.

use std::collections::BTreeMap;

use lambent_service::LogFilter;
use lambent_types::{InvocationRecord, Qualifier, bounds};
use serde::{Deserialize, Serialize};

use super::error::{fault, invalid};
use super::groups::{self, Named, limit};
use crate::call::Call;
use crate::fault::Fault;

/// Most streams of a page; CloudWatch's.
const PAGE_MAX: i64 = 50;

/// The stream of a record: its version, as Lambda writes it in the names of streams.
pub(super) fn stream(record: &InvocationRecord) -> String {
    format!("[{}]", record.version)
}

/// The version of a stream, by its whole name.
pub(super) fn qualifier(stream: &str) -> Option<Qualifier> {
    let version = stream.strip_prefix('[')?.strip_suffix(']')?;
    // What is called as an alias is no stream.
    version.parse().ok().filter(|qualifier: &Qualifier| qualifier.alias().is_none())
}

/// When a record was over, in milliseconds since 1970: its events have this time.
pub(super) fn end(record: &InvocationRecord) -> i64 {
    let duration = i64::try_from(record.meter.duration.as_millis()).unwrap_or(i64::MAX);
    record.started.as_millisecond().saturating_add(duration)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Describe {
    #[serde(flatten)]
    group: Named,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    descending: bool,
    next_token: Option<String>,
    limit: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    log_streams: Vec<Stream>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Stream {
    log_stream_name: String,
    creation_time: i64,
    first_event_timestamp: i64,
    last_event_timestamp: i64,
    last_ingestion_time: i64,
    arn: String,
    stored_bytes: u64,
}

pub(super) async fn describe(call: &Call, wanted: Describe) -> Result<Page, Fault> {
    let function = wanted.group.function(call)?;
    let limit = limit(wanted.limit, PAGE_MAX)?;
    let by_time = match wanted.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if wanted.log_stream_name_prefix.is_some() => {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        Some("LastEventTime") => true,
        Some(_) => return Err(invalid("orderBy is LogStreamName or LastEventTime")),
    };
    let prefix = wanted.log_stream_name_prefix.unwrap_or_default();
    let (qualifier, most) = (qualifier(&prefix), bounds::PAGE_MAX);
    let newest = LogFilter { qualifier, limit: most, ..LogFilter::default() };
    let page = function.logs(newest).await.map_err(fault)?;
    let arn = groups::arn(call, function.name());
    let mut streams = BTreeMap::<String, Stream>::new();
    for (_, record) in &page.records {
        let (name, time) = (stream(record), end(record));
        let found = streams.entry(name.clone()).or_insert_with(|| Stream {
            arn: format!("{arn}:log-stream:{name}"),
            log_stream_name: name,
            creation_time: time,
            first_event_timestamp: time,
            last_event_timestamp: time,
            last_ingestion_time: time,
            stored_bytes: 0,
        });
        found.last_event_timestamp = time.max(found.last_event_timestamp);
        found.last_ingestion_time = found.last_event_timestamp;
    }
    let mut streams: Vec<_> = streams.into_values().collect();
    streams.retain(|stream| stream.log_stream_name.starts_with(&prefix));
    if by_time {
        streams.sort_by_key(|stream| stream.last_event_timestamp);
    }
    if wanted.descending {
        streams.reverse();
    }
    if let Some(token) = wanted.next_token {
        let place = streams.iter().position(|stream| stream.log_stream_name == token);
        let place = place.ok_or_else(|| invalid("The specified nextToken is invalid."))?;
        streams.drain(..=place);
    }
    let more = streams.len() > limit;
    streams.truncate(limit);
    let last = streams.last().filter(|_| more).map(|stream| stream.log_stream_name.clone());
    Ok(Page { log_streams: streams, next_token: last })
}
