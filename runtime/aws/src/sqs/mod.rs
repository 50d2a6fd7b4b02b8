//! SQS's API over the queues of a namespace:
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html>.
//!
//! Clients speak one of two protocols, which `wire` and `query` read and write; operations see one.

mod address;
mod attributes;
mod batch;
mod error;
mod kept;
mod message;
mod moves;
mod permissions;
mod query;
mod queues;
mod receipt;
mod receive;
mod redrive;
mod send;
mod settle;
mod tags;
mod wire;

use http::Response;
use lambent_dispatch::{Body, GROUP, SENDER, TRACE_HEADER};
use lambent_service::QueueHandle;
use lambent_types::QueueName;
use serde::Serialize;

use crate::call::Call;
use crate::fault::Fault;
use crate::memory::Place;
use crate::operation::{self, Operation};
pub(crate) use address::is_queue_path;

pub(crate) const NAME: &str = "SQS";
/// What stands before the operation in the header that names it.
pub(crate) const TARGET_PREFIX: &str = "AmazonSQS";

/// The answer of an operation that has nothing to say.
#[derive(Serialize)]
struct Nothing {}

/// An operation, which reads and writes either protocol.
macro_rules! operation {
    ($name:literal, $function:path) => {
        operation!($name, served, $function)
    };
    ($name:literal, $how:ident, $function:path) => {
        Operation::named($name).$how(|call| {
            Box::pin(async move {
                let wanted = wire::input(call, $name)?;
                let result = $function(call, wanted).await?;
                wire::output(call, $name, &result)
            })
        })
    };
}

/// In the order of AWS's model.
pub(crate) static OPERATIONS: &[Operation] = &[
    operation!("AddPermission", stored, permissions::add),
    operation!("CancelMessageMoveTask", moves::cancel),
    operation!("ChangeMessageVisibility", settle::change_visibility),
    operation!("ChangeMessageVisibilityBatch", settle::change_visibility_batch),
    operation!("CreateQueue", queues::create),
    operation!("DeleteMessage", settle::delete),
    operation!("DeleteMessageBatch", settle::delete_batch),
    operation!("DeleteQueue", queues::delete),
    operation!("GetQueueAttributes", queues::get_attributes),
    operation!("GetQueueUrl", queues::url),
    operation!("ListDeadLetterSourceQueues", queues::list_sources),
    operation!("ListMessageMoveTasks", moves::list),
    operation!("ListQueueTags", tags::list),
    operation!("ListQueues", queues::list),
    operation!("PurgeQueue", queues::purge),
    operation!("ReceiveMessage", receive::receive),
    operation!("RemovePermission", stored, permissions::remove),
    operation!("SendMessage", send::one),
    operation!("SendMessageBatch", send::batch),
    operation!("SetQueueAttributes", queues::set_attributes),
    operation!("StartMessageMoveTask", moves::start),
    operation!("TagQueue", tags::tag),
    operation!("UntagQueue", tags::untag),
];

/// Does what a request asks for, by the operation that its header or its form names.
pub(crate) async fn answer(call: &Call) -> Result<Response<Body>, Fault> {
    let answered = served(call).await;
    answered.map_err(|fault| match wire::is_json(call) {
        true => fault,
        // The query protocol has it in other words.
        false if fault.code == "QueueDoesNotExist" => {
            let message = "The specified queue does not exist for this wsdl version.".into();
            Fault { message, ..fault }
        }
        false => fault,
    })
}

async fn served(call: &Call) -> Result<Response<Body>, Fault> {
    let name = error::required(wire::operation(call)?, "Action")?;
    let operation = operation::named(OPERATIONS, &name).ok_or_else(|| {
        let name = error::shown(&name);
        error::unknown_operation(format!("The action {name} is not valid for this endpoint."))
    })?;
    operation.carry_out(NAME, call).await
}

/// Where what is remembered of a queue is.
fn place(handle: &QueueHandle<'_>) -> Place {
    (handle.namespace().key(), handle.name().key())
}

fn place_of(call: &Call, queue: &QueueName) -> Place {
    (call.scope.namespace().key(), queue.key())
}
