//! Where records and events go, as Lambda names it: by the ARN of a queue or of a function.

use lambent_types::{Destination, QualifiedFunction, QueueName};

use super::error::invalid;
use crate::arn::{self, NamedFunction};
use crate::call::Call;
use crate::fault::Fault;

/// The ARN of a destination.
pub(super) fn of(call: &Call, destination: &Destination) -> Option<String> {
    match destination {
        Destination::Queue(name) => Some(queue(call, name)),
        Destination::Function(function) => Some(arn::qualified(call, function)),
    }
}

/// The ARN of a queue.
pub(super) fn queue(call: &Call, name: &QueueName) -> String {
    format!("arn:aws:sqs:{}:{}:{name}", call.region, call.account())
}

/// The queue of an ARN.
pub(super) fn read_queue(call: &Call, text: &str) -> Result<QueueName, Fault> {
    let parts: Vec<&str> = text.split(':').collect();
    let read = match *parts.as_slice() {
        ["arn", _, "sqs", _, account, name] if account == call.account() => name.parse().ok(),
        _ => None,
    };
    read.ok_or_else(|| {
        let shown: String = text.chars().take(170).collect();
        invalid(format!(
            "{shown:?} is no queue of this account; give it as arn:aws:sqs:{}:{}:NAME",
            call.region,
            call.account()
        ))
    })
}

/// The destination of an ARN.
pub(super) fn destination(call: &Call, text: &str) -> Result<Destination, Fault> {
    let parts: Vec<&str> = text.split(':').collect();
    match *parts.as_slice() {
        ["arn", _, "sqs", ..] => read_queue(call, text).map(Destination::Queue),
        ["arn", _, "lambda", ..] => {
            let named = NamedFunction::read(call, text)?;
            let qualifier = named.version()?;
            Ok(Destination::Function(QualifiedFunction { name: named.name, qualifier }))
        }
        _ => {
            let shown: String = text.chars().take(170).collect();
            Err(invalid(format!(
                "{shown:?} is no destination that this node has: give the ARN of a queue, or of a \
                 function, of this account"
            )))
        }
    }
}
