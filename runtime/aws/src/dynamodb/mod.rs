//! DynamoDB's API over the tables of a namespace:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html>.

pub(crate) mod arn;
mod backups;
mod batch;
mod capacity;
mod checks;
mod collections;
mod continuous_backups;
mod definition;
mod description;
mod error;
mod expressions;
mod items;
mod limits;
mod pages;
mod partiql;
mod query;
mod restore;
mod scan;
mod start_key;
pub(crate) mod streams;
mod table;
mod tables;
mod tags;
mod time_to_live;
mod transact;
mod update_item;
mod update_table;
mod wire;

use http::Response;
use lambent_dispatch::Body;

use crate::call::Call;
use crate::fault::Fault;
use crate::operation;
pub(crate) use table::OPERATIONS;

pub(crate) const NAME: &str = "DynamoDB";
/// What stands before the operation in the header that names it.
pub(crate) const TARGET_PREFIX: &str = "DynamoDB_20120810";
/// Most bytes of a request: those of a batch of writes.
pub(crate) const BODY_BYTES_MAX: u64 = 16 << 20;

/// Does what a request asks for, by the operation that its header names.
pub(crate) async fn answer(call: &Call, operation: Option<&str>) -> Result<Response<Body>, Fault> {
    let operation = operation::named(OPERATIONS, operation.unwrap_or_default());
    operation.ok_or_else(error::unknown_operation)?.carry_out(NAME, call).await
}
