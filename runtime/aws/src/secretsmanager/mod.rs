//! Secrets Manager's API over the secrets of a namespace:
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html>.

mod deletion;
mod description;
mod error;
mod filter;
mod identifier;
mod listing;
mod password;
mod policies;
mod rotation;
mod secrets;
mod table;
mod tags;
mod values;

use http::Response;
use lambent_dispatch::Body;

use crate::call::Call;
use crate::fault::Fault;
use crate::json_1_1;
pub(crate) use identifier::arn;
pub(crate) use table::OPERATIONS;

pub(crate) const NAME: &str = "Secrets Manager";
/// What stands before the operation in the header that names it.
pub(crate) const TARGET_PREFIX: &str = "secretsmanager";

/// Does what a request asks for, by the operation that its header names.
pub(crate) async fn answer(call: &Call, operation: Option<&str>) -> Result<Response<Body>, Fault> {
    json_1_1::answer(call, NAME, OPERATIONS, operation.unwrap_or_default()).await
}
