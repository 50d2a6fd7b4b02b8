//! The attributes of a queue as SQS has them: those that the node acts by, and those that it keeps.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use lambent_service::{Depth, Queue, QueueAttributes};
use lambent_types::{QueueName, bounds};

use super::error::{attribute_name, attribute_value, fault, shown};
use super::kept::{ALLOW_POLICY, Kept, POLICY};
use super::{address, kept, redrive};
use crate::call::Call;
use crate::fault::Fault;

/// Everything.
const ALL: &str = "All";
/// Attributes that the node says and nobody sets.
const READ_ONLY: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];
/// Attributes that only FIFO queues have, beside `FifoQueue`.
const FIFO_ONLY: [&str; 3] =
    ["ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"];
const SSE: &str = "SqsManagedSseEnabled";
const KMS_KEY: &str = "KmsMasterKeyId";
const KMS_PERIOD: &str = "KmsDataKeyReusePeriodSeconds";
const THROUGHPUT: &str = "FifoThroughputLimit";
const KMS_PERIOD_DEFAULT: &str = "300";

/// Attributes as requests and answers have them.
pub(super) type Given = BTreeMap<String, String>;

/// Every attribute that a queue has.
pub(super) fn of(call: &Call, queue: &Queue, depth: Depth) -> BTreeMap<&'static str, String> {
    let Queue { name, attributes, created, modified } = queue;
    let mut all = settable(call, name, attributes);
    all.extend([
        ("ApproximateNumberOfMessages", depth.ready.to_string()),
        ("ApproximateNumberOfMessagesDelayed", depth.delayed.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", depth.in_flight.to_string()),
        ("CreatedTimestamp", created.as_second().to_string()),
        ("LastModifiedTimestamp", modified.as_second().to_string()),
        ("QueueArn", address::arn(call, name)),
    ]);
    all
}

/// The attributes that were set, or could be.
pub(super) fn settable(
    call: &Call,
    name: &QueueName,
    attributes: &QueueAttributes,
) -> BTreeMap<&'static str, String> {
    let kept = kept::of(attributes);
    let seconds = |milliseconds: u64| (milliseconds / 1000).to_string();
    let mut all = BTreeMap::from([
        ("DelaySeconds", seconds(attributes.delay_ms)),
        ("MaximumMessageSize", attributes.message_bytes_max.to_string()),
        ("MessageRetentionPeriod", seconds(attributes.retention_ms)),
        ("ReceiveMessageWaitTimeSeconds", seconds(attributes.wait_ms)),
        ("VisibilityTimeout", seconds(attributes.visibility_timeout_ms)),
    ]);
    if name.is_fifo() {
        let scope = if attributes.deduplication_per_group { "messageGroup" } else { "queue" };
        let limit = kept.get(THROUGHPUT).map_or("perQueue", String::as_str);
        all.extend([
            ("FifoQueue", "true".to_owned()),
            ("ContentBasedDeduplication", attributes.content_deduplication.to_string()),
            ("DeduplicationScope", scope.to_owned()),
            (THROUGHPUT, limit.to_owned()),
        ]);
    }
    let redrive = attributes.redrive.as_ref();
    all.extend(redrive.map(|one| ("RedrivePolicy", redrive::policy(call, one))));
    all.extend(redrive::allow_policy(call, attributes, &kept).map(|text| (ALLOW_POLICY, text)));
    all.extend(encryption(&kept));
    all.extend(kept.get(POLICY).map(|text| (POLICY, text.clone())));
    all
}

/// What is said of encryption, which is the disk's here: SQS encrypts with its own keys unless it was
/// given one, or was told not to.
fn encryption(kept: &Kept) -> Vec<(&'static str, String)> {
    let own = kept.get(SSE).cloned();
    match kept.get(KMS_KEY) {
        Some(key) => {
            let period = kept.get(KMS_PERIOD).map_or(KMS_PERIOD_DEFAULT, String::as_str);
            vec![(SSE, "false".into()), (KMS_KEY, key.clone()), (KMS_PERIOD, period.to_owned())]
        }
        None => vec![(SSE, own.unwrap_or_else(|| "true".into()))],
    }
}

/// Those that are asked for.
pub(super) fn chosen(
    all: BTreeMap<&'static str, String>,
    names: &[String],
) -> Result<BTreeMap<&'static str, String>, Fault> {
    for name in names {
        let is_known = *name == ALL
            || name == "FifoQueue"
            || name == "RedrivePolicy"
            || READ_ONLY.contains(&name.as_str())
            || FIFO_ONLY.contains(&name.as_str())
            || [POLICY, SSE, KMS_KEY, KMS_PERIOD, ALLOW_POLICY].contains(&name.as_str())
            || NUMBERS.iter().any(|number| number.name == name);
        if !is_known {
            return Err(attribute_name(format!("Unknown Attribute {}.", shown(name))));
        }
    }
    let is_asked = |name: &str| names.iter().any(|asked| asked == name || asked == ALL);
    Ok(all.into_iter().filter(|(name, _)| is_asked(name)).collect())
}

/// An attribute that is a number, within bounds, and what it is counted in here.
struct Counted {
    name: &'static str,
    range: RangeInclusive<u64>,
    unit: u64,
    member: fn(&mut QueueAttributes) -> &mut u64,
}

const NUMBERS: [Counted; 5] = [
    Counted {
        name: "DelaySeconds",
        range: 0..=bounds::DELAY_MAX.as_secs(),
        unit: 1000,
        member: |attributes| &mut attributes.delay_ms,
    },
    Counted {
        name: "MaximumMessageSize",
        range: 1024..=bounds::VALUE_BYTES_MAX as u64,
        unit: 1,
        member: |attributes| &mut attributes.message_bytes_max,
    },
    Counted {
        name: "MessageRetentionPeriod",
        range: 60..=bounds::RETENTION_MAX.as_secs(),
        unit: 1000,
        member: |attributes| &mut attributes.retention_ms,
    },
    Counted {
        name: "ReceiveMessageWaitTimeSeconds",
        range: 0..=bounds::WAIT_MAX.as_secs(),
        unit: 1000,
        member: |attributes| &mut attributes.wait_ms,
    },
    Counted {
        name: "VisibilityTimeout",
        range: 0..=bounds::VISIBILITY_MAX.as_secs(),
        unit: 1000,
        member: |attributes| &mut attributes.visibility_timeout_ms,
    },
];

/// `attributes` with what is given. What is not given stays as it is in there.
pub(super) fn apply(
    call: &Call,
    queue: &QueueName,
    mut attributes: QueueAttributes,
    given: &Given,
) -> Result<QueueAttributes, Fault> {
    let mut kept = kept::of(&attributes);
    for (name, value) in given {
        apply_one(call, queue, &mut attributes, &mut kept, name, value)?;
    }
    // A key of one's own takes the place of SQS's, and being told to use that one again the other way.
    if given.get(SSE).is_some_and(|value| value == "true") {
        kept.remove(KMS_KEY);
        kept.remove(KMS_PERIOD);
    } else if kept.contains_key(KMS_KEY) {
        kept.insert(SSE.into(), "false".into());
    }
    kept::keep(&mut attributes, &kept);
    attributes.annotations.validate().map_err(fault)?;
    Ok(attributes)
}

fn apply_one(
    call: &Call,
    queue: &QueueName,
    attributes: &mut QueueAttributes,
    kept: &mut Kept,
    name: &str,
    value: &str,
) -> Result<(), Fault> {
    let invalid = || attribute_value(format!("Invalid value for the parameter {name}."));
    if let Some(number) = NUMBERS.iter().find(|number| number.name == name) {
        let found = value.parse().ok().filter(|value| number.range.contains(value));
        *(number.member)(attributes) = found.ok_or_else(invalid)? * number.unit;
        return Ok(());
    }
    if FIFO_ONLY.contains(&name) && !queue.is_fifo() {
        return Err(attribute_name(match name {
            "ContentBasedDeduplication" => format!("Unknown Attribute {name}."),
            _ => format!("You can specify the {name} only when FifoQueue is set to true."),
        }));
    }
    let one_of = |values: [&str; 2]| match values.iter().position(|one| *one == value) {
        Some(place) => Ok(place == 1),
        None => Err(invalid()),
    };
    match name {
        "FifoQueue" if !queue.is_fifo() => {
            return Err(attribute_name("Unknown Attribute FifoQueue."));
        }
        "FifoQueue" if value.eq_ignore_ascii_case("true") => {}
        "FifoQueue" => {
            return Err(attribute_value(
                "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
            ));
        }
        "ContentBasedDeduplication" => {
            attributes.content_deduplication = one_of(["false", "true"])?;
        }
        "DeduplicationScope" => {
            attributes.deduplication_per_group = one_of(["queue", "messageGroup"])?;
        }
        THROUGHPUT => {
            one_of(["perQueue", "perMessageGroupId"])?;
            kept.insert(name.into(), value.into());
        }
        "RedrivePolicy" => attributes.redrive = redrive::read_policy(call, value)?,
        ALLOW_POLICY => redrive::read_allow_policy(call, value, attributes, kept)?,
        SSE => {
            one_of(["false", "true"])?;
            kept.insert(name.into(), value.into());
        }
        KMS_PERIOD => {
            let seconds: u64 = value.parse().map_err(|_| invalid())?;
            if !(60..=86_400).contains(&seconds) {
                return Err(invalid());
            }
            set(kept, name, value);
        }
        KMS_KEY => set(kept, name, value),
        POLICY => {
            let is_policy = value.is_empty()
                || serde_json::from_str(value)
                    .is_ok_and(|value: serde_json::Value| value.is_object());
            if !is_policy {
                return Err(invalid());
            }
            set(kept, name, value);
        }
        _ => return Err(attribute_name(format!("Unknown Attribute {}.", shown(name)))),
    }
    Ok(())
}

/// Keeps a value; nothing takes it away.
fn set(kept: &mut Kept, name: &str, value: &str) {
    if value.is_empty() {
        kept.remove(name);
    } else {
        kept.insert(name.into(), value.into());
    }
}

/// The first of what is given that a queue has otherwise, if `changed` are its attributes with it.
pub(super) fn difference(
    call: &Call,
    queue: &Queue,
    changed: &QueueAttributes,
    given: &Given,
) -> Option<String> {
    let (own, other) =
        (settable(call, &queue.name, &queue.attributes), settable(call, &queue.name, changed));
    given.keys().find(|name| own.get(name.as_str()) != other.get(name.as_str())).cloned()
}
