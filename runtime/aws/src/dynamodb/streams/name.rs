//! What streams and their shards are called.

use lambent_service::{TableHandle, TableStream};
use lambent_tables::StreamSequence;
use lambent_types::{Error, ErrorCode, TableName};

use super::super::checks;
use super::super::error::{fault, not_found, validation};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// Where a shard begins: before its first record.
pub(super) const START: StreamSequence = StreamSequence(0);

/// A stream as a client calls it.
pub(super) struct StreamName {
    pub(super) arn: String,
    pub(super) table: TableName,
    pub(super) label: String,
}

impl StreamName {
    /// Reads the ARN of a stream.
    pub(super) fn of(arn: &str) -> Result<Self, Fault> {
        let place = arn.strip_prefix("arn:").and_then(|arn| arn.split_once(":table/"));
        let named = place.and_then(|(_, place)| place.split_once("/stream/"));
        let found = named.and_then(|(table, label)| Some((table.parse().ok()?, label.to_owned())));
        let (table, label) =
            found.ok_or_else(|| validation(format!("Invalid StreamArn: {arn}")))?;
        Ok(Self { arn: arn.to_owned(), table, label })
    }

    /// The handle of its table, which may be gone.
    pub(super) fn handle<'c>(&self, call: &'c Call) -> Result<TableHandle<'c>, Fault> {
        checks::handle(call, self.table.as_str())
    }

    /// Finds the stream.
    pub(super) async fn find(&self, call: &Call) -> Result<TableStream, Fault> {
        let found = self.handle(call)?.stream(Some(&self.label)).await;
        found.map_err(|error| self.fault(error))
    }

    /// What the service refused of an operation on it.
    pub(super) fn fault(&self, error: Error) -> Fault {
        match error.code() {
            ErrorCode::TableNotFound => {
                not_found(format!("Requested resource not found: Stream: {} not found", self.arn))
            }
            _ => fault(error),
        }
    }
}

impl Violations {
    /// Notes that the ARN of a stream is missing or cannot be one.
    pub(super) fn stream(&mut self, arn: Option<&str>) {
        self.present(arn.is_some(), "streamArn");
        if let Some(arn) = arn {
            self.length("streamArn", arn, 37, 1024);
        }
    }

    /// Notes that a shard cannot be called so.
    pub(super) fn shard(&mut self, member: &str, shard: Option<&str>) {
        if let Some(shard) = shard {
            self.length(member, shard, 28, 65);
        }
    }
}
