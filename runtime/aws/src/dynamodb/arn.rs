//! How AWS names tables, their streams and their back-ups.

use lambent_types::TableName;

use crate::call::Call;

/// The ARN of a table.
pub(super) fn table(call: &Call, name: &str) -> String {
    format!("arn:aws:dynamodb:{}:{}:table/{name}", call.region, call.account())
}

/// The ARN of a back-up.
pub(super) fn backup(call: &Call, name: &TableName, id: &str) -> String {
    format!("{}/backup/{id}", table(call, name.as_str()))
}

/// The ARN of a stream.
pub(crate) fn stream(call: &Call, name: &TableName, label: &str) -> String {
    format!("{}/stream/{label}", table(call, name.as_str()))
}
