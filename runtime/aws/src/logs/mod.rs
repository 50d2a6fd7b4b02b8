//! CloudWatch Logs' API, as far as it reads: the records of a function's invocations are the group
//! `/aws/lambda/NAME`, and those of each of its versions a stream in it. An event is a line.
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html>.

mod error;
mod events;
mod groups;
mod pattern;
mod streams;
mod table;

use http::Response;
use lambent_dispatch::Body;

use crate::call::Call;
use crate::fault::Fault;
use crate::json_1_1;
pub(crate) use table::OPERATIONS;

pub(crate) const NAME: &str = "CloudWatch Logs";
/// What stands before the operation in the header that names it.
pub(crate) const TARGET_PREFIX: &str = "Logs_20140328";

/// Does what a request asks for, by the operation that its header names.
pub(crate) async fn answer(call: &Call, operation: Option<&str>) -> Result<Response<Body>, Fault> {
    json_1_1::answer(call, NAME, OPERATIONS, operation.unwrap_or_default()).await
}
