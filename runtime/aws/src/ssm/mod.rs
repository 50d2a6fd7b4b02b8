//! Systems Manager's API, as far as it is Parameter Store's, over the parameters of a namespace:
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html>.

mod deletion;
mod description;
mod error;
mod filter;
mod get;
mod history;
mod labels;
mod name;
mod parameter;
mod paths;
mod put;
mod reference;
mod table;
mod tags;

use http::Response;
use lambent_dispatch::Body;

use crate::call::Call;
use crate::fault::Fault;
use crate::json_1_1;
pub(crate) use table::OPERATIONS;

pub(crate) const NAME: &str = "Systems Manager";
/// What stands before the operation in the header that names it.
pub(crate) const TARGET_PREFIX: &str = "AmazonSSM";

/// Does what a request asks for, by the operation that its header names.
pub(crate) async fn answer(call: &Call, operation: Option<&str>) -> Result<Response<Body>, Fault> {
    json_1_1::answer(call, NAME, OPERATIONS, operation.unwrap_or_default()).await
}
