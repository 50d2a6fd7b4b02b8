//! The operations of DynamoDB Streams' API, in the order of AWS's model.

use super::super::wire;
use super::{describe, iterator, list, records};
use crate::operation::Operation;

/// An operation, which reads and writes JSON.
macro_rules! operation {
    ($name:literal, $function:path) => {
        Operation::named($name).served(|call| {
            Box::pin(async move {
                let wanted = wire::input(call)?;
                let result = $function(call, wanted).await?;
                wire::output(&result)
            })
        })
    };
}

pub(crate) static OPERATIONS: &[Operation] = &[
    operation!("DescribeStream", describe::describe),
    operation!("GetRecords", records::get),
    operation!("GetShardIterator", iterator::get),
    operation!("ListStreams", list::list),
];
