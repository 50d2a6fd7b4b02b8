//! How SNS names topics and subscriptions.

use lambent_types::{Subscriber, Subscription, SubscriptionName, TopicName};

use super::error::{invalid, required, unauthorized};
use crate::arn as arns;
use crate::call::Call;
use crate::fault::Fault;

/// The ARN of a topic.
pub(super) fn topic(call: &Call, name: &TopicName) -> String {
    format!("arn:aws:sns:{}:{}:{name}", call.region, call.account())
}

/// The ARN of a subscription.
pub(super) fn subscription(call: &Call, subscription: &Subscription) -> String {
    format!("{}:{}", topic(call, &subscription.topic), subscription.name)
}

/// What SNS calls a subscriber.
pub(super) fn endpoint(call: &Call, subscriber: &Subscriber) -> String {
    match subscriber {
        Subscriber::Function(named) => arns::qualified(call, named),
        Subscriber::Queue(name) => queue(call, name.as_str()),
        Subscriber::Url(url) => url.clone(),
    }
}

/// The ARN of a queue.
pub(super) fn queue(call: &Call, name: &str) -> String {
    format!("arn:aws:sqs:{}:{}:{name}", call.region, call.account())
}

/// The parts of an ARN of SNS's, after the account.
fn parts<'a>(call: &Call, text: &'a str, member: &str) -> Result<Vec<&'a str>, Fault> {
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() < 6 {
        return Err(invalid(format!(
            "{member} Reason: An ARN must have at least 6 elements, not {}",
            parts.len()
        )));
    }
    if parts[0] != "arn" || parts[2] != "sns" {
        return Err(invalid(format!("{member} Reason: it is no ARN of SNS")));
    }
    if parts[4] != call.account() {
        return Err(unauthorized(format!(
            "the {member} is of another account; the key is of account {}",
            call.account()
        )));
    }
    Ok(parts[5..].to_vec())
}

/// The topic of an ARN.
pub(super) fn read_topic(
    call: &Call,
    text: Option<&str>,
    member: &str,
) -> Result<TopicName, Fault> {
    match parts(call, required(text, member)?, member)?.as_slice() {
        [name] => name.parse().map_err(|_| invalid(member)),
        _ => Err(invalid(member)),
    }
}

/// The subscription of an ARN.
pub(super) fn read_subscription(
    call: &Call,
    text: Option<&str>,
) -> Result<SubscriptionName, Fault> {
    let member = "SubscriptionArn";
    match parts(call, required(text, member)?, member)?.as_slice() {
        [_, name] => name.parse().map_err(|_| invalid(member)),
        _ => {
            Err(invalid(format!("{member} Reason: An ARN of a subscription must have 7 elements")))
        }
    }
}
