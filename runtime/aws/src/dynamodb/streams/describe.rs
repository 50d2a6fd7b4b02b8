//! A stream is described.

use lambent_tables::StreamSequence;
use serde::{Deserialize, Serialize};

use super::super::definition::{KeyElement, key_schema};
use super::super::error::checked;
use super::name::{START, StreamName};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeStream {
    stream_arn: Option<String>,
    limit: Option<i64>,
    exclusive_start_shard_id: Option<String>,
    shard_filter: Option<ShardFilter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ShardFilter {
    #[serde(rename = "Type")]
    kind: Option<String>,
    shard_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    stream_description: Description,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    stream_arn: String,
    stream_label: String,
    stream_status: &'static str,
    stream_view_type: &'static str,
    creation_request_date_time: f64,
    table_name: String,
    key_schema: Vec<KeyElement>,
    shards: Vec<Shard>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shard {
    shard_id: String,
    sequence_number_range: Range,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Range {
    starting_sequence_number: String,
    /// Of a shard that has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_sequence_number: Option<String>,
}

impl DescribeStream {
    fn check(&self) -> Result<(), Fault> {
        let mut violations = Violations::default();
        violations.stream(self.stream_arn.as_deref());
        violations.within("limit", self.limit, 1, 100);
        violations.shard("exclusiveStartShardId", self.exclusive_start_shard_id.as_deref());
        if let Some(filter) = &self.shard_filter {
            violations.one_of("shardFilter.type", filter.kind.as_deref(), &["CHILD_SHARDS"]);
            violations.shard("shardFilter.shardId", filter.shard_id.as_deref());
        }
        checked(violations)
    }

    /// Whether the shard is among those that are asked for: it is the first, and no other's child.
    fn wants(&self, shard: &str) -> bool {
        let after = self.exclusive_start_shard_id.as_deref();
        after.is_none_or(|after| after < shard) && self.shard_filter.is_none()
    }
}

pub(super) async fn describe(call: &Call, wanted: DescribeStream) -> Result<Described, Fault> {
    wanted.check()?;
    let name = StreamName::of(wanted.stream_arn.as_deref().unwrap_or_default())?;
    let stream = name.find(call).await?;
    let shard_id = stream.shard();
    // A shard begins before its first record, and one without a record ends there.
    let starting = if stream.oldest == StreamSequence::FIRST { START } else { stream.oldest };
    let last = StreamSequence(stream.next.0.saturating_sub(1));
    let range = Range {
        starting_sequence_number: starting.to_string(),
        ending_sequence_number: (!stream.enabled).then(|| last.max(starting).to_string()),
    };
    let shards = match wanted.wants(&shard_id) {
        true => vec![Shard { shard_id, sequence_number_range: range }],
        false => Vec::new(),
    };
    Ok(Described {
        stream_description: Description {
            stream_arn: name.arn,
            stream_label: stream.label,
            stream_status: if stream.enabled { "ENABLED" } else { "DISABLED" },
            stream_view_type: stream.view.aws_name(),
            creation_request_date_time: stream.created.as_millisecond() as f64 / 1000.0,
            table_name: stream.table.as_str().to_owned(),
            key_schema: key_schema(&stream.key),
            shards,
        },
    })
}
