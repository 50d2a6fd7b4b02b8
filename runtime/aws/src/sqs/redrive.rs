//! Where dead letters of a queue go, and whose a queue takes.

use lambent_service::{QueueAttributes, Redrive};
use serde::Deserialize;
use serde_json::{Value, json};

use super::address;
use super::error::{invalid_value, shown};
use super::kept::{ALLOW_POLICY, Kept};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol::Number;

/// Most queues of an allow policy; SQS's.
const SOURCES_MAX: usize = 10;

/// A redrive policy as SQS writes it.
pub(super) fn policy(call: &Call, redrive: &Redrive) -> String {
    let arn = address::arn(call, &redrive.queue);
    json!({ "deadLetterTargetArn": arn, "maxReceiveCount": redrive.receives_max }).to_string()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    dead_letter_target_arn: Option<String>,
    max_receive_count: Option<Number>,
}

fn refused(name: &str, text: &str, reason: &str) -> Fault {
    let text = shown(text);
    invalid_value(format!("Value {text} for parameter {name} is invalid. Reason: {reason}"))
}

/// Reads a redrive policy; an empty one is none.
pub(super) fn read_policy(call: &Call, text: &str) -> Result<Option<Redrive>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let refused = |reason: &str| refused("RedrivePolicy", text, reason);
    let policy: Policy = serde_json::from_str(text)
        .map_err(|_| refused("Redrive policy is not a valid JSON map."))?;
    let missing = |name: &str| {
        refused(&format!("Redrive policy does not contain mandatory attribute: {name}."))
    };
    let arn = policy.dead_letter_target_arn.ok_or_else(|| missing("deadLetterTargetArn"))?;
    let Number(count) = policy.max_receive_count.ok_or_else(|| missing("maxReceiveCount"))?;
    let queue =
        address::of_arn(call, &arn).ok_or_else(|| refused("Dead letter target does not exist."))?;
    let receives_max = u32::try_from(count).ok().filter(|count| (1..=1000).contains(count));
    let receives_max = receives_max.ok_or_else(|| {
        refused(&format!(
            "Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
        ))
    })?;
    Ok(Some(Redrive { queue, receives_max }))
}

/// The allow policy of a queue as SQS writes it, if it has one.
pub(super) fn allow_policy(
    call: &Call,
    attributes: &QueueAttributes,
    kept: &Kept,
) -> Option<String> {
    let policy = match attributes.dead_letters_from.as_deref() {
        // What says the same as there being none is given back if it was said.
        None => return kept.get(ALLOW_POLICY).cloned(),
        Some([]) => json!({ "redrivePermission": "denyAll" }),
        Some(queues) => {
            let arns: Vec<Value> =
                queues.iter().map(|queue| address::arn(call, queue).into()).collect();
            json!({ "redrivePermission": "byQueue", "sourceQueueArns": arns })
        }
    };
    Some(policy.to_string())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AllowPolicy {
    redrive_permission: String,
    #[serde(default)]
    source_queue_arns: Option<Vec<String>>,
}

/// Reads an allow policy; an empty one is none.
pub(super) fn read_allow_policy(
    call: &Call,
    text: &str,
    attributes: &mut QueueAttributes,
    kept: &mut Kept,
) -> Result<(), Fault> {
    let refused = |reason: &str| refused(ALLOW_POLICY, text, reason);
    kept.remove(ALLOW_POLICY);
    attributes.dead_letters_from = None;
    if text.is_empty() {
        return Ok(());
    }
    let policy: AllowPolicy = serde_json::from_str(text)
        .map_err(|_| refused("Redrive allow policy is not a valid JSON map."))?;
    let arns = policy.source_queue_arns;
    match (policy.redrive_permission.as_str(), arns) {
        ("allowAll", None) => drop(kept.insert(ALLOW_POLICY.into(), text.into())),
        ("denyAll", None) => attributes.dead_letters_from = Some(Vec::new()),
        ("allowAll" | "denyAll", Some(_)) => {
            return Err(refused("sourceQueueArns may be given with byQueue alone."));
        }
        ("byQueue", Some(arns)) if (1..=SOURCES_MAX).contains(&arns.len()) => {
            let queues = arns.iter().map(|arn| {
                address::of_arn(call, arn).ok_or_else(|| {
                    refused("sourceQueueArns names what is no queue of this account.")
                })
            });
            attributes.dead_letters_from = Some(queues.collect::<Result<_, _>>()?);
        }
        ("byQueue", _) => return Err(refused("byQueue needs 1 to 10 sourceQueueArns.")),
        _ => return Err(refused("redrivePermission must be allowAll, denyAll or byQueue.")),
    }
    Ok(())
}
