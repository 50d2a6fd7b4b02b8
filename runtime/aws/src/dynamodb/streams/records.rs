//! Records are read.

use std::time::Duration;

use lambent_service::ReadStream;
use lambent_tables::{StreamFacts, stream_record};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::super::error::{checked, trimmed};
use super::iterator::Iterator;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// Most records of a page; DynamoDB's.
const PAGE_MAX: i64 = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetRecords {
    shard_iterator: Option<String>,
    limit: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Records {
    records: Vec<Json>,
    /// None once the shard has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_shard_iterator: Option<String>,
}

pub(super) async fn get(call: &Call, wanted: GetRecords) -> Result<Records, Fault> {
    let mut violations = Violations::default();
    let text = wanted.shard_iterator.as_deref();
    violations.present(text.is_some(), "shardIterator");
    if let Some(text) = text {
        violations.length("shardIterator", text, 1, 2048);
    }
    violations.within("limit", wanted.limit, 1, PAGE_MAX);
    checked(violations)?;
    let Iterator { stream: name, from } = Iterator::of(text.unwrap_or_default())?;
    let limit = usize::try_from(wanted.limit.unwrap_or(PAGE_MAX)).unwrap_or_default();
    let handle = name.handle(call)?;
    let view = name.find(call).await?.view;
    let read = handle.stream_records(&name.label, from, limit, Duration::ZERO).await;
    let page = match read.map_err(|error| name.fault(error))? {
        ReadStream::Page(page) => page,
        ReadStream::Trimmed(_) => return Err(trimmed()),
    };
    let facts = StreamFacts { arn: &name.arn, region: &call.region, view };
    let records = page.records.iter().map(|change| stream_record(&change.record, &facts));
    let next = (!page.closed).then(|| Iterator::text(&name, page.next));
    Ok(Records { records: records.collect(), next_shard_iterator: next })
}
