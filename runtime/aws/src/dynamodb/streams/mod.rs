//! DynamoDB Streams' API over the streams of tables:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html>.
//!
//! A stream has one shard for as long as it is.

mod describe;
mod iterator;
mod list;
mod name;
mod records;
mod table;

use http::Response;
use lambent_dispatch::Body;

use super::error;
use crate::call::Call;
use crate::fault::Fault;
use crate::operation;
pub(crate) use table::OPERATIONS;

pub(crate) const NAME: &str = "DynamoDB Streams";
/// What stands before the operation in the header that names it.
pub(crate) const TARGET_PREFIX: &str = "DynamoDBStreams_20120810";

/// Does what a request asks for, by the operation that its header names.
pub(crate) async fn answer(call: &Call, operation: Option<&str>) -> Result<Response<Body>, Fault> {
    let operation = operation::named(OPERATIONS, operation.unwrap_or_default());
    operation.ok_or_else(error::unknown_operation)?.carry_out(NAME, call).await
}
